// FixedWindow: at most `limit` in each window [k * window, (k + 1) * window).
//
// The state is a window's number, and what is used of it. In a later window it owes nothing.
//
// A `now` from before the state's own window is late news (another thread has seen the window turn, or the
// clock stepped back): it counts as the start of that window. The one exception is a state that a reservation
// put there: until its window comes, nothing is admitted.

#ifndef PENSTOCK_DETAIL_ALGORITHM_FIXED_WINDOW_H_
#define PENSTOCK_DETAIL_ALGORITHM_FIXED_WINDOW_H_

#include <algorithm>
#include <cstdint>

#include "penstock/detail/algorithm/advance.h"
#include "penstock/detail/algorithm/arithmetic.h"
#include "penstock/limit.h"

namespace penstock::algorithm {

template <>
class Rule<FixedWindow> {
 public:
  struct State {
    std::uint64_t window : 63 = 0;   // that `used` counts
    std::uint64_t reserved : 1 = 0;  // it was reached by a reservation
    std::uint64_t used = 0;
    friend constexpr bool operator==(const State&, const State&) = default;
  };

  // The largest limit whose count and the window's number fit 62 bits together for kHorizon.
  static constexpr std::uint64_t most(Time window) {
    return static_cast<std::uint64_t>((Wide{1} << 62) / (kHorizon / window + 1));
  }

  explicit constexpr Rule(const FixedWindow& limit)
      : limit_(static_cast<std::uint64_t>(limit.limit)), window_(static_cast<Time>(limit.window.count())) {}

  constexpr std::uint64_t limit() const { return limit_; }
  constexpr Time refill() const { return window_.value(); }
  constexpr Time reach() const { return kLongestWait - 1; }

  constexpr Time wait(const State& state, Time now, std::uint64_t cost) const {
    const View view = look(state, now);
    const bool fits = view.used <= limit() - cost;
    if (fits && !view.closed) return 0;
    return begin(fits ? view.window : view.window + 1, now);
  }

  constexpr void charge(State& state, Time now, Time at, std::uint64_t cost) const {
    const View view = look(state, at);
    state = {.window = view.window & kWindowBits,
             .reserved = at > now && view.window > index(now),
             .used = view.used + cost};
  }

  constexpr std::uint64_t remaining(const State& state, Time now) const {
    const View view = look(state, now);
    return view.closed ? 0 : limit() - view.used;
  }

  constexpr Time reset_after(const State& state, Time now) const {
    const View view = look(state, now);
    return begin(view.window + (view.used > 0), now);
  }

  constexpr void refund(State& state, Time now, std::uint64_t cost) const {
    state.used -= std::min(cost, look(state, now).used);
  }

  // The clock counts windows. A state is free when its window has passed.
  constexpr std::uint64_t position(Time now) const { return index(now); }
  static constexpr std::uint64_t free_at(const State& state) { return state.window + (state.used > 0); }
  static constexpr State idle(std::uint64_t position) { return {.window = (position - 1) & kWindowBits}; }
  constexpr Time span(std::uint64_t count) const { return until(Wide{count} * window_.value(), 0); }

 private:
  static constexpr std::uint64_t kWindowBits = ~std::uint64_t{0} >> 1;

  // What a state means at a moment.
  struct View {
    std::uint64_t window;  // the one that a charge would go to: that of the moment, or the state's own if later
    std::uint64_t used;    // spent in it
    bool closed;           // it has not begun, and the state waits for it
  };

  constexpr View look(const State& state, Time now) const {
    const std::uint64_t window = index(now);
    if (state.window < window) return {window, 0, false};
    return {state.window, state.used, state.window > window && state.reserved};
  }

  constexpr std::uint64_t index(Time now) const { return now / window_; }
  constexpr Time begin(std::uint64_t window, Time now) const { return until(Wide{window} * window_.value(), now); }

  std::uint64_t limit_;
  Divisor window_;
};

}  // namespace penstock::algorithm

#endif  // PENSTOCK_DETAIL_ALGORITHM_FIXED_WINDOW_H_
