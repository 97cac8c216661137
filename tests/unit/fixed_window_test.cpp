#include "penstock/detail/algorithm/fixed_window.h"
#include "moments.h"

#include "catch.h"

namespace penstock::algorithm {
namespace {

using Window = Rule<FixedWindow>;

// 5 in 10 ns.
constexpr Window kRule({5, Duration(10)});

TEST_CASE("a fixed window's state is the window's number and what is used of it") {
  Window::State state;
  charge(kRule, state, 32, 32, 2);
  CHECK(state == Window::State{.window = 3, .used = 2});
  CHECK(kRule.free_at(state) == 4);
  charge(kRule, state, 39, 39, 3);
  CHECK(state == Window::State{.window = 3, .used = 5});
  charge(kRule, state, 40, 40, 1);
  CHECK(state == Window::State{.window = 4, .used = 1});
}

TEST_CASE("a fixed window gives its limit, and the next one starts afresh") {
  Window::State state;
  for (int i = 0; i < 5; ++i) {
    REQUIRE(wait(kRule, state, 33, 1) == 0);
    CHECK(remaining(kRule, state, 33) == static_cast<std::uint64_t>(5 - i));
    charge(kRule, state, 33, 33, 1);
  }
  CHECK(wait(kRule, state, 33, 1) == 7);
  CHECK(wait(kRule, state, 39, 1) == 1);
  CHECK(wait(kRule, state, 40, 5) == 0);
  CHECK(remaining(kRule, state, 40) == 5);
  CHECK(reset_after(kRule, state, 33) == 7);
  CHECK(reset_after(kRule, state, 40) == 0);
}

TEST_CASE("a request that does not fit into what is left waits for the next window") {
  Window::State state;
  charge(kRule, state, 0, 0, 3);
  CHECK(wait(kRule, state, 1, 2) == 0);
  CHECK(wait(kRule, state, 1, 3) == 9);
}

TEST_CASE("a moment before the state's window counts as its start") {
  Window::State state;
  charge(kRule, state, 40, 40, 3);
  CHECK(remaining(kRule, state, 35) == 2);
  CHECK(wait(kRule, state, 35, 2) == 0);
  CHECK(wait(kRule, state, 35, 3) == 15);
  CHECK(reset_after(kRule, state, 35) == 15);
  charge(kRule, state, 35, 35, 2);
  CHECK(state == Window::State{.window = 4, .used = 5});
}

TEST_CASE("a reservation in a later window closes the one before") {
  Window::State state;
  charge(kRule, state, 1, 1, 4);
  charge(kRule, state, 1, 10, 2);  // 1 is left in window 0, so 2 must go in window 1
  CHECK(state == Window::State{.window = 1, .reserved = 1, .used = 2});
  CHECK(remaining(kRule, state, 1) == 0);
  CHECK(wait(kRule, state, 1, 1) == 9);
  CHECK(wait(kRule, state, 1, 4) == 19);
  CHECK(remaining(kRule, state, 10) == 3);
  CHECK(wait(kRule, state, 10, 3) == 0);
  charge(kRule, state, 12, 12, 1);
  CHECK(state == Window::State{.window = 1, .used = 3});
  // In its own window it is like any other state, also for those who come late to it.
  CHECK(wait(kRule, state, 9, 2) == 0);
}

TEST_CASE("a second reservation keeps the first one's window closed") {
  Window::State state;
  charge(kRule, state, 0, 0, 5);
  charge(kRule, state, 0, 10, 2);
  charge(kRule, state, 0, 10, 1);
  CHECK(state == Window::State{.window = 1, .reserved = 1, .used = 3});
  charge(kRule, state, 0, 20, 4);
  CHECK(state == Window::State{.window = 2, .reserved = 1, .used = 4});
}

TEST_CASE("a charge later in the same window reserves no window") {
  Window::State state;
  charge(kRule, state, 31, 35, 1);
  CHECK(state == Window::State{.window = 3, .used = 1});
}

TEST_CASE("a refund goes no further back than the start of the window") {
  Window::State state;
  charge(kRule, state, 33, 33, 3);
  kRule.refund(state, 34, 1);
  CHECK(remaining(kRule, state, 34) == 3);
  kRule.refund(state, 34, 100);
  CHECK(remaining(kRule, state, 34) == 5);
  CHECK(reset_after(kRule, state, 34) == 0);
  charge(kRule, state, 33, 33, 3);
  kRule.refund(state, 40, 1);  // the window has passed; there is nothing to give back
  CHECK(state == Window::State{.window = 3, .used = 3});
}

TEST_CASE("the largest limit leaves room for the windows of a hundred years") {
  CHECK(Window::most(1) == 1);
  CHECK(Window::most(1'000'000'000) == 1'461'355'114);
  CHECK(Window::most(kHorizon * 2) == std::uint64_t{1} << 62);
}

TEST_CASE("a reservation that was refunded in full keeps its window closed") {
  Window::State state;
  charge(kRule, state, 0, 0, 5);
  charge(kRule, state, 0, 10, 2);
  kRule.refund(state, 5, 2);
  CHECK(state == Window::State{.window = 1, .reserved = 1, .used = 0});
  CHECK(wait(kRule, state, 5, 5) == 5);
  CHECK(remaining(kRule, state, 5) == 0);
  CHECK(reset_after(kRule, state, 5) == 5);
  CHECK(reset_after(kRule, state, 10) == 0);
  CHECK(kRule.free_at(state) == 1);
}

TEST_CASE("windows turn for 292 years") {
  const std::int64_t limit = GENERATE(std::int64_t{1}, std::int64_t{1'461'355'114});
  const Window rule({limit, std::chrono::seconds(1)});
  const auto all = static_cast<std::uint64_t>(limit);
  for (const Time now : {kHorizon, 2 * kHorizon, kLastMoment - 1, kLastMoment}) {
    CAPTURE(limit, now);
    Window::State state;
    REQUIRE(wait(rule, state, now, all) == 0);
    charge(rule, state, now, now, all);
    const Time left = 1'000'000'000 - now % 1'000'000'000;
    CHECK(wait(rule, state, now, 1) == left);
    CHECK(remaining(rule, state, now) == 0);
    CHECK(reset_after(rule, state, now) == left);
  }
}

static_assert([] {
  Window::State state;
  charge(kRule, state, 0, 0, 5);
  return wait(kRule, state, 4, 1) == 6;
}());

}  // namespace
}  // namespace penstock::algorithm
