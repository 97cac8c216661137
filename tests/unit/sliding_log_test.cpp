#include "penstock/detail/algorithm/sliding_log.h"

#include "catch.h"

namespace penstock::algorithm {
namespace {

using Log = Rule<SlidingLog>;

constexpr Log kRule({5, Duration(10)});

TEST_CASE("a log remembers the moment of every permit") {
  Log::State state;
  kRule.charge(state, 3, 3, 2);
  kRule.charge(state, 7, 7, 1);
  CHECK(state == Log::State{.moments = {3, 3, 7}, .seen = 7});
}

TEST_CASE("a permit leaves the window exactly one window later") {
  const Log::State state{.moments = {3, 3, 4, 7, 9}, .seen = 9};
  CHECK(kRule.remaining(state, 12) == 0);
  CHECK(kRule.wait(state, 12, 1) == 1);
  CHECK(kRule.wait(state, 13, 2) == 0);
  CHECK(kRule.remaining(state, 13) == 2);
  CHECK(kRule.wait(state, 12, 2) == 1);
  CHECK(kRule.wait(state, 12, 3) == 2);
  CHECK(kRule.wait(state, 12, 5) == 7);
  CHECK(kRule.reset_after(state, 12) == 7);
  CHECK(kRule.reset_after(state, 19) == 0);
  CHECK(kRule.remaining(state, 19) == 5);
}

TEST_CASE("a new log gives its limit") {
  Log::State state;
  CHECK(kRule.wait(state, 0, 5) == 0);
  CHECK(kRule.remaining(state, 0) == 5);
  CHECK(kRule.reset_after(state, 0) == 0);
}

TEST_CASE("what has left goes when it is half of all") {
  Log::State state{.moments = {1, 1, 2, 9}, .seen = 9};
  kRule.charge(state, 11, 11, 1);
  CHECK(state.moments == std::vector<Time>{2, 9, 11});  // 1 and 1 had left
  kRule.charge(state, 12, 12, 1);
  CHECK(state.moments == std::vector<Time>{2, 9, 11, 12});  // 2 has left, but is no half
  Log::State full{.moments = {0, 0, 0, 0, 0}, .seen = 0};
  kRule.charge(full, 30, 30, 1);
  CHECK(full.moments == std::vector<Time>{30});
}

TEST_CASE("a moment before the last charge counts as that moment") {
  Log::State state{.moments = {3, 3, 4, 4, 15}, .seen = 15};
  CHECK(kRule.wait(state, 12, 4) == 0);
  CHECK(kRule.remaining(state, 12) == 4);
  CHECK(kRule.wait(state, 12, 5) == 13);
  CHECK(kRule.reset_after(state, 12) == 13);
  kRule.charge(state, 12, 12, 1);
  CHECK(state.moments == std::vector<Time>{15, 15});
  CHECK(state.seen == 15);
}

TEST_CASE("a reservation stands in the log at the moment it is for") {
  Log::State state{.moments = {0, 0, 1, 2}, .seen = 2};
  kRule.charge(state, 3, 10, 3);
  CHECK(state == Log::State{.moments = {0, 0, 1, 2, 10, 10, 10}, .seen = 3});
  CHECK(kRule.remaining(state, 3) == 0);
  CHECK(kRule.wait(state, 3, 1) == 8);
  CHECK(kRule.wait(state, 11, 1) == 0);
  CHECK(kRule.reset_after(state, 3) == 17);
  // A later and smaller one does not go before it.
  kRule.charge(state, 3, 11, 1);
  CHECK(state.moments.back() == 11);
  CHECK(kRule.reach() == 10);
}

TEST_CASE("a permit is never entered before one that was reserved") {
  Log::State state;
  kRule.charge(state, 0, 8, 1);
  kRule.charge(state, 3, 3, 1);
  CHECK(state.moments == std::vector<Time>{8, 8});
}

TEST_CASE("a log is not as good as new before the last charge it has seen") {
  CHECK(kRule.reset_after(Log::State{.moments = {}, .seen = 7}, 5) == 2);
  CHECK(kRule.remaining(Log::State{.moments = {0}, .seen = 0}, 10) == 5);
}

TEST_CASE("a refund takes back the newest permits") {
  Log::State state{.moments = {0, 5, 6, 7}, .seen = 7};
  kRule.refund(state, 11, 2);
  CHECK(state.moments == std::vector<Time>{0, 5});
  kRule.refund(state, 11, 100);
  CHECK(state.moments == std::vector<Time>{0});  // has left; nothing to give back
  CHECK(kRule.remaining(state, 11) == 5);
  CHECK(kRule.reset_after(state, 11) == 0);
  CHECK(kRule.reset_after(state, 5) == 5);  // it has seen 7, and what has left by then must not come back
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
    if (rule.wait(state, now, 1) == 0) rule.charge(state, now, now, 1);
    most = std::max(most, state.moments.size());
  }
  CHECK(most <= 128);
}

TEST_CASE("a log at the end of time does not wrap") {
  const Log rule({2, kMaxWindow});
  Log::State state;
  rule.charge(state, kLastMoment, kLastMoment, 2);
  CHECK(rule.wait(state, kLastMoment, 1) == static_cast<Time>(kMaxWindow.count()));
  CHECK(rule.wait(state, 0, 1) == kLongestWait);
}

}  // namespace
}  // namespace penstock::algorithm
