// The numbers that the algorithms are written in: unsigned, integer, and wide enough that nothing wraps.

#ifndef PENSTOCK_DETAIL_ALGORITHM_ARITHMETIC_H_
#define PENSTOCK_DETAIL_ALGORITHM_ARITHMETIC_H_

#include <cstdint>
#include <limits>

namespace penstock::algorithm {

// Nanoseconds since the limiter's zero, 0 to kLastMoment (292 years).
using Time = std::uint64_t;
inline constexpr Time kLastMoment = std::numeric_limits<std::int64_t>::max();

// The longest wait that ends. It stands for all longer ones, too; only `Decision::never` is above it.
inline constexpr Time kLongestWait = kLastMoment - 1;

// How long every promise holds without a word about rounding: a hundred years of 365.25 days.
inline constexpr Time kHorizon = Time{36'525} * 24 * 3600 * 1'000'000'000;

// Products of two 64-bit numbers.
__extension__ typedef unsigned __int128 Wide;

constexpr Wide ceil_div(Wide dividend, Wide divisor) { return dividend / divisor + (dividend % divisor != 0); }

// The wait from `now` to `moment`, which may be past or out of reach.
constexpr Time until(Wide moment, Time now) {
  if (moment <= now) return 0;
  const Wide wait = moment - now;
  return wait < kLongestWait ? static_cast<Time>(wait) : kLongestWait;
}

}  // namespace penstock::algorithm

#endif  // PENSTOCK_DETAIL_ALGORITHM_ARITHMETIC_H_
