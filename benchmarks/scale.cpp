// What do keys cost?
//
// N keys live at the same time, asked for in uniform random order, on one thread. One number of keys a process, so
// that memory can be weighed.
//
//   fenced     single calls, of which each begins when the one before has ended: what one waits for a decision
//   single     single calls, which the processor may overlap as far as it can
//   batch      64 requests a call
//   memory     bytes a live key, over the same process before there was the subject: "Anonymous" of smaps_rollup
//   overflow   how many of 100 keys found their places in the table taken by keys that owe, while it was filled
//              once; where keys come and go for long, and as many as it has room for owe, 1 in 100 new ones does
//
// `penstock_compact` keeps its keys in half the memory (MemoryOptions::compact).
//
// The floors have the same bytes as the limiter's table, in the same pages of 4 KiB or 2 MiB, and know no keys:
//
//   fenced     a load of a cache line, whose address depends on the load before
//   single     independent lines, read and written
//   batch      the same, 64 of them prefetched and then written; `line_loads`: only read
//
// Keys are made 64 at a time from their numbers, in all subjects but the floors; `keys_only` is what that costs.
// Nothing is subtracted. Time is the thread's own (of its processor).
//
//   scale KEYS REPETITIONS SECONDS       run it by `benchmarks/run scale`

#include <benchmark/benchmark.h>
#include <penstock/penstock.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "baselines.h"
#include "floors.h"
#include "keys.h"
#include "measure.h"

namespace {

using bench::kBlock;
using bench::Key;
using bench::Walk;

// After one request a key owes for an hour, and no key comes to the end of its burst.
constexpr penstock::TokenBucket kLimit{.rate = {.permits = 1, .per = std::chrono::hours(1)}, .burst = 2'000'000};

// Baselines of more keys take too long to fill and too much memory.
constexpr std::int64_t kBaselineKeysMax = 10'000'000;

constexpr const char* kSmallPages = "/4K_pages";
constexpr const char* kHugePages = "/2M_pages";

// The value after a word of a file in /proc, there in KiB, in bytes.
std::int64_t bytes_of(const char* path, const std::string& word) {
  std::ifstream file(path);
  std::string read;
  for (std::int64_t kib; file >> read;) {
    if (read == word && file >> kib) return kib * 1024;
  }
  bench::fail(std::string("no ") + word + " in " + path);
}

std::int64_t weight() { return bytes_of("/proc/self/smaps_rollup", "Anonymous:"); }

// ---- what a subject does: 64 decisions at a time, and says how many were permitted -------------------------

using Decide = std::function<std::int64_t()>;

struct KeyBlock {
  explicit KeyBlock(Walk& walk) {
    for (Key& key : keys) key = Key(walk.next());
  }
  std::array<Key, kBlock> keys;
};

enum class Overlap { none, any };

template <Overlap overlap, class Gate>
Decide one_by_one(std::shared_ptr<Gate> gate, Walk walk) {
  return [gate, walk]() mutable {
    const KeyBlock block(walk);
    std::int64_t permitted = 0;
    for (const Key& key : block.keys) {
      permitted += static_cast<bool>(gate->try_acquire(key));
      if constexpr (overlap == Overlap::none) bench::settle();
    }
    return permitted;
  };
}

Decide in_batches(std::shared_ptr<penstock::Limiter> limiter, Walk walk) {
  return [limiter, walk]() mutable { return bench::decide_batch(*limiter, KeyBlock(walk).keys); };
}

template <Overlap overlap>
Decide keys_only(Walk walk) {
  return [walk]() mutable {
    const KeyBlock block(walk);
    for (const Key& key : block.keys) {
      benchmark::DoNotOptimize(key);
      if constexpr (overlap == Overlap::none) bench::settle();
    }
    return static_cast<std::int64_t>(kBlock);
  };
}

Decide dependent_loads(std::shared_ptr<bench::Lines> lines, Walk walk) {
  return [lines, walk, zero = std::uint64_t{0}]() mutable {
    for (std::size_t i = 0; i < kBlock; ++i) {
      auto& line = (*lines)[walk.next() ^ zero];  // which the processor cannot know to be 0
      zero = static_cast<std::uint64_t>(line.zero.load(std::memory_order_relaxed));
    }
    return static_cast<std::int64_t>(kBlock + zero);
  };
}

void write(bench::Lines::Line& line) {
  line.word.store(line.word.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

void read(bench::Lines::Line& line) { benchmark::DoNotOptimize(line.word.load(std::memory_order_relaxed)); }

Decide independent_lines(std::shared_ptr<bench::Lines> lines, Walk walk) {
  return [lines, walk]() mutable {
    for (std::size_t i = 0; i < kBlock; ++i) write((*lines)[walk.next()]);
    return static_cast<std::int64_t>(kBlock);
  };
}

template <void (*use)(bench::Lines::Line&)>
Decide prefetched_lines(std::shared_ptr<bench::Lines> lines, Walk walk) {
  return [lines, walk]() mutable {
    std::array<std::uint64_t, kBlock> numbers;
    for (std::uint64_t& number : numbers) {
      number = walk.next();
      __builtin_prefetch(&(*lines)[number], 1);
    }
    for (const std::uint64_t number : numbers) use((*lines)[number]);
    return static_cast<std::int64_t>(kBlock);
  };
}

// ---- who takes part --------------------------------------------------------------------------------------

struct Row {
  std::string situation;
  std::string subject;
  Decide decide;
};

class Field {
 public:
  explicit Field(std::int64_t keys) : keys_(keys) {}

  const std::vector<Row>& rows() const { return rows_; }

  void add_keys_only() {
    add(std::string("fenced") + kSmallPages, "keys_only", keys_only<Overlap::none>(walk()));
    add(std::string("single") + kSmallPages, "keys_only", keys_only<Overlap::any>(walk()));
    add(std::string("batch") + kSmallPages, "keys_only", keys_only<Overlap::any>(walk()));
  }

  void add_floors(bool huge_pages) {
    const auto lines = std::make_shared<bench::Lines>(bench::table_bytes(keys_), huge_pages);
    const std::string pages = huge_pages ? kHugePages : kSmallPages;
    const auto over_lines = [&] { return Walk(rows_.size(), lines->count()); };
    add("fenced" + pages, "floor", dependent_loads(lines, over_lines()));
    add("single" + pages, "floor", independent_lines(lines, over_lines()));
    add("batch" + pages, "floor", prefetched_lines<write>(lines, over_lines()));
    add("batch" + pages, "line_loads", prefetched_lines<read>(lines, over_lines()));
  }

  void add_penstock(bool huge_pages, bool compact) {
    const std::string pages = huge_pages ? kHugePages : kSmallPages;
    const std::string subject = compact ? "penstock_compact" : "penstock";
    const std::int64_t before = weight();
    const std::shared_ptr<penstock::Limiter> limiter =
        penstock::make_memory_limiter(kLimit, {.max_keys = keys_, .compact = compact, .huge_pages = huge_pages})
            .value();
    std::int64_t number = 0, permitted = 0;
    while (number + static_cast<std::int64_t>(kBlock) <= keys_) {
      std::array<Key, kBlock> keys;
      for (Key& key : keys) key = Key(static_cast<std::uint64_t>(number++));
      permitted += bench::decide_batch(*limiter, keys);
    }
    while (number < keys_) permitted += limiter->try_acquire(Key(static_cast<std::uint64_t>(number++))).permitted;
    weigh({"memory" + pages, keys_}, subject, permitted, before);
    const std::int64_t overflowed = penstock::memory_stats(*limiter).at(0).overflowed;
    bench::tell({"overflow" + pages, keys_}, "%", subject, 1,
                100 * static_cast<double>(overflowed) / static_cast<double>(keys_));
    add("fenced" + pages, subject, one_by_one<Overlap::none>(limiter, walk()));
    add("single" + pages, subject, one_by_one<Overlap::any>(limiter, walk()));
    add("batch" + pages, subject, in_batches(limiter, walk()));
    limiters_.push_back(limiter);
  }

  template <class Baseline>
  void add_baseline(std::type_identity<Baseline>) {
    const std::int64_t before = weight();
    const auto map = std::make_shared<Baseline>(kLimit, static_cast<std::size_t>(2 * keys_));
    std::int64_t permitted = 0;
    for (std::int64_t i = 0; i < keys_; ++i) permitted += map->try_acquire(Key(static_cast<std::uint64_t>(i)));
    const std::string subject(Baseline::kName);
    weigh({std::string("memory") + kSmallPages, keys_}, subject, permitted, before);
    add(std::string("fenced") + kSmallPages, subject, one_by_one<Overlap::none>(map, walk()));
    add(std::string("single") + kSmallPages, subject, one_by_one<Overlap::any>(map, walk()));
  }

  // All keys of the limiters owe, but the few that share a state.
  void check_all_live() const {
    for (const auto& limiter : limiters_) {
      const std::int64_t owing = penstock::memory_stats(*limiter).at(0).owing;
      if (owing < keys_ / 20 * 19) {
        bench::fail("only " + std::to_string(owing) + " of " + std::to_string(keys_) + " keys were live");
      }
    }
  }

 private:
  // No two rows go the same way: who came second would find what it needs in the caches.
  Walk walk() const { return {rows_.size(), static_cast<std::uint64_t>(keys_)}; }

  void add(std::string situation, std::string subject, Decide decide) {
    rows_.push_back({std::move(situation), std::move(subject), std::move(decide)});
  }

  void weigh(const bench::Place& place, const std::string& subject, std::int64_t permitted, std::int64_t before) {
    bench::check(place, subject, permitted, keys_);
    bench::tell(place, "bytes", subject, 1, static_cast<double>(weight() - before) / static_cast<double>(keys_));
  }

  const std::int64_t keys_;
  std::vector<Row> rows_;
  std::vector<std::shared_ptr<penstock::Limiter>> limiters_;
};

// ---- a trial -----------------------------------------------------------------------------------------------

// Decides for so long; the cost of a decision in nanoseconds.
double decide_for(bench::Seconds seconds, const Row& row, const bench::Place& place) {
  std::int64_t decisions = 0, permitted = 0;
  const auto end = std::chrono::steady_clock::now() + seconds;
  const auto before = bench::processor_time();
  do {
    for (int i = 0; i < 16; ++i) permitted += row.decide();
    decisions += 16 * static_cast<std::int64_t>(kBlock);
  } while (std::chrono::steady_clock::now() < end);
  const auto spent = bench::processor_time() - before;
  bench::check(place, row.subject, permitted, decisions);
  return spent.count() / static_cast<double>(decisions);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) bench::fail("usage: scale KEYS REPETITIONS SECONDS");
  const std::int64_t keys = bench::positive(argv[1]);
  const int repetitions = bench::positive(argv[2]);
  const bench::Seconds seconds = bench::duration(argv[3]);

  bench::have_had_threads();
  bench::remark(bench::about_baselines());
  // Two tables, two twice as large and two floors; and about 500 bytes a key in all baselines.
  const std::int64_t available = bytes_of("/proc/meminfo", "MemAvailable:") / 10 * 9;
  const std::int64_t tables = 8 * static_cast<std::int64_t>(bench::table_bytes(keys));
  if (tables > available) {
    bench::remark(std::to_string(keys) + " keys are left out: too little memory is free");
    return 0;
  }

  Field field(keys);
  field.add_keys_only();
  for (const bool huge_pages : {false, true}) {
    field.add_floors(huge_pages);
    for (const bool compact : {false, true}) field.add_penstock(huge_pages, compact);
  }
  if (keys > kBaselineKeysMax || tables + 500 * keys > available) {
    bench::remark("The baselines are left out at " + std::to_string(keys) + " keys: too much memory or time");
  } else {
    bench::for_each_baseline([&field](auto baseline) { field.add_baseline(baseline); });
  }

  for (int repetition = 1; repetition <= repetitions; ++repetition) {
    for (const Row& row : field.rows()) {
      const bench::Place place{row.situation, keys};
      decide_for(seconds / 5, row, place);  // so that it finds its own things in the caches
      bench::tell(place, "ns", row.subject, repetition, decide_for(seconds, row, place));
    }
  }
  field.check_all_live();
}
