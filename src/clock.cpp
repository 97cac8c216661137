#include "penstock/clock.h"

#include <chrono>
#include <limits>

namespace penstock {
namespace {

class DefaultClock final : public Clock {
 public:
  Duration now() const override { return monotonic() + offset_; }

 private:
  static Duration monotonic() { return std::chrono::steady_clock::now().time_since_epoch(); }

  const Duration offset_ = std::chrono::system_clock::now().time_since_epoch() - monotonic();
};

}  // namespace

Clock::~Clock() = default;

Clock& default_clock() {
  // Never destroyed: limiters with static storage may ask it until the very end.
  static DefaultClock& clock = *new DefaultClock;
  return clock;
}

Duration ManualClock::now() const { return Duration(now_.load(std::memory_order_relaxed)); }

void ManualClock::set(Duration since_epoch) { now_.store(since_epoch.count(), std::memory_order_relaxed); }

void ManualClock::advance(Duration step) {
  Duration::rep from = now_.load(std::memory_order_relaxed);
  Duration::rep to;
  do {
    if (__builtin_add_overflow(from, step.count(), &to)) {
      to = step.count() < 0 ? std::numeric_limits<Duration::rep>::min() : std::numeric_limits<Duration::rep>::max();
    }
  } while (!now_.compare_exchange_weak(from, to, std::memory_order_relaxed));
}

CachedClock::CachedClock(const Clock& source) : source_(source), now_(source.now().count()) {}

Duration CachedClock::now() const { return Duration(now_.load(std::memory_order_relaxed)); }

void CachedClock::update() { now_.store(source_.now().count(), std::memory_order_relaxed); }

}  // namespace penstock
