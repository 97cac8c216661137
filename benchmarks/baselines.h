// What one would write without a library: a map behind a mutex, shards of a faster map, or a concurrent map, each
// with the same integer token bucket. They ask std::chrono::steady_clock, before they lock, unless they are given
// another clock; they keep no more than `max_keys` keys, by forgetting all of them.
//
// Which Abseil: ShardedFlatMap is compiled here, from the headers, so assert() in them is off as our NDEBUG says.
// Debian's headers are `hardened`: an iterator's use costs a predictable branch. Debian compiled its libraries
// without NDEBUG; of those only LowLevelHashImpl is called for a known key, and it has no assertion.

#ifndef PENSTOCK_BENCHMARKS_BASELINES_H_
#define PENSTOCK_BENCHMARKS_BASELINES_H_

#include <penstock/penstock.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>

#include "absl/base/config.h"
#include "absl/container/flat_hash_map.h"
#include "absl/hash/hash.h"
#include "absl/strings/string_view.h"

#if PENSTOCK_HAVE_TBB
#include <oneapi/tbb/concurrent_hash_map.h>
#include <oneapi/tbb/version.h>
#endif

namespace bench {

// An honest token bucket in nanoseconds; the moment it is full again is all the state there is.
struct Bucket {
  std::int64_t full_at = 0;

  bool try_acquire(std::int64_t now, std::int64_t interval, std::int64_t burst) {
    const std::int64_t next = std::max(full_at, now) + interval;
    if (next - now > interval * burst) return false;
    full_at = next;
    return true;
  }
};

// What all of them know beside their buckets. burst * interval must be below 292 years.
struct Terms {
  Terms(const penstock::TokenBucket& limit, std::size_t most_keys, const penstock::Clock* its_clock)
      : interval(limit.rate.per.count() / limit.rate.permits),
        burst(limit.burst),
        max_keys(most_keys),
        clock(its_clock) {}

  std::int64_t now() const {
    if (clock != nullptr) return clock->now().count();
    return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
  }
  bool decide(Bucket& bucket, std::int64_t now) const { return bucket.try_acquire(now, interval, burst); }

  std::int64_t interval, burst;
  std::size_t max_keys;
  const penstock::Clock* clock;
};

// Look-up by std::string_view. Debian builds Abseil with a string_view of its own, so absl::Hash<std::string>
// alone would not take ours; this works with every build.
struct TransparentHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view key) const {
    return absl::HashOf(absl::string_view(key.data(), key.size()));
  }
};

struct StdHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view key) const { return std::hash<std::string_view>{}(key); }
};

// std::mutex around std::unordered_map.
class MutexMap {
 public:
  static constexpr std::string_view kName = "mutex_unordered_map";
  static constexpr bool kBounded = true;

  MutexMap(const penstock::TokenBucket& limit, std::size_t max_keys, const penstock::Clock* clock = nullptr)
      : terms_(limit, max_keys, clock) {}

  bool try_acquire(std::string_view key) {
    const std::int64_t now = terms_.now();
    const std::lock_guard lock(mutex_);
    auto found = map_.find(key);
    if (found == map_.end()) {
      if (map_.size() >= terms_.max_keys) map_.clear();
      found = map_.try_emplace(std::string(key)).first;
    }
    return terms_.decide(found->second, now);
  }

 private:
  const Terms terms_;
  std::mutex mutex_;
  std::unordered_map<std::string, Bucket, StdHash, std::equal_to<>> map_;
};

// 64 shards, each std::mutex around absl::flat_hash_map; the key is hashed once.
class ShardedFlatMap {
 public:
  static constexpr std::string_view kName = "sharded_flat_hash_map";
  static constexpr bool kBounded = true;

  ShardedFlatMap(const penstock::TokenBucket& limit, std::size_t max_keys, const penstock::Clock* clock = nullptr)
      : terms_(limit, max_keys / kShards, clock) {}

  bool try_acquire(std::string_view key) {
    const std::int64_t now = terms_.now();
    const std::size_t hash = TransparentHash{}(key);
    Shard& shard = shards_[hash >> (8 * sizeof hash - 6)];
    const std::lock_guard lock(shard.mutex);
    auto found = shard.map.find(key, hash);
    if (found == shard.map.end()) {
      if (shard.map.size() >= terms_.max_keys) shard.map.clear();
      found = shard.map.try_emplace(std::string(key)).first;
    }
    return terms_.decide(found->second, now);
  }

 private:
  static constexpr std::size_t kShards = 64;
  struct alignas(64) Shard {
    std::mutex mutex;
    absl::flat_hash_map<std::string, Bucket, TransparentHash, std::equal_to<>> map;
  };

  const Terms terms_;
  std::array<Shard, kShards> shards_;
};

#if PENSTOCK_HAVE_TBB
// oneTBB's concurrent_hash_map, which has a lock for each entry. It cannot be cleared while others use it, so this
// one has no bound.
class ConcurrentMap {
 public:
  static constexpr std::string_view kName = "tbb_concurrent_hash_map";
  static constexpr bool kBounded = false;

  ConcurrentMap(const penstock::TokenBucket& limit, std::size_t max_keys, const penstock::Clock* clock = nullptr)
      : terms_(limit, max_keys, clock) {}

  bool try_acquire(std::string_view key) {
    const std::int64_t now = terms_.now();
    Map::accessor entry;
    if (!map_.find(entry, key)) map_.insert(entry, key);
    return terms_.decide(entry->second, now);
  }

 private:
  struct Compare {
    using is_transparent = void;
    std::size_t hash(std::string_view key) const { return TransparentHash{}(key); }
    bool equal(std::string_view a, std::string_view b) const { return a == b; }
  };
  using Map = oneapi::tbb::concurrent_hash_map<std::string, Bucket, Compare>;

  const Terms terms_;
  Map map_;
};
#endif

// Calls `use` with std::type_identity of each.
template <class Use>
void for_each_baseline(Use use) {
  use(std::type_identity<MutexMap>{});
  use(std::type_identity<ShardedFlatMap>{});
#if PENSTOCK_HAVE_TBB
  use(std::type_identity<ConcurrentMap>{});
#endif
}

// For the foot of a table.
inline std::string about_baselines() {
  std::string text = "Abseil ";
#ifdef ABSL_LTS_RELEASE_VERSION
  text += std::to_string(ABSL_LTS_RELEASE_VERSION);
#else
  text += "from head";
#endif
#ifdef NDEBUG
  text += ", its headers compiled with NDEBUG";
#else
  text += ", its headers compiled WITHOUT NDEBUG: assertions cost time";
#endif
#if ABSL_OPTION_HARDENED
  text += ", hardened";
#endif
#if PENSTOCK_HAVE_TBB
  text += "; oneTBB " + std::to_string(TBB_VERSION_MAJOR) + "." + std::to_string(TBB_VERSION_MINOR);
#else
  text += "; no oneTBB, so no concurrent map (Debian: libtbb-dev)";
#endif
  return text;
}

}  // namespace bench

#endif  // PENSTOCK_BENCHMARKS_BASELINES_H_
