// FixedWindow: at most `limit` in each window [k * window, (k + 1) * window).
//
// The state is one position again, on a clock that issues `limit` permits at the start of each window:
//
//     window        |        k - 1        |          k          |        k + 1        |
//     positions     0 ............ k * limit ...... spent .... (k + 1) * limit ...
//
// so a key that spent u permits in window k stands at k * limit + u, and one that stands at or below the start
// of this window owes nothing.
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
    std::uint64_t spent : 63 = 0;
    std::uint64_t reserved : 1 = 0;  // the position was reached by a reservation
    friend constexpr bool operator==(const State&, const State&) = default;
  };

  // The largest limit whose positions keep their place in the word for kHorizon.
  static constexpr std::uint64_t most(Time window) {
    return static_cast<std::uint64_t>((Wide{1} << 62) / (kHorizon / window + 1));
  }

  explicit constexpr Rule(const FixedWindow& limit)
      : limit_(static_cast<std::uint64_t>(limit.limit)),
        window_(static_cast<Time>(limit.window.count())),
        last_window_((std::uint64_t{1} << 63) / limit_.value() - 2) {}

  constexpr std::uint64_t limit() const { return limit_.value(); }
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
    state.reserved = at > now && view.window > index(now);
    state.spent = kPositionBits & (view.window * limit() + view.used + cost);
  }

  constexpr std::uint64_t remaining(const State& state, Time now) const {
    const View view = look(state, now);
    return view.closed ? 0 : limit() - view.used;
  }

  constexpr Time reset_after(const State& state, Time now) const {
    const View view = look(state, now);
    return view.used == 0 ? 0 : begin(view.window + 1, now);
  }

  constexpr void refund(State& state, Time now, std::uint64_t cost) const {
    state.spent = kPositionBits & (state.spent - std::min(cost, look(state, now).used));
  }

  // The clock counts windows. A state is free when its window has passed.
  constexpr std::uint64_t position(Time now) const { return index(now); }
  constexpr std::uint64_t free_at(const State& state) const { return ceil_div(state.spent, limit_); }
  constexpr State idle(std::uint64_t position) const { return state_at(position - 1, 0, false); }
  constexpr Time span(std::uint64_t count) const { return until(Wide{count} * window_.value(), 0); }

  // A state in its parts, and back.
  constexpr State state_at(std::uint64_t window, std::uint64_t used, bool reserved) const {
    return {.spent = kPositionBits & (window * limit() + used), .reserved = reserved};
  }
  constexpr std::uint64_t used_in(const State& state, std::uint64_t window) const {
    return state.spent - std::min<std::uint64_t>(state.spent, window * limit());
  }

 private:
  static constexpr std::uint64_t kPositionBits = ~std::uint64_t{0} >> 1;

  // What a state means at a moment.
  struct View {
    std::uint64_t window;  // the one that a charge would go to: that of the moment, or the state's own if later
    std::uint64_t used;    // spent in it
    bool closed;           // it has not begun, and the state waits for it
  };

  constexpr View look(const State& state, Time now) const {
    const std::uint64_t window = index(now);
    if (state.spent <= window * limit()) return {window, 0, false};
    const std::uint64_t own = (state.spent - 1) / limit_;
    return {own, state.spent - own * limit(), own > window && state.reserved};
  }

  // Windows stop turning when positions would outgrow the word: 200 years or more after the limiter's zero.
  constexpr std::uint64_t index(Time now) const { return std::min(now / window_, last_window_); }

  constexpr Time begin(std::uint64_t window, Time now) const {
    return window > last_window_ ? kLongestWait : until(Wide{window} * window_.value(), now);
  }

  Divisor limit_;
  Divisor window_;
  std::uint64_t last_window_;
};

}  // namespace penstock::algorithm

#endif  // PENSTOCK_DETAIL_ALGORITHM_FIXED_WINDOW_H_
