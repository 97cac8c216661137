// Threads on keys that must be admitted exactly their limit, among others that come and go; and tables with fewer
// words than keys, where nobody may be admitted more.

#include <atomic>
#include <barrier>
#include <latch>
#include <string>
#include <thread>
#include <vector>

#include "bare_table.h"
#include "catch.h"
#include "penstock/memory_limiter.h"
#include "stress/watched_table.h"

namespace penstock::memory {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;

// ---- exactly the limit, with room -----------------------------------------------------------------------------

constexpr int kKeys = 64;
constexpr std::int64_t kPermits = 50;
constexpr std::uint64_t kPassersBy = 500;

// A limit under which a key can owe for long or for a moment, as it asks for much or little (of a bucket), or late
// or early (of a window).
template <class L>
L patient_limit() {
  if constexpr (std::is_same_v<L, TokenBucket>) {
    return {{1'000'000'000, std::chrono::seconds(1)}, kPermits * 1'000'000};
  } else {
    return {kPermits, microseconds(1)};
  }
}

template <class L, template <class> class CellOf>
void exactly(int threads, bool with_pauses) {
  using Limit = typename LimitOf<L>::Type;
  using SlotTable = Table<L, CellOf>;
  constexpr std::int64_t kMaxKeys = 400;  // 1072 words
  constexpr bool kBucket = std::is_same_v<Limit, TokenBucket>;
  constexpr Time kLate = 1'000'000'000;  // the moment of the window that is reserved
  const auto limit = patient_limit<Limit>();
  Region region(SlotTable::bytes(kMaxKeys), false);
  SharedTimeline timeline(false);
  SlotTable table(limit, kMaxKeys, region.data());
  std::vector<std::atomic<std::int64_t>> counts(kKeys);
  const auto fingerprint = [](std::uint64_t key) {
    const std::uint64_t hash = (key + 1) * 0x9e3779b97f4a7c15;
    return Fingerprint{hash, (hash ^ hash >> 31) * 0xbf58476d1ce4e5b9};
  };
  const auto ask = [&](int key) {
    const Moment moment = timeline.now();
    const std::int64_t cost = kBucket ? 1'000'000 : 1;
    const Time late = kBucket ? 0 : kLate - moment.now;
    return table.advance(fingerprint(static_cast<std::uint64_t>(key)), moment, cost, {late, late}, timeline)
        .permitted;
  };
  // Time stands still while threads ask, and then goes on until those who have passed by owe nothing.
  constexpr int kRounds = 40;
  std::barrier round(threads, [&]() noexcept { timeline.move(5'000); });
  {
    std::vector<std::jthread> all;
    for (int thread = 0; thread < threads; ++thread) {
      all.emplace_back([&, thread] {
        random_state = static_cast<std::uint64_t>(thread + 77) * 0x9e3779b97f4a7c15;
        pauses = with_pauses;
        for (int i = 0; i < kRounds; ++i) {
          round.arrive_and_wait();
          for (std::int64_t call = 0; call < 2 * kKeys * kPermits / kRounds / threads; ++call) {
            const int key = static_cast<int>(random_bits() % kKeys);
            if (ask(key)) ++counts[static_cast<std::size_t>(key)];
            (void)table.advance(fingerprint(kKeys + random_bits() % kPassersBy), timeline.now(), 1, {}, timeline);
          }
        }
      });
    }
  }
  // Whatever chance has left.
  for (int key = 0; key < kKeys; ++key) {
    while (ask(key)) ++counts[static_cast<std::size_t>(key)];
  }
  // Not a millionth of the bucket has come back.
  REQUIRE(timeline.time() < 1'000'000);
  CHECK(table.occupancy(timeline.now(), timeline).overflowed == 0);
  for (const auto& count : counts) CHECK(count == kPermits);
}

TEMPLATE_LIST_TEST_CASE("while there is room each key is admitted exactly its limit, whoever passes by", "",
                        AllLayouts) {
  for (const int threads : {2, 4, 8}) {
    CAPTURE(threads);
    exactly<TestType, Cell>(threads, false);
    exactly<TestType, PausingCell>(threads, true);
  }
}

// ---- never more than the limit, without ------------------------------------------------------------------------

TEMPLATE_LIST_TEST_CASE("in a table with fewer words than keys none is admitted more than its limit", "",
                        AllLayouts) {
  using L = typename LimitOf<TestType>::Type;
  using Limiter = StoreLimiter<TableStore<L, typename TestType::Word>>;
  for (const std::int64_t max_keys : {3, 6, 12}) {  // 8, 16 and 32 words, and 8 to share
    for (const int threads : {2, 4, 8}) {
      ManualClock clock(hours(1'000'000));
      const auto limiter =
          Limiter::make(limit_of<L>(kPermits, hours(1)), {.max_keys = max_keys, .clock = &clock, .seed = 5})
              .value();
      std::vector<std::atomic<std::int64_t>> counts(kKeys);
      std::latch start(threads);
      {
        std::vector<std::jthread> all;
        for (int thread = 0; thread < threads; ++thread) {
          all.emplace_back([&, thread] {
            start.arrive_and_wait();
            for (int i = 0; i < 2 * kKeys * static_cast<int>(kPermits) / threads; ++i) {
              const int key = (i * (2 * thread + 1) + thread) % kKeys;
              const std::int64_t cost = 1 + i % 2;
              if (limiter->try_acquire(std::to_string(key), cost)) counts[static_cast<std::size_t>(key)] += cost;
            }
          });
        }
      }
      std::int64_t all = 0, whole = 0;
      for (int key = 0; key < kKeys; ++key) {
        auto& count = counts[static_cast<std::size_t>(key)];
        while (limiter->try_acquire(std::to_string(key))) ++count;
        CHECK(count <= kPermits);
        all += count;
        whole += count == kPermits;
      }
      const MemoryStats stats = limiter->stats().front();
      CAPTURE(max_keys, threads);
      CHECK(stats.slots == max_keys * 8 / 3);
      CHECK(stats.owing == stats.slots);
      CHECK(stats.overflowed > 0);
      // Each word gave its permits once. Who had one to itself got all of them, if nobody had been charged to the
      // word that it would have shared.
      CHECK(whole >= 8);
      CHECK(all <= (stats.slots + 8) * kPermits);
      CHECK(all > stats.slots * kPermits);
    }
  }
}

}  // namespace
}  // namespace penstock::memory
