// The workloads of benchmarks/peers/run on Penstock, used as anybody would: the public header, the default clock.
//
//   decide WORKLOAD KEYS THREADS SECONDS

#include <penstock/penstock.h>

#include <algorithm>
#include <array>
#include <barrier>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using Seconds = std::chrono::duration<double>;

constexpr int kBlock = 4096;  // decisions between two looks at the time

struct Tally {
  std::int64_t permitted = 0, refused = 0;

  void count(bool was_permitted) { (was_permitted ? permitted : refused) += 1; }
};

std::string key_of(std::int64_t number) {
  std::array<char, 21> text;
  std::snprintf(text.data(), text.size(), "user:%015lld", static_cast<long long>(number));
  return {text.data(), 20};
}

// Goes over the keys in an order that no prefetcher guesses; all peers go the same way.
class Walk {
 public:
  Walk(std::uint64_t seed, std::size_t keys) : state_(seed), keys_(keys) {}

  std::size_t next() {
    state_ = state_ * 6364136223846793005 + 1442695040888963407;
    return static_cast<std::size_t>((state_ >> 32) * keys_ >> 32);
  }

 private:
  std::uint64_t state_;
  const std::uint64_t keys_;
};

Tally decide_until(penstock::Limiter& limiter, const std::vector<std::string>& keys, Walk walk, Seconds seconds) {
  const auto end = std::chrono::steady_clock::now() + seconds;
  Tally tally;
  do {
    for (int i = 0; i < kBlock; ++i) {
      tally.count(limiter.try_acquire(keys[walk.next()]).permitted);
    }
  } while (std::chrono::steady_clock::now() < end);
  return tally;
}

void time_decisions(penstock::Limiter& limiter, std::int64_t key_count, int thread_count, Seconds seconds) {
  std::vector<std::string> keys;
  for (std::int64_t i = 0; i < key_count; ++i) keys.push_back(key_of(i));
  for (const std::string& key : keys) (void)limiter.try_acquire(key);

  std::vector<Tally> tallies(static_cast<std::size_t>(thread_count));
  std::vector<std::thread> threads;
  std::barrier ready(thread_count + 1);
  for (std::size_t t = 0; t < tallies.size(); ++t) {
    threads.emplace_back([&, t] {
      ready.arrive_and_wait();
      tallies[t] = decide_until(limiter, keys, Walk(t, keys.size()), seconds);
    });
  }
  const auto start = std::chrono::steady_clock::now();
  ready.arrive_and_wait();
  for (std::thread& thread : threads) thread.join();
  const std::chrono::duration<double, std::nano> wall = std::chrono::steady_clock::now() - start;

  Tally sum;
  for (const Tally& tally : tallies) {
    sum.permitted += tally.permitted;
    sum.refused += tally.refused;
  }
  const auto decisions = static_cast<double>(sum.permitted + sum.refused);
  std::printf("%.2f %lld %lld\n", wall.count() * thread_count / decisions, static_cast<long long>(sum.permitted),
              static_cast<long long>(sum.refused));
}

std::int64_t resident_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    std::int64_t kib;
    if (word == "VmRSS:" && status >> kib) return kib * 1024;
  }
  std::fputs("no VmRSS in /proc/self/status\n", stderr);
  std::exit(1);
}

// No array of keys here: what is resident is the limiter's. A second round shows that it remembers every key.
void weigh_keys(penstock::Limiter& limiter, std::int64_t empty, std::int64_t key_count) {
  Tally tally;
  for (std::int64_t i = 0; i < key_count; ++i) tally.count(limiter.try_acquire(key_of(i)).permitted);
  const std::int64_t full = resident_bytes();
  for (std::int64_t i = 0; i < key_count; ++i) tally.count(limiter.try_acquire(key_of(i)).permitted);
  std::printf("%.2f %lld %lld\n", static_cast<double>(full - empty) / static_cast<double>(key_count),
              static_cast<long long>(tally.permitted), static_cast<long long>(tally.refused));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fputs("usage: decide WORKLOAD KEYS THREADS SECONDS\n", stderr);
    return 2;
  }
  const std::string_view workload = argv[1];
  const std::int64_t keys = std::atoll(argv[2]);

  penstock::TokenBucket limit;
  if (workload == "hot_admitted" || workload == "many_keys") {
    limit = {.rate = penstock::per_second(1'000'000), .burst = 1'000'000};
  } else if (workload == "hot_refused" || workload == "memory") {
    limit = {.rate = penstock::per_day(1), .burst = 1};
  } else {
    std::fprintf(stderr, "decide: no workload is called '%s'\n", argv[1]);
    return 2;
  }

  const std::int64_t empty = resident_bytes();
  // The default room, or that for twice the keys, so that few find their places taken.
  const std::int64_t room = std::max(penstock::MemoryOptions().max_keys, 2 * keys);
  const auto limiter = penstock::make_memory_limiter(limit, {.max_keys = room});
  if (!limiter.ok()) {
    std::fprintf(stderr, "decide: %s\n", limiter.status().ToString().c_str());
    return 1;
  }
  if (workload == "memory") {
    weigh_keys(**limiter, empty, keys);
  } else {
    time_decisions(**limiter, keys, std::atoi(argv[3]), Seconds(std::atof(argv[4])));
  }
}
