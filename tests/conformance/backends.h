// The back ends that the suite runs on. A further one is one more line in `backends()`.

#ifndef PENSTOCK_TESTS_CONFORMANCE_BACKENDS_H_
#define PENSTOCK_TESTS_CONFORMANCE_BACKENDS_H_

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "penstock/memory_limiter.h"
#include "penstock/penstock.h"
#if PENSTOCK_TEST_REDIS
#include "redis/limiter.h"
#include "redis/redis_server.h"
#endif

namespace penstock {

struct Backend {
  std::string name;
  // Null if this back end does not keep such limits.
  std::function<std::unique_ptr<Limiter>(const std::vector<Limit>&, Clock&)> make;
  // Whether there is room for more than a key.
  bool many_keys = true;
  // Whether a key can have its state to itself.
  bool own_states = true;
  Source source = Source::memory;
  // The finest step of its clock.
  Duration tick = Duration(1);
};

// Calls a limiter by its type, as one who includes memory_limiter.h would.
template <class Typed>
class ByType final : public Limiter {
 public:
  explicit ByType(std::unique_ptr<Typed> limiter) : limiter_(std::move(limiter)) {}
  Decision try_acquire(std::string_view key, std::int64_t cost) override {
    return limiter_->try_acquire(key, cost);
  }
  void try_acquire(std::span<const Request> requests, std::span<Decision> decisions) override {
    limiter_->try_acquire(requests, decisions);
  }
  Decision peek(std::string_view key, std::int64_t cost) override { return limiter_->peek(key, cost); }
  Decision reserve(std::string_view key, std::int64_t cost, Duration max_wait) override {
    return limiter_->reserve(key, cost, max_wait);
  }
  absl::Status refund(std::string_view key, std::int64_t cost) override { return limiter_->refund(key, cost); }
  absl::Status reset(std::string_view key) override { return limiter_->reset(key); }

 private:
  std::unique_ptr<Typed> limiter_;
};

template <class Word>
std::unique_ptr<Limiter> make_by_type(const std::vector<Limit>& limits, Clock& clock) {
  if (limits.size() != 1) return nullptr;
  return std::visit(
      [&]<class L>(const L& limit) -> std::unique_ptr<Limiter> {
        if constexpr (std::is_same_v<L, SlidingLog>) {
          return nullptr;
        } else {
          using Typed = memory::StoreLimiter<memory::TableStore<L, Word>>;
          return std::make_unique<ByType<Typed>>(Typed::make(limit, {.clock = &clock, .seed = 7}).value());
        }
      },
      limits.front());
}

// A table for one key whose places are all taken for the next quarter of an hour or more: whoever comes now shares.
inline std::unique_ptr<Limiter> make_full(const std::vector<Limit>& limits, Clock& clock) {
  auto limiter = make_memory_limiter(limits, {.max_keys = 1, .clock = &clock, .seed = 7}).value();
  const auto full = [&] {
    const std::vector<MemoryStats> all = memory_stats(*limiter);
    return std::all_of(all.begin(), all.end(), [](const MemoryStats& stats) { return stats.owing == stats.slots; });
  };
  for (int number = 0; !full(); ++number) {
    const std::string key = "debtor " + std::to_string(number);
    for (int i = 0; i < 100; ++i) (void)limiter->reserve(key, 3, std::chrono::hours(1));
  }
  return limiter;
}

#if PENSTOCK_TEST_REDIS
// Limits in a server of this process's own, on the test's clock; none shares a state with another.
inline std::unique_ptr<Limiter> make_in_redis(const std::vector<Limit>& limits, Clock& clock) {
  static redis::RedisServer server;
  static const std::shared_ptr<Redis> connection =
      open_redis({.url = server.url(), .deadline = std::chrono::seconds(30)}).value();
  static int number = 0;
  return redis::make_limiter(limits, connection,
                             {.prefix = "conformance" + std::to_string(++number), .max_key_bytes = 1 << 20}, &clock)
      .value();
}
#endif

inline std::vector<Backend> backends() {
  return {
#if PENSTOCK_TEST_REDIS
    {"redis", make_in_redis, true, true, Source::redis, std::chrono::microseconds(1)},
#endif
        {"memory", [](const auto& limits,
                      Clock& clock) { return make_memory_limiter(limits, {.clock = &clock, .seed = 7}).value(); }},
        {"memory, one key at a time",
         [](const auto& limits, Clock& clock) {
           return make_memory_limiter(limits, {.max_keys = 1, .clock = &clock, .seed = 7}).value();
         },
         false},
        {"memory, in words of 8 bytes, by type", make_by_type<std::uint64_t>},
        {"memory, in words of 16 bytes, by type", make_by_type<memory::Wide>},
        {"memory, full", make_full, false, false},
  };
}

}  // namespace penstock

#endif  // PENSTOCK_TESTS_CONFORMANCE_BACKENDS_H_
