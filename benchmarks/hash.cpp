// What does the hash of a key cost?
//
// Each method as the limiter calls it, next to absl::Hash, which gives 64 bits and has no secret of ours. Keys of
// 8, 20 and 64 bytes, in two situations:
//
//   throughput   the keys are known beforehand, so the processor works on several at once
//   latency      which key comes next depends on the hash before

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <random>
#include <string_view>

#include "absl/hash/hash.h"
#include "absl/strings/string_view.h"
#include "penstock/detail/memory/key_hash.h"

namespace {

using penstock::memory::KeyHash;

constexpr std::size_t kKeys = 256;
constexpr std::size_t kLongest = 64;

enum Situation { throughput, latency };

template <Situation situation, class Hash>
void measure(benchmark::State& state, const Hash& hash) {
  std::array<char, kKeys * kLongest> bytes;
  std::minstd_rand random;
  std::generate(bytes.begin(), bytes.end(), [&random] { return static_cast<char>('a' + random() % 26); });
  auto length = static_cast<std::size_t>(state.range(0));
  std::uint64_t number = 0;
  std::uint64_t sum = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(length);
    const std::uint64_t result = hash({bytes.data() + number % kKeys * kLongest, length});
    number = situation == latency ? result : number + 1;
    sum ^= result;
  }
  benchmark::DoNotOptimize(sum);
  state.SetItemsProcessed(state.iterations());
}

template <KeyHash::Method method, Situation situation>
void penstock_hash(benchmark::State& state) {
  const KeyHash hash = KeyHash::seeded(1, method);
  if (hash.method() != method) return state.SkipWithError("this processor has no AES");
  measure<situation>(state, [&hash](std::string_view key) {
    const auto fingerprint = hash(key);
    return fingerprint.high ^ fingerprint.low;
  });
}

template <Situation situation>
void absl_hash(benchmark::State& state) {
  measure<situation>(state,
                     [](std::string_view key) { return absl::HashOf(absl::string_view(key.data(), key.size())); });
}

BENCHMARK(penstock_hash<KeyHash::Method::aes, throughput>)->Name("aes/throughput")->Arg(8)->Arg(20)->Arg(64);
BENCHMARK(penstock_hash<KeyHash::Method::aes, latency>)->Name("aes/latency")->Arg(8)->Arg(20)->Arg(64);
BENCHMARK(penstock_hash<KeyHash::Method::siphash, throughput>)
    ->Name("siphash/throughput")
    ->Arg(8)
    ->Arg(20)
    ->Arg(64);
BENCHMARK(penstock_hash<KeyHash::Method::siphash, latency>)->Name("siphash/latency")->Arg(8)->Arg(20)->Arg(64);
BENCHMARK(absl_hash<throughput>)->Name("absl/throughput")->Arg(8)->Arg(20)->Arg(64);
BENCHMARK(absl_hash<latency>)->Name("absl/latency")->Arg(8)->Arg(20)->Arg(64);

}  // namespace

BENCHMARK_MAIN();
