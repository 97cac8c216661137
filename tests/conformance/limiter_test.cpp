// What limiter.h promises, for every algorithm on every back end. Three permits in ten seconds, of each kind.

#include <memory>
#include <string>
#include <vector>

#include "catch.h"
#include "conformance/backends.h"

namespace penstock {
namespace {

using std::chrono::seconds;
using namespace std::chrono_literals;

constexpr Duration kStart = seconds(1'000'000);  // a window's start

struct Setup {
  Backend backend;
  std::vector<Limit> limits;
};

std::vector<Setup> setups() {
  std::vector<Setup> all;
  ManualClock clock;
  for (const Backend& backend : backends()) {
    for (const char* text :
         {"3/10s burst=3", "3/10s algo=fixed", "3/10s", "3/10s algo=log", "3/10s, 100/h algo=fixed"}) {
      const std::vector<Limit> limits = parse_limits(text).value();
      if (backend.make(limits, clock) != nullptr) all.push_back({backend, limits});
    }
  }
  return all;
}

// A limiter under one of the setups, at kStart.
class World {
 public:
  World()
      : setup_(GENERATE(from_range(setups()))),
        clock_(kStart),
        limiter_(setup_.backend.make(setup_.limits, clock_)) {
    UNSCOPED_INFO(setup_.backend.name << ": " << to_string(setup_.limits));
  }
  Limiter* operator->() { return limiter_.get(); }
  Limiter& limiter() { return *limiter_; }
  ManualClock& clock() { return clock_; }
  Source source() const { return setup_.backend.source; }
  Duration tick() const { return setup_.backend.tick; }
  bool many_keys() const { return setup_.backend.many_keys; }
  bool own_states() const { return setup_.backend.own_states; }
  // Another one of the kind.
  std::unique_ptr<Limiter> twin() { return setup_.backend.make(setup_.limits, clock_); }

 private:
  Setup setup_;
  ManualClock clock_;
  std::unique_ptr<Limiter> limiter_;
};

TEST_CASE("a key gets its limit, and not one permit more") {
  World world;
  for (int i = 0; i < 3; ++i) {
    const Decision decision = world->try_acquire("key");
    CHECK(decision.permitted);
    CHECK(bool(decision));
    CHECK(decision.limit == 3);
    CHECK(decision.remaining == 2 - i);
    CHECK(decision.retry_after == Duration::zero());
    CHECK(decision.reset_after > Duration::zero());
    CHECK(decision.error == absl::StatusCode::kOk);
    CHECK(decision.source == world.source());
  }
  const Decision decision = world->try_acquire("key");
  CHECK_FALSE(decision.permitted);
  CHECK(decision.remaining == 0);
  CHECK(decision.retry_after > Duration::zero());
}

TEST_CASE("retry_after is exact to the nanosecond") {
  World world;
  REQUIRE(world->try_acquire("key", 3).permitted);
  for (const std::int64_t cost : {1, 2, 3}) {
    const Decision refused = world->try_acquire("key", cost);
    REQUIRE_FALSE(refused.permitted);
    world.clock().set(kStart + refused.retry_after - 1ns);
    CHECK_FALSE(world->peek("key", cost).permitted);
    world.clock().set(kStart + refused.retry_after);
    CHECK(world->peek("key", cost).permitted);
    world.clock().set(kStart);
  }
}

TEST_CASE("after reset_after a key is as good as new") {
  World world;
  const Decision decision = world->try_acquire("key", 2);
  world.clock().advance(decision.reset_after);
  const Decision fresh = world->peek("key", 3);
  CHECK(fresh.permitted);
  CHECK(fresh.remaining == 3);
  CHECK(fresh.reset_after == Duration::zero());
}

TEST_CASE("nothing, too much and less than nothing touch no state") {
  World world;
  REQUIRE(world->try_acquire("key", 1).permitted);
  const Decision before = world->peek("key");
  const Decision nothing = world->try_acquire("key", 0);
  CHECK(nothing.permitted);
  CHECK(nothing.remaining == 2);
  for (const std::int64_t cost : {std::int64_t{4}, std::numeric_limits<std::int64_t>::max()}) {
    const Decision never = world->try_acquire("key", cost);
    CHECK_FALSE(never.permitted);
    CHECK(never.retry_after == Decision::never);
    CHECK(never.error == absl::StatusCode::kOk);
    CHECK_FALSE(world->reserve("key", cost, Duration::max()).permitted);
  }
  for (const std::int64_t cost : {std::int64_t{-1}, std::numeric_limits<std::int64_t>::min()}) {
    for (const Decision& wrong :
         {world->try_acquire("key", cost), world->peek("key", cost), world->reserve("key", cost, 1s)}) {
      CHECK_FALSE(wrong.permitted);
      CHECK(wrong.error == absl::StatusCode::kInvalidArgument);
    }
    CHECK(world->refund("key", cost).code() == absl::StatusCode::kInvalidArgument);
  }
  CHECK(world->peek("key") == before);
}

TEST_CASE("peek says what try_acquire would say and charges nothing") {
  World world;
  for (int i = 0; i < 5; ++i) CHECK(world->peek("key", 3).permitted);
  CHECK(world->try_acquire("key", 3).permitted);
  CHECK(world->peek("key", 2).retry_after == world->try_acquire("key", 2).retry_after);
}

TEST_CASE("a reservation goes when it says, and nobody overtakes it") {
  World world;
  REQUIRE(world->try_acquire("key", 3).permitted);
  const Duration wait = world->peek("key", 1).retry_after;
  CHECK_FALSE(world->reserve("key", 1, wait - 1ns).permitted);
  CHECK_FALSE(world->reserve("key", 1, -1s).permitted);
  const Decision reserved = world->reserve("key", 1, wait);
  CHECK(reserved.permitted);
  CHECK(reserved.retry_after == wait);
  CHECK(world->peek("key", 1).retry_after >= wait);
  world.clock().advance(wait - 1ns);
  CHECK_FALSE(world->peek("key", 1).permitted);
}

TEST_CASE("a reservation that fits now is an acquisition") {
  World world;
  const Decision decision = world->reserve("key", 2, 1h);
  CHECK(decision.permitted);
  CHECK(decision.retry_after == Duration::zero());
  CHECK(decision.remaining == 1);
}

TEST_CASE("a refund gives back what was taken, and no more") {
  World world;
  if (!world.own_states()) return;
  REQUIRE(world->try_acquire("key", 3).permitted);
  CHECK(world->refund("key", 2).ok());
  CHECK(world->peek("key").remaining == 2);
  CHECK(world->refund("key", 0).ok());
  CHECK(world->peek("key").remaining == 2);
  CHECK(world->refund("key", std::numeric_limits<std::int64_t>::max()).ok());
  CHECK(world->peek("key").remaining == 3);
  CHECK(world->refund("never seen", 5).ok());
  CHECK(world->peek("never seen").remaining == 3);
}

TEST_CASE("reset forgets what a key owes") {
  World world;
  if (!world.own_states()) return;
  REQUIRE(world->try_acquire("key", 3).permitted);
  CHECK(world->reset("key").ok());
  CHECK(world->peek("key", 3).permitted);
  CHECK(world->reset("never seen").ok());
}

TEST_CASE("a batch is answered as if its requests came one by one") {
  World world;
  const std::vector<Request> requests = {{"key"}, {"key", 2}, {"key"}, {"key", 0}, {"key", -1}, {"key", 4}};
  std::vector<Decision> decisions(requests.size());
  world->try_acquire(requests, decisions);
  CHECK(decisions[0].remaining == 2);
  CHECK(decisions[1].remaining == 0);
  CHECK_FALSE(decisions[2].permitted);
  CHECK(decisions[3].permitted);
  CHECK(decisions[4].error == absl::StatusCode::kInvalidArgument);
  CHECK(decisions[5].retry_after == Decision::never);
  world->try_acquire(std::span<const Request>(), std::span<Decision>());
}

TEST_CASE("a batch of any length is answered as if its requests came one by one") {
  World world;
  const std::size_t length = GENERATE(0U, 1U, 63U, 64U, 65U, 200U);
  const auto twin = world.twin();
  // Keys that come again, at once and later, with costs of all kinds.
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < length; ++i) keys.push_back(std::to_string(i * i / 3 % 50));
  std::vector<Request> requests;
  for (std::size_t i = 0; i < length; ++i) requests.push_back({keys[i], static_cast<std::int64_t>(i * 7 % 6) - 1});
  for (int round = 0; round < 3; ++round) {
    std::vector<Decision> decisions(length);
    world->try_acquire(requests, decisions);
    for (std::size_t i = 0; i < length; ++i) {
      CAPTURE(i, keys[i], requests[i].cost, round);
      REQUIRE(decisions[i] == twin->try_acquire(keys[i], requests[i].cost));
    }
    world.clock().advance(7s);
  }
}

TEST_CASE("a batch of two lengths is an error that charges nothing") {
  World world;
  const std::vector<Request> requests = {{"key"}, {"key"}};
  std::vector<Decision> decisions(3);
  world->try_acquire(requests, decisions);
  for (const Decision& decision : decisions) {
    CHECK_FALSE(decision.permitted);
    CHECK(decision.error == absl::StatusCode::kInvalidArgument);
  }
  CHECK(world->peek("key").remaining == 3);
}

TEST_CASE("keys are any bytes, and each has its own permits") {
  World world;
  if (!world.many_keys()) return;
  std::vector<std::string> keys = {"",
                                   std::string("\0", 1),
                                   std::string("\0\0", 2),
                                   "a",
                                   std::string("a\0", 2),
                                   "A",
                                   "\xff\xfe",
                                   "\xc3\x28",
                                   "a b",
                                   "a\r\nb",
                                   "{a}",
                                   "%s"};
  for (const std::size_t length : {1U << 16, (1U << 20) - 1, 1U << 20}) keys.push_back(std::string(length, 'x'));
  keys.push_back(keys.back());
  keys.back().back() = 'y';
  for (const std::string& key : keys) {
    CHECK(world->try_acquire(key, 3).permitted);
    CHECK_FALSE(world->try_acquire(key).permitted);
  }
}

TEST_CASE("a clock that steps back gives nobody more") {
  World world;
  REQUIRE(world->try_acquire("key", 3).permitted);
  for (const Duration step : {world.tick(), Duration(5s), Duration(10s), Duration(1h), kStart * 2}) {
    world.clock().set(kStart - step);
    const Decision refused = world->try_acquire("key");
    CHECK_FALSE(refused.permitted);
    // The wait is that of before, and the step.
    world.clock().advance(refused.retry_after - world.tick());
    CHECK_FALSE(world->peek("key").permitted);
    world.clock().advance(world.tick());
    CHECK(world->peek("key").permitted);
  }
}

TEST_CASE("a jump of the clock to the end of time admits a limit once") {
  World world;
  REQUIRE(world->try_acquire("key", 3).permitted);
  world.clock().set(Duration::max());
  CHECK(world->try_acquire("key", 3).permitted);
  CHECK_FALSE(world->try_acquire("key", 1).permitted);
  world.clock().set(Duration::min());
  CHECK_FALSE(world->try_acquire("key", 1).permitted);
}

}  // namespace
}  // namespace penstock
