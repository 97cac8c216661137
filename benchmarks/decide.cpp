// What does a decision cost, on one thread?
//
// Each algorithm, through the interface and (`_inlined`) by the concrete type, on the default clock, on one that an
// event loop keeps and on one that stands still; next to baselines.h, and to floors.h.
//
//   admitted       1,000 hot keys of 20 bytes, every request permitted
//   refused        the same keys, every request refused
//   batch          the first, 64 requests a call
//   unknown_keys   every key is a new one, as in a flood
//   bare           one part alone: the hash of a key, a reading of a clock, a compare-exchange
//
// The baselines' default clock is std::chrono::steady_clock. Compare `items_per_second`: an item is one decision.
// Run it by `benchmarks/run decide`.

#include <benchmark/benchmark.h>
#include <penstock/memory_limiter.h>
#include <penstock/penstock.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "baselines.h"
#include "floors.h"
#include "keys.h"
#include "measure.h"

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kKeys = 1000;
constexpr std::size_t kMaxKeys = 1 << 16;

const std::vector<std::string>& hot_keys() {
  static const auto* keys = [] {
    auto* made = new std::vector<std::string>;
    for (std::size_t i = 0; i < kKeys; ++i) made->emplace_back(bench::Key(i));
    return made;
  }();
  return *keys;
}

// The clock of one run.
enum class ClockKind { standard, cached, manual };
constexpr std::pair<ClockKind, std::string_view> kClocks[] = {{ClockKind::standard, "default_clock"},
                                                              {ClockKind::cached, "cached_clock"},
                                                              {ClockKind::manual, "manual_clock"}};

class RunClock {
 public:
  explicit RunClock(ClockKind kind) : kind_(kind) {}

  // Null stands for what a subject uses unless told otherwise.
  penstock::Clock* clock() {
    if (kind_ == ClockKind::cached) return &cached_;
    if (kind_ == ClockKind::manual) return &manual_;
    return nullptr;
  }

  // As an event loop does between two turns. A clock that stands still is moved by about what a turn takes.
  void turn() {
    if (kind_ == ClockKind::cached) cached_.update();
    if (kind_ == ClockKind::manual) manual_.advance(20us);
  }

 private:
  ClockKind kind_;
  penstock::CachedClock cached_;
  penstock::ManualClock manual_{24h * 365};
};

// Goes round the hot keys, a round a turn.
class Round {
 public:
  explicit Round(RunClock& clock) : clock_(clock) {}

  std::string_view next() {
    if (i_ == kKeys) {
      i_ = 0;
      clock_.turn();
    }
    return keys_[i_++];
  }

 private:
  const std::vector<std::string>& keys_ = hot_keys();
  RunClock& clock_;
  std::size_t i_ = 0;
};

// Never the same key twice.
class Strangers {
 public:
  std::string_view next() { return key_ = bench::Key(number_++); }

 private:
  std::uint64_t number_ = 1 << 20;
  bench::Key key_;
};

enum class Expect { all, none, any };

bool failed = false;

// Ends a benchmark: an item is a decision, and all of them must have been as expected.
void report(benchmark::State& state, std::int64_t decisions, std::int64_t permitted, Expect expect) {
  state.SetItemsProcessed(decisions);
  if ((expect == Expect::all && permitted != decisions) || (expect == Expect::none && permitted != 0)) {
    const std::string error = std::to_string(permitted) + " of " + std::to_string(decisions) + " were permitted";
    state.SkipWithError(error.c_str());
    failed = true;
  }
}

template <class Gate, class Keys>
void one_by_one(benchmark::State& state, Gate& gate, Keys keys, Expect expect) {
  std::int64_t permitted = 0;
  for (auto _ : state) permitted += static_cast<bool>(gate.try_acquire(keys.next()));
  report(state, state.iterations(), permitted, expect);
}

template <class Gate>
void in_batches(benchmark::State& state, Gate& gate, Round keys) {
  std::array<penstock::Request, bench::kBlock> requests;
  std::array<penstock::Decision, bench::kBlock> decisions;
  std::int64_t permitted = 0;
  for (auto _ : state) {
    for (penstock::Request& request : requests) request.key = keys.next();
    gate.try_acquire(std::span<const penstock::Request>(requests), std::span<penstock::Decision>(decisions));
    for (const penstock::Decision& decision : decisions) permitted += decision.permitted;
  }
  report(state, state.iterations() * static_cast<std::int64_t>(bench::kBlock), permitted, Expect::all);
}

// Rates, without and with a count of what they let through. In 10 ms a hot key is asked for about 1,000 times.
constexpr std::string_view kGenerous = "4096/10ms", kMean = "1/3650d", kOrdinary = "60/1m";

template <class... Run>
void add(std::string_view subject, std::string_view situation, std::string_view clock, Run... run) {
  const std::string name = std::string(subject).append("/").append(situation).append("/").append(clock);
  benchmark::RegisterBenchmark(name.c_str(), run...);
}

// All that a subject can do. `make` makes one, from a rate and a clock; each run has its own.
template <class Make>
void add_subject(std::string_view name, bool unknown_keys, Make make) {
  for (const auto& [kind, clock_name] : kClocks) {
    const auto with = [=, kind = kind](std::string_view rate, auto measure) {
      return [=](benchmark::State& state) {
        RunClock clock(kind);
        const auto gate = make(rate, clock.clock());
        measure(state, *gate, Round(clock));
      };
    };
    add(name, "admitted", clock_name,
        with(kGenerous, [](auto& state, auto& gate, Round keys) { one_by_one(state, gate, keys, Expect::all); }));
    add(name, "refused", clock_name, with(kMean, [](auto& state, auto& gate, Round keys) {
          for (const std::string& key : hot_keys()) benchmark::DoNotOptimize(gate.try_acquire(key));
          one_by_one(state, gate, keys, Expect::none);
        }));
    if constexpr (requires(std::span<const penstock::Request> requests, std::span<penstock::Decision> decisions) {
                    make(kGenerous, nullptr)->try_acquire(requests, decisions);
                  }) {
      add(name, "batch", clock_name,
          with(kGenerous, [](auto& state, auto& gate, Round keys) { in_batches(state, gate, keys); }));
    }
    if (!unknown_keys) continue;
    add(name, "unknown_keys", clock_name,
        with(kOrdinary, [](auto& state, auto& gate, Round) { one_by_one(state, gate, Strangers(), Expect::any); }));
  }
}

penstock::Limit limit_of(std::string_view rate, std::string_view algorithm) {
  return penstock::parse_limit(std::string(rate).append(" algo=").append(algorithm)).value();
}

void add_limiter(std::string_view algorithm) {
  add_subject(algorithm, true, [=](std::string_view rate, penstock::Clock* clock) {
    return penstock::make_memory_limiter(limit_of(rate, algorithm), {.max_keys = kMaxKeys, .clock = clock}).value();
  });
}

template <class Limit>
void add_inlined(std::string_view algorithm) {
  add_subject(std::string(algorithm) + "_inlined", true, [=](std::string_view rate, penstock::Clock* clock) {
    const auto limit = std::get<Limit>(limit_of(rate, algorithm));
    return penstock::MemoryLimiter<Limit>::make(limit, {.max_keys = kMaxKeys, .clock = clock}).value();
  });
}

template <class Gate>
void add_plain(std::type_identity<Gate>) {
  add_subject(Gate::kName, Gate::kBounded, [](std::string_view rate, penstock::Clock* clock) {
    return std::make_unique<Gate>(std::get<penstock::TokenBucket>(limit_of(rate, "token")), kMaxKeys, clock);
  });
}

void add_bare_parts() {
  const auto add_bare = [](std::string_view subject, std::string_view clock, auto once) {
    add(subject, "bare", clock, [=](benchmark::State& state) {
      for (auto _ : state) benchmark::DoNotOptimize(once());
      state.SetItemsProcessed(state.iterations());
    });
  };
  static const auto hash = penstock::memory::KeyHash::random();
  static RunClock still(ClockKind::manual);
  static Round keys(still);
  static bench::Lines lines(64);
  static penstock::Clock& standard = penstock::default_clock();
  static penstock::Clock& cached = *std::make_unique<penstock::CachedClock>().release();
  add_bare("hash", "no_clock", [] { return hash(keys.next()); });
  add_bare("compare_exchange", "no_clock", [] {
    std::int64_t before = lines[0].word.load(std::memory_order_relaxed);
    return lines[0].word.compare_exchange_strong(before, before + 1, std::memory_order_relaxed);
  });
  add_bare("clock", "default_clock", [] { return standard.now(); });
  add_bare("clock", "cached_clock", [] { return cached.now(); });
  add_bare("clock", "steady_clock", [] { return std::chrono::steady_clock::now(); });
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  bench::have_had_threads();
  bench::remark(bench::about_baselines());
  bench::remark("default_clock: " + std::string(penstock::default_clock_reason()));
  add_bare_parts();
  add_plain(std::type_identity<bench::Parts>{});
  bench::for_each_baseline([](auto baseline) { add_plain(baseline); });
  add_inlined<penstock::TokenBucket>("token");
  add_inlined<penstock::FixedWindow>("fixed");
  add_inlined<penstock::SlidingWindow>("sliding");
  for (const std::string_view algorithm : {"token", "fixed", "sliding", "log"}) add_limiter(algorithm);
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return failed ? 1 : 0;
}
