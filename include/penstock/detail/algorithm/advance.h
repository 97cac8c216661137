// The shape that every decision has, said once: how long must this request wait; is that acceptable; if so,
// charge it. What a limit allows is said by its rule:
//
//   template <> class Rule<FixedWindow> {
//     struct State;                               // what is remembered of a key; State{} owes nothing
//     struct View;                                // what a state means at a moment
//     explicit constexpr Rule(const FixedWindow&);                // needs validate(limit).ok()
//     limit(), refill()                           // most at once; ns from all spent to as good as new
//     reach()                                     // how far ahead of `now` a reservation may be made
//     look(state, now)                            // the view, of which all questions are asked
//     wait(view, cost)                            // ns until `cost` fits, 0 if it fits now; 1 <= cost <= limit
//     remaining(view), reset_after(view)
//     charge(state&, view&, cost)                 // spends `cost` at the view's moment, where it fits; both are up
//                                                 // to date after
//     reserve(state&, now, at, cost)              // spends `cost` at a moment `at` > now, where it fits
//     refund(state&, now, cost)                   // gives back at most what is owed
//   };
//
// A rule whose states a slot table keeps (memory/table.h) also has a clock of its own, in steps that suit it:
//
//     position(now)                               // what that clock shows
//     free_at(state)                              // where it stands when nothing is owed any more; never less
//     after
//                                                 // a charge, and 0 for State{}
//     idle(position)                              // a state that is free from `position` on; needs position > 1
//     span(count)                                 // ns until the clock has gone `count` further
//
// SlidingLog, whose states have no fixed size, has instead
//
//     merge(state, state)                         // a state that owes at least what either owes, from now on
//
// All of it is pure and total: no clock, no memory, no floating point. `now` is the time since the limiter's
// zero. A state whose reset_after is 0 equals State{} for this and every later moment: it may be forgotten.
//
// After a charge at the first moment at which it fits (`at` > now: a reservation) nothing more is admitted before
// `at`. A list of limits charges some of them later than that; then the one that made it wait keeps the order.

#ifndef PENSTOCK_DETAIL_ALGORITHM_ADVANCE_H_
#define PENSTOCK_DETAIL_ALGORITHM_ADVANCE_H_

#include <algorithm>
#include <cstdint>

#include "penstock/decision.h"
#include "penstock/detail/algorithm/arithmetic.h"

namespace penstock::algorithm {

template <class Limit>
class Rule;

// How long the caller will wait for its permits, and how long it must because of another limit.
struct Patience {
  Time at_least = 0;
  Time at_most = 0;
};

// The answer to a cost that is none: nothing, less than that, or more than there can ever be.
constexpr Decision decide_oddity(std::int64_t limit, std::int64_t cost) {
  if (cost == 0) return {.permitted = true, .limit = limit};
  return {.error = cost < 0 ? absl::StatusCode::kInvalidArgument : absl::StatusCode::kOk,
          .limit = limit,
          .retry_after = Decision::never};
}

// Whether and when `cost` may go. Leaves `remaining` and `reset_after` to `describe`.
template <class R>
[[gnu::always_inline]] inline constexpr Decision decide(const R& rule, const typename R::View& view, Time now,
                                                        std::int64_t cost, Patience patience) {
  const auto limit = static_cast<std::int64_t>(rule.limit());
  if (cost <= 0 || cost > limit) [[unlikely]]
    return decide_oddity(limit, cost);
  const Time wait = std::max(rule.wait(view, static_cast<std::uint64_t>(cost)), patience.at_least);
  return {// A wait that ends beyond the last moment is no wait one can promise.
          .permitted = wait == 0 || wait <= std::min({patience.at_most, rule.reach(), kLastMoment - now}),
          .limit = limit,
          .retry_after = Duration(wait)};
}

template <class R>
[[gnu::always_inline]] inline constexpr void describe(Decision& decision, const R& rule,
                                                      const typename R::View& view) {
  if (decision.error != absl::StatusCode::kOk) return;
  decision.remaining = static_cast<std::int64_t>(rule.remaining(view));
  decision.reset_after = Duration(rule.reset_after(view));
}

// The decision without the charge.
template <class R>
constexpr Decision peek(const R& rule, const typename R::State& state, Time now, std::int64_t cost,
                        Patience patience = {}) {
  const auto view = rule.look(state, now);
  Decision decision = decide(rule, view, now, cost, patience);
  describe(decision, rule, view);
  return decision;
}

// Refuses, and leaves `state` as it was; or spends `cost` permits of it.
template <class R>
[[gnu::always_inline]] inline constexpr Decision advance(const R& rule, typename R::State& state, Time now,
                                                         std::int64_t cost, Patience patience = {}) {
  auto view = rule.look(state, now);
  Decision decision = decide(rule, view, now, cost, patience);
  if (decision.permitted && cost > 0) {
    const auto wait = static_cast<Time>(decision.retry_after.count());
    if (wait == 0) [[likely]] {
      rule.charge(state, view, static_cast<std::uint64_t>(cost));
    } else {
      rule.reserve(state, now, now + wait, static_cast<std::uint64_t>(cost));
      view = rule.look(state, now);
    }
  }
  describe(decision, rule, view);
  return decision;
}

}  // namespace penstock::algorithm

#endif  // PENSTOCK_DETAIL_ALGORITHM_ADVANCE_H_
