// What do threads cost each other?
//
// Each thread, on a core of its own as long as there are some, decides for a time; the last number of threads is
// twice that of the cores. Figures are nanoseconds a decision, on the thread that makes it; all threads together
// make threads / ns of them.
//
//   hot_admitted   all ask for one key, and are permitted: every decision writes the same cache line
//   hot_refused    all ask for one key, and are refused: nobody writes
//   private_keys   each thread has 1,024 keys of its own
//   zipf           100,000 keys, the n-th in popularity asked for 1/n^0.99 as often as the first
//
// The floor is a compare-exchange of the key's word or, where requests are refused, a load: no hash, no clock, no
// key. `parts` has those too (floors.h). `keys_only` is what making a key costs, which is in all but the floors.
//
//   contend REPETITIONS SECONDS [THREADS...]       run it by `benchmarks/run contend`

#include <benchmark/benchmark.h>
#include <penstock/penstock.h>
#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <barrier>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <functional>
#include <memory>
#include <numeric>
#include <random>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "baselines.h"
#include "floors.h"
#include "keys.h"
#include "measure.h"

namespace {

using bench::kBlock;
using bench::Key;
using bench::Place;

constexpr std::size_t kMaxKeys = 1 << 17;

// What one thread asks for, again and again: numbers of keys, in blocks.
class Traffic {
 public:
  explicit Traffic(std::vector<std::uint32_t> numbers) : numbers_(std::move(numbers)) {}

  std::size_t blocks() const { return numbers_.size() / kBlock; }

  std::span<const std::uint32_t, kBlock> next_numbers() {
    if (at_ == numbers_.size()) at_ = 0;
    at_ += kBlock;
    return std::span<const std::uint32_t, kBlock>(numbers_.data() + at_ - kBlock, kBlock);
  }

  std::array<Key, kBlock> next_keys() {
    const auto numbers = next_numbers();
    std::array<Key, kBlock> keys;
    for (std::size_t i = 0; i < kBlock; ++i) keys[i] = Key(numbers[i]);
    return keys;
  }

 private:
  std::vector<std::uint32_t> numbers_;
  std::size_t at_ = 0;
};

struct Situation {
  std::string name;
  bool permitted;
  std::function<std::vector<std::uint32_t>(std::uint32_t thread)> numbers;  // not for threads to call

  std::vector<Traffic> traffic(std::int64_t threads) const {
    std::vector<Traffic> all;
    for (std::uint32_t thread = 0; thread < threads; ++thread) all.emplace_back(numbers(thread));
    return all;
  }

  // No trial lasts long enough to use up a thousand million permits, or to get one back of one a day.
  penstock::TokenBucket limit() const {
    if (permitted) return {.rate = penstock::per_hour(1'000'000'000), .burst = 1'000'000'000};
    return {.rate = penstock::per_day(1), .burst = 1};
  }
};

std::vector<Situation> situations() {
  const auto one_key = [](std::uint32_t) { return std::vector<std::uint32_t>(kBlock, 0); };
  const auto own_keys = [](std::uint32_t thread) {
    std::vector<std::uint32_t> numbers(16 * kBlock);
    std::iota(numbers.begin(), numbers.end(), thread * static_cast<std::uint32_t>(numbers.size()));
    return numbers;
  };
  std::vector<double> weights(100'000);
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = std::pow(static_cast<double>(i + 1), -0.99);
  const auto zipf = [popularity = std::discrete_distribution<std::uint32_t>(weights.begin(), weights.end())](
                        std::uint32_t thread) mutable {
    std::mt19937_64 random(thread);
    std::vector<std::uint32_t> numbers(1 << 16);
    std::generate(numbers.begin(), numbers.end(), [&] { return popularity(random); });
    return numbers;
  };
  return {{"hot_admitted", true, one_key},
          {"hot_refused", false, one_key},
          {"private_keys", true, own_keys},
          {"zipf", true, zipf}};
}

// Makes a block of decisions, on any thread, and says how many were permitted.
using Decide = std::function<std::int64_t(Traffic&)>;

struct Subject {
  std::string name;
  std::function<Decide(const Situation&)> make;
  bool never_waits = false;
};

template <class Gate>
Decide one_by_one(std::shared_ptr<Gate> gate) {
  return [gate](Traffic& traffic) {
    std::int64_t permitted = 0;
    for (const Key& key : traffic.next_keys()) permitted += static_cast<bool>(gate->try_acquire(key));
    return permitted;
  };
}

Decide in_batches(std::shared_ptr<penstock::Limiter> limiter) {
  return [limiter](Traffic& traffic) { return bench::decide_batch(*limiter, traffic.next_keys()); };
}

// `once` does its work on the line of a key and says whether that was permitted.
template <class Once>
Decide on_lines(Once once) {
  auto lines = std::make_shared<bench::Lines>(bench::table_bytes(kMaxKeys));
  return [lines, once](Traffic& traffic) {
    std::int64_t permitted = 0;
    for (const std::uint32_t number : traffic.next_numbers()) {
      permitted += once(lines->of(number * 0x9e3779b97f4a7c15));
    }
    return permitted;
  };
}

Decide exchange_or_load(const Situation& situation) {
  if (!situation.permitted) {
    return on_lines([](bench::Lines::Line& line) { return line.word.load(std::memory_order_relaxed) != 0; });
  }
  return on_lines([](bench::Lines::Line& line) {
    std::int64_t before = line.word.load(std::memory_order_relaxed);
    while (!line.word.compare_exchange_weak(before, before + 1, std::memory_order_relaxed)) {
    }
    return true;
  });
}

Decide fetch_add(const Situation& situation) {
  return on_lines([permitted = situation.permitted](bench::Lines::Line& line) {
    line.word.fetch_add(1, std::memory_order_relaxed);
    return permitted;
  });
}

Decide keys_only(const Situation& situation) {
  return [permitted = situation.permitted](Traffic& traffic) {
    for (const Key& key : traffic.next_keys()) benchmark::DoNotOptimize(key);
    return permitted ? static_cast<std::int64_t>(kBlock) : 0;
  };
}

std::shared_ptr<penstock::Limiter> make_limiter(const Situation& situation) {
  return penstock::make_memory_limiter(situation.limit(), {.max_keys = kMaxKeys}).value();
}

template <class Gate>
Subject plain(std::type_identity<Gate>) {
  return {std::string(Gate::kName), [](const Situation& situation) {
            return one_by_one(std::make_shared<Gate>(situation.limit(), kMaxKeys));
          }};
}

std::vector<Subject> subjects() {
  std::vector<Subject> all = {
      {"floor", exchange_or_load, true},
      {"fetch_add", fetch_add, true},
      {"keys_only", keys_only, true},
      plain(std::type_identity<bench::Parts>{}),
      {"penstock", [](const Situation& situation) { return one_by_one(make_limiter(situation)); }},
      {"penstock_batch", [](const Situation& situation) { return in_batches(make_limiter(situation)); }},
  };
  bench::for_each_baseline([&all](auto baseline) { all.push_back(plain(baseline)); });
  return all;
}

// ---- a trial -------------------------------------------------------------------------------------------

// For how much of the time threads that never wait had a core, when there were cores for all of them.
struct Presence {
  bench::Nanoseconds ran{}, wanted{};
};

std::int64_t cores() { return std::max(1u, std::thread::hardware_concurrency()); }

void stay_on_core(std::size_t number) {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
  number %= static_cast<std::size_t>(CPU_COUNT(&allowed));
  for (std::size_t core = 0; core < CPU_SETSIZE; ++core) {
    if (!CPU_ISSET(core, &allowed) || number-- != 0) continue;
    cpu_set_t only;
    CPU_ZERO(&only);
    CPU_SET(core, &only);
    (void)pthread_setaffinity_np(pthread_self(), sizeof only, &only);
    return;
  }
}

// Nanoseconds a decision. First each thread asks once for all that it will ask for.
double trial(const Place& place, const Subject& subject, const Situation& situation,
             const std::vector<Traffic>& traffic_of, bench::Seconds seconds, Presence& presence) {
  const Decide decide = subject.make(situation);
  struct alignas(64) Share {
    std::int64_t decisions = 0, permitted = 0;
    bench::Nanoseconds time{}, ran{};
  };
  std::vector<Share> shares(traffic_of.size());
  std::vector<std::thread> threads;
  std::barrier ready(std::ssize(shares) + 1);
  std::atomic<bool> stop = false;
  for (std::size_t number = 0; number < shares.size(); ++number) {
    threads.emplace_back([&, number] {
      stay_on_core(number);
      Traffic traffic = traffic_of[number];
      for (std::size_t i = 0; i < traffic.blocks(); ++i) decide(traffic);
      Share share;
      ready.arrive_and_wait();
      const auto start = std::chrono::steady_clock::now();
      const auto ran_before = bench::processor_time();
      do {
        share.permitted += decide(traffic);
        share.decisions += static_cast<std::int64_t>(kBlock);
      } while (!stop.load(std::memory_order_relaxed));
      share.ran = bench::processor_time() - ran_before;
      share.time = std::chrono::steady_clock::now() - start;
      shares[number] = share;
    });
  }
  ready.arrive_and_wait();
  std::this_thread::sleep_for(seconds);
  stop.store(true, std::memory_order_relaxed);
  for (std::thread& thread : threads) thread.join();

  Share sum;
  for (const Share& share : shares) {
    sum.decisions += share.decisions;
    sum.permitted += share.permitted;
    sum.time += share.time;
    sum.ran += share.ran;
  }
  bench::check(place, subject.name, sum.permitted, situation.permitted ? sum.decisions : 0);
  if (subject.never_waits && place.at <= cores()) {
    presence.ran += sum.ran;
    presence.wanted += sum.time;
  }
  return sum.time.count() / static_cast<double>(sum.decisions);
}

std::vector<std::int64_t> thread_counts() {
  std::vector<std::int64_t> counts;
  for (std::int64_t count = 1; count <= std::min<std::int64_t>(cores(), 16); count *= 2) counts.push_back(count);
  counts.push_back(2 * cores());
  return counts;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) bench::fail("usage: contend REPETITIONS SECONDS [THREADS...]");
  const int repetitions = bench::positive(argv[1]);
  const bench::Seconds seconds = bench::duration(argv[2]);
  std::vector<std::int64_t> counts;
  for (int i = 3; i < argc; ++i) counts.push_back(bench::positive(argv[i]));
  if (counts.empty()) counts = thread_counts();

  bench::remark(bench::about_baselines());
  const std::vector<Situation> all_situations = situations();
  const std::vector<Subject> all_subjects = subjects();
  Presence presence;
  for (int repetition = 1; repetition <= repetitions; ++repetition) {
    for (const Situation& situation : all_situations) {
      for (const std::int64_t count : counts) {
        const Place place{situation.name, count};
        const std::vector<Traffic> traffic = situation.traffic(count);
        for (const Subject& subject : all_subjects) {
          bench::tell(place, "ns", subject.name, repetition,
                      trial(place, subject, situation, traffic, seconds, presence));
        }
      }
    }
  }
  if (presence.wanted.count() > 0) {
    bench::remark("Threads had a core for " + std::to_string(std::lround(100 * presence.ran / presence.wanted)) +
                  " % of the time that they wanted one; on a quiet machine it is nearly 100");
  }
}
