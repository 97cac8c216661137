// TokenBucket: at most burst + rate * (t - s) in any [s, t].
//
// The state is one position on the clock of permits (supply.h): what is issued beyond it is there to be had,
// up to a burst. The key owes `spent - supply(now)` units, or nothing if that is negative:
//
//     0 ......... supply(now) ......... spent ......... supply(now) + burst      units issued ->
//                 |<------ owed ------->|<---- room ---->|
//
// A request fits if what it leaves of the burst covers what is owed. (This is the generic cell rate algorithm
// of ITU-T I.371, with time measured in permits instead of permits in time.)

#ifndef PENSTOCK_DETAIL_ALGORITHM_TOKEN_BUCKET_H_
#define PENSTOCK_DETAIL_ALGORITHM_TOKEN_BUCKET_H_

#include <algorithm>
#include <cstdint>
#include <numeric>

#include "penstock/detail/algorithm/advance.h"
#include "penstock/detail/algorithm/arithmetic.h"
#include "penstock/detail/algorithm/supply.h"
#include "penstock/limit.h"

namespace penstock::algorithm {

template <>
class Rule<TokenBucket> {
 public:
  struct State {
    std::uint64_t spent = 0;  // the supply position up to which permits are spent
    friend constexpr bool operator==(const State&, const State&) = default;
  };

  struct View {
    Time now;
    std::uint64_t issued;  // the supply's position
    std::uint64_t spent;   // the state's, or the supply's if that is later: then nothing is owed
  };

  // Whether a permit can be made a whole number of units at all: at most 1.46 permits a nanosecond.
  static constexpr bool can_keep(const Rate& rate) {
    return Wide{static_cast<std::uint64_t>(rate.permits)} * kHorizon <=
           kBound * static_cast<Time>(rate.per.count());
  }

  explicit constexpr Rule(const TokenBucket& limit) : Rule(kBound, limit) {}

  // With a tick for the unit of time, on each of which `units` are issued; a permit is `permit` of them. Exact.
  static constexpr Rule ticking(std::uint64_t burst, std::uint64_t units, std::uint64_t permit) {
    return Rule(burst, units, permit);
  }

  // The same as the first with a coarser unit: a key that spent its burst owes less than `most_debt` units, which
  // must be more than `burst`.
  explicit constexpr Rule(Wide most_debt, const TokenBucket& limit)
      : burst_(static_cast<std::uint64_t>(limit.burst)), unit_(1), supply_(Supply::stepped(1, 1)) {
    const auto permits = static_cast<std::uint64_t>(limit.rate.permits);
    const auto per = static_cast<Time>(limit.rate.per.count());
    const std::uint64_t divisor = std::gcd(permits, per);
    const std::uint64_t n = permits / divisor;
    const Time w = per / divisor;
    refill_ = until(saturate(ceil_div(Wide{burst_} * w, Wide{n})), 0);

    // Rounded: as many units a permit as fit. Never early; late by less than 2.35 units, which do not add up.
    unit_ = Divisor(
        static_cast<std::uint64_t>(std::min(kBound * per / (Wide{permits} * kHorizon), most_debt / burst_)));
    supply_ = Supply::scaled(static_cast<std::uint64_t>((Wide{permits} * unit_.value() << 63) / per));

    // Exact: w/tick units a permit and n units a tick, for the finest tick that keeps every position below
    // 2^64 for kHorizon and beyond. It may hold a permit back for two ticks when it starts off the tick; where
    // that is much of a permit's time, and more than the rounding, it is not worth it.
    Time tick = 1;
    while (Wide{kHorizon / tick} * n >= kBound || Wide{burst_} * (w / tick) >= most_debt) {
      if (w % (tick * 10) != 0) return;
      tick *= 10;
    }
    if (Wide{tick} * n * 16 <= w || (Wide{tick} * n <= w && unit_.value() < 32)) {
      unit_ = Divisor(w / tick);
      supply_ = Supply::stepped(tick, n);
    }
  }

  constexpr std::uint64_t limit() const { return burst_; }
  constexpr Time refill() const { return refill_; }
  constexpr Time reach() const { return kLongestWait - 1; }

  constexpr View look(const State& state, Time now) const {
    const std::uint64_t issued = supply_.at(now);
    return {now, issued, std::max(state.spent, issued)};
  }

  constexpr Time wait(const View& view, std::uint64_t cost) const {
    const std::uint64_t room = (burst_ - cost) * unit_.value();
    if (owed(view) <= room) return 0;
    return until(supply_.earliest(view.spent - room), view.now);
  }

  constexpr std::uint64_t remaining(const View& view) const {
    const std::uint64_t all = most_debt();
    const std::uint64_t debt = owed(view);
    return debt < all ? (all - debt) / unit_ : 0;
  }

  constexpr Time reset_after(const View& view) const {
    return owed(view) == 0 ? 0 : until(supply_.earliest(view.spent), view.now);
  }

  // A key that owes nothing starts at the supply rounded up: rounded down, it would be given a part of a unit
  // that had been issued before. One that owes goes on from its position, which is exact.
  constexpr void charge(State& state, View& view, std::uint64_t cost) const {
    const std::uint64_t from = owed(view) == 0 ? supply_.at_or_above(view.now) : view.spent;
    view.spent = from + cost * unit_.value();
    state.spent = view.spent;
  }

  constexpr void reserve(State& state, Time, Time at, std::uint64_t cost) const {
    View then = look(state, at);
    charge(state, then, cost);
  }

  constexpr void refund(State& state, Time now, std::uint64_t cost) const {
    const std::uint64_t debt = owed(look(state, now));
    state.spent -= cost > debt / unit_ ? debt : cost * unit_.value();
  }

  constexpr std::uint64_t position(Time now) const { return supply_.at(now); }
  static constexpr std::uint64_t free_at(const State& state) { return state.spent; }
  static constexpr State idle(std::uint64_t position) { return {position}; }
  constexpr Time span(std::uint64_t count) const { return until(supply_.earliest(count), 0); }
  constexpr std::uint64_t most_debt() const { return burst_ * unit_.value(); }

 private:
  // Positions stay below 2^64: the supply of the last moment is below 2.93 * 2^62, and a burst below 2^62.
  static constexpr Wide kBound = Wide{1} << 62;

  constexpr Rule(std::uint64_t burst, std::uint64_t units, std::uint64_t permit)
      : burst_(burst), unit_(permit), supply_(Supply::stepped(1, units)) {
    refill_ = span(most_debt());
  }

  static constexpr std::uint64_t owed(const View& view) { return view.spent - view.issued; }

  std::uint64_t burst_;
  Divisor unit_;  // units a permit
  Supply supply_;
  Time refill_ = 0;
};

}  // namespace penstock::algorithm

#endif  // PENSTOCK_DETAIL_ALGORITHM_TOKEN_BUCKET_H_
