#include <algorithm>
#include <memory>
#include <new>
#include <random>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "penstock/detail/memory/ledger.h"
#include "penstock/memory.h"

namespace penstock {
namespace {

using memory::Fingerprint;
using memory::KeyHash;
using memory::Ledger;
using memory::Patience;

// The answer of two limits that must both pass is that of the one that binds.
Decision both(const Decision& a, const Decision& b) {
  const bool b_binds = a.retry_after != b.retry_after ? a.retry_after < b.retry_after : b.remaining < a.remaining;
  Decision decision = b_binds ? b : a;
  decision.permitted = a.permitted && b.permitted;
  decision.reset_after = std::max(a.reset_after, b.reset_after);
  return decision;
}

class MemoryLimiter final : public Limiter {
 public:
  // The ledgers stand in the order in which they are charged: what refills soonest first, for that is what a
  // lost race can leave charged in vain.
  MemoryLimiter(std::vector<std::unique_ptr<Ledger>> ledgers, const Clock& clock, const KeyHash& hash)
      : ledgers_(std::move(ledgers)), clock_(clock), hash_(hash) {
    std::stable_sort(ledgers_.begin(), ledgers_.end(),
                     [](const auto& a, const auto& b) { return a->refill() < b->refill(); });
  }

  Decision try_acquire(std::string_view key, std::int64_t cost) override {
    return take(hash_(key), clock_.now(), cost, 0);
  }

  void try_acquire(std::span<const Request> requests, std::span<Decision> decisions) override {
    if (requests.size() != decisions.size()) {
      std::fill(decisions.begin(), decisions.end(), failure(absl::StatusCode::kInvalidArgument));
      return;
    }
    const Duration now = clock_.now();
    for (std::size_t i = 0; i < requests.size(); ++i) {
      decisions[i] = take(hash_(requests[i].key), now, requests[i].cost, 0);
    }
  }

  Decision peek(std::string_view key, std::int64_t cost) override {
    return ask(hash_(key), clock_.now(), cost, {});
  }

  Decision reserve(std::string_view key, std::int64_t cost, Duration max_wait) override {
    const auto patience = static_cast<algorithm::Time>(std::max(max_wait, Duration::zero()).count());
    return take(hash_(key), clock_.now(), cost, patience);
  }

  absl::Status refund(std::string_view key, std::int64_t cost) override {
    if (cost < 0)
      return absl::InvalidArgumentError(absl::StrCat("refund: cost = ", cost, ": must not be negative"));
    const Fingerprint fingerprint = hash_(key);
    const Duration now = clock_.now();
    for (const auto& ledger : ledgers_) ledger->refund(fingerprint, now, static_cast<std::uint64_t>(cost));
    return absl::OkStatus();
  }

  absl::Status reset(std::string_view key) override {
    const Fingerprint fingerprint = hash_(key);
    for (const auto& ledger : ledgers_) ledger->reset(fingerprint);
    return absl::OkStatus();
  }

 private:
  Decision failure(absl::StatusCode error) const {
    return {.error = error, .limit = ledgers_.front()->limit(), .retry_after = Decision::never};
  }

  Decision ask(const Fingerprint& key, Duration now, std::int64_t cost, Patience patience) const {
    Decision decision = ledgers_.front()->peek(key, now, cost, patience);
    for (std::size_t i = 1; i < ledgers_.size(); ++i) {
      decision = both(decision, ledgers_[i]->peek(key, now, cost, patience));
    }
    return decision;
  }

  Decision take(const Fingerprint& key, Duration now, std::int64_t cost, algorithm::Time max_wait) {
    try {
      if (ledgers_.size() == 1) return ledgers_.front()->advance(key, now, cost, {0, max_wait});

      // Ask all how long to wait, and then whether that moment suits them all: a log may not reach that far.
      Decision asked = ask(key, now, cost, {0, max_wait});
      if (!asked.permitted || cost == 0) return asked;
      const auto wait = static_cast<algorithm::Time>(asked.retry_after.count());
      const Patience then{wait, wait};
      if (wait > 0 && !ask(key, now, cost, then).permitted) {
        asked.permitted = false;
        return asked;
      }
      // Charge each for that moment. Each charge is conditional again: another thread may have been there since.
      Decision decision = ledgers_.front()->advance(key, now, cost, then);
      for (std::size_t i = 1; i < ledgers_.size() && decision.permitted; ++i) {
        decision = both(decision, ledgers_[i]->advance(key, now, cost, then));
      }
      return decision;
    } catch (const std::bad_alloc&) {
      return failure(absl::StatusCode::kResourceExhausted);
    }
  }

  std::vector<std::unique_ptr<Ledger>> ledgers_;
  const Clock& clock_;
  const KeyHash hash_;
};

// From one number the two that the hash needs (a step each of Steele, Lea, Flood: "SplitMix", 2014).
KeyHash seeded_hash(std::uint64_t seed) {
  const auto next = [&seed] {
    std::uint64_t z = seed += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  };
  const std::uint64_t first = next();
  return {first, next()};
}

KeyHash random_hash() {
  std::random_device random;
  const auto next = [&random] { return std::uint64_t{random()} << 32 | random(); };
  const std::uint64_t first = next();
  return {first, next()};
}

}  // namespace

absl::StatusOr<std::unique_ptr<Limiter>> make_memory_limiter(const std::vector<Limit>& limits,
                                                             const MemoryOptions& options) {
  if (absl::Status status = validate(limits); !status.ok()) return status;
  if (options.max_keys < 1 || options.max_keys > kMaxKeys) {
    return absl::InvalidArgumentError(
        absl::StrCat("MemoryOptions: max_keys = ", options.max_keys, ": must be 1 to ", kMaxKeys));
  }
  const Clock& clock = options.clock != nullptr ? *options.clock : default_clock();
  const Duration now = clock.now();
  std::vector<std::unique_ptr<Ledger>> ledgers;
  ledgers.reserve(limits.size());
  for (const Limit& limit : limits) {
    ledgers.push_back(std::visit(
        [&](const auto& alternative) -> std::unique_ptr<Ledger> {
          using Alternative = std::decay_t<decltype(alternative)>;
          return std::make_unique<memory::TableLedger<Alternative>>(alternative, now, options.max_keys);
        },
        limit));
  }
  return std::make_unique<MemoryLimiter>(std::move(ledgers), clock,
                                         options.seed ? seeded_hash(*options.seed) : random_hash());
}

absl::StatusOr<std::unique_ptr<Limiter>> make_memory_limiter(const Limit& limit, const MemoryOptions& options) {
  return make_memory_limiter(std::vector<Limit>{limit}, options);
}

}  // namespace penstock
