#include "penstock/detail/algorithm/supply.h"

#include "catch.h"

namespace penstock::algorithm {
namespace {

TEST_CASE("a stepped supply is whole at every tick and flat between") {
  constexpr Supply supply = Supply::stepped(10, 7);
  struct Row {
    Time now;
    std::uint64_t at, at_or_above;
  };
  const Row row =
      GENERATE(Row{0, 0, 0}, Row{1, 0, 7}, Row{9, 0, 7}, Row{10, 7, 7}, Row{11, 7, 14}, Row{20, 14, 14});
  CHECK(supply.at(row.now) == row.at);
  CHECK(supply.at_or_above(row.now) == row.at_or_above);
}

TEST_CASE("a scaled supply rounds down, or up where it is asked to") {
  // 3 units in 2^3 ns.
  constexpr Supply supply = Supply::scaled(std::uint64_t{3} << 60);
  struct Row {
    Time now;
    std::uint64_t at, at_or_above;
  };
  const Row row = GENERATE(Row{0, 0, 0}, Row{1, 0, 1}, Row{2, 0, 1}, Row{3, 1, 2}, Row{7, 2, 3}, Row{8, 3, 3});
  CHECK(supply.at(row.now) == row.at);
  CHECK(supply.at_or_above(row.now) == row.at_or_above);
}

TEST_CASE("the earliest moment of a position is the first at which it is issued") {
  const Supply supply = GENERATE(Supply::stepped(1, 1), Supply::stepped(10, 7), Supply::stepped(3, 1),
                                 Supply::scaled(std::uint64_t{3} << 60), Supply::scaled(0x4000'0000'0000'0001));
  CHECK(supply.earliest(0) == 0);
  for (std::uint64_t position = 1; position < 100; ++position) {
    const auto moment = static_cast<Time>(supply.earliest(position));
    CHECK(supply.at(moment) >= position);
    CHECK(supply.at(moment - 1) < position);
  }
}

TEST_CASE("the supply of 292 years does not wrap") {
  constexpr Supply nanoseconds = Supply::stepped(1, 1);
  CHECK(nanoseconds.at(kLastMoment) == kLastMoment);
  CHECK(nanoseconds.at_or_above(kLastMoment) == kLastMoment);
  constexpr Supply fastest = Supply::scaled(0xbb00'0000'0000'0000);  // 1.46 units a nanosecond
  CHECK(fastest.at(kLastMoment) == 0xbaff'ffff'ffff'fffe);
  // What comes later than that is told to the nanosecond, too.
  CHECK(fastest.earliest(0xbb00'0000'0000'0000) == Wide{kLastMoment} + 1);
  CHECK(fastest.earliest(~std::uint64_t{0}) == 0xaf3a'ddc6'80af'3ade);
}

}  // namespace
}  // namespace penstock::algorithm
