// A flood of keys that nobody has seen before, and those who must not notice.
//
// 100 a minute for each key, burst 100. Hostile keys come at such a rate that a table of `max_keys` is just large
// enough: each asks once, so it owes for one permit's time, 0.6 s, and 3/4 of max_keys owe at any time. Every
// eighth request is of an honest client: 10,000 of them, by Zipf's law with the exponent 0.99, and each keeps to
// its limit (it knows what it has used). And one client, the victim, asks all the time, and must get what it would
// alone.
//
// Time is a ManualClock's, so what is measured is the machine and what is decided is the same in each run.

#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "catch.h"
#include "dice.h"
#include "penstock/detail/algorithm/token_bucket.h"
#include "penstock/detail/memory/layout.h"
#include "penstock/memory_limiter.h"
#include "penstock/penstock.h"
#include "resident.h"

namespace penstock {
namespace {

using namespace std::chrono_literals;
using algorithm::Time;

// Numbers 0 to n - 1, number i with a probability in proportion to 1 / (i + 1)^exponent.
class Zipf {
 public:
  Zipf(std::size_t n, double exponent) {
    double sum = 0;
    for (std::size_t i = 0; i < n; ++i) sums_.push_back(sum += std::pow(static_cast<double>(i + 1), -exponent));
  }
  std::size_t operator()(Dice& dice) const {
    const double at = static_cast<double>(dice.bits() >> 11) * 0x1p-53 * sums_.back();
    return static_cast<std::size_t>(std::upper_bound(sums_.begin(), sums_.end(), at) - sums_.begin());
  }

 private:
  std::vector<double> sums_;
};

constexpr TokenBucket kLimit{per_minute(100), 100};
constexpr Duration kPermit = 600ms;

void flood(std::int64_t max_keys, std::int64_t hostile_keys) {
  constexpr std::size_t kHonest = 10'000;
  using Rule = algorithm::Rule<TokenBucket>;
  const Rule rule = memory::Layout<TokenBucket, std::uint64_t>(kLimit).rule();
  const Zipf zipf(kHonest, 0.99);
  Dice dice(31);
  std::vector<std::string> honest;
  for (std::size_t i = 0; i < kHonest; ++i) honest.push_back("honest client " + std::to_string(i));
  std::vector<Rule::State> used(kHonest);
  Rule::State victims;

  const std::size_t resident_before = resident_bytes();
  ManualClock clock;
  const auto limiter =
      MemoryLimiter<TokenBucket>::make(kLimit, {.max_keys = max_keys, .clock = &clock, .seed = 9}).value();
  const auto bytes = static_cast<std::size_t>(memory_stats(*limiter).at(0).bytes);
  // On microseconds, so that decisions are those of the ideal bucket: at least ten for each step.
  const std::int64_t hostile_at_once = std::max<std::int64_t>(1, max_keys * 3 / 4 / 60'000);
  const Duration step = kPermit / std::max<std::int64_t>(1, max_keys * 3 / 4 / hostile_at_once) / 1000 * 1000;

  std::int64_t asked = 0, refused = 0, skipped = 0, decisions = 0, victim_admitted = 0, hostile_refused = 0;
  std::size_t resident_most = 0;
  const auto start = std::chrono::steady_clock::now();
  for (std::int64_t number = 0; number < hostile_keys; ++number) {
    if (number % hostile_at_once == 0) clock.advance(step);
    const auto now = static_cast<Time>(clock.now().count());
    char name[32] = "hostile ";
    const char* const end = std::to_chars(name + 8, name + sizeof name, number).ptr;
    hostile_refused += !limiter->try_acquire({name, static_cast<std::size_t>(end - name)}).permitted;
    ++decisions;
    if (number % 8 == 0) {
      const std::size_t who = zipf(dice);
      if (algorithm::advance(rule, used[who], now, 1).permitted) {
        ++asked;
        ++decisions;
        refused += !limiter->try_acquire(honest[who]).permitted;
      } else {
        ++skipped;
      }
    }
    if (number % 4 == 0) {
      const Decision ours = limiter->try_acquire("victim");
      ++decisions;
      if (ours != algorithm::advance(rule, victims, now, 1)) FAIL("the victim at " << now);
      victim_admitted += ours.permitted;
    }
    if (number % (1 << 16) == 0) resident_most = std::max(resident_most, resident_bytes());
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  resident_most = std::max(resident_most, resident_bytes());
  const MemoryStats stats = memory_stats(*limiter).at(0);
  std::printf(
      "flood: %.1f M hostile keys through a table of %lld in %.1f s, %.1f M decisions/s; %.2f MB resident of %.2f "
      "MB; "
      "honest: %lld asked, %lld refused (%.4f %%); %.3f %% of hostile keys were refused, %.3f %% overflowed; "
      "%lld owe\n",
      static_cast<double>(hostile_keys) * 1e-6, static_cast<long long>(max_keys), seconds,
      static_cast<double>(decisions) * 1e-6 / seconds, static_cast<double>(resident_most - resident_before) * 1e-6,
      static_cast<double>(bytes) * 1e-6, static_cast<long long>(asked), static_cast<long long>(refused),
      100 * static_cast<double>(refused) / static_cast<double>(asked),
      100 * static_cast<double>(hostile_refused) / static_cast<double>(hostile_keys),
      100 * static_cast<double>(stats.overflowed) / static_cast<double>(decisions),
      static_cast<long long>(stats.owing));

  // A twentieth more than the cap, and what the process takes for itself. A place for each key would be 22 MB a
  // million.
  if (!kSanitized) CHECK(resident_most <= resident_before + bytes + bytes / 20 + (std::size_t{64} << 10));
  // Its burst, and a permit each 0.6 s since the first of them.
  CHECK(victim_admitted == kLimit.burst + (clock.now() - step) / kPermit);
  CHECK(asked > hostile_keys / 100);
  CHECK(refused * 1000 <= asked * 5);
  // The flood was one: most of the words that may be taken were.
  CHECK(stats.owing > max_keys * 2 / 3);
  CHECK(stats.owing < max_keys * 9 / 10);
  CHECK(stats.overflowed > 0);
}

TEST_CASE("a million hostile keys go through a table of 10,000 and nobody else notices") {
  flood(10'000, 1'000'000);
}

TEST_CASE("a hundred million hostile keys go through a table of a million and nobody else notices", "[.long]") {
  flood(1'000'000, 100'000'000);
}

// The flood in full: a hundred times what the table has room for, within one window. Who was there before it keeps
// his word; who comes during it may share one, and is refused too early at worst.
TEST_CASE("a flood beyond all measure gives no key more than its limit, and takes nothing from who was there") {
  ManualClock clock(6'000'000s);  // a window's start
  const auto limiter =
      MemoryLimiter<FixedWindow>::make({10, 60s}, {.max_keys = 10'000, .clock = &clock, .seed = 9}).value();
  std::vector<std::string> guests;
  for (int i = 0; i < 100; ++i) guests.push_back("guest " + std::to_string(i));
  for (int window = 0; window < 3; ++window) {
    std::vector<std::int64_t> counts(guests.size());
    for (std::size_t i = 0; i < guests.size(); ++i) counts[i] += limiter->try_acquire(guests[i]).permitted;
    for (int number = 0; number < 400'000; ++number) {
      (void)limiter->try_acquire(std::to_string(window) + " " + std::to_string(number));
      if (number % 10 == 0) {
        const std::size_t who = static_cast<std::size_t>(number / 10) % guests.size();
        counts[who] += limiter->try_acquire(guests[who]).permitted;
      }
      if (number % 100'000 == 0) clock.advance(15s - 1ns);
    }
    for (const std::int64_t count : counts) CHECK(count == 10);
    const std::string late = "late " + std::to_string(window);
    std::int64_t count = 0;
    for (int i = 0; i < 20; ++i) count += limiter->try_acquire(late).permitted;
    CHECK(count <= 10);
    const MemoryStats stats = limiter->stats().front();
    // A few places stay free: keys that would have come to them were refused for what they share with others.
    CHECK(stats.owing > stats.slots / 10 * 9);
    clock.advance(4ns);
  }
}

}  // namespace
}  // namespace penstock
