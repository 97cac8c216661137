// What does a decision cost, on one thread?
//
// Each algorithm in four situations, on the default clock and on one that stands still, next to what one would
// write without a library: a map behind a mutex, doing the same integer token bucket on the steady clock.
//
//   admitted       1,000 hot keys of 20 bytes, every request permitted
//   refused        the same keys, every request refused
//   batch          the first, 64 requests a call
//   unknown_keys   every key is a new one, as in a flood
//
// Compare `items_per_second`: an item is one decision. Every benchmark checks what it was answered, so a fast
// wrong answer is an error, not a result. Run it by `benchmarks/run`.

#include <benchmark/benchmark.h>
#include <penstock/penstock.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/hash/hash.h"
#include "absl/strings/string_view.h"

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kKeys = 1000;
constexpr std::size_t kBatch = 64;
constexpr std::size_t kMaxKeys = 1 << 16;

// ---- the baselines -------------------------------------------------------------------------------------

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

std::int64_t steady_now() {
  return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

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
  MutexMap(std::int64_t interval, std::int64_t burst) : interval_(interval), burst_(burst) {}

  bool try_acquire(std::string_view key) {
    const std::lock_guard lock(mutex_);
    auto found = map_.find(key);
    if (found == map_.end()) {
      if (map_.size() >= kMaxKeys) map_.clear();  // bounds the memory, and forgives everybody
      found = map_.try_emplace(std::string(key)).first;
    }
    return found->second.try_acquire(steady_now(), interval_, burst_);
  }

 private:
  const std::int64_t interval_, burst_;
  std::mutex mutex_;
  std::unordered_map<std::string, Bucket, StdHash, std::equal_to<>> map_;
};

// 64 shards, each std::mutex around absl::flat_hash_map; the key is hashed once.
class ShardedFlatMap {
 public:
  ShardedFlatMap(std::int64_t interval, std::int64_t burst) : interval_(interval), burst_(burst) {}

  bool try_acquire(std::string_view key) {
    const std::size_t hash = TransparentHash{}(key);
    Shard& shard = shards_[hash >> (8 * sizeof hash - 6)];
    const std::lock_guard lock(shard.mutex);
    auto found = shard.map.find(key, hash);
    if (found == shard.map.end()) {
      if (shard.map.size() >= kMaxKeys / kShards) shard.map.clear();
      found = shard.map.try_emplace(std::string(key)).first;
    }
    return found->second.try_acquire(steady_now(), interval_, burst_);
  }

 private:
  static constexpr std::size_t kShards = 64;
  struct alignas(64) Shard {
    std::mutex mutex;
    absl::flat_hash_map<std::string, Bucket, TransparentHash, std::equal_to<>> map;
  };

  const std::int64_t interval_, burst_;
  std::array<Shard, kShards> shards_;
};

// What no shared limiter does without: one hash, one clock read, one compare-exchange. It mistakes keys for one
// another and is no limiter; it is where the scale begins.
class Parts {
 public:
  Parts(std::int64_t interval, std::int64_t burst) : interval_(interval), burst_(burst) {}

  bool try_acquire(std::string_view key) {
    std::atomic<std::int64_t>& word = words_[TransparentHash{}(key) % words_.size()];
    Bucket bucket{word.load(std::memory_order_relaxed)};
    std::int64_t before = bucket.full_at;
    const bool permitted = bucket.try_acquire(steady_now(), interval_, burst_);
    word.compare_exchange_strong(before, bucket.full_at, std::memory_order_relaxed);
    return permitted;
  }

 private:
  const std::int64_t interval_, burst_;
  std::vector<std::atomic<std::int64_t>> words_ = std::vector<std::atomic<std::int64_t>>(kMaxKeys);
};

// ---- what is measured ----------------------------------------------------------------------------------

const std::vector<std::string>& hot_keys() {
  static const auto* keys = [] {
    auto* made = new std::vector<std::string>;
    for (std::size_t i = 0; i < kKeys; ++i) {
      std::array<char, 21> text;
      std::snprintf(text.data(), text.size(), "user:%015zu", i * 7'919);
      made->emplace_back(text.data(), 20);
    }
    return made;
  }();
  return *keys;
}

// Goes round the hot keys. A clock that stands still is moved by 0.1 ms a round, which is about what a round takes
// in real time, so both clocks see the same traffic.
class Round {
 public:
  explicit Round(penstock::ManualClock* clock) : clock_(clock) {}

  std::string_view next() {
    if (i_ == kKeys) {
      i_ = 0;
      if (clock_ != nullptr) clock_->advance(100us);
    }
    return keys_[i_++];
  }

 private:
  const std::vector<std::string>& keys_ = hot_keys();
  penstock::ManualClock* const clock_;
  std::size_t i_ = 0;
};

// Never the same key twice, again 20 bytes.
class Strangers {
 public:
  std::string_view next() {
    for (std::size_t i = text_.size(); i-- > 5;) {  // an odometer: about one step a key
      if (++text_[i] <= 'z') break;
      text_[i] = 'a';
    }
    return {text_.data(), text_.size()};
  }

 private:
  std::array<char, 20> text_{'u', 's', 'e', 'r', ':', 'a', 'a', 'a', 'a', 'a',
                             'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a'};
};

enum class Expect { all, none, any };

// Ends a benchmark: an item is a decision, and all of them must have been as expected.
void report(benchmark::State& state, std::int64_t decisions, std::int64_t permitted, Expect expect) {
  state.SetItemsProcessed(decisions);
  if ((expect == Expect::all && permitted != decisions) || (expect == Expect::none && permitted != 0)) {
    const std::string error = std::to_string(permitted) + " of " + std::to_string(decisions) + " were permitted";
    state.SkipWithError(error.c_str());
  }
}

template <class Gate, class Keys>
void one_by_one(benchmark::State& state, Gate& gate, Keys keys, Expect expect) {
  std::int64_t permitted = 0;
  for (auto _ : state) permitted += static_cast<bool>(gate.try_acquire(keys.next()));
  report(state, state.iterations(), permitted, expect);
}

void in_batches(benchmark::State& state, penstock::Limiter& limiter, Round keys) {
  std::array<penstock::Request, kBatch> requests;
  std::array<penstock::Decision, kBatch> decisions;
  std::int64_t permitted = 0;
  for (auto _ : state) {
    for (penstock::Request& request : requests) request.key = keys.next();
    limiter.try_acquire(requests, decisions);
    for (const penstock::Decision& decision : decisions) permitted += decision.permitted;
  }
  report(state, state.iterations() * static_cast<std::int64_t>(kBatch), permitted, Expect::all);
}

// Rates, without and with a count of what they let through. In 10 ms a hot key is asked for about 100 times.
constexpr std::int64_t kGenerous = 4096;
constexpr std::chrono::nanoseconds kGenerousWindow = 10ms;
constexpr std::string_view kGenerousLimit = "4096/10ms", kMeanLimit = "1/3650d", kOrdinaryLimit = "60/1m";

std::unique_ptr<penstock::Limiter> make(std::string_view rate, std::string_view algorithm, penstock::Clock* clock) {
  const auto limit = penstock::parse_limit(std::string(rate).append(" algo=").append(algorithm)).value();
  return penstock::make_memory_limiter(limit, {.max_keys = kMaxKeys, .clock = clock}).value();
}

template <class Situation>
void add(std::string_view subject, std::string_view situation, std::string_view clock, Situation measure) {
  const std::string name = std::string(subject).append("/").append(situation).append("/").append(clock);
  benchmark::RegisterBenchmark(name.c_str(), measure);
}

void add_algorithm(std::string_view algorithm, bool stands_still) {
  const std::string_view clock = stands_still ? "manual_clock" : "default_clock";
  // Everything a run needs is made anew by each run.
  const auto with = [=](std::string_view rate, auto measure) {
    return [=](benchmark::State& state) {
      penstock::ManualClock manual(24h * 365);
      penstock::ManualClock* const moved = stands_still ? &manual : nullptr;
      const auto limiter = make(rate, algorithm, moved);
      measure(state, *limiter, Round(moved));
    };
  };
  add(algorithm, "admitted", clock, with(kGenerousLimit, [](auto& state, auto& limiter, Round keys) {
        one_by_one(state, limiter, keys, Expect::all);
      }));
  add(algorithm, "refused", clock, with(kMeanLimit, [](auto& state, auto& limiter, Round keys) {
        for (const std::string& key : hot_keys()) benchmark::DoNotOptimize(limiter.try_acquire(key));
        one_by_one(state, limiter, keys, Expect::none);
      }));
  add(algorithm, "batch", clock,
      with(kGenerousLimit, [](auto& state, auto& limiter, Round keys) { in_batches(state, limiter, keys); }));
  add(algorithm, "unknown_keys", clock, with(kOrdinaryLimit, [](auto& state, auto& limiter, Round) {
        one_by_one(state, limiter, Strangers(), Expect::any);
      }));
}

template <class Baseline>
void add_baseline(std::string_view name) {
  constexpr std::int64_t kInterval = kGenerousWindow.count() / kGenerous;
  add(name, "admitted", "default_clock", [](benchmark::State& state) {
    Baseline gate(kInterval, kGenerous);
    one_by_one(state, gate, Round(nullptr), Expect::all);
  });
  add(name, "refused", "default_clock", [](benchmark::State& state) {
    Baseline gate(std::chrono::nanoseconds(24h * 3650).count(), 1);
    for (const std::string& key : hot_keys()) benchmark::DoNotOptimize(gate.try_acquire(key));
    one_by_one(state, gate, Round(nullptr), Expect::none);
  });
  add(name, "unknown_keys", "default_clock", [](benchmark::State& state) {
    Baseline gate(std::chrono::nanoseconds(1s).count(), 60);
    one_by_one(state, gate, Strangers(), Expect::any);
  });
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  add_baseline<Parts>("parts");
  add_baseline<MutexMap>("mutex_unordered_map");
  add_baseline<ShardedFlatMap>("sharded_flat_hash_map");
  for (const std::string_view algorithm : {"token", "fixed", "sliding", "log"}) {
    for (const bool stands_still : {false, true}) add_algorithm(algorithm, stands_still);
  }
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
