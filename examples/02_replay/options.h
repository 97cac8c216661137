// The command line.

#ifndef PENSTOCK_EXAMPLES_REPLAY_OPTIONS_H_
#define PENSTOCK_EXAMPLES_REPLAY_OPTIONS_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "record.h"
#include "replay.h"

namespace replay {

struct Options {
  std::vector<Limits> limits;
  bool default_limits = false;
  const Field* field = &kFields.front();
  std::vector<std::string> files;  // "-" is standard input
  std::string html;                // empty: no page
  bool json = false;
  bool progress = true;
  bool help = false;
  ReplayOptions replay;
};

std::string_view usage();

// The error names the option, its value and what it could have been.
absl::StatusOr<Options> parse_options(int argc, char** argv);

}  // namespace replay

#endif  // PENSTOCK_EXAMPLES_REPLAY_OPTIONS_H_
