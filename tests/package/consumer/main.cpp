// What a stranger writes on the first day.

#include <penstock/penstock.h>

#include <cstdio>

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
  return !refused && refused.retry_after == std::chrono::seconds(1) ? 0 : 3;
}
