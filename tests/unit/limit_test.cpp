#include "penstock/limit.h"

#include "catch.h"

namespace penstock {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

TEST_CASE("rates are what their names say") {
  CHECK(per_second(3) == Rate{3, seconds(1)});
  CHECK(per_minute(3) == Rate{3, seconds(60)});
  CHECK(per_hour(3) == Rate{3, seconds(3600)});
  CHECK(per_day(3) == Rate{3, seconds(86400)});
}

TEST_CASE("every limit in its range is valid, to the edges") {
  const Limit limit = GENERATE(values<Limit>({
      TokenBucket{per_second(1), 1},
      TokenBucket{per_second(1'000'000'000), kMaxPermits},
      TokenBucket{{1, kMaxWindow}, kMaxPermits},
      TokenBucket{{1, nanoseconds(1)}, 1},
      TokenBucket{{1'461, nanoseconds(1000)}, 1},
      FixedWindow{1, nanoseconds(1)},
      FixedWindow{1'461'355'114, seconds(1)},
      FixedWindow{1, kMaxWindow},
      SlidingWindow{1, nanoseconds(1)},
      SlidingWindow{kMaxPermits, nanoseconds(1)},
      SlidingWindow{kMaxPermits, kMaxWindow},
      SlidingLog{1, nanoseconds(1)},
      SlidingLog{kMaxLogPermits, kMaxWindow},
  }));
  CAPTURE(to_string(limit));
  CHECK(validate(limit).ok());
}

TEST_CASE("a limit out of range is refused by field and value") {
  struct Row {
    Limit limit;
    const char* message;
  };
  const Row row = GENERATE(values<Row>({
      {TokenBucket{}, "TokenBucket: rate.permits = 0: must be 1 to 4611686018427387904"},
      {TokenBucket{per_second(-1), 1}, "TokenBucket: rate.permits = -1: must be 1 to 4611686018427387904"},
      {TokenBucket{{1, Duration(0)}, 1},
       "TokenBucket: rate.per = 0 ns: must be 1 ns to 316224000000000000 ns (3660 days)"},
      {TokenBucket{{1, Duration(-5)}, 1},
       "TokenBucket: rate.per = -5 ns: must be 1 ns to 316224000000000000 ns (3660 days)"},
      {TokenBucket{{1, kMaxWindow + nanoseconds(1)}, 1},
       "TokenBucket: rate.per = 316224000000000001 ns: must be 1 ns to 316224000000000000 ns (3660 days)"},
      {TokenBucket{per_second(1), 0}, "TokenBucket: burst = 0: must be 1 to 4611686018427387904"},
      {TokenBucket{per_second(1), kMax},
       "TokenBucket: burst = 9223372036854775807: must be 1 to 4611686018427387904"},
      {TokenBucket{{2, nanoseconds(1)}, 1},
       "TokenBucket: rate = 2 permits per 1 ns: must be at most 1.46 permits a nanosecond"},
      {TokenBucket{per_second(kMaxPermits), 1},
       "TokenBucket: rate = 4611686018427387904 permits per 1000000000 ns: must be at most 1.46 permits a "
       "nanosecond"},
      {FixedWindow{}, "FixedWindow: window = 0 ns: must be 1 ns to 316224000000000000 ns (3660 days)"},
      {FixedWindow{0, seconds(1)}, "FixedWindow: limit = 0: must be 1 to 1461355114"},
      {FixedWindow{1'461'355'115, seconds(1)}, "FixedWindow: limit = 1461355115: must be 1 to 1461355114"},
      {FixedWindow{kMax, kMaxWindow}, "FixedWindow: limit = 9223372036854775807: must be 1 to 461168601842738790"},
      {SlidingWindow{0, seconds(1)}, "SlidingWindow: limit = 0: must be 1 to 4611686018427387904"},
      {SlidingWindow{1, Duration::min()},
       "SlidingWindow: window = -9223372036854775808 ns: must be 1 ns to 316224000000000000 ns (3660 days)"},
      {SlidingLog{4097, seconds(1)}, "SlidingLog: limit = 4097: must be 1 to 4096"},
      {SlidingLog{1, Duration(0)}, "SlidingLog: window = 0 ns: must be 1 ns to 316224000000000000 ns (3660 days)"},
  }));
  const absl::Status status = validate(row.limit);
  CHECK(status.code() == absl::StatusCode::kInvalidArgument);
  CHECK(std::string(status.message()) == row.message);
}

TEST_CASE("a list holds from one to sixteen limits, each of them valid") {
  const Limit limit = SlidingWindow{1, seconds(1)};
  CHECK(validate(std::vector<Limit>(1, limit)).ok());
  CHECK(validate(std::vector<Limit>(16, limit)).ok());
  CHECK(std::string(validate(std::vector<Limit>{}).message()) == "limits: 0 given: must be 1 to 16");
  CHECK(std::string(validate(std::vector<Limit>(17, limit)).message()) == "limits: 17 given: must be 1 to 16");
  CHECK_FALSE(validate(std::vector<Limit>{limit, SlidingLog{}}).ok());
}

TEST_CASE("a limit prints in the largest unit that divides its window") {
  CHECK(to_string(TokenBucket{per_minute(60), 10}) == "60/1m burst=10");
  CHECK(to_string(FixedWindow{5, hours(48)}) == "5/2d algo=fixed");
  CHECK(to_string(SlidingWindow{7, seconds(90)}) == "7/90s");
  CHECK(to_string(SlidingLog{5, seconds(3600)}) == "5/1h algo=log");
  CHECK(to_string(SlidingWindow{1, nanoseconds(1)}) == "1/1ns");
  CHECK(to_string(SlidingWindow{1, nanoseconds(1'500)}) == "1/1500ns");
  CHECK(to_string(SlidingWindow{1, nanoseconds(2'000)}) == "1/2us");
  CHECK(to_string(SlidingWindow{1, minutes(1440)}) == "1/1d");
  CHECK(to_string(SlidingWindow{1, kMaxWindow}) == "1/3660d");
  CHECK(to_string(std::vector<Limit>{SlidingWindow{10, seconds(1)}, FixedWindow{1000, hours(1)}}) ==
        "10/1s, 1000/1h algo=fixed");
}

}  // namespace
}  // namespace penstock
