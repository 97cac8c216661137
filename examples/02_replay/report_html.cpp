#include <string>

#include "plot.h"
#include "report.h"
#include "series.h"
#include "style.h"
#include "text.h"

namespace replay {
namespace {

std::string code(const Limits& limits) { return "<code>" + for_html(to_string(limits)) + "</code>"; }

class Page {
 public:
  Page(std::ostream& out, const Report& report) : out_(out), report_(report), log_(report.log) {}

  void write() {
    out_ << "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
            "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
            "<title>Penstock replay</title>\n<style>"
         << kStyle << "</style>\n</head>\n<body>\n";
    header();
    if (report_.sections.size() > 1) overview();
    for (const Section& section : report_.sections) limit(section);
    out_ << "<footer>Times are UTC. Written by replay, an example of Penstock.</footer>\n</body>\n</html>\n";
  }

 private:
  void header() {
    out_ << "<header>\n<h1>What would this limit have done?</h1>\n<p class=\"soft\">";
    for (std::size_t i = 0; i < report_.files.size(); ++i) {
      out_ << (i > 0 ? ", " : "") << (report_.files[i] == "-" ? "standard input" : for_html(report_.files[i]));
    }
    if (!log_.arrivals.empty()) {
      out_ << " &#183; " << date_and_time(first()) << " to " << date_and_time(last()) << " UTC";
    }
    out_ << "</p>\n<ul class=\"facts\">\n";
    fact(grouped(requests()), "requests");
    fact(grouped(keys()), std::string(keys() == 1 ? report_.field.singular : report_.field.plural));
    if (!log_.arrivals.empty()) fact(in_words(last() - first()), "from first to last");
    fact(grouped(log_.out_of_order), "out of order, replayed in order");
    fact(grouped(log_.malformed), "malformed lines, left out");
    out_ << "</ul>\n";
    if (report_.default_limits) out_ << "<p>No <code>--limit</code> was given: these are only examples.</p>\n";
    out_ << "</header>\n";
  }

  void fact(const std::string& value, const std::string& name) {
    out_ << "<li><b>" << value << "</b><span>" << name << "</span></li>\n";
  }

  void overview() {
    out_ << "<section>\n<h2>The limits side by side</h2>\n<div class=\"scroll\"><table>\n<tr><th>Limit</th>";
    tally_headings();
    out_ << "</tr>\n";
    for (const Section& section : report_.sections) {
      out_ << "<tr><td>" << code(section.outcome.limits) << "</td>";
      tally_cells(section.outcome);
      out_ << "</tr>\n";
    }
    out_ << "</table></div>\n</section>\n";
  }

  void limit(const Section& section) {
    const Outcome& outcome = section.outcome;
    out_ << "<section>\n<h2>" << code(outcome.limits) << "</h2>\n";
    ratio(outcome);
    out_ << "<p class=\"legend\"><span><i></i>" << grouped(outcome.total.permitted)
         << " permitted</span><span><i class=\"denied\"></i>" << grouped(outcome.total.denied) << " denied ("
         << share(outcome) << ")</span><span class=\"soft\">" << grouped(outcome.keys_denied) << " of "
         << grouped(keys()) << ' ' << report_.field.plural << " denied at least once</span></p>\n";
    plot(outcome, "Requests over time under " + to_string(outcome.limits), 120, 960, 280);
    most_denied(outcome);
    compare(section);
    out_ << "</section>\n";
  }

  void ratio(const Outcome& outcome) {
    if (requests() == 0) return;
    out_ << "<div class=\"bar\" aria-hidden=\"true\"><span style=\"flex-grow:" << outcome.total.permitted
         << "\"></span><span style=\"flex-grow:" << outcome.total.denied << "\"></span></div>\n";
  }

  void plot(const Outcome& outcome, const std::string& title, std::size_t columns, double width, double height) {
    const std::string id = "plot" + std::to_string(++plots_);
    write_plot(out_, gather(outcome.minutes, columns), {id, title, width, height});
  }

  void most_denied(const Outcome& outcome) {
    if (outcome.most_denied.empty()) return;
    out_ << "<h3>Most denied " << report_.field.plural << "</h3>\n<div class=\"scroll\"><table>\n<tr><th>"
         << report_.field.name << "</th><th class=\"number\">Requests</th><th class=\"number\">Denied</th>"
         << "<th class=\"number\">Share</th></tr>\n";
    for (const auto& [key, tally] : outcome.most_denied) {
      const std::string& name = log_.keys[key];
      out_ << "<tr><td class=\"key\">" << (name.empty() ? "(empty)" : for_html(shortened(for_terminal(name), 200)))
           << "</td>";
      for (const std::string& cell :
           {grouped(tally.requests()), grouped(tally.denied), percentage(tally.denied, tally.requests())}) {
        out_ << "<td class=\"number\">" << cell << "</td>";
      }
      out_ << "</tr>\n";
    }
    out_ << "</table></div>\n";
  }

  void compare(const Section& section) {
    out_ << "<h3>The same count and window under each algorithm</h3>\n<div class=\"scroll\"><table>\n"
            "<tr><th>Algorithm</th>";
    tally_headings();
    out_ << "<th>Character</th></tr>\n";
    for (const auto& [alternative, outcome] : section.comparison) {
      const bool given = alternative.limits == section.outcome.limits;
      out_ << (given ? "<tr class=\"given\">" : "<tr>") << "<td class=\"name\">" << alternative.name
           << (given ? "<span class=\"tag\">yours</span>" : "") << "<br/>" << code(alternative.limits) << "</td>";
      tally_cells(outcome);
      out_ << "<td class=\"soft\">" << alternative.character << "</td></tr>\n";
    }
    out_ << "</table></div>\n";
    if (requests() == 0) return;
    out_ << "<div class=\"multiples\">\n";
    for (const auto& [alternative, outcome] : section.comparison) {
      out_ << "<figure><figcaption><b>" << alternative.name << "</b> <span class=\"soft\">denied "
           << grouped(outcome.total.denied) << " (" << share(outcome) << ")</span></figcaption>\n";
      plot(outcome, "Requests over time under " + to_string(alternative.limits), 60, 480, 190);
      out_ << "</figure>\n";
    }
    out_ << "</div>\n";
  }

  void tally_headings() {
    out_ << "<th class=\"number\">Permitted</th><th class=\"number\">Denied</th><th class=\"number\">Share</th>"
         << "<th class=\"number\">Denied " << report_.field.plural << "</th>";
  }

  void tally_cells(const Outcome& outcome) {
    for (const std::string& cell : {grouped(outcome.total.permitted), grouped(outcome.total.denied), share(outcome),
                                    grouped(outcome.keys_denied)}) {
      out_ << "<td class=\"number\">" << cell << "</td>";
    }
  }

  static std::string share(const Outcome& outcome) {
    return percentage(outcome.total.denied, outcome.total.requests());
  }

  [[nodiscard]] std::int64_t requests() const { return static_cast<std::int64_t>(log_.arrivals.size()); }
  [[nodiscard]] std::int64_t keys() const { return static_cast<std::int64_t>(log_.keys.size()); }
  [[nodiscard]] Moment first() const { return log_.arrivals.front().time(); }
  [[nodiscard]] Moment last() const { return log_.arrivals.back().time(); }

  std::ostream& out_;
  const Report& report_;
  const Log& log_;
  int plots_ = 0;
};

}  // namespace

void write_html(std::ostream& out, const Report& report) { Page(out, report).write(); }

}  // namespace replay
