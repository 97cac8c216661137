// What is allowed: four kinds of limit, as plain values.
//
//   Limit chat   = TokenBucket{.rate = per_minute(60), .burst = 60};
//   Limit search = SlidingWindow{.limit = 100, .window = std::chrono::minutes(1)};
//   absl::StatusOr<Limit> same = parse_limit("100/minute");
//
// A limit holds no state: a back end (memory.h) remembers what each key has used of it. Any value can be
// written down; `validate` says whether it makes sense, and every back end asks it first.
//
// Below, A(I) is the cost admitted for one key at moments in the interval I. Each kind keeps a different
// promise about A, and none of them is ever broken, by any interleaving of threads.

#ifndef PENSTOCK_LIMIT_H_
#define PENSTOCK_LIMIT_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "penstock/export.h"

namespace penstock {

using Duration = std::chrono::nanoseconds;

// `permits` that arrive evenly over each `per`. The ratio is exact: 7 a minute is 7/60 a second, not a
// rounded interval. permits: 1 to kMaxPermits; per: 1 ns to kMaxWindow; at most 1.46 permits a nanosecond.
struct Rate {
  std::int64_t permits = 0;
  Duration per = Duration::zero();
  friend bool operator==(const Rate&, const Rate&) = default;
};

constexpr Rate per_second(std::int64_t permits) { return {permits, std::chrono::seconds(1)}; }
constexpr Rate per_minute(std::int64_t permits) { return {permits, std::chrono::minutes(1)}; }
constexpr Rate per_hour(std::int64_t permits) { return {permits, std::chrono::hours(1)}; }
constexpr Rate per_day(std::int64_t permits) { return {permits, std::chrono::hours(24)}; }

// A bucket of `burst` permits that refills at `rate`; a request takes its cost or nothing.
// Promise: A([s, t]) <= burst + rate * (t - s) for all s <= t, and whatever fits is admitted. Where a permit is no
// whole number of ticks it may come up to two ticks late, never early. A tick is a small part of a permit's time,
// a nanosecond where the rate divides into that (60 a minute, 1 a day; docs/algorithms.md), and longer where the
// limiter is `compact`.
//
// Worst case in one rolling window that refills the bucket once: 2 * burst - 1.
//
// State: one word a key. burst: 1 to kMaxPermits.
//
// Source: the generic cell rate algorithm (ITU-T I.371), kept as a position in the supply of permits.
struct TokenBucket {
  Rate rate;
  std::int64_t burst = 0;
  friend bool operator==(const TokenBucket&, const TokenBucket&) = default;
};

// At most `limit` in each window of the clock; windows begin at whole multiples of `window`.
// Promise: A(window) <= limit, exactly, and whatever fits is admitted.
// Worst case in one rolling window: 2 * limit, across a boundary.
// State: one word a key. limit: 1 to kMaxPermits, and limit * (100 years / window + 1) <= 2^62.
struct FixedWindow {
  std::int64_t limit = 0;
  Duration window = Duration::zero();
  friend bool operator==(const FixedWindow&, const FixedWindow&) = default;
};

// Two counters: this window's, and the last one's weighted by the share of it that a rolling window
// would still cover, rounded up.
// Promise: A(any interval of length T) <= limit * (1 + T / window); and a client that asks all
// the time gets `limit` in its first window and limit - 1 in each later one (of 1: one in every other window).
// Worst case in one rolling window: 2 * limit - 1.
// State: an index and two counters a key. limit: 1 to kMaxPermits.
struct SlidingWindow {
  std::int64_t limit = 0;
  Duration window = Duration::zero();
  friend bool operator==(const SlidingWindow&, const SlidingWindow&) = default;
};

// Remembers the moment of every permit it gave.
// Promise: A((t - window, t]) <= limit for every t, and whatever fits is admitted.
// Worst case in one rolling window: limit.
// State: up to twice `limit` moments of 8 bytes a key. limit: 1 to kMaxLogPermits.
struct SlidingLog {
  std::int64_t limit = 0;
  Duration window = Duration::zero();
  friend bool operator==(const SlidingLog&, const SlidingLog&) = default;
};

using Limit = std::variant<TokenBucket, FixedWindow, SlidingWindow, SlidingLog>;

// The largest burst or limit; a larger number is taken for a mistake.
inline constexpr std::int64_t kMaxPermits = std::int64_t{1} << 62;
inline constexpr std::int64_t kMaxLogPermits = 4096;
// Ten years, leap days and all. The shortest window is one nanosecond.
inline constexpr Duration kMaxWindow = std::chrono::hours(24 * 3660);
// The most limits that one limiter can hold for a key.
inline constexpr std::size_t kMaxLimitsPerKey = 16;

// OK, or InvalidArgument naming the field, its value and the range it must be in.
// Any thread; constant time.
[[nodiscard]] PENSTOCK_EXPORT absl::Status validate(const Limit& limit);
// As above for several limits on one key: 1 to kMaxLimitsPerKey of them, each valid.
[[nodiscard]] PENSTOCK_EXPORT absl::Status validate(const std::vector<Limit>& limits);

// Reads a limit from text:
//
//   "60/minute burst=10"        TokenBucket, 60 a minute, 10 at once
//   "7/90s"                     SlidingWindow, the default
//   "100 per 2 hours algo=fixed"
//
//   limits = limit *( *WSP "," *WSP limit )
//   limit  = rate *( 1*WSP param )
//   rate   = count ( *WSP "/" *WSP / 1*WSP "per" 1*WSP ) [ count *WSP ] unit
//   unit   = ns us ms s sec second m min minute h hour d day, and the plurals of the words
//   param  = "burst=" count / "algo=" ( "token" / "fixed" / "sliding" / "log" )
//   count  = digits, which may be grouped by "_": 1_000_000
//
// Without `algo` it is a token bucket if `burst` is given, else a sliding window; `algo=token` without
// `burst` means a burst of the whole count; `burst` with another algorithm is an error. The result is
// valid. Errors are InvalidArgument and name the column, the offending word, and the likely one.
// Any thread; linear in the text.
[[nodiscard]] PENSTOCK_EXPORT absl::StatusOr<Limit> parse_limit(std::string_view text);

// Reads several, separated by commas: "10/s, 1000/h". At most kMaxLimitsPerKey.
[[nodiscard]] PENSTOCK_EXPORT absl::StatusOr<std::vector<Limit>> parse_limits(std::string_view text);

// The canonical text, in the largest unit that divides the window: "60/1m burst=10", "7/90s".
// parse_limit(to_string(limit)) == limit for every valid limit.
[[nodiscard]] PENSTOCK_EXPORT std::string to_string(const Limit& limit);
[[nodiscard]] PENSTOCK_EXPORT std::string to_string(const std::vector<Limit>& limits);

}  // namespace penstock

#endif  // PENSTOCK_LIMIT_H_
