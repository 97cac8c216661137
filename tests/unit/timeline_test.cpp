#include "penstock/detail/memory/timeline.h"

#include "catch.h"

namespace penstock::memory {
namespace {

using namespace std::chrono_literals;
using algorithm::kLastMoment;
using algorithm::kLongestWait;

TEST_CASE("a timeline's zero is the window boundary before it was made") {
  struct Row {
    Duration made, zero;
  };
  const Row row = GENERATE(Row{25s, 20s}, Row{20s, 20s}, Row{0s, 0s}, Row{-25s, -30s}, Row{-20s, -20s},
                           Row{-1ns, -10s}, Row{29'999'999'999ns, 20s});
  ManualClock clock(row.made);
  const Timeline timeline(clock, 10s);
  CAPTURE(row.made.count());
  CHECK(timeline.now().now == static_cast<Time>((row.made - row.zero).count()));
  CHECK(timeline.now().before == 0);
  CHECK(timeline.at(row.zero).now == 0);
  CHECK(timeline.at(row.zero + 7ns).now == 7);
}

TEST_CASE("before zero is zero, and so much to wait") {
  ManualClock clock(100s);
  const Timeline timeline(clock, 10s);
  CHECK(timeline.at(100s).before == 0);
  CHECK(timeline.at(100s - 1ns).now == 0);
  CHECK(timeline.at(100s - 1ns).before == 1);
  clock.set(-50s);
  CHECK(timeline.now().now == 0);
  CHECK(timeline.now().before == 150'000'000'000);
}

TEST_CASE("a timeline ends 292 years from its zero on either side") {
  ManualClock clock(Duration::min());
  const Timeline early(clock, 1ns);
  CHECK(early.at(Duration::max()).now == kLastMoment);
  CHECK(early.at(Duration(-1)).now == kLastMoment);
  CHECK(early.at(Duration(-2)).now == kLastMoment - 1);
  clock.set(Duration::max());
  const Timeline late(clock, 1ns);
  CHECK(late.at(Duration::min()).now == 0);
  CHECK(late.at(Duration::min()).before == kLastMoment);
  // Where there is no boundary before, the moment itself must do.
  clock.set(Duration::min() + 1ns);
  CHECK(Timeline(clock, 10s).now().now == 0);
}

TEST_CASE("an ordered reading asks the clock for one") {
  struct TwoFaced final : Clock {
    Duration now() const override { return 1s; }
    Duration now_ordered() const override { return 2s; }
  };
  const TwoFaced clock;
  const Timeline timeline(clock, 1s);
  CHECK(timeline.now().now == 0);
  CHECK(timeline.now_ordered().now == 1'000'000'000);
}

TEST_CASE("a moment is moved up to the earliest that has a meaning, and no further") {
  Moment moment{70, 5};
  moment.clamp(60);
  CHECK(moment.now == 70);
  moment.clamp(70);
  CHECK(moment.now == 70);
  CHECK(moment.before == 5);
  moment.clamp(100);
  CHECK(moment.now == 100);
  CHECK(moment.before == 35);
}

TEST_CASE("who asked too early is as much less patient when his moment has come") {
  const Patience then = Moment{0, 30}.then({.at_least = 50, .at_most = 100});
  CHECK(then.at_least == 20);
  CHECK(then.at_most == 70);
  const Patience gone = Moment{0, 30}.then({.at_least = 29, .at_most = 30});
  CHECK(gone.at_least == 0);
  CHECK(gone.at_most == 0);
}

TEST_CASE("who asked too early waits as much longer") {
  const Decision decision{
      .permitted = true, .limit = 9, .remaining = 4, .retry_after = Duration(7), .reset_after = Duration(11)};
  CHECK(Moment{5, 0}.as_seen(decision) == decision);
  const Decision seen = Moment{0, 30}.as_seen(decision);
  CHECK(seen.retry_after == Duration(37));
  CHECK(seen.reset_after == Duration(41));
  CHECK(seen.permitted);
  CHECK(seen.remaining == 4);
  // What is there now needs no wait, and no wait helps what will never be.
  const Decision now = Moment{0, 30}.as_seen({.reset_after = Duration(1)});
  CHECK(now.retry_after == Duration::zero());
  CHECK(now.reset_after == Duration(31));
  CHECK(Moment{0, 30}.as_seen({.retry_after = Decision::never}).retry_after == Decision::never);
  const Decision longest = Moment{0, kLastMoment}.as_seen({.retry_after = Duration(5)});
  CHECK(longest.retry_after == Duration(kLongestWait));
  CHECK(longest.retry_after < Decision::never);
}

}  // namespace
}  // namespace penstock::memory
