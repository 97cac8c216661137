// The numbers that the algorithms are written in: unsigned, integer, and wide enough that nothing wraps.

#ifndef PENSTOCK_DETAIL_ALGORITHM_ARITHMETIC_H_
#define PENSTOCK_DETAIL_ALGORITHM_ARITHMETIC_H_

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>

namespace penstock::algorithm {

// Nanoseconds since the limiter's zero, 0 to kLastMoment (292 years): half of a word, so that a moment and a wait,
// or a few of the longest windows, make a sum without a wrap.
using Time = std::uint64_t;
inline constexpr Time kLastMoment = std::numeric_limits<std::int64_t>::max();

// The longest wait that ends. It stands for all longer ones, too; only `Decision::never` is above it.
inline constexpr Time kLongestWait = kLastMoment - 1;

// How long every promise holds without a word about rounding: a hundred years of 365.25 days.
inline constexpr Time kHorizon = Time{36'525} * 24 * 3600 * 1'000'000'000;

// Products of two 64-bit numbers.
__extension__ typedef unsigned __int128 Wide;

constexpr Wide ceil_div(Wide dividend, Wide divisor) { return dividend / divisor + (dividend % divisor != 0); }

// Division by a number up to 2^63 that is known long before: a multiplication instead (Granlund, Montgomery:
// "Division by invariant integers using multiplication", 1994), exact for dividends below 2^63.
class Divisor {
 public:
  explicit constexpr Divisor(std::uint64_t value)
      : value_(value),
        shift_(64 - std::countl_zero(value - 1)),
        reciprocal_(static_cast<std::uint64_t>((Wide{1} << (63 + shift_)) / value + 1)) {}

  constexpr std::uint64_t value() const { return value_; }

  friend constexpr std::uint64_t operator/(std::uint64_t dividend, const Divisor& by) {
    if (dividend > kLastMoment) [[unlikely]]
      return dividend / by.value_;
    return static_cast<std::uint64_t>(Wide{dividend << 1} * by.reciprocal_ >> 64) >> by.shift_;
  }

  friend constexpr std::uint64_t ceil_div(std::uint64_t dividend, const Divisor& by) {
    const std::uint64_t quotient = dividend / by;
    return quotient + (quotient * by.value_ != dividend);
  }

 private:
  std::uint64_t value_;
  int shift_;
  std::uint64_t reciprocal_;
};

// number * part / whole for a part of the whole: rounded up, and rounded down. A product that fits a word, as
// nearly all do, costs a fraction of one that does not.
constexpr std::uint64_t scaled_up(std::uint64_t number, std::uint64_t part, const Divisor& whole) {
  std::uint64_t product = 0;
  if (__builtin_mul_overflow(number, part, &product)) [[unlikely]]
    return static_cast<std::uint64_t>(ceil_div(Wide{number} * part, Wide{whole.value()}));
  return ceil_div(product, whole);
}
constexpr std::uint64_t scaled_down(std::uint64_t number, std::uint64_t part, std::uint64_t whole) {
  std::uint64_t product = 0;
  if (__builtin_mul_overflow(number, part, &product)) [[unlikely]]
    return static_cast<std::uint64_t>(Wide{number} * part / whole);
  return product / whole;
}

// What does not fit in a word is as good as the most that does: it lies beyond all time.
constexpr std::uint64_t saturate(Wide number) {
  constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  return number < most ? static_cast<std::uint64_t>(number) : most;
}

// The wait from `now` to `moment`, which may be past or out of reach.
constexpr Time until(std::uint64_t moment, Time now) {
  return moment > now ? std::min(moment - now, kLongestWait) : 0;
}

}  // namespace penstock::algorithm

#endif  // PENSTOCK_DETAIL_ALGORITHM_ARITHMETIC_H_
