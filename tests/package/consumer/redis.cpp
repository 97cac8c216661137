// A stranger's program, with a server that is not there.

#include <penstock/penstock.h>
#include <penstock/redis.h>

#include <chrono>
#include <cstdio>

int main() {
  const auto redis = penstock::open_redis({.url = "unix:///nobody/listens/here"});
  if (!redis.ok()) return 1;
  const auto limiter =
      penstock::make_redis_limiter(penstock::SlidingLog{8, std::chrono::hours(1)}, *redis, {.nodes = 4});
  if (!limiter.ok()) return 1;
  int admitted = 0;
  for (int i = 0; i < 10; ++i) {
    const penstock::Decision decision = (*limiter)->try_acquire("alice");
    if (decision.source != penstock::Source::fallback) return 1;
    admitted += decision.permitted;
  }
  std::printf("a quarter of 8 permits, without a server: %d\n", admitted);
  return admitted == 2 ? 0 : 1;
}
