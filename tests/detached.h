// The least coroutine there is: starts at once, runs until it ends, and nobody waits for it.
//
//   Detached story(Limiter& limiter) { Decision d = co_await try_acquire_awaitable(limiter, "key"); ... }

#ifndef PENSTOCK_TESTS_DETACHED_H_
#define PENSTOCK_TESTS_DETACHED_H_

#include <coroutine>
#include <exception>

namespace penstock {

struct Detached {
  struct promise_type {
    Detached get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
};

}  // namespace penstock

#endif  // PENSTOCK_TESTS_DETACHED_H_
