// What time it is, and who says so. Time is an argument of every algorithm; only the edge of a back end asks
// a clock, once a call.
//
//   ManualClock clock;
//   auto limiter = make_memory_limiter(limit, {.clock = &clock});
//   clock.advance(std::chrono::seconds(1));        // a test that needs no sleep
//
// A clock gives the time since an epoch of its own; windows begin at whole multiples of their length on it.
// It may stop, jump or step back: a limiter never admits more because of a step back, and a jump
// forward counts as time that has passed.

#ifndef PENSTOCK_CLOCK_H_
#define PENSTOCK_CLOCK_H_

#include <atomic>

#include "penstock/export.h"
#include "penstock/limit.h"

namespace penstock {

// now() may be called by any thread at any time.
class PENSTOCK_EXPORT Clock {
 public:
  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  virtual ~Clock();
  [[nodiscard]] virtual Duration now() const = 0;
  [[nodiscard]] virtual Duration now_ordered() const { return now(); }
};

// The clock a limiter uses unless told otherwise: monotonic time, plus the offset that made it the Unix time
// when it was first asked for. So windows begin on the minute, and no change of the wall clock moves them.
[[nodiscard]] PENSTOCK_EXPORT Clock& default_clock();

// Stands still until told to move, for tests and replays. Any thread.
class PENSTOCK_EXPORT ManualClock final : public Clock {
 public:
  explicit ManualClock(Duration since_epoch = Duration::zero()) : now_(since_epoch.count()) {}
  [[nodiscard]] Duration now() const override;
  void set(Duration since_epoch);
  // A negative step goes back. Stops at the ends of the range of Duration.
  void advance(Duration step);

 private:
  std::atomic<Duration::rep> now_;
};

// Repeats the last reading of another clock, for an event loop that knows the time already: call `update`
// once a turn. Any thread. `source` must outlive it.
class PENSTOCK_EXPORT CachedClock final : public Clock {
 public:
  explicit CachedClock(const Clock& source = default_clock());
  [[nodiscard]] Duration now() const override;
  void update();

 private:
  const Clock& source_;
  std::atomic<Duration::rep> now_;
};

}  // namespace penstock

#endif  // PENSTOCK_CLOCK_H_
