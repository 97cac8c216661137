// Many threads, and the count is exact. The clock stands still, so that there is one right answer; ThreadSanitizer
// runs these, too.

#include <atomic>
#include <latch>
#include <thread>

#include "catch.h"
#include "penstock/penstock.h"

namespace penstock {
namespace {

using namespace std::chrono_literals;

constexpr int kThreads = 8;
constexpr int kKeys = 16;
constexpr std::int64_t kLimit = 100;

// Each thread asks `tries` times for each key, in an order of its own. Returns the cost admitted for each key.
std::vector<std::int64_t> admitted(Limiter& limiter, int tries, int keys) {
  std::vector<std::atomic<std::int64_t>> counts(static_cast<std::size_t>(keys));
  std::latch start(kThreads);
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        start.arrive_and_wait();
        for (int i = 0; i < tries * keys; ++i) {
          const int key = (i * (2 * thread + 1) + thread) % keys;
          const std::int64_t cost = 1 + i % 3;
          if (limiter.try_acquire(std::to_string(key), cost)) counts[static_cast<std::size_t>(key)] += cost;
        }
        // Whatever is left goes in ones.
        for (int key = 0; key < keys; ++key) {
          while (limiter.try_acquire(std::to_string(key))) ++counts[static_cast<std::size_t>(key)];
        }
      });
    }
  }
  return {counts.begin(), counts.end()};
}

TEST_CASE("threads on shared keys are admitted exactly the limit") {
  const char* text = GENERATE("100/h burst=100", "100/h algo=fixed", "100/h", "100/h algo=log");
  CAPTURE(text);
  ManualClock clock(1'000'000s);
  const auto limiter = make_memory_limiter(parse_limit(text).value(), {.clock = &clock}).value();
  for (const std::int64_t count : admitted(*limiter, 60, kKeys)) CHECK(count == kLimit);
}

TEST_CASE("threads on shared keys of several limits are admitted no more than the tightest") {
  ManualClock clock(1'000'000s);
  const auto limiter =
      make_memory_limiter(parse_limits("150/s algo=fixed, 100/h burst=100").value(), {.clock = &clock}).value();
  for (const std::int64_t count : admitted(*limiter, 60, kKeys)) {
    CHECK(count <= kLimit);
    // Lost races can leave charges in the first limit, but there were 50 to spare.
    CHECK(count >= kLimit / 2);
  }
}

TEST_CASE("threads on more keys than there is room for are admitted no more than the limit each") {
  ManualClock clock(1'000'000s);
  const auto limiter =
      make_memory_limiter(FixedWindow{kLimit, 1h}, {.max_keys = kKeys / 2, .clock = &clock}).value();
  std::int64_t whole = 0;
  for (const std::int64_t count : admitted(*limiter, 60, kKeys)) {
    CHECK(count <= kLimit);
    whole += count == kLimit;
  }
  CHECK(whole >= kKeys / 2);
}

TEST_CASE("threads that come and go through one place never get more than the limit") {
  // Each key's debt is soon gone, so keys take one another's place all the time while a clock runs.
  ManualClock clock;
  const auto limiter = make_memory_limiter(TokenBucket{{1, 1us}, 2}, {.max_keys = 2, .clock = &clock}).value();
  std::vector<std::atomic<std::int64_t>> counts(kKeys);
  std::atomic<bool> stop = false;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&, thread] {
        for (int i = 0; !stop; ++i) {
          const auto key = static_cast<std::size_t>(i * (2 * thread + 1)) % kKeys;
          if (limiter->try_acquire(std::to_string(key))) ++counts[key];
        }
      });
    }
    for (int tick = 0; tick < 20'000; ++tick) clock.advance(100ns);
    stop = true;
  }
  const std::int64_t bound = 2 + clock.now() / 1us;
  for (const auto& count : counts) CHECK(count <= bound);
}

TEST_CASE("every operation may meet every other") {
  ManualClock clock(1'000'000s);
  const auto limiter =
      make_memory_limiter(parse_limits("100/s burst=10, 1000/h algo=log").value(), {.max_keys = 8, .clock = &clock})
          .value();
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      std::vector<Decision> decisions(2);
      for (int i = 0; i < 3000; ++i) {
        const std::string key = std::to_string((i + thread) % 12);
        switch (i % 6) {
          case 0:
            (void)limiter->try_acquire(key);
            break;
          case 1:
            (void)limiter->peek(key);
            break;
          case 2:
            (void)limiter->reserve(key, 2, 1s);
            break;
          case 3:
            (void)limiter->refund(key, 1);
            break;
          case 4:
            limiter->try_acquire(std::vector<Request>{{key}, {"x"}}, decisions);
            break;
          default:
            (void)limiter->reset(key);
            clock.advance(1ms);
            break;
        }
      }
    });
  }
  threads.clear();
  CHECK(limiter->peek("never seen").limit > 0);
}

}  // namespace
}  // namespace penstock
