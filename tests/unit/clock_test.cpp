#include "penstock/clock.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catch.h"
#include "default_clock.h"

namespace penstock {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
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

TEST_CASE("an ordered reading of a simple clock is a reading") {
  ManualClock clock(seconds(3));
  CHECK(clock.now_ordered() == seconds(3));
  CachedClock cached(clock);
  clock.advance(seconds(1));
  CHECK(cached.now_ordered() == seconds(3));
}

TEST_CASE("the default clock tells the Unix time and never goes back") {
  Clock& clock = default_clock();
  const Duration wall = std::chrono::system_clock::now().time_since_epoch();
  Duration last = clock.now();
  CHECK(std::chrono::abs(last - wall) < hours(1));
  for (int i = 0; i < 1000; ++i) {
    const Duration now = i % 2 == 0 ? clock.now() : clock.now_ordered();
    CHECK(now >= last);
    last = now;
  }
  CHECK(&default_clock() == &clock);
}

TEST_CASE("clocks of one's own share the epoch of the default clock") {
  const auto monotonic = make_clock(ClockSource::monotonic);
  REQUIRE(monotonic.ok());
  const Duration before = (*monotonic)->now();
  const Duration now = default_clock().now_ordered();
  const Duration after = (*monotonic)->now_ordered();
  CHECK(before - milliseconds(1) <= now);
  CHECK(now <= after + milliseconds(1));
}

TEST_CASE("a TSC clock is to be had where the default clock is one") {
  const auto tsc = make_clock(ClockSource::tsc);
  if (default_clock_source() == ClockSource::tsc) CHECK(tsc.ok());
  if (!tsc.ok()) {
    CHECK(tsc.status().code() == absl::StatusCode::kFailedPrecondition);
    WARN("The TSC clock is NOT tested here: " << std::string(tsc.status().message()));
    return;
  }
  const auto monotonic = *make_clock(ClockSource::monotonic);
  const Duration before = monotonic->now();
  const Duration now = (*tsc)->now_ordered();
  const Duration after = monotonic->now_ordered();
  CHECK(before - milliseconds(1) <= now);
  CHECK(now <= after + milliseconds(1));
}

TEST_CASE("the default clock's source is what the machine offers and its owner wishes") {
  const absl::Status good;
  const absl::Status bad_processor = absl::FailedPreconditionError("no TSC");
  const absl::Status bad_kernel = absl::FailedPreconditionError("hpet");
  struct Case {
    std::optional<std::string_view> wanted;
    absl::Status processor, kernel;
    ClockSource source;
    std::string_view reason;  // what it says, in part
  };
  const Case cases[] = {
      {std::nullopt, good, good, ClockSource::tsc, "invariant"},
      {"auto", good, good, ClockSource::tsc, "invariant"},
      {"", good, good, ClockSource::tsc, "invariant"},
      {std::nullopt, bad_processor, good, ClockSource::monotonic, "no TSC"},
      {std::nullopt, good, bad_kernel, ClockSource::monotonic, "hpet"},
      {"auto", good, bad_kernel, ClockSource::monotonic, "hpet"},
      {"tsc", good, good, ClockSource::tsc, "PENSTOCK_CLOCK=tsc"},
      {"tsc", good, bad_kernel, ClockSource::tsc, "PENSTOCK_CLOCK=tsc"},
      {"tsc", bad_processor, good, ClockSource::monotonic, "PENSTOCK_CLOCK=tsc, but no TSC"},
      {"monotonic", good, good, ClockSource::monotonic, "PENSTOCK_CLOCK=monotonic"},
      {"TSC", good, good, ClockSource::monotonic, "none of auto, tsc and monotonic: TSC"},
      {"sundial", good, good, ClockSource::monotonic, "none of auto, tsc and monotonic: sundial"},
      {"sundial", bad_processor, bad_kernel, ClockSource::monotonic, "sundial"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.reason);
    const ClockChoice choice = choose_clock(c.wanted, c.processor, c.kernel);
    CHECK(choice.source == c.source);
    CHECK(choice.reason.find(c.reason) != std::string::npos);
  }
}

TEST_CASE("three clocksources of the kernel read the TSC") {
  for (const char* name : {"tsc", "kvm-clock", "hyperv_clocksource_tsc_page"}) CHECK(check_clocksource(name).ok());
  for (const char* name : {"hpet", "acpi_pm", "xen", "jiffies", "", "tsc-early", "TSC"}) {
    CAPTURE(name);
    const absl::Status status = check_clocksource(name);
    CHECK(status.code() == absl::StatusCode::kFailedPrecondition);
    CHECK(std::string(status.message()).find(name) != std::string::npos);
  }
}

// Runs in a process of its own, see below.
TEST_CASE("the default clock is as EXPECTED_SOURCE and EXPECTED_REASON say", "[.environment]") {
  const char* source = std::getenv("EXPECTED_SOURCE");
  const char* reason = std::getenv("EXPECTED_REASON");
  if (source == nullptr || reason == nullptr) return;
  CHECK(std::string(default_clock_source() == ClockSource::tsc ? "tsc" : "monotonic") == source);
  CHECK(std::string(default_clock_reason()).find(reason) != std::string::npos);
  const Duration now = default_clock().now();
  CHECK(now <= default_clock().now_ordered());
}

int run_with_environment(std::vector<std::string> variables) {
  std::vector<char*> environment;
  for (std::string& variable : variables) environment.push_back(variable.data());
  environment.push_back(nullptr);
  std::string program = "/proc/self/exe", test = "[environment]";
  char* const arguments[] = {program.data(), test.data(), nullptr};
  pid_t child;
  REQUIRE(posix_spawn(&child, program.c_str(), nullptr, nullptr, arguments, environment.data()) == 0);
  int status = -1;
  REQUIRE(waitpid(child, &status, 0) == child);
  return status;
}

TEST_CASE("PENSTOCK_CLOCK overrules what the default clock reads") {
  const bool possible = make_clock(ClockSource::tsc).ok();
  const std::string tsc = possible ? "tsc" : "monotonic";
  CHECK(run_with_environment({"PENSTOCK_CLOCK=monotonic", "EXPECTED_SOURCE=monotonic",
                              "EXPECTED_REASON=PENSTOCK_CLOCK=monotonic"}) == 0);
  CHECK(run_with_environment(
            {"PENSTOCK_CLOCK=tsc", "EXPECTED_SOURCE=" + tsc, "EXPECTED_REASON=PENSTOCK_CLOCK=tsc"}) == 0);
  CHECK(run_with_environment({"PENSTOCK_CLOCK=sundial", "EXPECTED_SOURCE=monotonic", "EXPECTED_REASON=sundial"}) ==
        0);
}

TEST_CASE("a cached clock repeats its last reading") {
  ManualClock source(seconds(1));
  CachedClock cached(source);
  source.set(seconds(2));
  CHECK(cached.now() == seconds(1));
  cached.update();
  CHECK(cached.now() == seconds(2));
  source.set(-seconds(2));
  cached.update();
  CHECK(cached.now() == -seconds(2));
}

TEST_CASE("an update of a cached clock that is overtaken puts back nothing older") {
  // A source that is slow to answer, once: meanwhile another thread updates.
  struct SlowClock final : Clock {
    mutable std::function<void()> meanwhile;
    mutable Duration time = seconds(1);
    Duration now() const override {
      const Duration answer = time;
      if (meanwhile) std::exchange(meanwhile, nullptr)();
      return answer;
    }
  };
  SlowClock source;
  CachedClock cached(source);
  source.meanwhile = [&] {
    source.time = seconds(3);
    cached.update();
    CHECK(cached.now() == seconds(3));
  };
  source.time = seconds(2);
  cached.update();
  CHECK(cached.now() == seconds(3));
}

}  // namespace
}  // namespace penstock
