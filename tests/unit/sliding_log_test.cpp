#include "penstock/detail/algorithm/sliding_log.h"
#include "moments.h"

#include "catch.h"

namespace penstock::algorithm {
namespace {

using Log = Rule<SlidingLog>;

constexpr Log kRule({5, Duration(10)});

TEST_CASE("a log remembers the moment of every permit") {
  Log::State state;
  charge(kRule, state, 3, 3, 2);
  charge(kRule, state, 7, 7, 1);
  CHECK(state == Log::State{.moments = {3, 3, 7}, .seen = 7});
}

TEST_CASE("a permit leaves the window exactly one window later") {
  const Log::State state{.moments = {3, 3, 4, 7, 9}, .seen = 9};
  CHECK(remaining(kRule, state, 12) == 0);
  CHECK(wait(kRule, state, 12, 1) == 1);
  CHECK(wait(kRule, state, 13, 2) == 0);
  CHECK(remaining(kRule, state, 13) == 2);
  CHECK(wait(kRule, state, 12, 2) == 1);
  CHECK(wait(kRule, state, 12, 3) == 2);
  CHECK(wait(kRule, state, 12, 5) == 7);
  CHECK(reset_after(kRule, state, 12) == 7);
  CHECK(reset_after(kRule, state, 19) == 0);
  CHECK(remaining(kRule, state, 19) == 5);
}

TEST_CASE("a new log gives its limit") {
  Log::State state;
  CHECK(wait(kRule, state, 0, 5) == 0);
  CHECK(remaining(kRule, state, 0) == 5);
  CHECK(reset_after(kRule, state, 0) == 0);
}

TEST_CASE("what has left goes when it is half of all") {
  Log::State state{.moments = {1, 1, 2, 9}, .seen = 9};
  charge(kRule, state, 11, 11, 1);
  CHECK(state.moments == std::vector<Time>{2, 9, 11});  // 1 and 1 had left
  charge(kRule, state, 12, 12, 1);
  CHECK(state.moments == std::vector<Time>{2, 9, 11, 12});  // 2 has left, but is no half
  Log::State full{.moments = {0, 0, 0, 0, 0}, .seen = 0};
  charge(kRule, full, 30, 30, 1);
  CHECK(full.moments == std::vector<Time>{30});
}

TEST_CASE("a moment before the last charge counts as that moment") {
  Log::State state{.moments = {3, 3, 4, 4, 15}, .seen = 15};
  CHECK(wait(kRule, state, 12, 4) == 0);
  CHECK(remaining(kRule, state, 12) == 4);
  CHECK(wait(kRule, state, 12, 5) == 13);
  CHECK(reset_after(kRule, state, 12) == 13);
  charge(kRule, state, 12, 12, 1);
  CHECK(state.moments == std::vector<Time>{15, 15});
  CHECK(state.seen == 15);
}

TEST_CASE("a reservation stands in the log at the moment it is for") {
  Log::State state{.moments = {0, 0, 1, 2}, .seen = 2};
  charge(kRule, state, 3, 10, 3);
  CHECK(state == Log::State{.moments = {0, 0, 1, 2, 10, 10, 10}, .seen = 3});
  CHECK(remaining(kRule, state, 3) == 0);
  CHECK(wait(kRule, state, 3, 1) == 8);
  CHECK(wait(kRule, state, 11, 1) == 0);
  CHECK(reset_after(kRule, state, 3) == 17);
  // A later and smaller one does not go before it.
  charge(kRule, state, 3, 11, 1);
  CHECK(state.moments.back() == 11);
  CHECK(kRule.reach() == 10);
}

TEST_CASE("a permit is never entered before one that was reserved") {
  Log::State state;
  charge(kRule, state, 0, 8, 1);
  charge(kRule, state, 3, 3, 1);
  CHECK(state.moments == std::vector<Time>{8, 8});
}

TEST_CASE("a log is not as good as new before the last charge it has seen") {
  CHECK(reset_after(kRule, Log::State{.moments = {}, .seen = 7}, 5) == 2);
  CHECK(remaining(kRule, Log::State{.moments = {0}, .seen = 0}, 10) == 5);
}

TEST_CASE("a refund takes back the newest permits") {
  Log::State state{.moments = {0, 5, 6, 7}, .seen = 7};
  kRule.refund(state, 11, 2);
  CHECK(state.moments == std::vector<Time>{0, 5});
  kRule.refund(state, 11, 100);
  CHECK(state.moments == std::vector<Time>{0});  // has left; nothing to give back
  CHECK(remaining(kRule, state, 11) == 5);
  CHECK(reset_after(kRule, state, 11) == 0);
  CHECK(reset_after(kRule, state, 5) == 5);  // it has seen 7, and what has left by then must not come back
}

TEST_CASE("of merged logs the nth newest is the later one") {
  const Log::State a{.moments = {1, 4, 9}, .seen = 9};
  const Log::State b{.moments = {5, 6}, .seen = 12};
  const Log::State both{.moments = {1, 5, 9}, .seen = 12};
  CHECK(Log::merge(a, b) == both);
  CHECK(Log::merge(b, a) == both);
}

TEST_CASE("a log holds at most twice its limit in moments, however long it lives") {
  const Log rule({64, Duration(100)});
  Log::State state;
  std::size_t most = 0;
  for (Time now = 0; now < 10'000; ++now) {
    if (wait(rule, state, now, 1) == 0) charge(rule, state, now, now, 1);
    most = std::max(most, state.moments.size());
  }
  CHECK(most <= 128);
}

TEST_CASE("a log at the end of time does not wrap") {
  const Log rule({2, kMaxWindow});
  Log::State state;
  charge(rule, state, kLastMoment, kLastMoment, 2);
  CHECK(wait(rule, state, kLastMoment, 1) == static_cast<Time>(kMaxWindow.count()));
  CHECK(wait(rule, state, 0, 1) == kLongestWait);
}

}  // namespace
}  // namespace penstock::algorithm
