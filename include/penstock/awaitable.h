// try_acquire for coroutines: no thread waits for the answer. Not part of penstock.h; who does not include it pays
// nothing for it.
//
//   Task<Response> handle(Request request) {
//     Decision d = co_await try_acquire_awaitable(*limiter, request.user);
//     co_await executor.schedule();                     // your own: away from the limiter's thread, see below
//     if (!d) co_return too_many_requests(d.retry_after);
//     ...
//   }
//
// What would surprise: which thread goes on. If the answer is there at once the coroutine is not suspended and goes
// on where it is, as deep in the stack as it was: always with a memory limiter; with a Redis limiter when the
// request is wrong, when the server is known to be away, and when the answer is quicker than the suspension. Else
// it is resumed on the one thread that does all I/O of that Redis. Up to its next suspension it holds up everybody
// there, so it must not block, must not call what waits for an answer (try_acquire, peek, reserve, refund, reset of
// a Redis limiter, acquire: none would ever come), and must not destroy the limiter or the last reference to the
// Redis. Another co_await of this kind is fine. A coroutine that does more hands itself to an executor first.

#ifndef PENSTOCK_AWAITABLE_H_
#define PENSTOCK_AWAITABLE_H_

#include <atomic>
#include <coroutine>
#include <cstdint>
#include <string_view>

#include "penstock/decision.h"
#include "penstock/limiter.h"

namespace penstock {

// What try_acquire_awaitable returns: to be awaited, and nothing else.
class [[nodiscard]] TryAcquireAwaitable {
 public:
  TryAcquireAwaitable(Limiter& limiter, std::string_view key, std::int64_t cost)
      : limiter_(limiter), key_(key), cost_(cost) {}
  TryAcquireAwaitable(const TryAcquireAwaitable&) = delete;
  TryAcquireAwaitable& operator=(const TryAcquireAwaitable&) = delete;

  bool await_ready() const noexcept { return false; }

  // Not inlined: clang before 17 would keep what is local here in the coroutine's frame, which may be gone by the
  // time this returns.
  [[gnu::noinline]] bool await_suspend(std::coroutine_handle<> caller) noexcept {
    caller_ = caller;
    met_.store(false, std::memory_order_relaxed);
    limiter_.try_acquire_async(key_, cost_, [this](const Decision& decision) noexcept {
      decision_ = decision;
      if (is_second()) caller_.resume();
    });
    return !is_second();
  }

  Decision await_resume() const noexcept { return decision_; }

 private:
  // The answer and the suspension meet here, in either order. Whoever comes second goes on with the coroutine: the
  // answer by resuming it, the suspension by not suspending. Whoever comes first touches nothing afterwards.
  bool is_second() {
    // acquire and release: the answer's decision_ and all that the coroutine has written pass from first to second
    return met_.exchange(true, std::memory_order_acq_rel);
  }

  Limiter& limiter_;
  const std::string_view key_;
  const std::int64_t cost_;
  std::coroutine_handle<> caller_;
  Decision decision_;
  std::atomic<bool> met_ = false;
};

// `Decision d = co_await try_acquire_awaitable(limiter, key)`: asks when it is awaited, not before; any thread. The
// bytes of `key` must be there until then: those of a temporary in the same expression are.
//
// A question that is on its way cannot be taken back. So a coroutine that waits here must not be destroyed; it
// waits no longer than a call of the limiter may take (RedisOptions::deadline), and the limiter's destructor lets
// it go on first. An exception that leaves the coroutine where it was resumed by the limiter ends the program.
[[nodiscard]] inline TryAcquireAwaitable try_acquire_awaitable(Limiter& limiter, std::string_view key,
                                                               std::int64_t cost = 1) {
  return {limiter, key, cost};
}

}  // namespace penstock

#endif  // PENSTOCK_AWAITABLE_H_
