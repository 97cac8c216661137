#include "penstock/memory_limiter.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <map>
#include <string>

#include "bare_table.h"
#include "catch.h"
#include "dice.h"
#include "penstock/detail/algorithm/algorithms.h"
#include "resident.h"
#include "unit/allocations.h"

namespace penstock {
namespace {

using namespace std::chrono_literals;
using algorithm::Time;
using memory::Wide;

template <class L, class Word>
using LimiterOf = memory::StoreLimiter<memory::TableStore<L, Word>>;

template <class L>
struct LimiterOfLayout;
template <class L, class Word>
struct LimiterOfLayout<memory::Layout<L, Word>> {
  using Type = LimiterOf<L, Word>;
};

// ---- fork ----------------------------------------------------------------------------------------------------

TEST_CASE("a child of fork() goes on from a copy") {
  for (const Limit& limit : {Limit(TokenBucket{per_hour(5), 5}), Limit(FixedWindow{5, 24h * 365}),
                             Limit(SlidingWindow{5, 24h * 365}), Limit(SlidingLog{5, 24h})}) {
    CAPTURE(to_string(limit));
    ManualClock clock(24h);
    const auto limiter = make_memory_limiter(limit, {.max_keys = 100, .clock = &clock}).value();
    REQUIRE(limiter->try_acquire("key", 2).permitted);
    const auto the_rest_is_there = [&] {
      return limiter->peek("key").remaining == 3 && limiter->try_acquire("key", 3).permitted &&
             !limiter->try_acquire("key").permitted && limiter->try_acquire("new", 5).permitted;
    };
    const pid_t child = fork();
    if (child == 0) _exit(the_rest_is_there() ? 0 : 1);
    int status = -1;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(status == 0);
    CHECK(the_rest_is_there());
  }
}

// ---- make ----------------------------------------------------------------------------------------------------

TEST_CASE("a limiter that is made by type refuses what any other would") {
  using Limiter = MemoryLimiter<FixedWindow>;
  CHECK(std::string(Limiter::make({0, 1s}).status().message()) ==
        std::string(make_memory_limiter(FixedWindow{0, 1s}).status().message()));
  for (const std::int64_t keys : {std::int64_t{0}, std::int64_t{-1}, kMaxKeys + 1}) {
    CHECK(Limiter::make({1, 1s}, {.max_keys = keys}).status() ==
          make_memory_limiter(FixedWindow{1, 1s}, {.max_keys = keys}).status());
  }
  CHECK(Limiter::make({1, 1s}).ok());
}

TEST_CASE("a limit that needs larger words is refused by type and kept otherwise") {
  const auto check = [](const auto& limit) {
    using L = std::decay_t<decltype(limit)>;
    const absl::Status status = MemoryLimiter<L>::make(limit).status();
    CHECK(status.code() == absl::StatusCode::kInvalidArgument);
    CHECK(std::string(status.message()) ==
          to_string(limit) + ": too large for the words of this limiter; see memory_limiter.h");
    CHECK(LimiterOf<L, Wide>::make(limit).ok());
    const auto limiter = make_memory_limiter(limit, {.max_keys = 1'000'000}).value();
    CHECK(memory_stats(*limiter)[0].bytes > 43'000'000);
  };
  check(TokenBucket{per_second(1), std::int64_t{1} << 31});
  check(FixedWindow{std::int64_t{1} << 31, 1h});
  check(SlidingWindow{32'768, 1h});
  CHECK(MemoryLimiter<TokenBucket>::make({per_second(1), (std::int64_t{1} << 31) - 1}).ok());
  CHECK(MemoryLimiter<FixedWindow>::make({(std::int64_t{1} << 31) - 1, 1h}).ok());
  CHECK(MemoryLimiter<SlidingWindow>::make({32'767, 1h}).ok());
  // Two counters of 63 bits have no word.
  CHECK(make_memory_limiter(SlidingWindow{kMaxPermits, 1h}).status().code() == absl::StatusCode::kInvalidArgument);
}

TEST_CASE("a system without room makes no limiter") {
  rlimit old{};
  REQUIRE(getrlimit(RLIMIT_AS, &old) == 0);
  std::size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  rlimit tight = old;
  tight.rlim_cur = pages * page_size() + (std::size_t{1} << 30);
  REQUIRE(setrlimit(RLIMIT_AS, &tight) == 0);
  const auto typed = MemoryLimiter<TokenBucket>::make({per_second(1), 1}, {.max_keys = kMaxKeys}).status();
  const auto one = make_memory_limiter(FixedWindow{1, 1s}, {.max_keys = kMaxKeys}).status();
  const auto list = make_memory_limiter(parse_limits("1/s, 5/m").value(), {.max_keys = kMaxKeys}).status();
  REQUIRE(setrlimit(RLIMIT_AS, &old) == 0);
  for (const absl::Status& status : {typed, one, list}) {
    CHECK(status.code() == absl::StatusCode::kResourceExhausted);
    CHECK(std::string(status.message()).find("MemoryOptions: max_keys = 4294967296: the system has no ") == 0);
  }
}

// ---- decisions -----------------------------------------------------------------------------------------------

TEMPLATE_LIST_TEST_CASE("a limiter of known type decides as the one that is made for any limit", "",
                        memory::CompactLayouts) {
  using L = typename memory::LimitOf<TestType>::Type;
  const L limit = memory::limit_of<L>(5, 10s);
  ManualClock clock(1'000'000s);
  const MemoryOptions options{.max_keys = 10, .clock = &clock, .seed = 1, .compact = true};
  const auto typed = MemoryLimiter<L>::make(limit, options).value();
  const auto any = make_memory_limiter(limit, options).value();
  Dice dice(21);
  for (int i = 0; i < 20'000; ++i) {
    clock.advance(Duration(dice.upto(200'000'000)));
    const std::string key = std::to_string(dice.upto(40));
    const auto cost = static_cast<std::int64_t>(dice.upto(6));
    switch (dice.upto(5)) {
      case 0:
        REQUIRE(typed->peek(key, cost) == any->peek(key, cost));
        break;
      case 1:
        REQUIRE(typed->reserve(key, cost, 7s) == any->reserve(key, cost, 7s));
        break;
      case 2:
        REQUIRE(typed->refund(key, cost) == any->refund(key, cost));
        break;
      case 3:
        REQUIRE(typed->reset(key) == any->reset(key));
        break;
      default:
        REQUIRE(typed->try_acquire(key, cost) == any->try_acquire(key, cost));
        break;
    }
  }
  CHECK(memory_stats(*typed)[0].overflowed == memory_stats(*any)[0].overflowed);
  CHECK(memory_stats(*typed)[0].overflowed > 0);
}

// Ten keys in a table with room for many more, for 35 years, against the rule on states that nobody packs.
TEMPLATE_LIST_TEST_CASE("for 35 years each key is decided upon as its rule says", "", memory::AllLayouts) {
  using L = typename memory::LimitOf<TestType>::Type;
  using Rule = typename TestType::Rule;
  constexpr std::int64_t kYear = algorithm::kHorizon / 100;
  for (const L& limit : {memory::limit_of<L>(1000, 1us * 1000), memory::limit_of<L>(60, 60s),
                         memory::limit_of<L>(1, 1ms), memory::limit_of<L>(7, 90s), memory::limit_of<L>(3, 24h)}) {
    ManualClock clock(Duration::zero());
    const auto limiter =
        LimiterOfLayout<TestType>::Type::make(limit, {.max_keys = 100'000, .clock = &clock, .seed = 1}).value();
    const TestType layout(limit);
    const Rule& rule = layout.rule();
    const auto quarter = std::min(static_cast<std::int64_t>(rule.span(layout.quarter())), kYear);
    Dice dice(22);
    std::map<std::string, typename Rule::State> own;
    CAPTURE(to_string(limit));
    for (int i = 0; i < 6000 || clock.now().count() < 35 * kYear; ++i) {
      std::int64_t step = 0;
      if (dice.one_in(4)) {
        step = dice.of<std::int64_t>({quarter / 2, quarter, 2 * quarter, 4 * quarter - 1, 4 * quarter,
                                      static_cast<std::int64_t>(dice.upto(kYear / 20))});
      } else {
        step = static_cast<std::int64_t>(dice.upto(rule.refill() / dice.of<Time>({1, 10, 100})));
      }
      step = std::min(step, kYear / 4);
      if (clock.now().count() < 200 * kYear) clock.advance(Duration(step));
      const std::string key = std::to_string(dice.upto(9));
      const auto now = static_cast<Time>(clock.now().count());
      const auto cost = static_cast<std::int64_t>(1 + dice.upto(std::min<std::uint64_t>(rule.limit() - 1, 3)));
      switch (dice.upto(4)) {
        case 0:
          REQUIRE(limiter->peek(key, cost) == algorithm::peek(rule, own[key], now, cost));
          break;
        case 1:
          REQUIRE(limiter->refund(key, cost).ok());
          rule.refund(own[key], now, static_cast<std::uint64_t>(cost));
          break;
        default:
          CAPTURE(i, now, key, cost);
          REQUIRE(limiter->try_acquire(key, cost) == algorithm::advance(rule, own[key], now, cost));
          break;
      }
    }
  }
}

// ---- cost ----------------------------------------------------------------------------------------------------

TEST_CASE("after construction nothing is allocated, whatever is called") {
  ManualClock clock;
  const auto run = [&](Limiter& limiter) {
    std::vector<std::string> keys;
    for (int i = 0; i < 1000; ++i) keys.push_back(std::to_string(i));
    const std::vector<Request> requests = {{"a"}, {"b", 2}, {"a"}};
    std::vector<Decision> decisions(3);
    std::vector<Decision> too_few(2);
    const std::int64_t before = allocations();
    for (int i = 0; i < 3; ++i) {
      for (const std::string& key : keys) {
        (void)limiter.try_acquire(key);
        (void)limiter.try_acquire(key, 1000);
        (void)limiter.try_acquire(key, -1);
        (void)limiter.peek(key);
        (void)limiter.reserve(key, 1, 1h);
        (void)limiter.refund(key, 1);
        if (i == 1) (void)limiter.reset(key);
      }
      limiter.try_acquire(requests, decisions);
      limiter.try_acquire(requests, too_few);
      clock.advance(24h * 365);  // and the sweep
    }
    CHECK(allocations() == before);
  };
  for (const char* text :
       {"5/s burst=5", "5/s algo=fixed", "5/s", "40000/s", "5/s, 100/h burst=10, 1000/day algo=fixed"}) {
    for (const std::int64_t max_keys : {1, 100'000}) {
      CAPTURE(text, max_keys);
      run(*make_memory_limiter(parse_limits(text).value(), {.max_keys = max_keys, .clock = &clock}).value());
    }
  }
}

TEST_CASE("the counter of allocations counts") {
  const std::int64_t before = allocations();
  ::operator delete(::operator new(1));
  CHECK(allocations() == before + 1);
}

TEST_CASE("a limiter for a million keys is small until they come") {
  ManualClock clock(1'000'000s);
  const std::size_t before = resident_bytes();
  const auto limiter = make_memory_limiter(TokenBucket{per_minute(60), 60}, {.clock = &clock}).value();
  CHECK(memory_stats(*limiter)[0].touched_bytes == 0);
  CHECK(resident_bytes() < before + (std::size_t{1} << 20));
  for (int i = 0; i < 1000; ++i) (void)limiter->try_acquire(std::to_string(i));
  CHECK(resident_bytes() < before + (std::size_t{10} << 20));
}

}  // namespace
}  // namespace penstock
