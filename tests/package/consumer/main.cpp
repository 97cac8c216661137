// What a stranger writes on the first day.

#include <penstock/awaitable.h>
#include <penstock/penstock.h>

#include <coroutine>
#include <cstdio>
#include <exception>

// The least that can co_await.
struct Detached {
  struct promise_type {
    Detached get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
};

Detached ask(penstock::Limiter& limiter, penstock::Decision& decision) {
  decision = co_await penstock::try_acquire_awaitable(limiter, "user");
}

int main() {
  penstock::ManualClock clock;
  auto limiter = penstock::make_memory_limiter(penstock::TokenBucket{.rate = penstock::per_minute(60), .burst = 60},
                                               {.clock = &clock});
  if (!limiter.ok()) return 1;
  for (int i = 0; i < 60; ++i) {
    if (!(*limiter)->try_acquire("user")) return 2;
  }
  const penstock::Decision refused = (*limiter)->try_acquire("user");
  std::printf("permitted 60, then come back in %lld ms\n",
              static_cast<long long>(refused.retry_after.count() / 1'000'000));
  penstock::Decision awaited;
  ask(**limiter, awaited);
  return !refused && refused.retry_after == std::chrono::seconds(1) && awaited == refused ? 0 : 3;
}
