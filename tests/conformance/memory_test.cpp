// What memory.h promises beside that.

#include "catch.h"
#include "conformance/backends.h"
#include "penstock/penstock.h"

namespace penstock {
namespace {

using namespace std::chrono_literals;

TEST_CASE("options out of range are refused by field and value") {
  const Limit limit = SlidingWindow{3, 10s};
  for (const std::int64_t keys : {std::int64_t{0}, std::int64_t{-1}, kMaxKeys + 1}) {
    const auto limiter = make_memory_limiter(limit, {.max_keys = keys});
    CHECK(limiter.status().code() == absl::StatusCode::kInvalidArgument);
    CHECK(std::string(limiter.status().message()) ==
          "MemoryOptions: max_keys = " + std::to_string(keys) + ": must be 1 to 4294967296");
  }
  CHECK(make_memory_limiter(limit, {.max_keys = 1}).ok());
  CHECK(make_memory_limiter(limit, {.max_keys = kMaxKeys}).ok());
  CHECK(make_memory_limiter(limit).ok());
}

TEST_CASE("a limit out of range makes no limiter") {
  CHECK(std::string(make_memory_limiter(SlidingWindow{0, 10s}).status().message()) ==
        "SlidingWindow: limit = 0: must be 1 to 4611686018427387904");
  CHECK(make_memory_limiter(std::vector<Limit>{}).status().code() == absl::StatusCode::kInvalidArgument);
}

TEST_CASE("windows begin at whole multiples of their length on the clock") {
  for (const Duration start : {Duration(25s), Duration(-25s), Duration(-20s)}) {
    ManualClock clock(start);
    const auto limiter = make_memory_limiter(FixedWindow{1, 10s}, {.clock = &clock}).value();
    REQUIRE(limiter->try_acquire("key").permitted);
    const Duration wait = limiter->try_acquire("key").retry_after;
    CHECK((start + wait) % 10s == Duration::zero());
    CHECK(wait > 0s);
    CHECK(wait <= 10s);
  }
}

TEST_CASE("a new key is answered while the clock stands far back") {
  // The table's hand has gone on; for a while, absent keys waited for the clock to come after it, for ever.
  ManualClock clock(0s);
  const auto limiter = make_memory_limiter(FixedWindow{1, 1ms}, {.clock = &clock}).value();
  clock.set(24h * 3650);
  CHECK(limiter->try_acquire("old").permitted);
  clock.set(0s);
  CHECK(limiter->try_acquire("new").permitted);
  const Decision refused = limiter->try_acquire("new");
  CHECK_FALSE(refused.permitted);
  clock.advance(refused.retry_after - 1ns);
  CHECK_FALSE(limiter->peek("new").permitted);
  clock.advance(1ns);
  CHECK(limiter->peek("new").permitted);
}

TEST_CASE("of several limits the binding one answers") {
  ManualClock clock(1'000'000s);
  const auto limiter =
      make_memory_limiter(parse_limits("2/10s algo=fixed, 3/h algo=fixed").value(), {.clock = &clock}).value();
  CHECK(limiter->try_acquire("key").limit == 2);
  CHECK(limiter->try_acquire("key").remaining == 0);
  const Decision soon = limiter->try_acquire("key");
  CHECK(soon.limit == 2);
  CHECK(soon.retry_after == 10s);
  clock.advance(10s);
  CHECK(limiter->try_acquire("key").limit == 3);
  const Decision later = limiter->try_acquire("key");
  CHECK(later.limit == 3);
  CHECK(later.retry_after > 10s);
  CHECK(later.reset_after == later.retry_after);
  CHECK(limiter->try_acquire("key", 3).retry_after == Decision::never);
}

TEST_CASE("a request that one of several limits refuses is charged to none") {
  ManualClock clock(1'000'000s);
  const auto limiter =
      make_memory_limiter(parse_limits("3/10s algo=fixed, 2/h algo=log").value(), {.clock = &clock}).value();
  REQUIRE(limiter->try_acquire("key", 2).permitted);
  for (int i = 0; i < 10; ++i) CHECK_FALSE(limiter->try_acquire("key").permitted);
  clock.advance(1h);
  CHECK(limiter->try_acquire("key", 2).permitted);
}

TEST_CASE("a reservation is charged to all limits at the moment when all permit") {
  ManualClock clock(1'000'000s);
  const auto limiter =
      make_memory_limiter(parse_limits("1/10s algo=fixed, 1/25s algo=log").value(), {.clock = &clock}).value();
  REQUIRE(limiter->try_acquire("key").permitted);
  const Decision reserved = limiter->reserve("key", 1, 1h);
  CHECK(reserved.permitted);
  CHECK(reserved.retry_after == 25s);
  clock.advance(25s);
  // The window of ten seconds in which it went is full.
  CHECK_FALSE(limiter->try_acquire("key").permitted);
}

TEST_CASE("with a seed the shared states of a full limiter are repeatable") {
  const auto run = [] {
    ManualClock clock;
    const auto limiter =
        make_memory_limiter(FixedWindow{1, 10s}, {.max_keys = 4096, .clock = &clock, .seed = 7}).value();
    std::string outcome;
    for (int i = 0; i < 20'000; ++i) outcome += limiter->try_acquire(std::to_string(i)) ? '1' : '0';
    return outcome;
  };
  CHECK(run() == run());
  // Of the keys that there is room for, 1 in 100 or so shares a state.
  const std::string first = run().substr(0, 4096);
  CHECK(std::count(first.begin(), first.end(), '0') < 41);
}

TEST_CASE("a key has its whole burst at one moment, whatever the moment") {
  const auto limit = GENERATE(TokenBucket{per_minute(60), 10}, TokenBucket{per_day(100), 100},
                              TokenBucket{per_hour(1000), 1000}, TokenBucket{per_second(10), 10});
  CAPTURE(to_string(Limit(limit)));
  ManualClock clock;
  const auto limiter = make_memory_limiter(limit, {.max_keys = 1000, .clock = &clock}).value();
  for (int key = 0; key < 50; ++key) {
    clock.advance(1'234'567ns);
    std::int64_t permitted = 0;
    for (std::int64_t i = 0; i <= limit.burst; ++i)
      permitted += limiter->try_acquire(std::to_string(key)).permitted;
    REQUIRE(permitted == limit.burst);
  }
}

TEST_CASE("a compact bucket has half the memory, and the last permit of its burst a tick later") {
  ManualClock clock;
  const TokenBucket limit{per_minute(60), 10};
  const auto fine = make_memory_limiter(limit, {.clock = &clock}).value();
  const auto compact = make_memory_limiter(limit, {.clock = &clock, .compact = true}).value();
  CHECK(memory_stats(*fine).front().bytes / MemoryOptions().max_keys == 44);
  CHECK(memory_stats(*compact).front().bytes / MemoryOptions().max_keys == 22);
  clock.advance(1'234'567ns);
  CHECK(compact->try_acquire("key", 9).permitted);
  CHECK(compact->try_acquire("key").retry_after == 433ns);  // there is a microsecond in 433 ns
  clock.advance(433ns);
  CHECK(compact->try_acquire("key").permitted);
}

TEST_CASE("a bucket that 8 bytes hold to the nanosecond takes no more") {
  const TokenBucket fast{per_second(1'000'000), 1'000'000};
  CHECK(memory_stats(*make_memory_limiter(fast).value()).front().bytes ==
        memory_stats(*make_memory_limiter(fast, {.compact = true}).value()).front().bytes);
}

TEST_CASE("the default clock serves where none is given") {
  const auto limiter = make_memory_limiter(TokenBucket{per_second(1), 2}).value();
  CHECK(limiter->try_acquire("key").permitted);
  CHECK(limiter->try_acquire("key").permitted);
  CHECK_FALSE(limiter->try_acquire("key", 2).permitted);
}

TEST_CASE("acquire waits on the default clock and is never early") {
  const auto limiter = make_memory_limiter(TokenBucket{per_second(1000), 1}).value();
  REQUIRE(limiter->try_acquire("key").permitted);
  const auto start = std::chrono::steady_clock::now();
  CHECK(acquire(*limiter, "key", 1, start + 10s).permitted);
  CHECK(std::chrono::steady_clock::now() - start > 0ms);
  const auto slow = make_memory_limiter(TokenBucket{per_hour(1), 1}).value();
  REQUIRE(slow->try_acquire("key").permitted);
  CHECK_FALSE(acquire(*slow, "key", 1, start).permitted);
}

TEST_CASE("a reservation that one of several limits cannot reach is charged to none") {
  // The log reaches 2 s ahead, the bucket has nothing for 60 s.
  ManualClock clock(1'000'000s);
  const auto limiter =
      make_memory_limiter(parse_limits("10/s algo=fixed, 5/2s algo=log, 2/60s burst=2").value(), {.clock = &clock})
          .value();
  REQUIRE(limiter->try_acquire("key", 2).permitted);
  CHECK_FALSE(limiter->reserve("key", 2, 100s).permitted);
  clock.advance(31s);
  CHECK(limiter->try_acquire("key", 1).permitted);
}

TEST_CASE("what one of several limits can never hold is charged to none, not even before the limiter's zero") {
  ManualClock clock(100s);
  const auto limiter =
      make_memory_limiter(parse_limits("10/s algo=fixed, 5/60s algo=fixed").value(), {.clock = &clock}).value();
  clock.set(-10s);
  CHECK(limiter->reserve("key", 7, Duration::max()).retry_after == Decision::never);
  clock.set(100s);
  CHECK(limiter->try_acquire("key", 5).permitted);
}

// ---- the state of the table -------------------------------------------------------------------------------

TEST_CASE("stats tell how full a table is") {
  ManualClock clock(1'000'000s);
  const auto limiter =
      make_memory_limiter(FixedWindow{2, 10s}, {.max_keys = 30'000, .clock = &clock, .seed = 3}).value();
  const auto stats = [&] { return memory_stats(*limiter).at(0); };
  CHECK(memory_stats(*limiter).size() == 1);
  CHECK(stats().slots == 80'000);
  CHECK(stats().bytes >= 30'000 * 22);
  CHECK(stats().bytes * 10 <= 30'000 * 221);
  CHECK(stats().owing == 0);
  CHECK(stats().touched_bytes == 0);
  for (int i = 0; i < 1000; ++i) REQUIRE(limiter->try_acquire(std::to_string(i)).permitted);
  CHECK(stats().owing == 1000);
  CHECK(stats().overflowed == 0);
  CHECK(stats().touched_bytes > 0);
  CHECK(stats().touched_bytes <= stats().bytes + 4096);
  // A refund or a reset holds the place until it would have been free.
  CHECK(limiter->refund("0", 1).ok());
  CHECK(limiter->reset("1").ok());
  CHECK(stats().owing == 1000);
  clock.advance(10s);
  CHECK(stats().owing == 0);
}

TEST_CASE("stats count what was admitted on shared states, for ever") {
  ManualClock clock(1'000'000s);
  const auto limiter =
      make_memory_limiter(FixedWindow{1, 10s}, {.max_keys = 1, .clock = &clock, .seed = 3}).value();
  std::int64_t admitted = 0;
  for (int i = 0; i < 100; ++i) admitted += limiter->try_acquire(std::to_string(i)).permitted;
  const MemoryStats stats = memory_stats(*limiter).at(0);
  CHECK(stats.slots == 8);
  CHECK(stats.owing == 8);
  CHECK(stats.overflowed == admitted - 8);
  CHECK(stats.overflowed > 0);
  clock.advance(10s);
  CHECK(memory_stats(*limiter).at(0).overflowed == stats.overflowed);
}

TEST_CASE("a list has stats for each limit, in the order in which they were given") {
  ManualClock clock(1'000'000s);
  const auto limiter =
      make_memory_limiter(parse_limits("100/h algo=fixed, 5/s burst=5, 10/s algo=log, 40_000/m").value(),
                          {.max_keys = 3000, .clock = &clock, .seed = 3, .compact = true})
          .value();
  REQUIRE(limiter->try_acquire("key").permitted);
  std::vector<MemoryStats> stats = memory_stats(*limiter);
  REQUIRE(stats.size() == 4);
  for (const MemoryStats& each : stats) CHECK(each.owing == 1);
  // The log has no table; the large window needs words of 16 bytes.
  CHECK(stats[0].bytes < 3000 * 23);
  CHECK(stats[1].bytes == stats[0].bytes);
  CHECK(stats[2].bytes == 0);
  CHECK(stats[2].slots == 3000);
  CHECK(stats[3].bytes > 3000 * 43);
  clock.advance(2s);
  stats = memory_stats(*limiter);
  CHECK(stats[0].owing == 1);
  CHECK(stats[1].owing == 0);
  CHECK(stats[2].owing == 0);
  CHECK(stats[3].owing == 1);
}

TEST_CASE("there are no stats of somebody else's limiter") {
  struct Generous final : Limiter {
    Decision try_acquire(std::string_view, std::int64_t) override { return {.permitted = true}; }
    void try_acquire(std::span<const Request>, std::span<Decision>) override {}
    Decision peek(std::string_view, std::int64_t) override { return {.permitted = true}; }
    Decision reserve(std::string_view, std::int64_t, Duration) override { return {.permitted = true}; }
    absl::Status refund(std::string_view, std::int64_t) override { return absl::OkStatus(); }
    absl::Status reset(std::string_view) override { return absl::OkStatus(); }
  };
  Generous limiter;
  CHECK(memory_stats(limiter).empty());
}

TEST_CASE("a key that shares its state keeps it through refund and reset") {
  for (const char* text :
       {"3/10s burst=3", "3/10s algo=fixed", "3/10s", "3/10s algo=log", "3/10s, 100/h algo=fixed"}) {
    ManualClock clock(1'000'000s);
    const auto limiter = make_full(parse_limits(text).value(), clock);
    CAPTURE(text);
    REQUIRE(limiter->try_acquire("key", 3).permitted);
    const Decision before = limiter->peek("key");
    CHECK(limiter->refund("key", 3).ok());
    CHECK(limiter->reset("key").ok());
    CHECK(limiter->peek("key") == before);
    CHECK_FALSE(limiter->try_acquire("key").permitted);
  }
}

TEST_CASE("limits too large for 8 bytes are as exact") {
  const auto [limit, most] =
      GENERATE(table<const char*, std::int64_t>({{"2_147_483_648/m burst=2_147_483_648", 1LL << 31},
                                                 {"10_000_000_000/h algo=fixed", 10'000'000'000},
                                                 {"10_000_000_000/h", 10'000'000'000},
                                                 {"32_768/s", 32'768}}));
  CAPTURE(limit);
  ManualClock clock(3'600'000s);
  const auto limiter = make_memory_limiter(parse_limit(limit).value(), {.max_keys = 100, .clock = &clock}).value();
  CHECK(memory_stats(*limiter).at(0).bytes > 100 * 43);
  CHECK(limiter->try_acquire("key", most - 5).permitted);
  CHECK(limiter->try_acquire("key", 6).retry_after > 0s);
  CHECK(limiter->try_acquire("key", 5).remaining == 0);
  const Decision refused = limiter->try_acquire("key");
  CHECK_FALSE(refused.permitted);
  CHECK(limiter->refund("key", 3).ok());
  CHECK(limiter->peek("key").remaining == 3);
  CHECK(limiter->try_acquire("key", 3).permitted);
  clock.advance(refused.retry_after - 1ns);
  CHECK_FALSE(limiter->peek("key").permitted);
  clock.advance(1ns);
  CHECK(limiter->peek("key").permitted);
}

}  // namespace
}  // namespace penstock
