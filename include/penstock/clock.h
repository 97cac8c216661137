// What time it is, and who says so. Time is an argument of every algorithm; only the edge of a back end asks
// a clock, once a call.
//
//   ManualClock clock;
//   auto limiter = make_memory_limiter(limit, {.clock = &clock});
//   clock.advance(std::chrono::seconds(1));        // a test that needs no sleep
//
// A clock gives the time since an epoch of its own; windows begin at whole multiples of their length on it.
// It may stop, jump or step back. A jump forward counts as time that has passed. After a step back a key that is
// remembered is given nothing more; one that owed nothing and was forgotten may be given again what comes back to
// it in the stretch of time that is repeated.

#ifndef PENSTOCK_CLOCK_H_
#define PENSTOCK_CLOCK_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>

#include "absl/status/statusor.h"
#include "penstock/export.h"
#include "penstock/limit.h"

namespace penstock {

// Both readings may be taken by any thread at any time.
class PENSTOCK_EXPORT Clock {
 public:
  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  virtual ~Clock();
  // The time, which may be some 100 ns old: a processor may read its counter before it has done what comes first in
  // the program. So this can be earlier than a time that another thread has just handed over.
  [[nodiscard]] virtual Duration now() const = 0;

  // The time after all earlier acquiring loads of the calling thread and before all its later loads. If the clock
  // never steps back, this is never earlier than any time that another thread has handed over. A clock whose now()
  // is like that need not override it.
  [[nodiscard]] virtual Duration now_ordered() const { return now(); }
};

// What the time is counted by. Neither follows changes of the wall clock.
//
//   monotonic   CLOCK_MONOTONIC: about 26 ns a reading.
//   tsc         The processor's own counter: about 11 ns. It is compared with CLOCK_MONOTONIC once a second, by
//               whoever reads the clock then (half a microsecond), and is within 1 us of it; while that one is
//               slewed by r ppm, within 1 + r us. The counter may jump, when a virtual machine is restored, say.
//               Then the clock is up to a second ahead or behind, for a second, and a jump back may take it back
//               that once; after eight jumps it reads CLOCK_MONOTONIC for good.
enum class ClockSource : std::uint8_t { tsc, monotonic };

// The clock a limiter uses unless told otherwise: `tsc` where the processor says that its counter is invariant and
// the kernel keeps its own time by it, else `monotonic`; plus the offset that made it the Unix time when it was
// first asked for. So windows begin on the minute, and no change of the wall clock moves them.
//
// The environment variable PENSTOCK_CLOCK, read at the first use, overrules that: `monotonic`; `tsc`, whatever the
// kernel does; or `auto`. If the processor has no such counter, or the value is another, it is `monotonic`. The
// first use takes about 1 ms, to measure the counter's rate. Any thread, and for ever: it is never destroyed.
[[nodiscard]] PENSTOCK_EXPORT Clock& default_clock();

// What default_clock() reads, and why, for a log. It changes when jumps have made it give `tsc` up. Any thread; the
// text is valid for ever.
[[nodiscard]] PENSTOCK_EXPORT ClockSource default_clock_source();
[[nodiscard]] PENSTOCK_EXPORT std::string_view default_clock_reason();

// A clock of one's own, whatever the environment says; its epoch is that of default_clock(). FailedPrecondition if
// the processor has no invariant counter that this process may read. `tsc` takes about 1 ms to make. Any thread.
[[nodiscard]] PENSTOCK_EXPORT absl::StatusOr<std::unique_ptr<Clock>> make_clock(ClockSource source);

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
