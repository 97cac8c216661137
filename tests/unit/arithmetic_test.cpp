#include "penstock/detail/algorithm/arithmetic.h"

#include <cstdint>

#include "catch.h"
#include "dice.h"

namespace penstock::algorithm {
namespace {

constexpr std::uint64_t kMost = ~std::uint64_t{0};

TEST_CASE("a quotient by a known divisor is exact, whatever its size") {
  Dice dice(1);
  for (int i = 0; i < 20'000; ++i) {
    const int bits = static_cast<int>(dice.upto(63));
    const std::uint64_t value =
        (std::uint64_t{1} << bits) + dice.upto(bits == 63 ? 0 : (std::uint64_t{1} << bits) - 1);
    const Divisor divisor(value);
    const std::uint64_t multiple = dice.upto(kMost / value) * value;
    for (const std::uint64_t dividend : {multiple, multiple - 1, multiple + 1, multiple + value - 1, kLastMoment,
                                         kLastMoment + 1, kMost, dice.upto(kMost), dice.upto(kLastMoment)}) {
      CAPTURE(value, dividend);
      REQUIRE(dividend / divisor == dividend / value);
      REQUIRE(ceil_div(dividend, divisor) == dividend / value + (dividend % value != 0));
    }
  }
}

TEST_CASE("the divisors at the edges of a power of two divide its multiples") {
  for (int bits = 1; bits < 63; ++bits) {
    const std::uint64_t power = std::uint64_t{1} << bits;
    for (const std::uint64_t value : {power - 1, power, power + 1}) {
      const Divisor divisor(value);
      const std::uint64_t most = kLastMoment / value * value;
      CAPTURE(value);
      REQUIRE(most / divisor == most / value);
      REQUIRE((most - 1) / divisor == most / value - 1);
    }
  }
}

TEST_CASE("a share is rounded as asked, whether its product fits a word or not") {
  struct Row {
    std::uint64_t number, part, whole, down, up;
  };
  const Row row = GENERATE(Row{7, 3, 10, 2, 3}, Row{20, 5, 10, 10, 10}, Row{0, 5, 10, 0, 0},
                           Row{kMost / 4, 8, 10, 3'689'348'814'741'910'322, 3'689'348'814'741'910'323},
                           Row{std::uint64_t{1} << 62, 500, 1000, std::uint64_t{1} << 61, std::uint64_t{1} << 61});
  CAPTURE(row.number, row.part, row.whole);
  CHECK(scaled_down(row.number, row.part, row.whole) == row.down);
  CHECK(scaled_up(row.number, row.part, Divisor(row.whole)) == row.up);
}

TEST_CASE("a wait is 0 for what is past, and the longest for what is out of reach") {
  CHECK(until(10, 10) == 0);
  CHECK(until(9, 10) == 0);
  CHECK(until(11, 10) == 1);
  CHECK(until(kLastMoment, 1) == kLongestWait);
  CHECK(until(kLastMoment, 2) == kLongestWait - 1);
  CHECK(until(kMost, kLastMoment) == kLongestWait);
  CHECK(saturate(Wide{kMost}) == kMost);
  CHECK(saturate(Wide{kMost} + 1) == kMost);
  CHECK(saturate(kMost - 1) == kMost - 1);
}

}  // namespace
}  // namespace penstock::algorithm
