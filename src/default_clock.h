// Which clock a limiter reads unless told otherwise, as a pure function of what the machine and its owner say.

#ifndef PENSTOCK_DEFAULT_CLOCK_H_
#define PENSTOCK_DEFAULT_CLOCK_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "penstock/clock.h"

namespace penstock {

struct ClockChoice {
  ClockSource source = ClockSource::monotonic;
  std::string reason;
};

// wanted: the value of PENSTOCK_CLOCK, if it is set. processor: whether it has a counter that can be read and
// always runs at one rate. kernel: whether it keeps its own time by that counter; who asks for `tsc` need not care.
ClockChoice choose_clock(std::optional<std::string_view> wanted, const absl::Status& processor,
                         const absl::Status& kernel);

// Whether the kernel's current clocksource, the content of a file, reads the counter.
absl::Status check_clocksource(std::string_view name);

}  // namespace penstock

#endif  // PENSTOCK_DEFAULT_CLOCK_H_
