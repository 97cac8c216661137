// The clocks against the machine they run on. A busy machine may stop a thread anywhere and for long, so a reading
// is only ever compared with what was read before and after it.

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "catch.h"
#include "penstock/penstock.h"

namespace penstock {
namespace {

using namespace std::chrono_literals;

// What is promised is 1 us, as long as the kernel's clock is not slewed. It may be, by 500 ppm either way.
constexpr Duration kBound = 1ms;

// Null, and a warning, where there is none.
std::unique_ptr<Clock> make_tsc_clock() {
  auto clock = make_clock(ClockSource::tsc);
  if (clock.ok()) return *std::move(clock);
  WARN("The TSC clock is NOT tested here: " << std::string(clock.status().message()));
  return nullptr;
}

// How far a reading is outside what the kernel's clock said before and after it.
Duration error(const Clock& clock, const Clock& kernel, bool ordered) {
  const Duration before = kernel.now_ordered();
  const Duration time = ordered ? clock.now_ordered() : clock.now();
  const Duration after = kernel.now_ordered();
  return std::max({Duration::zero(), before - time, time - after});
}

TEST_CASE("a TSC clock agrees with the kernel's for a second and a half") {
  const auto clock = make_tsc_clock();
  if (clock == nullptr) return;
  const auto kernel = *make_clock(ClockSource::monotonic);
  Duration worst = Duration::zero();
  std::int64_t readings = 0;
  for (const Duration end = kernel->now() + 1500ms; kernel->now() < end; ++readings) {
    worst = std::max(worst, error(*clock, *kernel, readings % 2 == 0));
  }
  CAPTURE(readings, worst.count());
  CHECK(worst <= kBound);
}

TEST_CASE("a TSC clock is right after its process was stopped") {
  const auto clock = make_tsc_clock();
  if (clock == nullptr) return;
  const auto kernel = *make_clock(ClockSource::monotonic);
  const Duration before = GENERATE(0ms, 150ms);  // the child reads for so long first, so its segment is long
  CAPTURE(before.count());
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    for (const Duration end = kernel->now() + before; kernel->now() < end;) static_cast<void>(clock->now());
    const Duration last = clock->now();
    raise(SIGSTOP);
    const bool moved = clock->now_ordered() - last >= 300ms - kBound;
    const bool right = error(*clock, *kernel, true) <= kBound;
    _exit((moved ? 0 : 1) + (right ? 0 : 2));
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, WUNTRACED) == child);
  REQUIRE(WIFSTOPPED(status));
  for (const Duration end = kernel->now() + 300ms; kernel->now() < end;) std::this_thread::yield();
  REQUIRE(kill(child, SIGCONT) == 0);
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("a time that one thread hands to another is not later than the other's") {
  const ClockSource source = GENERATE(ClockSource::monotonic, ClockSource::tsc);
  const auto clock = source == ClockSource::tsc ? make_tsc_clock() : *make_clock(source);
  if (clock == nullptr) return;
  constexpr int kThreads = 4;
  std::atomic<Duration::rep> handed = 0;
  std::atomic<std::int64_t> worst = 0;
  std::latch start(kThreads);
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&] {
        start.arrive_and_wait();
        const Duration end = clock->now() + 1200ms;
        for (Duration time = {}; time < end;) {
          Duration::rep last = handed.load(std::memory_order_acquire);
          time = clock->now_ordered();
          if (time.count() < last) worst = std::max(worst.load(), last - time.count());
          while (last < time.count() && !handed.compare_exchange_weak(last, time.count())) {
          }
        }
      });
    }
  }
  CHECK(worst == 0);
}

}  // namespace
}  // namespace penstock
