#include "report.h"
#include "text.h"

namespace replay {
namespace {

std::string moment_or_null(const Log& log, bool first) {
  if (log.arrivals.empty()) return "null";
  return for_json(iso((first ? log.arrivals.front() : log.arrivals.back()).time()));
}

}  // namespace

void write_json(std::ostream& out, const Report& report) {
  const Log& log = report.log;
  for (const Section& section : report.sections) {
    const Outcome& outcome = section.outcome;
    out << "{\"limit\":" << for_json(to_string(outcome.limits)) << ",\"key\":" << for_json(report.field.name)
        << ",\"requests\":" << outcome.total.requests() << ",\"permitted\":" << outcome.total.permitted
        << ",\"denied\":" << outcome.total.denied << ",\"keys\":" << log.keys.size()
        << ",\"keys_denied\":" << outcome.keys_denied << ",\"malformed\":" << log.malformed
        << ",\"out_of_order\":" << log.out_of_order << ",\"first\":" << moment_or_null(log, true)
        << ",\"last\":" << moment_or_null(log, false) << ",\"top\":[";
    const char* separator = "";
    for (const KeyTally& top : outcome.most_denied) {
      out << separator << "{\"key\":" << for_json(log.keys[top.key]) << ",\"requests\":" << top.tally.requests()
          << ",\"denied\":" << top.tally.denied << '}';
      separator = ",";
    }
    out << "]}\n";
  }
}

}  // namespace replay
