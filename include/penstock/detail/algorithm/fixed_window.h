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
    std::uint64_t window = 0;  // that `used` counts
    bool reserved = false;     // it was reached by a reservation
    std::uint64_t used = 0;
    friend constexpr bool operator==(const State&, const State&) = default;
  };

  struct View {
    Time now;
    std::uint64_t window;  // the one that a charge would go to: that of the moment, or the state's own if later
    std::uint64_t used;    // spent in it
    bool closed;           // it has not begun, and the state waits for it
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

  constexpr View look(const State& state, Time now) const {
    const std::uint64_t window = index(now);
    if (state.window < window) return {now, window, 0, false};
    return {now, state.window, state.used, state.window > window && state.reserved};
  }

  constexpr Time wait(const View& view, std::uint64_t cost) const {
    const bool fits = view.used <= limit() - cost;
    if (fits && !view.closed) return 0;
    return until(begin(fits ? view.window : view.window + 1), view.now);
  }

  constexpr std::uint64_t remaining(const View& view) const { return view.closed ? 0 : limit() - view.used; }
  constexpr Time reset_after(const View& view) const {
    return until(begin(view.window + (view.used > 0)), view.now);
  }

  constexpr void charge(State& state, View& view, std::uint64_t cost) const {
    view.used += cost;
    state = {.window = view.window, .reserved = false, .used = view.used};
  }

  constexpr void reserve(State& state, Time now, Time at, std::uint64_t cost) const {
    View then = look(state, at);
    charge(state, then, cost);
    state.reserved = then.window > index(now);
  }

  constexpr void refund(State& state, Time now, std::uint64_t cost) const {
    state.used -= std::min(cost, look(state, now).used);
  }

  // The clock counts windows. A state is free when its window has passed.
  constexpr std::uint64_t position(Time now) const { return index(now); }
  static constexpr std::uint64_t free_at(const State& state) { return state.window + (state.used > 0); }
  static constexpr State idle(std::uint64_t position) { return {.window = position - 1}; }
  constexpr Time span(std::uint64_t count) const { return until(begin(count), 0); }

 private:
  constexpr std::uint64_t index(Time now) const { return now / window_; }
  constexpr std::uint64_t begin(std::uint64_t window) const { return saturate(Wide{window} * window_.value()); }

  std::uint64_t limit_;
  Divisor window_;
};

}  // namespace penstock::algorithm

#endif  // PENSTOCK_DETAIL_ALGORITHM_FIXED_WINDOW_H_
