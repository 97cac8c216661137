// What came out, for people, for machines and for the browser.

#ifndef PENSTOCK_EXAMPLES_REPLAY_REPORT_H_
#define PENSTOCK_EXAMPLES_REPLAY_REPORT_H_

#include <cstddef>
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "comparison.h"
#include "log.h"
#include "record.h"
#include "replay.h"

namespace replay {

// What one algorithm would have done with the count and window of a limit.
struct Compared {
  Alternative alternative;
  Outcome outcome;
};

struct Section {
  Outcome outcome;
  std::vector<Compared> comparison;  // for the page only
};

struct Report {
  const Log& log;
  const Field& field;
  std::vector<std::string> files;
  bool default_limits = false;  // nobody asked for these limits
  std::vector<Section> sections;
};

// Plain text with a sparkline, in lines of at most `width` columns.
void write_text(std::ostream& out, const Report& report, std::size_t width);

// JSON lines: one object a limit.
void write_json(std::ostream& out, const Report& report);

// A page that needs nothing else: no script, no font, no network.
void write_html(std::ostream& out, const Report& report);

}  // namespace replay

#endif  // PENSTOCK_EXAMPLES_REPLAY_REPORT_H_
