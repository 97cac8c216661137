#include <algorithm>
#include <array>
#include <iomanip>
#include <string_view>

#include "report.h"
#include "series.h"
#include "text.h"

namespace replay {
namespace {

// std::setw counts bytes, a terminal characters.
std::string padded(std::string_view text, std::size_t width) {
  return std::string(text) + std::string(width - std::min(width, length_of(text)), ' ');
}

void write_totals(std::ostream& out, const Report& report) {
  const Log& log = report.log;
  const auto keys = static_cast<std::int64_t>(log.keys.size());
  out << counted(static_cast<std::int64_t>(log.arrivals.size()), "request", "requests") << ", "
      << counted(keys, report.field.singular, report.field.plural);
  if (!log.arrivals.empty()) {
    const Moment first = log.arrivals.front().time(), last = log.arrivals.back().time();
    out << "\n"
        << date_and_time(first) << " to " << date_and_time(last) << " UTC (" << in_words(last - first) << ")";
  }
  out << "\n"
      << counted(log.malformed, "malformed line", "malformed lines") << ", " << grouped(log.out_of_order)
      << " out of order (replayed in order of time)\n";
  if (report.default_limits) out << "No --limit was given: these are only examples.\n";
}

// A limit in the column of a table.
std::string label(const Outcome& outcome, std::size_t width) { return shortened(to_string(outcome.limits), width); }

void write_comparison(std::ostream& out, const Report& report, std::size_t width) {
  std::size_t label_width = 5;
  for (const Section& section : report.sections) {
    label_width = std::max(label_width, length_of(to_string(section.outcome.limits)));
  }
  label_width = std::min(label_width, width - 47);
  out << "\n" << padded("limit", label_width) << "   permitted      denied            keys denied\n";
  for (const auto& [outcome, comparison] : report.sections) {
    out << padded(label(outcome, label_width), label_width) << std::setw(12) << grouped(outcome.total.permitted)
        << std::setw(12) << grouped(outcome.total.denied) << std::setw(9)
        << percentage(outcome.total.denied, outcome.total.requests()) << std::setw(10)
        << grouped(outcome.keys_denied) << '\n';
  }
}

void write_most_denied(std::ostream& out, const Report& report, const Outcome& outcome, std::size_t width) {
  if (outcome.most_denied.empty()) return;
  const std::string heading = "most denied " + std::string(report.field.plural);
  std::size_t key_width = length_of(heading);
  for (const KeyTally& top : outcome.most_denied) {
    key_width = std::max(key_width, length_of(for_terminal(report.log.keys[top.key])));
  }
  key_width = std::min(key_width, width - 36);
  out << "\n  " << padded(heading, key_width) << "    requests      denied     share\n";
  for (const auto& [key, tally] : outcome.most_denied) {
    const std::string name = report.log.keys[key].empty() ? "(empty)" : for_terminal(report.log.keys[key]);
    out << "  " << padded(shortened(name, key_width), key_width) << std::setw(12) << grouped(tally.requests())
        << std::setw(12) << grouped(tally.denied) << std::setw(10) << percentage(tally.denied, tally.requests())
        << '\n';
  }
}

// A bar of eighths for each column. What is not nothing shows at least one eighth.
std::string sparkline(const Series& series, std::int64_t Tally::*count, std::int64_t top) {
  constexpr std::array<std::string_view, 9> kEighths = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  std::string line;
  for (const Tally& column : series.columns) {
    const auto height = static_cast<std::size_t>((column.*count * 8 + top / 2) / top);
    line += kEighths[column.*count > 0 ? std::max<std::size_t>(height, 1) : 0];
  }
  return line;
}

void write_sparklines(std::ostream& out, const Outcome& outcome, std::size_t width) {
  constexpr std::string_view kMargin = "            ";
  const Series series = gather(outcome.minutes, width - kMargin.size());
  if (series.columns.empty()) return;
  std::int64_t top = 1;
  for (const Tally& column : series.columns) top = std::max({top, column.permitted, column.denied});
  const std::string from = day_and_month(series.start) + ' ' + hour_and_minute(series.start);
  const std::string to = day_and_month(series.end()) + ' ' + hour_and_minute(series.end());
  const std::size_t gap = series.columns.size() - std::min(series.columns.size(), from.size() + to.size());
  out << "\n  permitted " << sparkline(series, &Tally::permitted, top) << "\n  denied    "
      << sparkline(series, &Tally::denied, top) << "\n"
      << kMargin << from << (gap > 0 ? std::string(gap, ' ') : " - ") << to << "\n"
      << kMargin << "A column is " << in_words(series.step) << "; a full one is "
      << counted(top, "request", "requests") << ".\n";
}

}  // namespace

void write_text(std::ostream& out, const Report& report, std::size_t width) {
  write_totals(out, report);
  if (report.sections.size() > 1) write_comparison(out, report, width);
  for (const auto& [outcome, comparison] : report.sections) {
    out << "\n"
        << to_string(outcome.limits) << "\n  " << grouped(outcome.total.permitted) << " permitted, "
        << grouped(outcome.total.denied) << " denied ("
        << percentage(outcome.total.denied, outcome.total.requests()) << ")\n  " << grouped(outcome.keys_denied)
        << " of " << grouped(static_cast<std::int64_t>(report.log.keys.size())) << ' ' << report.field.plural
        << (outcome.keys_denied == 1 ? " was" : " were") << " denied at least once\n";
    write_most_denied(out, report, outcome, width);
    write_sparklines(out, outcome, width);
  }
}

}  // namespace replay
