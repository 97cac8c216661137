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

// Division by a number that is known long before: a multiplication instead (Granlund, Montgomery: "Division by
// invariant integers using multiplication", 1994). The quotient by the rounded reciprocal is right or one short.
class Divisor {
 public:
  explicit constexpr Divisor(std::uint64_t value)
      : value_(value), reciprocal_(std::numeric_limits<std::uint64_t>::max() / value) {}

  constexpr std::uint64_t value() const { return value_; }

  friend constexpr std::uint64_t operator/(std::uint64_t dividend, const Divisor& by) {
    const auto quotient = static_cast<std::uint64_t>(Wide{dividend} * by.reciprocal_ >> 64);
    return quotient + (dividend - quotient * by.value_ >= by.value_);
  }

  friend constexpr std::uint64_t ceil_div(std::uint64_t dividend, const Divisor& by) {
    const std::uint64_t quotient = dividend / by;
    return quotient + (quotient * by.value_ != dividend);
  }

 private:
  std::uint64_t value_;
  std::uint64_t reciprocal_;
};

// The wait from `now` to `moment`, which may be past or out of reach.
constexpr Time until(Wide moment, Time now) {
  if (moment <= now) return 0;
  const Wide wait = moment - now;
  return wait < kLongestWait ? static_cast<Time>(wait) : kLongestWait;
}

}  // namespace penstock::algorithm

#endif  // PENSTOCK_DETAIL_ALGORITHM_ARITHMETIC_H_
