#include "penstock/clock.h"

#include <chrono>

#include "catch.h"

namespace penstock {
namespace {

using std::chrono::seconds;

TEST_CASE("a manual clock stands still until told to move") {
  ManualClock clock;
  CHECK(clock.now() == Duration::zero());
  clock.set(seconds(5));
  CHECK(clock.now() == seconds(5));
  clock.advance(seconds(2));
  CHECK(clock.now() == seconds(7));
  clock.advance(-seconds(10));
  CHECK(clock.now() == -seconds(3));
  CHECK(ManualClock(seconds(9)).now() == seconds(9));
}

TEST_CASE("a manual clock stops at the ends of time") {
  ManualClock clock(Duration::max() - Duration(1));
  clock.advance(Duration(5));
  CHECK(clock.now() == Duration::max());
  clock.set(Duration::min() + Duration(1));
  clock.advance(-Duration(5));
  CHECK(clock.now() == Duration::min());
}

TEST_CASE("the default clock tells the Unix time and never goes back") {
  Clock& clock = default_clock();
  const Duration wall = std::chrono::system_clock::now().time_since_epoch();
  Duration last = clock.now();
  CHECK(std::chrono::abs(last - wall) < std::chrono::hours(1));
  for (int i = 0; i < 1000; ++i) {
    const Duration now = clock.now();
    CHECK(now >= last);
    last = now;
  }
  CHECK(&default_clock() == &clock);
}

TEST_CASE("a cached clock repeats its last reading") {
  ManualClock source(seconds(1));
  CachedClock cached(source);
  source.set(seconds(2));
  CHECK(cached.now() == seconds(1));
  cached.update();
  CHECK(cached.now() == seconds(2));
}

}  // namespace
}  // namespace penstock
