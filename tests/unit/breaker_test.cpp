#include "redis/breaker.h"

#include <set>
#include <vector>

#include "catch.h"

namespace penstock::redis {
namespace {

using namespace std::chrono_literals;

// A breaker and a clock that goes only when told.
struct Bench {
  Breaker breaker{7};
  Breaker::Instant now{100s};

  void fail(int times) {
    for (int i = 0; i < times; ++i) breaker.failed(now);
  }
  // Steps of 10 ms until it admits again.
  Duration pause() {
    Duration waited = Duration::zero();
    while (!breaker.admit(now)) {
      now += 10ms;
      waited += 10ms;
    }
    return waited;
  }
};

TEST_CASE("a breaker opens at five failures in a row, not at four") {
  Bench bench;
  bench.fail(4);
  CHECK(bench.breaker.admit(bench.now));
  bench.breaker.succeeded(bench.now);
  bench.fail(4);
  CHECK(bench.breaker.admit(bench.now));
  bench.fail(1);
  CHECK(bench.breaker.open());
  CHECK_FALSE(bench.breaker.admit(bench.now));
}

TEST_CASE("who has reached the server again need not wait for the rest of the pause") {
  Bench bench;
  bench.breaker.reached();
  CHECK_FALSE(bench.breaker.open());
  bench.fail(5);
  CHECK_FALSE(bench.breaker.admit(bench.now));
  bench.breaker.reached();
  CHECK(bench.breaker.admit(bench.now));
  CHECK_FALSE(bench.breaker.admit(bench.now));  // one probe
  // If it fails there is a pause as ever.
  bench.breaker.failed(bench.now);
  CHECK(bench.pause() >= 100ms);
}

TEST_CASE("a breaker opens when half of twenty calls in a second fail") {
  Bench bench;
  for (int i = 0; i < 9; ++i) {
    bench.breaker.succeeded(bench.now);
    bench.breaker.failed(bench.now);
  }
  bench.breaker.succeeded(bench.now);
  CHECK_FALSE(bench.breaker.open());
  bench.breaker.failed(bench.now);  // the twentieth
  CHECK(bench.breaker.open());

  Bench slow;
  for (int i = 0; i < 100; ++i) {
    slow.breaker.succeeded(slow.now);
    slow.breaker.failed(slow.now);
    slow.now += 100ms;  // never twenty in a second... but ten
    CHECK(slow.breaker.open() == false);
    slow.now += 50ms;
  }
}

TEST_CASE("an open breaker lets one probe through after a pause of 100 ms to 2 s, drawn anew") {
  std::set<Duration> pauses;
  Bench bench;
  bench.fail(5);
  for (int i = 0; i < 100; ++i) {
    const Duration pause = bench.pause();
    CHECK(pause >= 100ms);
    CHECK(pause <= 2010ms);
    pauses.insert(pause);
    for (int other = 0; other < 3; ++other) CHECK_FALSE(bench.breaker.admit(bench.now));
    bench.breaker.failed(bench.now);
  }
  CHECK(pauses.size() > 20);
}

TEST_CASE("after a probe that succeeds a tenth of the calls go, and all of them after a second") {
  Bench bench;
  bench.fail(5);
  bench.pause();
  bench.breaker.succeeded(bench.now);
  const auto admitted = [&] {
    int count = 0;
    for (int i = 0; i < 1000; ++i) count += bench.breaker.admit(bench.now);
    return count;
  };
  const int first = admitted();
  CHECK(first > 50);
  CHECK(first < 200);
  bench.now += 500ms;
  const int half = admitted();
  CHECK(half > 450);
  CHECK(half < 650);
  bench.now += 500ms;
  CHECK(admitted() == 1000);
  bench.fail(4);
  CHECK_FALSE(bench.breaker.open());
}

TEST_CASE("one failure on the ramp opens it again") {
  Bench bench;
  bench.fail(5);
  bench.pause();
  bench.breaker.succeeded(bench.now);
  bench.fail(1);
  CHECK(bench.breaker.open());
}

TEST_CASE("a probe that was not asked after all leaves its place to the next") {
  Bench bench;
  bench.fail(5);
  bench.pause();
  CHECK_FALSE(bench.breaker.admit(bench.now));
  bench.breaker.not_asked();
  CHECK(bench.breaker.admit(bench.now));
}

TEST_CASE("what was asked before it opened and fails later lengthens no pause") {
  Bench bench;
  bench.fail(5);
  Bench same;
  same.fail(5);
  bench.fail(100);
  CHECK(bench.pause() == same.pause());
}

}  // namespace
}  // namespace penstock::redis
