// What nobody can do without. They mistake keys for one another and are no limiters: each is where a scale begins.

#ifndef PENSTOCK_BENCHMARKS_FLOORS_H_
#define PENSTOCK_BENCHMARKS_FLOORS_H_

#include <penstock/penstock.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <span>
#include <string_view>

#include "penstock/detail/memory/key_hash.h"
#include "penstock/detail/memory/region.h"
#include "penstock/detail/memory/store.h"

namespace bench {

// What a limiter's table takes for so many keys.
inline std::size_t table_bytes(std::int64_t max_keys) {
  return penstock::memory::TableStore<penstock::TokenBucket, std::uint64_t>::bytes(max_keys);
}

// Cache lines in the same kind of memory as a limiter's table, all of it resident.
class Lines {
 public:
  explicit Lines(std::size_t bytes, bool huge_pages = false)
      : region_(bytes, huge_pages), count_(bytes / sizeof(Line)) {
    if (region_.data() == nullptr) throw std::bad_alloc();
    std::memset(region_.data(), 0, bytes);
    lines_ = reinterpret_cast<Line*>(region_.data());
  }

  struct alignas(64) Line {
    std::atomic<std::int64_t> word;
    std::atomic<std::int64_t> zero;  // stays so
  };

  std::size_t count() const { return count_; }
  Line& operator[](std::size_t number) { return lines_[number]; }
  // Where a hash would have it.
  Line& of(std::uint64_t hash) { return lines_[(hash >> 32) * count_ >> 32]; }

 private:
  penstock::memory::Region region_;
  std::size_t count_;
  Line* lines_ = nullptr;
};

// The library's own parts: its hash of the key, a reading of the clock, and a compare-exchange of one word in
// memory of the size of its table. A word tells until when it is closed, and a request closes it for good if the
// burst is 1, else not at all: so refusals are a load and no exchange, as in the library.
class Parts {
 public:
  static constexpr std::string_view kName = "parts";
  static constexpr bool kBounded = true;

  Parts(const penstock::TokenBucket& limit, std::size_t max_keys, const penstock::Clock* clock = nullptr)
      : closed_for_(limit.burst == 1 ? limit.rate.per.count() : 0),
        clock_(clock != nullptr ? *clock : penstock::default_clock()),
        lines_(table_bytes(static_cast<std::int64_t>(max_keys))) {}

  bool try_acquire(std::string_view key) { return exchange(hash_(key), clock_.now().count()); }

  void try_acquire(std::span<const penstock::Request> requests, std::span<penstock::Decision> decisions) {
    const std::int64_t now = clock_.now().count();
    for (std::size_t i = 0; i < requests.size(); ++i) {
      decisions[i].permitted = exchange(hash_(requests[i].key), now);
    }
  }

 private:
  bool exchange(const penstock::memory::Fingerprint& key, std::int64_t now) {
    constexpr std::int64_t kSecond = 1'000'000'000;  // threads differ by less in what time it is
    std::atomic<std::int64_t>& word = lines_.of(key.high).word;
    std::int64_t before = word.load(std::memory_order_relaxed);
    do {
      if (before - now > kSecond) return false;
    } while (!word.compare_exchange_weak(before, now + closed_for_, std::memory_order_relaxed));
    return true;
  }

  const penstock::memory::KeyHash hash_ = penstock::memory::KeyHash::random();
  const std::int64_t closed_for_;
  const penstock::Clock& clock_;
  Lines lines_;
};

}  // namespace bench

#endif  // PENSTOCK_BENCHMARKS_FLOORS_H_
