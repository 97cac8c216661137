// A file that is there as a whole or not at all.

#ifndef PENSTOCK_EXAMPLES_REPLAY_FILE_H_
#define PENSTOCK_EXAMPLES_REPLAY_FILE_H_

#include <functional>
#include <ostream>
#include <string>

#include "absl/status/status.h"

namespace replay {

// Lets `write` fill a file beside `name`, then gives it that name. If anything fails, what was at `name`
// stays as it was. The error names the file and the reason.
absl::Status replace_file(const std::string& name, const std::function<void(std::ostream&)>& write);

}  // namespace replay

#endif  // PENSTOCK_EXAMPLES_REPLAY_FILE_H_
