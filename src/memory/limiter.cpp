#include <algorithm>
#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "binding.h"
#include "in_range.h"
#include "memory/log_store.h"
#include "penstock/memory.h"
#include "penstock/memory_limiter.h"

namespace penstock {
namespace memory {
namespace {

// One limit of a list. A moment on the clock means something else to each.
class Ledger {
 public:
  virtual ~Ledger() = default;
  virtual bool usable() const = 0;
  virtual std::int64_t limit() const = 0;
  virtual Time refill() const = 0;
  virtual void prefetch(const Fingerprint& key) const = 0;
  virtual Decision advance(const Fingerprint& key, Duration now, std::int64_t cost, const Patience& patience) = 0;
  virtual Decision peek(const Fingerprint& key, Duration now, std::int64_t cost, const Patience& patience) = 0;
  virtual void refund(const Fingerprint& key, Duration now, std::uint64_t cost) = 0;
  virtual void reset(const Fingerprint& key, Duration now) = 0;
  virtual MemoryStats stats() = 0;
};

template <class Store>
class StoreLedger final : public Ledger {
 public:
  StoreLedger(const typename Store::Limit& limit, const Clock& clock, const MemoryOptions& options)
      : store_(limit, clock, options) {}
  bool usable() const override { return store_.usable(); }
  std::int64_t limit() const override { return store_.limit(); }
  Time refill() const override { return store_.refill(); }
  void prefetch(const Fingerprint& key) const override { store_.prefetch(key); }
  Decision advance(const Fingerprint& key, Duration now, std::int64_t cost, const Patience& patience) override {
    return store_.advance(key, store_.at(now), cost, patience);
  }
  Decision peek(const Fingerprint& key, Duration now, std::int64_t cost, const Patience& patience) override {
    return store_.peek(key, store_.at(now), cost, patience);
  }
  void refund(const Fingerprint& key, Duration now, std::uint64_t cost) override {
    store_.refund(key, store_.at(now), cost);
  }
  void reset(const Fingerprint& key, Duration now) override { store_.reset(key, store_.at(now)); }
  MemoryStats stats() override { return store_.stats(); }

 private:
  Store store_;
};

// Several limits on one key: all or nothing.
class ListLimiter final : public Limiter, public StatsSource {
 public:
  ListLimiter(std::vector<std::unique_ptr<Ledger>> ledgers, const Clock& clock, const KeyHash& hash)
      : ledgers_(std::move(ledgers)), clock_(clock), hash_(hash) {
    for (const auto& ledger : ledgers_) order_.push_back(ledger.get());
    // What refills soonest is charged first, for that is what a lost race can leave charged in vain.
    std::stable_sort(order_.begin(), order_.end(), [](auto* a, auto* b) { return a->refill() < b->refill(); });
  }

  Decision try_acquire(std::string_view key, std::int64_t cost) override {
    return take(hash_(key), clock_.now(), cost, 0);
  }

  void try_acquire(std::span<const Request> requests, std::span<Decision> decisions) override {
    answer(
        requests, decisions, hash_, order_.front()->limit(),
        [this](const Fingerprint& key) {
          for (const Ledger* ledger : order_) ledger->prefetch(key);
        },
        [this, now = clock_.now()](const Fingerprint& key, std::int64_t cost) { return take(key, now, cost, 0); });
  }

  Decision peek(std::string_view key, std::int64_t cost) override {
    return ask(hash_(key), clock_.now(), cost, {});
  }

  Decision reserve(std::string_view key, std::int64_t cost, Duration max_wait) override {
    const auto patience = static_cast<Time>(std::max(max_wait, Duration::zero()).count());
    return take(hash_(key), clock_.now(), cost, patience);
  }

  absl::Status refund(std::string_view key, std::int64_t cost) override {
    if (cost < 0) return negative_refund(cost);
    const Fingerprint fingerprint = hash_(key);
    const Duration now = clock_.now();
    for (Ledger* ledger : order_) ledger->refund(fingerprint, now, static_cast<std::uint64_t>(cost));
    return absl::OkStatus();
  }

  absl::Status reset(std::string_view key) override {
    const Fingerprint fingerprint = hash_(key);
    const Duration now = clock_.now();
    for (Ledger* ledger : order_) ledger->reset(fingerprint, now);
    return absl::OkStatus();
  }

  std::vector<MemoryStats> stats() override {
    std::vector<MemoryStats> all;
    for (const auto& ledger : ledgers_) all.push_back(ledger->stats());
    return all;
  }

 private:
  Decision ask(const Fingerprint& key, Duration now, std::int64_t cost, const Patience& patience) const {
    Decision decision = order_.front()->peek(key, now, cost, patience);
    for (std::size_t i = 1; i < order_.size(); ++i) {
      decision = both(decision, order_[i]->peek(key, now, cost, patience));
    }
    return decision;
  }

  Decision take(const Fingerprint& key, Duration now, std::int64_t cost, Time max_wait) {
    // Ask all how long to wait, and then whether that moment suits them all: not every limit reaches that far.
    Decision asked = ask(key, now, cost, {0, max_wait});
    if (!asked.permitted || cost == 0) return asked;
    const auto wait = static_cast<Time>(asked.retry_after.count());
    const Patience then{wait, wait};
    if (wait > 0 && !ask(key, now, cost, then).permitted) {
      asked.permitted = false;
      return asked;
    }
    // Charge each for that moment. Each charge is conditional again: another thread may have been there since.
    Decision decision = order_.front()->advance(key, now, cost, then);
    for (std::size_t i = 1; i < order_.size() && decision.permitted; ++i) {
      decision = both(decision, order_[i]->advance(key, now, cost, then));
    }
    return decision;
  }

  const std::vector<std::unique_ptr<Ledger>> ledgers_;
  std::vector<Ledger*> order_;
  const Clock& clock_;
  const KeyHash hash_;
};

// In words of 8 bytes a bucket's time can be coarser; windows are counted alike in both.
template <class Limit>
bool is_as_fine_in_8_bytes(const Limit& limit) {
  if constexpr (std::is_same_v<Limit, TokenBucket>) {
    return Layout<Limit, std::uint64_t>(limit).rule().most_debt() == Layout<Limit, Wide>(limit).rule().most_debt();
  } else {
    return true;
  }
}

// Calls `with` with the type of the store that keeps the limit: in words of 8 bytes if they are enough.
template <class Limit, class With>
auto with_store(const Limit& limit, bool compact, const With& with) {
  if constexpr (std::is_same_v<Limit, SlidingLog>) {
    return with(std::type_identity<LogStore>());
  } else {
    using Narrow = TableStore<Limit, std::uint64_t>;
    using Broad = TableStore<Limit, Wide>;
    if (Narrow::fits(limit) && (compact || is_as_fine_in_8_bytes(limit))) return with(std::type_identity<Narrow>());
    return with(std::type_identity<Broad>());
  }
}

}  // namespace

absl::Status check(const MemoryOptions& options) {
  return in_range("MemoryOptions", "max_keys", options.max_keys, 1, kMaxKeys);
}

absl::Status no_room(std::int64_t max_keys, std::size_t bytes) {
  return absl::ResourceExhaustedError(absl::StrCat("MemoryOptions: max_keys = ", max_keys, ": the system has no ",
                                                   bytes, " bytes of address space for the table"));
}

absl::Status does_not_fit(const Limit& limit) {
  return absl::InvalidArgumentError(
      absl::StrCat(to_string(limit), ": too large for the words of this limiter; see memory_limiter.h"));
}

absl::Status negative_refund(std::int64_t cost) {
  return absl::InvalidArgumentError(absl::StrCat("refund: cost = ", cost, ": must not be negative"));
}

const Clock& clock_of(const MemoryOptions& options) {
  return options.clock != nullptr ? *options.clock : default_clock();
}

KeyHash hash_of(const MemoryOptions& options) {
  return options.seed ? KeyHash::seeded(*options.seed) : KeyHash::random();
}

}  // namespace memory

absl::StatusOr<std::unique_ptr<Limiter>> make_memory_limiter(const std::vector<Limit>& limits,
                                                             const MemoryOptions& options) {
  if (limits.size() == 1) return make_memory_limiter(limits.front(), options);
  if (absl::Status status = validate(limits); !status.ok()) return status;
  if (absl::Status status = memory::check(options); !status.ok()) return status;
  const Clock& clock = memory::clock_of(options);
  std::vector<std::unique_ptr<memory::Ledger>> ledgers;
  ledgers.reserve(limits.size());
  for (const Limit& limit : limits) {
    absl::Status status = std::visit(
        [&](const auto& alternative) {
          return memory::with_store(
              alternative, options.compact, [&]<class Store>(std::type_identity<Store>) -> absl::Status {
                if (!Store::fits(alternative)) return memory::does_not_fit(limit);
                ledgers.push_back(std::make_unique<memory::StoreLedger<Store>>(alternative, clock, options));
                if (ledgers.back()->usable()) return absl::OkStatus();
                return memory::no_room(options.max_keys, Store::bytes(options.max_keys));
              });
        },
        limit);
    if (!status.ok()) return status;
  }
  return std::make_unique<memory::ListLimiter>(std::move(ledgers), clock, memory::hash_of(options));
}

absl::StatusOr<std::unique_ptr<Limiter>> make_memory_limiter(const Limit& limit, const MemoryOptions& options) {
  return std::visit(
      [&](const auto& alternative) {
        return memory::with_store(
            alternative, options.compact,
            [&]<class Store>(std::type_identity<Store>) -> absl::StatusOr<std::unique_ptr<Limiter>> {
              return memory::StoreLimiter<Store>::make(alternative, options);
            });
      },
      limit);
}

std::vector<MemoryStats> memory_stats(Limiter& limiter) {
  auto* const source = dynamic_cast<memory::StatsSource*>(&limiter);
  return source != nullptr ? source->stats() : std::vector<MemoryStats>();
}

}  // namespace penstock
