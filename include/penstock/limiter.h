// The one interface, whatever remembers the state.
//
//   absl::StatusOr<std::unique_ptr<Limiter>> limiter = make_memory_limiter(limit);   // memory.h
//   if (Decision d = (*limiter)->try_acquire(user_id); !d) return too_many_requests(d.retry_after);
//
// A key is any bytes of any length, the empty key included; keys do not influence one another. A cost is
// counted in permits. Cost 0 is permitted and charges nothing; a negative cost is answered with
// error == kInvalidArgument; a cost above the limit with retry_after == Decision::never. None of the three
// touches any state.

#ifndef PENSTOCK_LIMITER_H_
#define PENSTOCK_LIMITER_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "penstock/decision.h"
#include "penstock/export.h"

namespace penstock {

// One line of a batch. The key is not copied: it must outlive the call.
struct Request {
  std::string_view key;
  std::int64_t cost = 1;
};

using Deadline = std::chrono::steady_clock::time_point;

// Safe from any thread. No function throws, and none waits for permits.
class PENSTOCK_EXPORT Limiter {
 public:
  Limiter() = default;
  Limiter(const Limiter&) = delete;
  Limiter& operator=(const Limiter&) = delete;
  virtual ~Limiter();

  // Takes `cost` permits from `key` if all of them are there now; else takes nothing.
  [[nodiscard]] virtual Decision try_acquire(std::string_view key, std::int64_t cost = 1) = 0;

  // The same for who must not wait for an answer, either: `then` is called once with it, before this returns or
  // later on a thread of the back end, where it must be quick and must not wait for an answer itself. The key is
  // copied. What `then` throws ends the program; an empty one does, too. The limiter's destructor waits for those
  // who are still to be called: it must not run within `then`, nor when `then` is destroyed, so `then` must not own
  // the limiter, nor before this has returned. For coroutines there is awaitable.h.
  virtual void try_acquire_async(std::string_view key, std::int64_t cost,
                                 std::function<void(const Decision&)> then);

  // The same for many requests, in order, at one moment (in Redis at one for each script call, of which there may
  // be several): decisions[i] answers requests[i], as if they were asked one by one. If the spans differ in length
  // nothing is charged, and every decision is an error.
  virtual void try_acquire(std::span<const Request> requests, std::span<Decision> decisions) = 0;

  // What try_acquire would say, with `remaining` and `reset_after` as they are. Charges nothing.
  [[nodiscard]] virtual Decision peek(std::string_view key, std::int64_t cost = 1) = 0;

  // Takes `cost` permits now for use in the future, if they will be there within `max_wait` (a negative one counts
  // as zero; a SlidingLog looks one window ahead at most, a TokenBucket 7 bursts or more). If permitted, the caller
  // may go ahead when `retry_after` has passed, not before, and nobody who asks later goes earlier. If not, nothing
  // is charged and `retry_after` is the wait that try_acquire would report.
  [[nodiscard]] virtual Decision reserve(std::string_view key, std::int64_t cost, Duration max_wait) = 0;

  // Gives back up to `cost` permits that were taken and not used, at most what the key still owes.
  // InvalidArgument if `cost` is negative. The promise of the limit then holds for what was admitted
  // minus what was refunded in the same interval.
  virtual absl::Status refund(std::string_view key, std::int64_t cost) = 0;

  // Forgets what `key` owes. (A key that shares its state because the limiter is full keeps it; nor does `refund`
  // act on it.)
  virtual absl::Status reset(std::string_view key) = 0;
};

// Takes `cost` permits, waiting for them until `deadline` if need be. Sleeps at most once, in the calling
// thread; callers on one key go in the order in which they asked. If the permits will not be there in time
// it answers at once and charges nothing. The limiter's clock must run with real time: a ManualClock does
// not. Any thread.
[[nodiscard]] PENSTOCK_EXPORT Decision acquire(Limiter& limiter, std::string_view key, std::int64_t cost,
                                               Deadline deadline);

}  // namespace penstock

#endif  // PENSTOCK_LIMITER_H_
