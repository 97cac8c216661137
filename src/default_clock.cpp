#include "default_clock.h"

#if defined(__x86_64__) && defined(__linux__)
#define PENSTOCK_HAS_TSC 1
#include <cpuid.h>
#include <sys/prctl.h>
#endif

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "tsc_clock.h"

namespace penstock {
namespace {

Duration monotonic() { return std::chrono::steady_clock::now().time_since_epoch(); }

// The same for all clocks of a process, so that they can be compared.
Duration unix_offset() {
  static const Duration offset = std::chrono::system_clock::now().time_since_epoch() - monotonic();
  return offset;
}

// Lets no later load begin before the kernel's clock was read. It keeps earlier ones in front by itself; AArch64's
// does both.
void hold_later_loads() {
#if defined(__x86_64__)
  asm volatile("lfence" ::: "memory");
#endif
}

class MonotonicClock final : public Clock {
 public:
  Duration now() const override { return monotonic() + offset_; }
  Duration now_ordered() const override {
    const Duration time = now();
    hold_later_loads();
    return time;
  }

 private:
  const Duration offset_ = unix_offset();
};

#if PENSTOCK_HAS_TSC

class Tsc {
 public:
  std::uint64_t ticks() const { return __builtin_ia32_rdtsc(); }

  std::uint64_t ticks_ordered() const {
    std::uint32_t low, high;
    // rdtsc waits for no load, and no load waits for it: hence the fences.
    asm volatile("lfence\n\trdtsc\n\tlfence" : "=a"(low), "=d"(high)::"memory");
    return std::uint64_t{high} << 32 | low;
  }

  std::int64_t reference() const {
    const Duration time = monotonic() + offset_;
    hold_later_loads();
    return time.count();
  }

 private:
  Duration offset_ = unix_offset();
};

absl::Status check_processor() {
  unsigned eax, ebx, ecx, edx;
  if (__get_cpuid(0x80000007, &eax, &ebx, &ecx, &edx) == 0 || (edx & 1U << 8) == 0) {
    return absl::FailedPreconditionError("the processor does not promise an invariant TSC");
  }
  int mode = PR_TSC_ENABLE;
  if (prctl(PR_GET_TSC, &mode) == 0 && mode != PR_TSC_ENABLE) {
    return absl::FailedPreconditionError("this process must not read the TSC (prctl PR_SET_TSC)");
  }
  return absl::OkStatus();
}

absl::Status check_kernel() {
  constexpr char kPath[] = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
  std::ifstream file(kPath);
  std::string name;
  if (!(file >> name)) return absl::FailedPreconditionError(std::string("cannot read ") + kPath);
  return check_clocksource(name);
}

using RealTscClock = TscClock<Tsc>;

absl::StatusOr<std::unique_ptr<RealTscClock>> make_tsc_clock() {
  if (absl::Status status = check_processor(); !status.ok()) return status;
  std::unique_ptr<RealTscClock> clock = RealTscClock::make(Tsc());
  if (clock == nullptr) return absl::FailedPreconditionError("the TSC runs at an unlikely rate");
  return clock;
}

#else

struct RealTscClock : Clock {
  virtual bool trusts_counter() const = 0;
};

absl::Status check_processor() { return absl::FailedPreconditionError("the TSC is read on Linux on x86-64 only"); }
absl::Status check_kernel() { return absl::OkStatus(); }
absl::StatusOr<std::unique_ptr<RealTscClock>> make_tsc_clock() { return check_processor(); }

#endif

// PENSTOCK_CLOCK, if it is set.
std::optional<std::string> wish() {
  const char* value =
      std::getenv("PENSTOCK_CLOCK");  // NOLINT(concurrency-mt-unsafe): once, and setenv is the culprit
  if (value == nullptr) return std::nullopt;
  return value;
}

// Never destroyed: limiters with static storage may ask it until the very end.
struct Default {
  ClockChoice choice = choose_clock(wish(), check_processor(), check_kernel());
  std::unique_ptr<RealTscClock> tsc;
  MonotonicClock monotonic;

  Default() {
    if (choice.source != ClockSource::tsc) return;
    auto clock = make_tsc_clock();
    if (clock.ok()) {
      tsc = *std::move(clock);
    } else {
      choice = {ClockSource::monotonic, std::string(clock.status().message())};
    }
  }

  static Default& get() {
    static Default& instance = *new Default;
    return instance;
  }
};

}  // namespace

absl::Status check_clocksource(std::string_view name) {
  for (const std::string_view known : {"tsc", "kvm-clock", "hyperv_clocksource_tsc_page"}) {
    if (name == known) return absl::OkStatus();
  }
  return absl::FailedPreconditionError("the kernel keeps time by " + std::string(name) + ", not by the TSC");
}

ClockChoice choose_clock(std::optional<std::string_view> wanted, const absl::Status& processor,
                         const absl::Status& kernel) {
  if (wanted == "monotonic") return {ClockSource::monotonic, "PENSTOCK_CLOCK=monotonic"};
  if (wanted == "tsc") {
    if (processor.ok()) return {ClockSource::tsc, "PENSTOCK_CLOCK=tsc"};
    return {ClockSource::monotonic, "PENSTOCK_CLOCK=tsc, but " + std::string(processor.message())};
  }
  if (wanted.has_value() && !wanted->empty() && wanted != "auto") {
    return {ClockSource::monotonic, "PENSTOCK_CLOCK is none of auto, tsc and monotonic: " + std::string(*wanted)};
  }
  if (!processor.ok()) return {ClockSource::monotonic, std::string(processor.message())};
  if (!kernel.ok()) return {ClockSource::monotonic, std::string(kernel.message())};
  return {ClockSource::tsc, "the processor's TSC is invariant, and the kernel keeps time by it"};
}

absl::StatusOr<std::unique_ptr<Clock>> make_clock(ClockSource source) {
  if (source == ClockSource::monotonic) return std::make_unique<MonotonicClock>();
  return make_tsc_clock();
}

Clock& default_clock() {
  Default& chosen = Default::get();
  if (chosen.tsc != nullptr) return *chosen.tsc;
  return chosen.monotonic;
}

ClockSource default_clock_source() {
  const Default& chosen = Default::get();
  return chosen.tsc != nullptr && chosen.tsc->trusts_counter() ? ClockSource::tsc : ClockSource::monotonic;
}

std::string_view default_clock_reason() {
  const Default& chosen = Default::get();
  if (chosen.tsc != nullptr && !chosen.tsc->trusts_counter()) return "the TSC has jumped too often";
  return chosen.choice.reason;
}

}  // namespace penstock
