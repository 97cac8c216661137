// SlidingLog's part of what store.h does for the other limits: its states have no fixed size, so they live in
// a table with locks, and memory is allocated as keys and permits come.

#ifndef PENSTOCK_MEMORY_LOG_STORE_H_
#define PENSTOCK_MEMORY_LOG_STORE_H_

#include <cstddef>
#include <cstdint>
#include <new>

#include "memory/log_table.h"
#include "penstock/detail/memory/timeline.h"
#include "penstock/memory.h"

namespace penstock::memory {

class LogStore {
 public:
  using Limit = SlidingLog;

  static bool fits(const Limit&) { return true; }
  static bool usable() { return true; }
  static std::size_t bytes(std::int64_t) { return 0; }

  LogStore(const Limit& limit, const Clock& clock, const MemoryOptions& options)
      : timeline_(clock, limit.window), table_(algorithm::Rule<Limit>(limit), options.max_keys) {}

  std::int64_t limit() const { return static_cast<std::int64_t>(table_.rule().limit()); }
  Time refill() const { return table_.rule().refill(); }

  Moment now() const { return timeline_.now(); }
  Moment at(Duration now) const { return timeline_.at(now); }

  void prefetch(const Fingerprint&) const {}

  Decision advance(const Fingerprint& key, const Moment& moment, std::int64_t cost, const Patience& patience) {
    try {
      return moment.as_seen(table_.advance(key, moment.now, cost, moment.then(patience)));
    } catch (const std::bad_alloc&) {
      return out_of_memory();
    }
  }
  Decision peek(const Fingerprint& key, const Moment& moment, std::int64_t cost, const Patience& patience) {
    try {
      return moment.as_seen(table_.peek(key, moment.now, cost, moment.then(patience)));
    } catch (const std::bad_alloc&) {
      return out_of_memory();
    }
  }
  void refund(const Fingerprint& key, const Moment& moment, std::uint64_t cost) {
    table_.refund(key, moment.now, cost);
  }
  void reset(const Fingerprint& key, const Moment&) { table_.reset(key); }

  MemoryStats stats() {
    const Occupancy occupancy = table_.occupancy(now().now);
    return {.slots = static_cast<std::int64_t>(occupancy.words),
            .owing = static_cast<std::int64_t>(occupancy.owing),
            .overflowed = static_cast<std::int64_t>(occupancy.overflowed)};
  }

 private:
  Decision out_of_memory() const {
    return {.error = absl::StatusCode::kResourceExhausted, .limit = limit(), .retry_after = Decision::never};
  }

  Timeline timeline_;
  LogTable table_;
};

}  // namespace penstock::memory

#endif  // PENSTOCK_MEMORY_LOG_STORE_H_
