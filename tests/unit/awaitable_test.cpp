#include "penstock/awaitable.h"
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "catch.h"
#include "detached.h"
#include "penstock/penstock.h"
#include "terminates.h"

namespace penstock {
namespace {

// Answers when and where the test says: `deliver` is given each question's callback.
class ToldLimiter final : public Limiter {
 public:
  using Then = std::function<void(const Decision&)>;

  explicit ToldLimiter(std::function<void(Then)> deliver) : deliver_(std::move(deliver)) {}

  void try_acquire_async(std::string_view key, std::int64_t cost, Then then) override {
    asked_key = key;
    asked_cost = cost;
    deliver_(std::move(then));
  }
  Decision try_acquire(std::string_view, std::int64_t) override { return {}; }
  void try_acquire(std::span<const Request>, std::span<Decision>) override {}
  Decision peek(std::string_view, std::int64_t) override { return {}; }
  Decision reserve(std::string_view, std::int64_t, Duration) override { return {}; }
  absl::Status refund(std::string_view, std::int64_t) override { return absl::OkStatus(); }
  absl::Status reset(std::string_view) override { return absl::OkStatus(); }

  std::string asked_key;
  std::int64_t asked_cost = 0;

 private:
  std::function<void(Then)> deliver_;
};

// One thread that answers what it is given, as soon as it sees it: no lock and no sleep between the two.
class Spinner {
 public:
  ~Spinner() {
    stopping_.store(true);
    thread_.join();
  }
  [[nodiscard]] bool is_here() const { return std::this_thread::get_id() == thread_.get_id(); }
  // One at a time.
  void give(ToldLimiter::Then then) {
    then_ = std::move(then);
    full_.store(true);
  }

 private:
  void run() {
    while (!stopping_.load()) {
      if (!full_.load()) {
        std::this_thread::yield();
        continue;
      }
      const ToldLimiter::Then then = std::move(then_);
      full_.store(false);
      then({.permitted = true, .limit = 9});
    }
  }

  std::atomic<bool> stopping_ = false, full_ = false;
  ToldLimiter::Then then_;
  std::thread thread_{[this] { run(); }};
};

// ---- answered at once ----------------------------------------------------------------------------------

Detached ask_many(Limiter& limiter, int times, int& admitted, bool& ended) {
  for (int i = 0; i < times; ++i) {
    if (co_await try_acquire_awaitable(limiter, "key")) ++admitted;
  }
  ended = true;
}

TEST_CASE("a memory limiter answers a million times in a row, on the spot and without growing the stack") {
  ManualClock clock;
  const auto limiter = make_memory_limiter(TokenBucket{per_hour(1), 1000}, {.clock = &clock}).value();
  int admitted = 0;
  bool ended = false;
  ask_many(*limiter, 1'000'000, admitted, ended);
  CHECK(ended);  // within the call
  CHECK(admitted == 1000);
}

Detached ask(Limiter& limiter, std::string key, std::int64_t cost, Decision& decision, bool& ended) {
  decision = co_await try_acquire_awaitable(limiter, key, cost);
  ended = true;
}

TEST_CASE("an awaited decision is that of try_acquire, whatever it says") {
  ManualClock clock;
  const auto awaited = make_memory_limiter(FixedWindow{5, std::chrono::hours(1)}, {.clock = &clock}).value();
  const auto called = make_memory_limiter(FixedWindow{5, std::chrono::hours(1)}, {.clock = &clock}).value();
  for (const std::int64_t cost : {3, 0, 3, 2, 6, -1}) {
    CAPTURE(cost);
    Decision decision;
    bool ended = false;
    ask(*awaited, "key", cost, decision, ended);
    CHECK(ended);
    CHECK(decision == called->try_acquire("key", cost));
  }
}

// ---- answered later ------------------------------------------------------------------------------------

TEST_CASE("who must wait is resumed once, in the thread that answers") {
  std::vector<ToldLimiter::Then> waiting;
  ToldLimiter limiter([&](ToldLimiter::Then then) { waiting.push_back(std::move(then)); });
  bool ended = false;
  std::thread::id resumed_on;
  const auto story = [](Limiter& asked, bool& is_over, std::thread::id& thread) -> Detached {
    // The key is a temporary; it lives as long as this expression.
    const Decision decision = co_await try_acquire_awaitable(asked, std::string(100, 'k'), 7);
    thread = std::this_thread::get_id();
    is_over = decision.permitted && decision.remaining == 3;
  };
  story(limiter, ended, resumed_on);
  REQUIRE(waiting.size() == 1);
  CHECK_FALSE(ended);
  CHECK(limiter.asked_key == std::string(100, 'k'));
  CHECK(limiter.asked_cost == 7);
  std::thread answering([&] { waiting[0]({.permitted = true, .remaining = 3}); });
  const std::thread::id expected = answering.get_id();
  answering.join();
  CHECK(ended);
  CHECK(resumed_on == expected);
}

TEST_CASE("an awaitable asks when it is awaited, and again when it is awaited again") {
  int asked = 0;
  ToldLimiter limiter([&](const ToldLimiter::Then& then) {
    ++asked;
    then({.permitted = true, .remaining = asked});
  });
  const auto story = [](Limiter& its_limiter, const int& questions) -> Detached {
    auto awaitable = try_acquire_awaitable(its_limiter, "key");
    CHECK(questions == 0);
    const Decision first = co_await awaitable;
    CHECK(first.remaining == 1);
    const Decision second = co_await awaitable;
    CHECK(second.remaining == 2);
  };
  story(limiter, asked);
  CHECK(asked == 2);
}

TEST_CASE("an answer that comes while the coroutine is being suspended is neither lost nor given twice") {
  constexpr int kTimes = 50'000;
  std::atomic<int> good = 0, here = 0;
  std::atomic<bool> ended = false;
  // Each answers what is asked on the other, so that asking and answering run side by side every time. A third of
  // the questions are answered before they are suspended for; the others about then.
  Spinner one, two;
  int questions = 0;
  ToldLimiter limiter([&](ToldLimiter::Then then) {
    Spinner& other = one.is_here() ? two : one;
    const int question = ++questions;
    if (question % 3 == 0) {
      std::atomic<bool> answered = false;
      other.give([&](const Decision& decision) {
        then(decision);
        answered = true;
      });
      while (!answered) std::this_thread::yield();
    } else {
      other.give(std::move(then));
      for (volatile int i = 0; i < question % 256;) i = i + 1;
    }
  });
  const auto story = [](Limiter& asked, std::atomic<int>& answers, std::atomic<int>& not_suspended,
                        std::atomic<bool>& is_over) -> Detached {
    std::thread::id before = std::this_thread::get_id();
    for (int i = 0; i < kTimes; ++i) {
      const Decision decision = co_await try_acquire_awaitable(asked, "key");
      if (decision.permitted && decision.limit == 9) ++answers;
      if (std::this_thread::get_id() == before) ++not_suspended;
      before = std::this_thread::get_id();
    }
    is_over = true;
    is_over.notify_all();
  };
  story(limiter, good, here, ended);
  ended.wait(false);
  CHECK(good == kTimes);
  CHECK(here >= kTimes / 3);
}

TEST_CASE("what a callback of a memory limiter throws ends the program") {
  const auto limiter = make_memory_limiter(FixedWindow{1, std::chrono::hours(24)}).value();
  CHECK(terminates([&] { limiter->try_acquire_async("key", 1, [](const Decision&) { throw 1; }); }));
}

}  // namespace
}  // namespace penstock
