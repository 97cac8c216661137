// A limiter whose type says which limit it keeps. Who holds one of these, and not a Limiter, has the whole decision
// inlined where it is made: about a virtual call less.
//
//   auto limiter = MemoryLimiter<TokenBucket>::make({.rate = per_minute(60), .burst = 60});
//   if (!limiter.ok()) die(limiter.status());
//   if (Decision d = (*limiter)->try_acquire(user_id); !d) return too_many_requests(d.retry_after);
//
// For TokenBucket, FixedWindow and SlidingWindow, in words of 8 bytes: a TokenBucket is `compact` here, whatever
// the options say. Everything else is as memory.h says; this header includes the machinery, in penstock/detail/,
// which is no interface.

#ifndef PENSTOCK_MEMORY_LIMITER_H_
#define PENSTOCK_MEMORY_LIMITER_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "penstock/decision.h"
#include "penstock/detail/memory/key_hash.h"
#include "penstock/detail/memory/store.h"
#include "penstock/limit.h"
#include "penstock/limiter.h"
#include "penstock/memory.h"

namespace penstock {

namespace memory {

// What the limiters of this file share with those that memory.h makes.
class PENSTOCK_EXPORT StatsSource {
 public:
  virtual std::vector<MemoryStats> stats() = 0;

 protected:
  ~StatsSource() = default;
};

[[nodiscard]] PENSTOCK_EXPORT absl::Status check(const MemoryOptions& options);
[[nodiscard]] PENSTOCK_EXPORT absl::Status no_room(std::int64_t max_keys, std::size_t bytes);
[[nodiscard]] PENSTOCK_EXPORT absl::Status does_not_fit(const Limit& limit);
[[nodiscard]] PENSTOCK_EXPORT absl::Status negative_refund(std::int64_t cost);
[[nodiscard]] PENSTOCK_EXPORT const Clock& clock_of(const MemoryOptions& options);
[[nodiscard]] PENSTOCK_EXPORT KeyHash hash_of(const MemoryOptions& options);

// A batch: up to 64 keys are on their way from memory at the same time. `limit` is what an error names.
template <class Prefetch, class Decide>
void answer(std::span<const Request> requests, std::span<Decision> decisions, const KeyHash& hash,
            std::int64_t limit, const Prefetch& prefetch, const Decide& decide) {
  if (requests.size() != decisions.size()) {
    std::fill(
        decisions.begin(), decisions.end(),
        Decision{.error = absl::StatusCode::kInvalidArgument, .limit = limit, .retry_after = Decision::never});
    return;
  }
  constexpr std::size_t kAtOnce = 64;
  std::array<Fingerprint, kAtOnce> keys;
  for (std::size_t from = 0; from < requests.size(); from += kAtOnce) {
    const std::size_t count = std::min(kAtOnce, requests.size() - from);
    for (std::size_t i = 0; i < count; ++i) {
      keys[i] = hash(requests[from + i].key);
      prefetch(keys[i]);
    }
    // In its place from the start: a copy of what was just written in parts would have to wait for it.
    for (std::size_t i = 0; i < count; ++i) {
      ::new (static_cast<void*>(&decisions[from + i])) Decision(decide(keys[i], requests[from + i].cost));
    }
  }
}

template <class Store>
class StoreLimiter final : public Limiter, public StatsSource {
 public:
  using LimitType = typename Store::Limit;

  // InvalidArgument names the field, its value and its range; also for a limit so large that only
  // make_memory_limiter keeps it, in larger words. ResourceExhausted if there is no address space for the table.
  static absl::StatusOr<std::unique_ptr<StoreLimiter>> make(const LimitType& limit,
                                                            const MemoryOptions& options = {}) {
    if (absl::Status status = validate(limit); !status.ok()) return status;
    if (absl::Status status = check(options); !status.ok()) return status;
    if (!Store::fits(limit)) return does_not_fit(limit);
    std::unique_ptr<StoreLimiter> limiter(new StoreLimiter(limit, options));
    if (!limiter->store_.usable()) return no_room(options.max_keys, Store::bytes(options.max_keys));
    return limiter;
  }

  Decision try_acquire(std::string_view key, std::int64_t cost = 1) override {
    return store_.advance(hash_(key), store_.now(), cost, {});
  }

  void try_acquire(std::span<const Request> requests, std::span<Decision> decisions) override {
    answer(
        requests, decisions, hash_, store_.limit(), [this](const Fingerprint& key) { store_.prefetch(key); },
        [this, moment = store_.now()](const Fingerprint& key, std::int64_t cost) {
          return store_.advance(key, moment, cost, {});
        });
  }

  Decision peek(std::string_view key, std::int64_t cost = 1) override {
    return store_.peek(hash_(key), store_.now(), cost, {});
  }

  Decision reserve(std::string_view key, std::int64_t cost, Duration max_wait) override {
    const auto patience = static_cast<Time>(std::max(max_wait, Duration::zero()).count());
    return store_.advance(hash_(key), store_.now(), cost, {0, patience});
  }

  absl::Status refund(std::string_view key, std::int64_t cost) override {
    if (cost < 0) return negative_refund(cost);
    store_.refund(hash_(key), store_.now(), static_cast<std::uint64_t>(cost));
    return absl::OkStatus();
  }

  absl::Status reset(std::string_view key) override {
    store_.reset(hash_(key), store_.now());
    return absl::OkStatus();
  }

  std::vector<MemoryStats> stats() override { return {store_.stats()}; }

 private:
  StoreLimiter(const LimitType& limit, const MemoryOptions& options)
      : hash_(hash_of(options)), store_(limit, clock_of(options), options) {}

  const KeyHash hash_;
  Store store_;
};

}  // namespace memory

template <class Limit>
using MemoryLimiter = memory::StoreLimiter<memory::TableStore<Limit, std::uint64_t>>;

}  // namespace penstock

#endif  // PENSTOCK_MEMORY_LIMITER_H_
