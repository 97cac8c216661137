#include <chrono>

#include "catch.h"
#include "penstock/limiter.h"

namespace penstock {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using SteadyClock = std::chrono::steady_clock;

// Answers a reservation as it was told to, and remembers what it was asked.
class ScriptedLimiter final : public Limiter {
 public:
  explicit ScriptedLimiter(Decision answer) : answer_(answer) {}

  Decision try_acquire(std::string_view, std::int64_t) override { return {}; }
  void try_acquire(std::span<const Request>, std::span<Decision>) override {}
  Decision peek(std::string_view, std::int64_t) override { return {}; }
  absl::Status refund(std::string_view, std::int64_t) override { return absl::OkStatus(); }
  absl::Status reset(std::string_view) override { return absl::OkStatus(); }
  Decision reserve(std::string_view key, std::int64_t cost, Duration max_wait) override {
    ++reservations;
    asked_key = key;
    asked_cost = cost;
    asked_wait = max_wait;
    return answer_;
  }

  int reservations = 0;
  std::string asked_key;
  std::int64_t asked_cost = 0;
  Duration asked_wait{};

 private:
  Decision answer_;
};

TEST_CASE("acquire waits as long as its reservation says, and no shorter") {
  ScriptedLimiter limiter({.permitted = true, .limit = 5, .remaining = 2, .retry_after = milliseconds(3)});
  const auto start = SteadyClock::now();
  const Decision decision = acquire(limiter, "key", 2, start + seconds(5));
  CHECK(SteadyClock::now() - start >= milliseconds(3));
  CHECK(decision.permitted);
  CHECK(decision.retry_after == Duration::zero());
  CHECK(decision.remaining == 2);
  CHECK(limiter.reservations == 1);
  CHECK(limiter.asked_key == "key");
  CHECK(limiter.asked_cost == 2);
  CHECK(limiter.asked_wait <= seconds(5));
  CHECK(limiter.asked_wait > seconds(4));
}

TEST_CASE("acquire does not wait for what will not be there in time") {
  ScriptedLimiter limiter({.permitted = false, .retry_after = seconds(3600)});
  const Decision decision = acquire(limiter, "key", 1, SteadyClock::now() + milliseconds(1));
  CHECK_FALSE(decision.permitted);
  CHECK(decision.retry_after == seconds(3600));
}

TEST_CASE("a deadline that has passed leaves one try") {
  ScriptedLimiter limiter({.permitted = true});
  const Deadline deadline = GENERATE(Deadline::min(), SteadyClock::now());
  CHECK(acquire(limiter, "key", 1, deadline).permitted);
  CHECK(limiter.asked_wait == Duration::zero());
}

TEST_CASE("a deadline at the end of time is one") {
  ScriptedLimiter limiter({.permitted = true});
  CHECK(acquire(limiter, "key", 1, Deadline::max()).permitted);
  CHECK(limiter.asked_wait > std::chrono::hours(24 * 365));
}

}  // namespace
}  // namespace penstock
