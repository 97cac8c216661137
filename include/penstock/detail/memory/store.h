// One limit and what its keys have used of it: a slot table, the memory it lies in, and the time it counts.

#ifndef PENSTOCK_DETAIL_MEMORY_STORE_H_
#define PENSTOCK_DETAIL_MEMORY_STORE_H_

#include <cstdint>

#include "penstock/detail/memory/region.h"
#include "penstock/detail/memory/table.h"
#include "penstock/detail/memory/timeline.h"
#include "penstock/memory.h"

namespace penstock::memory {

inline Duration period(const TokenBucket& limit) { return limit.rate.per; }
inline Duration period(const auto& limit) { return limit.window; }

template <class L, class Word>
class TableStore {
 public:
  using Limit = L;
  using SlotTable = Table<Layout<Limit, Word>>;

  static bool fits(const Limit& limit) { return SlotTable::Layout::fits(limit); }
  static std::size_t bytes(std::int64_t max_keys) { return SlotTable::bytes(max_keys); }

  // Needs fits(limit). Must not be used unless it is usable().
  TableStore(const Limit& limit, const Clock& clock, const MemoryOptions& options)
      : timeline_(clock, period(limit)),
        region_(bytes(options.max_keys), options.huge_pages),
        table_(limit, options.max_keys, region_.data()) {}

  bool usable() const { return region_.data() != nullptr; }

  std::int64_t limit() const { return static_cast<std::int64_t>(table_.rule().limit()); }
  Time refill() const { return table_.rule().refill(); }

  Moment now() const { return timeline_.now(); }
  Moment at(Duration now) const { return timeline_.at(now); }

  void prefetch(Fingerprint key) const { table_.prefetch(key); }
  Decision advance(Fingerprint key, Moment moment, std::int64_t cost, Patience patience) {
    return table_.advance(key, moment, cost, patience, timeline_);
  }
  Decision peek(Fingerprint key, Moment moment, std::int64_t cost, Patience patience) {
    return table_.peek(key, moment, cost, patience, timeline_);
  }
  void refund(Fingerprint key, Moment moment, std::uint64_t cost) { table_.refund(key, moment, cost, timeline_); }
  void reset(Fingerprint key, Moment moment) { table_.reset(key, moment, timeline_); }

  MemoryStats stats() {
    const Occupancy occupancy = table_.occupancy(now(), timeline_);
    return {.bytes = static_cast<std::int64_t>(region_.bytes()),
            .touched_bytes = static_cast<std::int64_t>(occupancy.touched_bytes),
            .slots = static_cast<std::int64_t>(occupancy.words),
            .owing = static_cast<std::int64_t>(occupancy.owing),
            .overflowed = static_cast<std::int64_t>(occupancy.overflowed)};
  }

 private:
  Timeline timeline_;
  Region region_;
  SlotTable table_;
};

}  // namespace penstock::memory

#endif  // PENSTOCK_DETAIL_MEMORY_STORE_H_
