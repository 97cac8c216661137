// A limiter's time: nanoseconds since its zero, which is the window boundary before it was made.

#ifndef PENSTOCK_DETAIL_MEMORY_TIMELINE_H_
#define PENSTOCK_DETAIL_MEMORY_TIMELINE_H_

#include <algorithm>

#include "penstock/clock.h"
#include "penstock/decision.h"
#include "penstock/detail/algorithm/advance.h"
#include "penstock/detail/algorithm/arithmetic.h"
#include "penstock/limit.h"

namespace penstock::memory {

using algorithm::Patience;
using algorithm::Time;

// A clock can stand before the earliest moment that still has a meaning. Then that moment counts as now, and
// whoever asks is told to wait as much longer.
struct Moment {
  Time now = 0;
  Time before = 0;

  constexpr void clamp(Time earliest) {
    if (now >= earliest) return;
    before += earliest - now;
    now = earliest;
  }

  // How long a caller will still wait when `now` has come.
  constexpr Patience then(const Patience& patience) const {
    if (before == 0) [[likely]]
      return patience;
    return {.at_least = patience.at_least - std::min(patience.at_least, before),
            .at_most = patience.at_most - std::min(patience.at_most, before)};
  }

  [[gnu::noinline]] Decision as_seen(Decision decision) const {
    if (before == 0) return decision;
    for (Duration* wait : {&decision.retry_after, &decision.reset_after}) {
      if (*wait == Duration::zero() || *wait == Decision::never) continue;
      *wait += std::min(Duration(before), Duration(algorithm::kLongestWait) - *wait);
    }
    return decision;
  }
};

class Timeline {
 public:
  Timeline(const Clock& clock, Duration window) : clock_(&clock), zero_(window_start(clock.now(), window)) {}

  [[nodiscard]] Moment now() const { return at(clock_->now()); }
  // Read after everything that this thread has read before.
  [[nodiscard]] Moment now_ordered() const { return at(clock_->now_ordered()); }

  [[nodiscard]] Moment at(Duration now) const {
    const auto distance = [](Duration from, Duration to) {
      const Time ns = static_cast<Time>(to.count()) - static_cast<Time>(from.count());
      return std::min(ns, algorithm::kLastMoment);
    };
    if (now >= zero_) return {distance(zero_, now), 0};
    return {0, distance(now, zero_)};
  }

 private:
  // Windows begin at whole multiples of their length on the clock.
  static Duration window_start(Duration now, Duration window) {
    const Duration into = (now % window + window) % window;
    return now >= Duration::min() + into ? now - into : now;
  }

  const Clock* clock_;
  Duration zero_;
};

}  // namespace penstock::memory

#endif  // PENSTOCK_DETAIL_MEMORY_TIMELINE_H_
