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
// compared without rounding. A `now` from before the state's own window counts as its start, unless a reservation
// put the state there (see fixed_window.h, which has the same two cases).

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
    std::uint64_t index = 0;  // of the window that `current` counts
    bool reserved = false;    // that window was reached by a reservation
    std::uint64_t previous = 0;
    std::uint64_t current = 0;
    friend constexpr bool operator==(const State&, const State&) = default;
  };

  // The window a charge would go to, and the counters as seen from it.
  struct View {
    Time now;
    std::uint64_t index;
    std::uint64_t previous;
    std::uint64_t current;
    std::uint64_t room;  // the largest cost that fits; 0 before the begin of a window that the state waits for
  };

  explicit constexpr Rule(const SlidingWindow& limit)
      : limit_(static_cast<std::uint64_t>(limit.limit)), window_(static_cast<Time>(limit.window.count())) {}

  constexpr std::uint64_t limit() const { return limit_; }
  constexpr Time refill() const { return window_.value(); }
  constexpr Time reach() const { return kLongestWait - 1; }

  constexpr View look(const State& state, Time now) const {
    const std::uint64_t index = now / window_;
    const Time elapsed = now - index * window_.value();
    if (index < state.index) {
      const std::uint64_t room = state.reserved ? 0 : this->room(state.previous, 0, state.current);
      return {now, state.index, state.previous, state.current, room};
    }
    const bool same = index == state.index;
    const std::uint64_t previous = same ? state.previous : index == state.index + 1 ? state.current : 0;
    const std::uint64_t current = same ? state.current : 0;
    return {now, index, previous, current, room(previous, elapsed, current)};
  }

  constexpr Time wait(const View& view, std::uint64_t cost) const {
    if (cost <= view.room) return 0;
    if (view.current + cost <= limit_) {
      // In this window, as soon as enough of the previous one has gone by.
      return until(begin(view.index, fade(view.previous, limit_ - view.current - cost)), view.now);
    }
    return until(begin(view.index + 1, fade(view.current, limit_ - cost)), view.now);
  }

  constexpr std::uint64_t remaining(const View& view) const { return view.room; }

  // Refunded in full, its window may still be to come.
  constexpr Time reset_after(const View& view) const {
    const std::uint64_t windows = view.current > 0 ? 2 : view.previous > 0 ? 1 : 0;
    return until(begin(view.index + windows, 0), view.now);
  }

  constexpr void charge(State& state, View& view, std::uint64_t cost) const {
    view.current += cost;
    view.room -= cost;
    state = {.index = view.index, .reserved = false, .previous = view.previous, .current = view.current};
  }

  constexpr void reserve(State& state, Time now, Time at, std::uint64_t cost) const {
    View then = look(state, at);
    charge(state, then, cost);
    state.reserved = then.index > now / window_;
  }

  // Only this window's counter is lowered: what the previous one held has faded in part already.
  constexpr void refund(State& state, Time now, std::uint64_t cost) const {
    state.current -= std::min(cost, look(state, now).current);
  }

  // The clock counts windows. A state is free when the window after its own has passed.
  constexpr std::uint64_t position(Time now) const { return now / window_; }
  static constexpr std::uint64_t free_at(const State& state) { return state == State{} ? 0 : state.index + 2; }
  static constexpr State idle(std::uint64_t position) { return {.index = position - 2}; }
  constexpr Time span(std::uint64_t count) const { return until(begin(count, 0), 0); }

 private:
  constexpr std::uint64_t begin(std::uint64_t index, Time later) const {
    return saturate(Wide{index} * window_.value() + later);
  }

  constexpr std::uint64_t room(std::uint64_t previous, Time elapsed, std::uint64_t current) const {
    const std::uint64_t used = current + scaled_up(previous, window_.value() - elapsed, window_);
    return used < limit_ ? limit_ - used : 0;
  }

  // The time into a window until the one before, in which `count` was spent, covers no more than `allowed`.
  constexpr Time fade(std::uint64_t count, std::uint64_t allowed) const {
    if (count <= allowed) return 0;
    return window_.value() - scaled_down(window_.value(), allowed, count);
  }

  std::uint64_t limit_;
  Divisor window_;
};

}  // namespace penstock::algorithm

#endif  // PENSTOCK_DETAIL_ALGORITHM_SLIDING_WINDOW_H_
