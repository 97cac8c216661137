#include "penstock/detail/algorithm/token_bucket.h"
#include "moments.h"

#include "catch.h"

namespace penstock::algorithm {
namespace {

using Bucket = Rule<TokenBucket>;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr Time kSecond = 1'000'000'000;
constexpr Time kYear = kHorizon / 100;

// Nanoseconds from a full bucket's first permit until it is full again: one permit's time, as it is kept.
Time permit_time(const TokenBucket& limit) {
  const Bucket rule(limit);
  Bucket::State state;
  charge(rule, state, 0, 0, 1);
  return reset_after(rule, state, 0);
}

TEST_CASE("a token bucket counts in the units that its rate divides into") {
  // 60 a minute: a unit is a nanosecond, a permit 10^9 of them. 7 a minute: 7 units each 10 ns, a permit 6 * 10^9.
  struct Row {
    TokenBucket limit;
    std::uint64_t spent;
  };
  const Row row = GENERATE(Row{{per_minute(60), 60}, 1'000'000'000}, Row{{per_second(1'000'000'000), 1}, 1},
                           Row{{per_minute(7), 10}, 6'000'000'000}, Row{{{3, seconds(7)}, 1}, 700'000'000},
                           Row{{per_second(1000), 10'000'000'000'000}, 100'000},
                           Row{{per_second(1), std::int64_t{1} << 60}, 1});
  Bucket::State state;
  charge(Bucket(row.limit), state, 0, 0, 1);
  CHECK(state.spent == row.spent);
}

TEST_CASE("a permit's time is what the rate says") {
  CHECK(permit_time({per_second(1), 1}) == kSecond);
  CHECK(permit_time({per_second(1'000'000'000), 1}) == 1);
  CHECK(permit_time({per_minute(7), 1}) == 8'571'428'580);    // 8.571428571.. s on a tick of 10 ns
  CHECK(permit_time({{3, seconds(7)}, 1}) == 2'333'333'340);  // 2.333333333.. s
  CHECK(permit_time({per_second(999'983), 1}) == 1001);       // 1000.017 ns, the rounded form
  CHECK(permit_time({per_second(9'973), 1}) == 100'271);      // 100270.73 ns; a tick would be 10 us
  CHECK(permit_time({{2, nanoseconds(1001)}, 1}) == 501);
  CHECK(permit_time({{1, kMaxWindow}, 1}) == static_cast<Time>(kMaxWindow.count()));
}

TEST_CASE("a new bucket gives its burst at once, and then a permit at a time") {
  constexpr Bucket rule({per_second(1), 3});
  Bucket::State state;
  const Time start = 5 * kSecond;
  CHECK(remaining(rule, state, start) == 3);
  for (int i = 0; i < 3; ++i) {
    REQUIRE(wait(rule, state, start, 1) == 0);
    charge(rule, state, start, start, 1);
  }
  CHECK(remaining(rule, state, start) == 0);
  CHECK(wait(rule, state, start, 1) == kSecond);
  CHECK(wait(rule, state, start, 3) == 3 * kSecond);
  CHECK(wait(rule, state, start + 1, 1) == kSecond - 1);
  CHECK(wait(rule, state, start + kSecond - 1, 1) == 1);
  CHECK(wait(rule, state, start + kSecond, 1) == 0);
  CHECK(reset_after(rule, state, start) == 3 * kSecond);
  CHECK(reset_after(rule, state, start + 3 * kSecond - 1) == 1);
  CHECK(reset_after(rule, state, start + 3 * kSecond) == 0);
}

TEST_CASE("a key that owes nothing starts at the supply rounded up") {
  // Charged between two ticks, at 5 ns: the next permits count from 10 ns, so no part of one comes early.
  constexpr Bucket rule({per_minute(7), 1});
  Bucket::State state;
  charge(rule, state, 5, 5, 1);
  CHECK(state.spent == 7 + 6'000'000'000);
  CHECK(wait(rule, state, 5, 1) == 8'571'428'585);
}

TEST_CASE("a bucket never saves up more than its burst") {
  constexpr Bucket rule({per_second(1), 2});
  Bucket::State state;
  charge(rule, state, 0, 0, 1);
  charge(rule, state, 100 * kSecond, 100 * kSecond, 2);
  CHECK(state.spent == 102 * kSecond);
  CHECK(wait(rule, state, 100 * kSecond, 1) == kSecond);
}

TEST_CASE("a clock that steps back makes a bucket stricter by just as much") {
  constexpr Bucket rule({per_second(1), 2});
  Bucket::State state;
  charge(rule, state, 100 * kSecond, 100 * kSecond, 2);
  CHECK(wait(rule, state, 90 * kSecond, 1) == 11 * kSecond);
  CHECK(remaining(rule, state, 90 * kSecond) == 0);
  CHECK(reset_after(rule, state, 90 * kSecond) == 12 * kSecond);
}

TEST_CASE("a refund gives back what is owed and no more") {
  constexpr Bucket rule({per_second(1), 5});
  Bucket::State state;
  charge(rule, state, 0, 0, 4);
  rule.refund(state, kSecond, 2);  // 3 owed, 1 after
  CHECK(remaining(rule, state, kSecond) == 4);
  CHECK(reset_after(rule, state, kSecond) == kSecond);
  rule.refund(state, kSecond, 2);
  CHECK(state.spent == kSecond);
  rule.refund(state, kSecond, 2);
  CHECK(state.spent == kSecond);
  charge(rule, state, kSecond, kSecond, 1);
  rule.refund(state, kSecond + kSecond / 2, 1'000'000'000'000'000'000);
  CHECK(remaining(rule, state, kSecond + kSecond / 2) == 5);
}

TEST_CASE("a reservation is paid for in the future and nothing overtakes it") {
  constexpr Bucket rule({per_second(1), 2});
  Bucket::State state;
  charge(rule, state, 0, 0, 2);
  charge(rule, state, 0, 2 * kSecond, 2);
  CHECK(remaining(rule, state, 0) == 0);
  CHECK(wait(rule, state, 0, 1) == 3 * kSecond);
  CHECK(wait(rule, state, 2 * kSecond, 1) == kSecond);
  CHECK(reset_after(rule, state, 0) == 4 * kSecond);
  rule.refund(state, 0, 3);  // a reservation can be more than a burst away, and cancelled
  CHECK(remaining(rule, state, 0) == 1);
}

TEST_CASE("a bucket that owes nothing is charged at the moment for which another limit made it wait") {
  const Bucket rule({per_second(1), 5});
  Bucket::State state;
  charge(rule, state, kSecond, 7 * kSecond, 2);
  CHECK(state.spent == 9 * kSecond);
}

TEST_CASE("a bucket is refused when a permit cannot be made a whole unit") {
  CHECK(Bucket::can_keep({1'461, nanoseconds(1000)}));
  CHECK_FALSE(Bucket::can_keep({1'462, nanoseconds(1000)}));
  CHECK(Bucket::can_keep({1'000'000'000, seconds(1)}));
  CHECK(Bucket::can_keep({1, kMaxWindow}));
}

TEST_CASE("positions hold for 292 years at every rate and burst") {
  const TokenBucket limit =
      GENERATE(TokenBucket{per_second(1), 60}, TokenBucket{per_second(1'000'000'000), kMaxPermits},
               TokenBucket{per_minute(7), 700'000'000}, TokenBucket{{1, kMaxWindow}, 1},
               TokenBucket{{1, kMaxWindow}, kMaxPermits}, TokenBucket{{1'461, nanoseconds(1000)}, kMaxPermits},
               TokenBucket{{1'461, nanoseconds(1000)}, 1}, TokenBucket{per_second(999'983), 1'000'000},
               TokenBucket{per_second(999'999'937), 1});
  const Time now = GENERATE(Time{0}, kYear, 100 * kYear, 200 * kYear, kLastMoment - 1, kLastMoment);
  CAPTURE(to_string(limit), now);
  const Bucket rule(limit);
  Bucket::State state;
  const auto burst = static_cast<std::uint64_t>(limit.burst);
  REQUIRE(wait(rule, state, now, burst) == 0);
  charge(rule, state, now, now, burst);
  CHECK(remaining(rule, state, now) == 0);
  CHECK(wait(rule, state, now, 1) > 0);
  CHECK(wait(rule, state, 0, burst) >= wait(rule, state, now, burst));
  CHECK(reset_after(rule, state, now) > 0);
  CHECK(reset_after(rule, state, now) <= kLongestWait);
  rule.refund(state, now, burst);
  // Rounding keeps less than one permit back.
  CHECK(remaining(rule, state, now) >= burst - 1);
}

TEST_CASE("a wait of more than 292 years that would end is not never") {
  constexpr Bucket rule({{1, kMaxWindow}, 1000});
  Bucket::State state;
  charge(rule, state, 0, 0, 1000);
  CHECK(wait(rule, state, 0, 1000) == kLongestWait);
  CHECK(peek(rule, state, 0, 1000).retry_after < Decision::never);
  CHECK(reset_after(rule, state, 0) == kLongestWait);
  CHECK(rule.refill() == kLongestWait);
  CHECK(wait(rule, state, 0, 1) == static_cast<Time>(kMaxWindow.count()));
}

static_assert([] {
  constexpr Bucket rule({per_second(2), 1});
  Bucket::State state;
  charge(rule, state, 0, 0, 1);
  return wait(rule, state, 0, 1) == kSecond / 2 && wait(rule, state, kSecond / 2, 1) == 0;
}());

}  // namespace
}  // namespace penstock::algorithm
