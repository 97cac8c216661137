#include "penstock/limiter.h"

#include <chrono>
#include <thread>

namespace penstock {

Limiter::~Limiter() = default;

void Limiter::try_acquire_async(
    std::string_view key, std::int64_t cost,
    std::function<void(const Decision&)> then) {  // NOLINT(performance-unnecessary-value-param)
  const Decision decision = try_acquire(key, cost);
  [&]() noexcept { then(decision); }();
}

Decision acquire(Limiter& limiter, std::string_view key, std::int64_t cost, Deadline deadline) {
  // A reservation, not a loop of tries: it fixes the caller's place in the queue and needs one sleep.
  const Deadline start = std::chrono::steady_clock::now();
  const Duration patience = deadline > start ? deadline - start : Duration::zero();
  Decision decision = limiter.reserve(key, cost, patience);
  if (decision.permitted && decision.retry_after > Duration::zero()) {
    std::this_thread::sleep_for(decision.retry_after);
    decision.retry_after = Duration::zero();
  }
  return decision;
}

}  // namespace penstock
