// Remembers states that have no fixed size, the logs, for at most `max_keys` keys, under any number of threads.
//
// Keys are spread over shards, each with a lock of its own. A key that is not listed stands where its shard's
// `unlisted` state stands: at least as deep in debt as any key that was ever taken off the list, or was charged
// while there was no room to list it. So neither a forgotten key nor a full table can admit too much; as nobody
// is taken off who still owes, an unlisted key is as good as new until the table has been full of debtors.

#ifndef PENSTOCK_MEMORY_LOG_TABLE_H_
#define PENSTOCK_MEMORY_LOG_TABLE_H_

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "penstock/detail/algorithm/advance.h"
#include "penstock/detail/algorithm/sliding_log.h"
#include "penstock/detail/memory/key_hash.h"
#include "penstock/detail/memory/occupancy.h"

namespace penstock::memory {

using algorithm::Patience;
using algorithm::Time;

class LogTable {
 public:
  using Rule = algorithm::Rule<SlidingLog>;

  LogTable(const Rule& rule, std::int64_t max_keys)
      : rule_(rule),
        free_(max_keys),
        // Below a thousand keys a shard its share of the room would vary too much.
        shard_count_(std::bit_floor(static_cast<std::uint64_t>(std::clamp<std::int64_t>(max_keys / 1024, 1, 64)))),
        shards_(std::make_unique<Shard[]>(shard_count_)) {}

  const Rule& rule() const { return rule_; }

  Decision advance(const Fingerprint& key, Time now, std::int64_t cost, Patience patience) {
    Shard& shard = shard_of(key);
    const std::lock_guard lock(shard.mutex);
    if (State* state = shard.find(key)) return algorithm::advance(rule_, *state, now, cost, patience);
    State state = shard.unlisted;
    const Decision decision = algorithm::advance(rule_, state, now, cost, patience);
    if (decision.permitted && cost > 0) {
      if (make_room(shard, now)) {
        try {
          shard.insert(key, std::move(state));
        } catch (...) {  // out of memory: the place is still free
          free_.fetch_add(1, std::memory_order_relaxed);
          throw;
        }
      } else {
        shard.unlisted = std::move(state);
        overflowed_.fetch_add(1, std::memory_order_relaxed);
      }
    }
    return decision;
  }

  Decision peek(const Fingerprint& key, Time now, std::int64_t cost, Patience patience) {
    Shard& shard = shard_of(key);
    const std::lock_guard lock(shard.mutex);
    const State* state = shard.find(key);
    return algorithm::peek(rule_, state != nullptr ? *state : shard.unlisted, now, cost, patience);
  }

  // What is charged to `unlisted` is not given back: nobody knows whose it is.
  void refund(const Fingerprint& key, Time now, std::uint64_t cost) {
    Shard& shard = shard_of(key);
    const std::lock_guard lock(shard.mutex);
    if (State* state = shard.find(key)) rule_.refund(*state, now, cost);
  }

  void reset(const Fingerprint& key) {
    Shard& shard = shard_of(key);
    const std::lock_guard lock(shard.mutex);
    if (shard.erase(key)) free_.fetch_add(1, std::memory_order_relaxed);
  }

  // Looks at every entry, a shard at a time under its lock.
  Occupancy occupancy(Time now) {
    Occupancy all{.words = static_cast<std::uint64_t>(std::max<std::int64_t>(0, free_.load())),
                  .overflowed = overflowed_.load(std::memory_order_relaxed)};
    for (std::uint64_t i = 0; i < shard_count_; ++i) {
      const std::lock_guard lock(shards_[i].mutex);
      all.words += shards_[i].entries.size();
      for (const Entry& entry : shards_[i].entries)
        all.owing += rule_.reset_after(rule_.look(entry.state, now)) != 0;
    }
    return all;
  }

 private:
  using State = Rule::State;

  struct Entry {
    Fingerprint key;
    State state;
  };

  // The entries lie side by side so that a look for one that owes nothing can go on where the last one ended.
  struct alignas(64) Shard {
    std::mutex mutex;
    State unlisted;
    std::vector<Entry> entries;
    absl::flat_hash_map<Fingerprint, std::size_t, FingerprintHash> places;
    std::size_t cursor = 0;

    State* find(const Fingerprint& key) {
      const auto place = places.find(key);
      return place == places.end() ? nullptr : &entries[place->second].state;
    }

    // All or nothing, should memory run out.
    void insert(const Fingerprint& key, State&& state) {
      if (entries.size() == entries.capacity()) {
        entries.reserve(std::max<std::size_t>(8, 2 * entries.size()));
        places.reserve(entries.capacity());
      }
      places.emplace(key, entries.size());
      entries.push_back({key, std::move(state)});
    }

    bool erase(const Fingerprint& key) {
      const auto place = places.find(key);
      if (place == places.end()) return false;
      const std::size_t hole = place->second;
      places.erase(place);
      if (hole != entries.size() - 1) {
        entries[hole] = std::move(entries.back());
        places.find(entries[hole].key)->second = hole;
      }
      entries.pop_back();
      return true;
    }
  };

  // The most entries one call looks at; it bounds the time under the lock.
  static constexpr std::size_t kProbes = 64;

  Shard& shard_of(const Fingerprint& key) { return shards_[key.high & (shard_count_ - 1)]; }

  // Takes one of the free places, or that of an entry in this shard that owes nothing. False if neither is there.
  bool make_room(Shard& shard, Time now) {
    std::int64_t free = free_.load(std::memory_order_relaxed);
    while (free > 0) {
      if (free_.compare_exchange_weak(free, free - 1, std::memory_order_relaxed)) return true;
    }
    for (std::size_t i = std::min(kProbes, shard.entries.size()); i > 0; --i) {
      shard.cursor = shard.cursor + 1 < shard.entries.size() ? shard.cursor + 1 : 0;
      const Entry& entry = shard.entries[shard.cursor];
      if (rule_.reset_after(rule_.look(entry.state, now)) != 0) continue;
      shard.unlisted = Rule::merge(shard.unlisted, entry.state);
      shard.erase(Fingerprint(entry.key));
      return true;
    }
    return false;
  }

  const Rule rule_;
  std::atomic<std::int64_t> free_;  // places not taken in any shard
  std::atomic<std::uint64_t> overflowed_ = 0;
  const std::uint64_t shard_count_;
  const std::unique_ptr<Shard[]> shards_;
};

}  // namespace penstock::memory

#endif  // PENSTOCK_MEMORY_LOG_TABLE_H_
