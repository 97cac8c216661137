#include "penstock/clock.h"

#include <limits>

namespace penstock {

Clock::~Clock() = default;

// acquire: no later load before it, as now_ordered() promises, here and in CachedClock. It needs no partner.
Duration ManualClock::now() const { return Duration(now_.load(std::memory_order_acquire)); }

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

Duration CachedClock::now() const { return Duration(now_.load(std::memory_order_acquire)); }

void CachedClock::update() {
  // A plain store could put back what is older than the update of a thread that overtook this one.
  Duration::rep last = now_.load(std::memory_order_acquire);  // acquire: the source is read after this
  while (!now_.compare_exchange_weak(last, source_.now_ordered().count(), std::memory_order_acq_rel)) {
  }
}

}  // namespace penstock
