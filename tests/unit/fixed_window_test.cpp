#include "penstock/detail/algorithm/fixed_window.h"

#include "catch.h"

namespace penstock::algorithm {
namespace {

using Window = Rule<FixedWindow>;

// 5 in 10 ns, so a window's positions are those of its number in decimal: window 3 stands at 15.
constexpr Window kRule({5, Duration(10)});

TEST_CASE("a fixed window's state is one word: the limit times the window, plus what is used") {
  Window::State state;
  kRule.charge(state, 32, 32, 2);
  CHECK(state == Window::State{.spent = 17});
  kRule.charge(state, 39, 39, 3);
  CHECK(state == Window::State{.spent = 20});
  kRule.charge(state, 40, 40, 1);
  CHECK(state == Window::State{.spent = 21});
  STATIC_REQUIRE(sizeof(Window::State) == 8);
}

TEST_CASE("a fixed window gives its limit, and the next one starts afresh") {
  Window::State state;
  for (int i = 0; i < 5; ++i) {
    REQUIRE(kRule.wait(state, 33, 1) == 0);
    CHECK(kRule.remaining(state, 33) == static_cast<std::uint64_t>(5 - i));
    kRule.charge(state, 33, 33, 1);
  }
  CHECK(kRule.wait(state, 33, 1) == 7);
  CHECK(kRule.wait(state, 39, 1) == 1);
  CHECK(kRule.wait(state, 40, 5) == 0);
  CHECK(kRule.remaining(state, 40) == 5);
  CHECK(kRule.reset_after(state, 33) == 7);
  CHECK(kRule.reset_after(state, 40) == 0);
}

TEST_CASE("a request that does not fit into what is left waits for the next window") {
  Window::State state;
  kRule.charge(state, 0, 0, 3);
  CHECK(kRule.wait(state, 1, 2) == 0);
  CHECK(kRule.wait(state, 1, 3) == 9);
}

TEST_CASE("a moment before the state's window counts as its start") {
  Window::State state;
  kRule.charge(state, 40, 40, 3);
  CHECK(kRule.remaining(state, 35) == 2);
  CHECK(kRule.wait(state, 35, 2) == 0);
  CHECK(kRule.wait(state, 35, 3) == 15);
  CHECK(kRule.reset_after(state, 35) == 15);
  kRule.charge(state, 35, 35, 2);
  CHECK(state == Window::State{.spent = 25});
}

TEST_CASE("a reservation in a later window closes the one before") {
  Window::State state;
  kRule.charge(state, 1, 1, 4);
  kRule.charge(state, 1, 10, 2);  // 1 is left in window 0, so 2 must go in window 1
  CHECK(state == Window::State{.spent = 7, .reserved = 1});
  CHECK(kRule.remaining(state, 1) == 0);
  CHECK(kRule.wait(state, 1, 1) == 9);
  CHECK(kRule.wait(state, 1, 4) == 19);
  CHECK(kRule.remaining(state, 10) == 3);
  CHECK(kRule.wait(state, 10, 3) == 0);
  kRule.charge(state, 12, 12, 1);
  CHECK(state == Window::State{.spent = 8});
  // In its own window it is like any other state, also for those who come late to it.
  CHECK(kRule.wait(state, 9, 2) == 0);
}

TEST_CASE("a second reservation keeps the first one's window closed") {
  Window::State state;
  kRule.charge(state, 0, 0, 5);
  kRule.charge(state, 0, 10, 2);
  kRule.charge(state, 0, 10, 1);
  CHECK(state == Window::State{.spent = 8, .reserved = 1});
  kRule.charge(state, 0, 20, 4);
  CHECK(state == Window::State{.spent = 14, .reserved = 1});
}

TEST_CASE("a charge later in the same window reserves no window") {
  Window::State state;
  kRule.charge(state, 31, 35, 1);
  CHECK(state == Window::State{.spent = 16});
}

TEST_CASE("a refund goes no further back than the start of the window") {
  Window::State state;
  kRule.charge(state, 33, 33, 3);
  kRule.refund(state, 34, 1);
  CHECK(kRule.remaining(state, 34) == 3);
  kRule.refund(state, 34, 100);
  CHECK(kRule.remaining(state, 34) == 5);
  CHECK(kRule.reset_after(state, 34) == 0);
  kRule.charge(state, 33, 33, 3);
  kRule.refund(state, 40, 1);  // the window has passed; there is nothing to give back
  CHECK(state == Window::State{.spent = 18});
}

TEST_CASE("the largest limit is the one whose positions last a hundred years") {
  CHECK(Window::most(1) == 1);
  CHECK(Window::most(1'000'000'000) == 1'461'355'114);
  CHECK(Window::most(kHorizon * 2) == std::uint64_t{1} << 62);
}

TEST_CASE("after 200 years and more a fixed window only errs towards refusing") {
  const std::int64_t limit = GENERATE(std::int64_t{1}, std::int64_t{1'461'355'114});
  const Window rule({limit, std::chrono::seconds(1)});
  const auto all = static_cast<std::uint64_t>(limit);
  for (const Time now : {kHorizon, 2 * kHorizon, kLastMoment - 1, kLastMoment}) {
    CAPTURE(limit, now);
    Window::State state;
    REQUIRE(rule.wait(state, now, all) == 0);
    rule.charge(state, now, now, all);
    CHECK(rule.wait(state, now, 1) > 0);
    CHECK(rule.remaining(state, now) == 0);
    CHECK(rule.reset_after(state, now) > 0);
  }
  // The end of the positions: windows no longer turn, and no end of the wait is promised.
  Window::State state;
  const Window largest({1'461'355'114, std::chrono::seconds(1)});
  largest.charge(state, kLastMoment, kLastMoment, 1'461'355'114);
  CHECK(largest.wait(state, kLastMoment, 1) == kLongestWait);
}

static_assert([] {
  Window::State state;
  kRule.charge(state, 0, 0, 5);
  return kRule.wait(state, 4, 1) == 6;
}());

}  // namespace
}  // namespace penstock::algorithm
