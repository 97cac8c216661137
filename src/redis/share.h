// One node's part of a limit that several nodes share while nobody can count for all of them.
//
// Together the parts are at most the limit: A([s, t]) <= burst + rate * (t - s) for a bucket, and likewise for
// windows. Less than one permit a window is one permit in a longer window.

#ifndef PENSTOCK_REDIS_SHARE_H_
#define PENSTOCK_REDIS_SHARE_H_

#include <algorithm>
#include <cstdint>
#include <variant>

#include "penstock/detail/algorithm/arithmetic.h"
#include "penstock/limit.h"

namespace penstock::redis {

// A window of as many times the length as it takes, but no longer than there are.
constexpr Duration stretched(Duration window, std::int64_t times) {
  return window <= kMaxWindow / times ? window * times : kMaxWindow;
}

constexpr TokenBucket share_of(const TokenBucket& limit, std::int64_t nodes) {
  const Duration per = stretched(limit.rate.per, nodes);
  // Where the time cannot be stretched that far there are fewer permits in it.
  const auto permits = algorithm::Wide{static_cast<std::uint64_t>(limit.rate.permits)} *
                       static_cast<std::uint64_t>(per.count()) / static_cast<std::uint64_t>(nodes) /
                       static_cast<std::uint64_t>(limit.rate.per.count());
  // A bucket must hold a permit to give any: then `nodes` of them hold more than the burst, if that is fewer.
  return {.rate = {std::max<std::int64_t>(static_cast<std::int64_t>(permits), 1), per},
          .burst = limit.burst >= nodes ? limit.burst / nodes : 1};
}

template <class Windowed>
constexpr Windowed share_of(const Windowed& limit, std::int64_t nodes) {
  if (limit.limit >= nodes) return {.limit = limit.limit / nodes, .window = limit.window};
  return {.limit = 1, .window = stretched(limit.window, (nodes - 1) / limit.limit + 1)};
}

inline Limit share_of(const Limit& limit, std::int64_t nodes) {
  return std::visit([nodes](const auto& one) { return Limit(share_of(one, nodes)); }, limit);
}

}  // namespace penstock::redis

#endif  // PENSTOCK_REDIS_SHARE_H_
