#include "penstock/detail/algorithm/sliding_window.h"
#include "moments.h"

#include "catch.h"

namespace penstock::algorithm {
namespace {

using Window = Rule<SlidingWindow>;

constexpr Window kRule({5, Duration(10)});

TEST_CASE("the previous window counts by the share that is still covered, rounded up") {
  const Window::State state{.index = 3, .previous = 4, .current = 1};
  struct Row {
    Time now;
    std::uint64_t remaining;
  };
  // Covered of the 4: 4 at 30; 4 * 8 / 10 = 3.2 at 32; 2 at 35; 0.4 at 39. At 40 the 1 is the previous one.
  const Row row = GENERATE(Row{30, 0}, Row{32, 0}, Row{33, 1}, Row{35, 2}, Row{38, 3}, Row{39, 3}, Row{40, 4},
                           Row{49, 4}, Row{50, 5});
  CAPTURE(row.now);
  CHECK(remaining(kRule, state, row.now) == row.remaining);
  if (row.remaining > 0) CHECK(wait(kRule, state, row.now, row.remaining) == 0);
  if (row.remaining < 5) CHECK(wait(kRule, state, row.now, row.remaining + 1) > 0);
}

TEST_CASE("a request waits until enough of the previous window has gone by") {
  const Window::State state{.index = 3, .previous = 4, .current = 1};
  CHECK(wait(kRule, state, 30, 1) == 3);   // 4 * 7 / 10 = 2.8 at 33
  CHECK(wait(kRule, state, 30, 2) == 5);   // exactly 2 at 35
  CHECK(wait(kRule, state, 30, 4) == 10);  // this window's 1 leaves room for 4, once the 4 are gone
  CHECK(wait(kRule, state, 30, 5) == 20);  // and for 5 only when it is gone itself
  CHECK(wait(kRule, state, 34, 2) == 1);
}

TEST_CASE("a request that this window is too full for waits for it to fade in the next") {
  const Window::State state{.index = 3, .previous = 0, .current = 4};
  CHECK(wait(kRule, state, 31, 1) == 0);
  CHECK(wait(kRule, state, 31, 3) == 14);  // 4 * 5 / 10 = 2 at 45
  CHECK(wait(kRule, state, 31, 5) == 19);
}

TEST_CASE("counters move up by a window, and are gone after two") {
  Window::State state;
  charge(kRule, state, 31, 31, 2);
  CHECK(state == Window::State{.index = 3, .previous = 0, .current = 2});
  charge(kRule, state, 38, 38, 1);
  CHECK(state == Window::State{.index = 3, .previous = 0, .current = 3});
  charge(kRule, state, 48, 48, 1);
  CHECK(state == Window::State{.index = 4, .previous = 3, .current = 1});
  charge(kRule, state, 60, 60, 1);
  CHECK(state == Window::State{.index = 6, .previous = 0, .current = 1});
}

TEST_CASE("a sliding window is as good as new when both counters are out of sight") {
  CHECK(reset_after(kRule, {.index = 3, .previous = 0, .current = 1}, 31) == 19);
  CHECK(reset_after(kRule, {.index = 3, .previous = 0, .current = 1}, 49) == 1);
  CHECK(reset_after(kRule, {.index = 3, .previous = 0, .current = 1}, 50) == 0);
  CHECK(reset_after(kRule, {.index = 3, .previous = 2, .current = 0}, 31) == 9);
  CHECK(reset_after(kRule, {}, 31) == 0);
  CHECK(reset_after(kRule, {.index = 4}, 31) ==
        9);  // given back in full; but till then an earlier window is closed
}

TEST_CASE("a moment before the state's window counts as its start for both counters") {
  Window::State state{.index = 4, .previous = 2, .current = 1};
  CHECK(remaining(kRule, state, 35) == 2);
  CHECK(wait(kRule, state, 35, 2) == 0);
  CHECK(wait(kRule, state, 35, 3) == 10);  // 2 * 5 / 10 = 1 at 45
  charge(kRule, state, 35, 35, 1);
  CHECK(state == Window::State{.index = 4, .previous = 2, .current = 2});
}

TEST_CASE("a reservation in the next window closes this one") {
  Window::State state;
  charge(kRule, state, 31, 31, 4);
  charge(kRule, state, 31, 45, 3);
  CHECK(state == Window::State{.index = 4, .reserved = 1, .previous = 4, .current = 3});
  CHECK(remaining(kRule, state, 31) == 0);
  CHECK(wait(kRule, state, 31, 1) == 17);  // 4 * 2 / 10 = 0.8 at 48
  kRule.refund(state, 31, 3);
  CHECK(wait(kRule, state, 31, 1) == 9);  // what the first 4 left free is gone; the window itself is not
  CHECK(wait(kRule, state, 40, 1) == 0);
  charge(kRule, state, 40, 40, 1);
  CHECK(state == Window::State{.index = 4, .previous = 4, .current = 1});
}

TEST_CASE("a window with no room has no permits, closed or open") {
  CHECK(remaining(kRule, {.index = 4, .previous = 4, .current = 3}, 41) == 0);
  CHECK(remaining(kRule, {.index = 4, .reserved = 1, .previous = 0, .current = 2}, 31) == 0);
  CHECK(wait(kRule, {.index = 4, .reserved = 1, .previous = 0, .current = 2}, 31, 3) == 9);
}

TEST_CASE("a charge later in the same sliding window reserves none") {
  Window::State state;
  charge(kRule, state, 31, 35, 1);
  CHECK(state == Window::State{.index = 3, .previous = 0, .current = 1});
}

TEST_CASE("a refund lowers this window's counter only") {
  Window::State state{.index = 3, .previous = 2, .current = 3};
  kRule.refund(state, 35, 1);
  CHECK(state == Window::State{.index = 3, .previous = 2, .current = 2});
  kRule.refund(state, 45, 1);
  CHECK(state == Window::State{.index = 3, .previous = 2, .current = 2});
  kRule.refund(state, 25, 100);
  CHECK(state == Window::State{.index = 3, .previous = 2, .current = 0});
}

TEST_CASE("the largest limit and the longest window are counted without a wrap") {
  const Window rule({kMaxPermits, kMaxWindow});
  const auto window = static_cast<Time>(kMaxWindow.count());
  const auto all = static_cast<std::uint64_t>(kMaxPermits);
  Window::State state;
  charge(rule, state, 0, 0, all);
  CHECK(wait(rule, state, 0, 1) == window + 1);
  CHECK(wait(rule, state, window, 1) == 1);
  CHECK(wait(rule, state, window, all) == window);
  CHECK(wait(rule, state, window + 1, 1) == 0);
  CHECK(reset_after(rule, state, 0) == 2 * window);
}

TEST_CASE("a window of one nanosecond lasts 292 years") {
  const Window rule({3, Duration(1)});
  Window::State state;
  const Time now = GENERATE(Time{0}, kHorizon, kLastMoment - 2, kLastMoment);
  charge(rule, state, now, now, 3);
  CHECK(wait(rule, state, now, 1) == 2);
  CHECK(reset_after(rule, state, now) == 2);
}

static_assert([] {
  Window::State state;
  charge(kRule, state, 0, 0, 5);
  return wait(kRule, state, 4, 1) == 8;
}());

}  // namespace
}  // namespace penstock::algorithm
