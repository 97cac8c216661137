// One limit and what its keys have used of it, with time as an argument. This is the seam: above it stand
// clocks and lists of limits, below it a table that remembers, and the algorithm that decides.

#ifndef PENSTOCK_DETAIL_MEMORY_LEDGER_H_
#define PENSTOCK_DETAIL_MEMORY_LEDGER_H_

#include <algorithm>
#include <cstdint>

#include "penstock/decision.h"
#include "penstock/detail/algorithm/algorithms.h"
#include "penstock/detail/memory/key_hash.h"
#include "penstock/detail/memory/table.h"

namespace penstock::memory {

class Ledger {
 public:
  virtual ~Ledger() = default;
  virtual Decision advance(const Fingerprint& key, Duration now, std::int64_t cost, Patience patience) = 0;
  virtual Decision peek(const Fingerprint& key, Duration now, std::int64_t cost, Patience patience) = 0;
  virtual void refund(const Fingerprint& key, Duration now, std::uint64_t cost) = 0;
  virtual void reset(const Fingerprint& key) = 0;
  [[nodiscard]] virtual std::int64_t limit() const = 0;
  [[nodiscard]] virtual Time refill() const = 0;
};

template <class Limit>
class TableLedger final : public Ledger {
 public:
  TableLedger(const Limit& limit, Duration now, std::int64_t max_keys)
      : zero_(window_start(now, period(limit))), table_(algorithm::Rule<Limit>(limit), max_keys) {}

  Decision advance(const Fingerprint& key, Duration now, std::int64_t cost, Patience patience) override {
    const Moment moment = since_zero(now);
    return as_seen(table_.advance(key, moment.now, cost, from_zero(patience, moment)), moment);
  }

  Decision peek(const Fingerprint& key, Duration now, std::int64_t cost, Patience patience) override {
    const Moment moment = since_zero(now);
    return as_seen(table_.peek(key, moment.now, cost, from_zero(patience, moment)), moment);
  }

  void refund(const Fingerprint& key, Duration now, std::uint64_t cost) override {
    table_.refund(key, since_zero(now).now, cost);
  }

  void reset(const Fingerprint& key) override { table_.reset(key); }

  std::int64_t limit() const override { return static_cast<std::int64_t>(table_.rule().limit()); }
  Time refill() const override { return table_.rule().refill(); }

 private:
  static Duration period(const TokenBucket& limit) { return limit.rate.per; }
  static Duration period(const auto& limit) { return limit.window; }

  // Windows begin at whole multiples of their length on the clock.
  static Duration window_start(Duration now, Duration window) {
    const Duration into = (now % window + window) % window;
    return now >= Duration::min() + into ? now - into : now;
  }

  // A clock that has stepped back to before the limiter's zero stands at zero, and waits are as much longer.
  struct Moment {
    Time now;
    Time before;
  };

  Moment since_zero(Duration now) const {
    const auto distance = [](Duration from, Duration to) {
      const Time ns = static_cast<Time>(to.count()) - static_cast<Time>(from.count());
      return std::min(ns, algorithm::kLastMoment);
    };
    if (now >= zero_) return {distance(zero_, now), 0};
    return {0, distance(now, zero_)};
  }

  static Patience from_zero(const Patience& patience, const Moment& moment) {
    return {.at_least = patience.at_least - std::min(patience.at_least, moment.before),
            .at_most = patience.at_most - std::min(patience.at_most, moment.before)};
  }

  static Decision as_seen(Decision decision, const Moment& moment) {
    if (moment.before == 0) return decision;
    for (Duration* wait : {&decision.retry_after, &decision.reset_after}) {
      if (*wait == Duration::zero() || *wait == Decision::never) continue;
      *wait += std::min(Duration(moment.before), Duration(algorithm::kLongestWait) - *wait);
    }
    return decision;
  }

  const Duration zero_;
  Table<algorithm::Rule<Limit>> table_;
};

}  // namespace penstock::memory

#endif  // PENSTOCK_DETAIL_MEMORY_LEDGER_H_
