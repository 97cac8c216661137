// What a rule says of a state at a moment, as short as tests like it.

#ifndef PENSTOCK_TESTS_MOMENTS_H_
#define PENSTOCK_TESTS_MOMENTS_H_

#include <cstdint>

#include "penstock/detail/algorithm/advance.h"

namespace penstock::algorithm {

template <class R>
constexpr Time wait(const R& rule, const typename R::State& state, Time now, std::uint64_t cost) {
  return rule.wait(rule.look(state, now), cost);
}

template <class R>
constexpr std::uint64_t remaining(const R& rule, const typename R::State& state, Time now) {
  return rule.remaining(rule.look(state, now));
}

template <class R>
constexpr Time reset_after(const R& rule, const typename R::State& state, Time now) {
  return rule.reset_after(rule.look(state, now));
}

template <class R>
constexpr void charge(const R& rule, typename R::State& state, Time now, Time at, std::uint64_t cost) {
  if (at > now) return rule.reserve(state, now, at, cost);
  auto view = rule.look(state, now);
  rule.charge(state, view, cost);
}

}  // namespace penstock::algorithm

#endif  // PENSTOCK_TESTS_MOMENTS_H_
