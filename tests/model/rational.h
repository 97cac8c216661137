// Exact fractions, for the model that the library is compared with.
//
//   Rational level = Rational(3) + Rational(7, 60) * Rational(elapsed);
//   level.floor();  // whole permits
//
// Always in lowest terms with a positive denominator, so equal values have equal members. A result that does
// not fit 128 bits ends the program, in every build: a model that wraps around would be worse than none.

#ifndef PENSTOCK_TESTS_MODEL_RATIONAL_H_
#define PENSTOCK_TESTS_MODEL_RATIONAL_H_

#include <bit>
#include <compare>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace penstock::model {

__extension__ typedef __int128 Int128;
__extension__ typedef unsigned __int128 UInt128;

namespace detail {

[[noreturn]] inline void fail(const char* what) {
  std::fprintf(stderr, "penstock::model: %s\n", what);
  std::abort();
}

constexpr Int128 plus(Int128 a, Int128 b) {
  Int128 sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) fail("a sum does not fit 128 bits");
  return sum;
}

constexpr Int128 minus(Int128 a, Int128 b) {
  Int128 difference = 0;
  if (__builtin_sub_overflow(a, b, &difference)) fail("a difference does not fit 128 bits");
  return difference;
}

constexpr Int128 times(Int128 a, Int128 b) {
  Int128 product = 0;
  if (__builtin_mul_overflow(a, b, &product)) fail("a product does not fit 128 bits");
  return product;
}

constexpr Int128 magnitude(Int128 a) { return a < 0 ? minus(0, a) : a; }

// Stein's algorithm; b must not be zero.
constexpr std::uint64_t gcd_of_words(std::uint64_t a, std::uint64_t b) {
  if (a == 0) return b;
  const int shift = std::countr_zero(a | b);
  a >>= std::countr_zero(a);
  while (b != 0) {
    b >>= std::countr_zero(b);
    const std::uint64_t smaller = a < b ? a : b;
    b = a < b ? b - a : a - b;
    a = smaller;
  }
  return a << shift;
}

// The greatest common divisor of |a| and b > 0. One long division is usually enough to get down to words.
constexpr Int128 gcd(Int128 a, Int128 b) {
  if (b == 1) return 1;
  Int128 x = magnitude(a);
  Int128 y = b;
  while (y >> 64 != 0) {
    const Int128 rest = x % y;
    x = y;
    y = rest;
  }
  if (y == 0) return x;
  const Int128 rest = x < y ? x : x % y;
  return static_cast<Int128>(gcd_of_words(static_cast<std::uint64_t>(rest), static_cast<std::uint64_t>(y)));
}

constexpr Int128 divided(Int128 a, Int128 divisor) { return divisor == 1 ? a : a / divisor; }

}  // namespace detail

class Rational {
 public:
  constexpr Rational(Int128 value = 0) : numerator_(value) {}  // NOLINT(google-explicit-constructor)
  constexpr Rational(Int128 numerator, Int128 denominator) {
    if (denominator == 0) detail::fail("a denominator is zero");
    if (denominator < 0) {
      numerator = detail::minus(0, numerator);
      denominator = detail::minus(0, denominator);
    }
    const Int128 shared = detail::gcd(numerator, denominator);
    numerator_ = detail::divided(numerator, shared);
    denominator_ = detail::divided(denominator, shared);
  }

  constexpr Int128 numerator() const { return numerator_; }
  constexpr Int128 denominator() const { return denominator_; }

  constexpr Int128 floor() const {
    if (denominator_ == 1) return numerator_;
    const Int128 quotient = numerator_ / denominator_;  // Rounded towards zero.
    return numerator_ < 0 ? quotient - 1 : quotient;
  }
  constexpr Int128 ceil() const { return denominator_ == 1 ? numerator_ : floor() + 1; }

  friend constexpr Rational operator-(const Rational& a) {
    return in_lowest_terms(detail::minus(0, a.numerator_), a.denominator_);
  }
  friend constexpr Rational operator+(const Rational& a, const Rational& b) {
    if (a.denominator_ == b.denominator_) return {detail::plus(a.numerator_, b.numerator_), a.denominator_};
    // Only what the denominators share can cancel, so the sum needs no more than one further, small gcd.
    const Int128 shared = a.denominator_ < b.denominator_ ? detail::gcd(b.denominator_, a.denominator_)
                                                          : detail::gcd(a.denominator_, b.denominator_);
    const Int128 a_share = detail::divided(a.denominator_, shared);
    const Int128 b_share = detail::divided(b.denominator_, shared);
    const Int128 numerator =
        detail::plus(detail::times(a.numerator_, b_share), detail::times(b.numerator_, a_share));
    const Int128 cancelled = detail::gcd(numerator, shared);
    return in_lowest_terms(detail::divided(numerator, cancelled),
                           detail::times(a_share, detail::divided(b.denominator_, cancelled)));
  }
  friend constexpr Rational operator-(const Rational& a, const Rational& b) { return a + -b; }
  friend constexpr Rational operator*(const Rational& a, const Rational& b) {
    const Int128 left = detail::gcd(a.numerator_, b.denominator_);
    const Int128 right = detail::gcd(b.numerator_, a.denominator_);
    return in_lowest_terms(
        detail::times(detail::divided(a.numerator_, left), detail::divided(b.numerator_, right)),
        detail::times(detail::divided(a.denominator_, right), detail::divided(b.denominator_, left)));
  }
  friend constexpr Rational operator/(const Rational& a, const Rational& b) {
    if (b.numerator_ == 0) detail::fail("a divisor is zero");
    return a * (b.numerator_ < 0 ? in_lowest_terms(detail::minus(0, b.denominator_), detail::minus(0, b.numerator_))
                                 : in_lowest_terms(b.denominator_, b.numerator_));
  }

  friend constexpr bool operator==(const Rational&, const Rational&) = default;
  friend constexpr std::strong_ordering operator<=>(const Rational& a, const Rational& b) {
    if (a.denominator_ == b.denominator_) return compare(a.numerator_, b.numerator_);
    // Whole parts first: the cross products of what is left are far smaller than those of the fractions.
    const Int128 a_whole = a.floor();
    const Int128 b_whole = b.floor();
    if (a_whole != b_whole) return compare(a_whole, b_whole);
    const Int128 a_rest = a.numerator_ - a_whole * a.denominator_;
    const Int128 b_rest = b.numerator_ - b_whole * b.denominator_;
    return compare(detail::times(a_rest, b.denominator_), detail::times(b_rest, a.denominator_));
  }

 private:
  // For values known to be normal, which saves the gcd.
  static constexpr Rational in_lowest_terms(Int128 numerator, Int128 denominator) {
    Rational result;
    result.numerator_ = numerator;
    result.denominator_ = denominator;
    return result;
  }
  static constexpr std::strong_ordering compare(Int128 a, Int128 b) {
    return a < b ? std::strong_ordering::less : b < a ? std::strong_ordering::greater : std::strong_ordering::equal;
  }

  Int128 numerator_ = 0;
  Int128 denominator_ = 1;
};

}  // namespace penstock::model

#endif  // PENSTOCK_TESTS_MODEL_RATIONAL_H_
