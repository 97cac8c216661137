// SlidingWindow: two counters that stand in for a rolling window.
//
// At `elapsed` into this window, a rolling window still covers the last (window - elapsed) of the one before.
// Its cost is taken to be spread evenly there:
//
//            previous window      this window
//         |----------[==========|==========]----------|
//                     covered      elapsed
//
//     fits:   previous * (window - elapsed) / window  +  current  +  cost   <=   limit
//
// compared without rounding, as products of 128 bits. A `now` from before the state's own window counts as
// its start, unless a reservation put the state there (see fixed_window.h, which has the same two cases).

#ifndef PENSTOCK_DETAIL_ALGORITHM_SLIDING_WINDOW_H_
#define PENSTOCK_DETAIL_ALGORITHM_SLIDING_WINDOW_H_

#include <algorithm>
#include <cstdint>

#include "penstock/detail/algorithm/advance.h"
#include "penstock/detail/algorithm/arithmetic.h"
#include "penstock/limit.h"

namespace penstock::algorithm {

template <>
class Rule<SlidingWindow> {
 public:
  struct State {
    std::uint64_t index : 63 = 0;    // of the window that `current` counts
    std::uint64_t reserved : 1 = 0;  // that window was reached by a reservation
    std::uint64_t previous = 0;
    std::uint64_t current = 0;
    friend constexpr bool operator==(const State&, const State&) = default;
  };

  explicit constexpr Rule(const SlidingWindow& limit)
      : limit_(static_cast<std::uint64_t>(limit.limit)), window_(static_cast<Time>(limit.window.count())) {}

  constexpr std::uint64_t limit() const { return limit_; }
  constexpr Time refill() const { return window_.value(); }
  constexpr Time reach() const { return kLongestWait - 1; }

  constexpr Time wait(const State& state, Time now, std::uint64_t cost) const {
    const View view = look(state, now);
    if (!view.closed && cost <= room(view)) return 0;
    const Wide start = Wide{view.index} * window_.value();
    if (view.current + cost <= limit_) {
      // In this window, as soon as enough of the previous one has gone by.
      return until(start + fade(view.previous, limit_ - view.current - cost), now);
    }
    return until(start + window_.value() + fade(view.current, limit_ - cost), now);
  }

  constexpr void charge(State& state, Time now, Time at, std::uint64_t cost) const {
    const View view = look(state, at);
    state = {.index = view.index & kIndexBits,
             .reserved = at > now && view.index > now / window_,
             .previous = view.previous,
             .current = view.current + cost};
  }

  constexpr std::uint64_t remaining(const State& state, Time now) const {
    const View view = look(state, now);
    return view.closed ? 0 : room(view);
  }

  constexpr Time reset_after(const State& state, Time now) const {
    const View view = look(state, now);
    if (view.current > 0) return until((Wide{view.index} + 2) * window_.value(), now);
    if (view.previous > 0) return until((Wide{view.index} + 1) * window_.value(), now);
    return until(Wide{view.index} * window_.value(), now);  // refunded in full; but the window may be still to come
  }

  // Only this window's counter is lowered: what the previous one held has faded in part already.
  constexpr void refund(State& state, Time now, std::uint64_t cost) const {
    state.current -= std::min(cost, look(state, now).current);
  }

  // The clock counts windows. A state is free when the window after its own has passed.
  constexpr std::uint64_t position(Time now) const { return now / window_; }
  static constexpr std::uint64_t free_at(const State& state) { return state == State{} ? 0 : state.index + 2; }
  static constexpr State idle(std::uint64_t position) { return {.index = (position - 2) & kIndexBits}; }
  constexpr Time span(std::uint64_t count) const { return until(Wide{count} * window_.value(), 0); }

 private:
  static constexpr std::uint64_t kIndexBits = ~std::uint64_t{0} >> 1;

  // What a state means at a moment: the window a charge would go to, and the counters as seen from it.
  struct View {
    std::uint64_t index;
    std::uint64_t previous;
    std::uint64_t current;
    Time elapsed;
    bool closed;  // it has not begun, and the state waits for it
  };

  constexpr View look(const State& state, Time now) const {
    const std::uint64_t index = now / window_;
    const Time elapsed = now - index * window_.value();
    if (index < state.index) return {state.index, state.previous, state.current, 0, state.reserved != 0};
    if (index == state.index) return {index, state.previous, state.current, elapsed, false};
    return {index, index == state.index + 1 ? state.current : 0, 0, elapsed, false};
  }

  // The largest cost that fits.
  constexpr std::uint64_t room(const View& view) const {
    const Wide covered = ceil_div(Wide{view.previous} * (window_.value() - view.elapsed), Wide{window_.value()});
    const Wide used = covered + view.current;
    return used < limit_ ? static_cast<std::uint64_t>(limit_ - used) : 0;
  }

  // The time into a window until the one before, in which `count` was spent, covers no more than `allowed`.
  constexpr Time fade(std::uint64_t count, std::uint64_t allowed) const {
    if (count <= allowed) return 0;
    return window_.value() - static_cast<Time>(Wide{allowed} * window_.value() / count);
  }

  std::uint64_t limit_;
  Divisor window_;
};

}  // namespace penstock::algorithm

#endif  // PENSTOCK_DETAIL_ALGORITHM_SLIDING_WINDOW_H_
