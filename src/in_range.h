// An option that must be a number from a range, and what is said if it is not.

#ifndef PENSTOCK_IN_RANGE_H_
#define PENSTOCK_IN_RANGE_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace penstock {

// "MemoryOptions: max_keys = 0: must be 1 to 4294967296"
inline absl::Status in_range(const char* options, const char* name, std::int64_t value, std::int64_t least,
                             std::int64_t most, const char* unit = "") {
  if (value >= least && value <= most) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(options, ": ", name, " = ", value, unit, ": must be ", least, " to ", most, unit));
}

}  // namespace penstock

#endif  // PENSTOCK_IN_RANGE_H_
