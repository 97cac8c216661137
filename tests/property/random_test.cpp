// Random traces of real limits against the model, with most moments where decisions turn: the exact end of a wait,
// one step before it, the edges of windows. The fast lane takes 2e6 decisions an algorithm; the long lane,
// `penstock_property_tests "[long]"`, takes 2e7.

#include <random>

#include "catch.h"
#include "penstock/detail/memory/layout.h"
#include "property/subject.h"

namespace penstock {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr std::int64_t kCentury = algorithm::kHorizon;

// A limit and the grid, in ns, on which its decisions are those of the ideal. Only a token bucket has one above 1,
// and only if a permit is no whole number of nanoseconds: see docs/algorithms.md.
template <class L>
struct Case {
  L limit;
  std::int64_t tick = 1;
};

std::vector<Case<TokenBucket>> cases(const TokenBucket*) {
  return {{{per_minute(60), 60}},     {{per_minute(60), 1}},      {{per_second(1'000'000'000), 1000}},
          {{per_second(1000), 50}},   {{per_minute(7), 10}, 10},  {{per_minute(7), 1}, 10},
          {{{3, seconds(7)}, 5}, 10}, {{{3, seconds(7)}, 3}, 10}, {{per_day(1), 2}},
          {{{1, kMaxWindow}, 3}},     {{per_hour(1000), 100}},    {{{3, nanoseconds(1000)}, 4}, 10},
          {{{1, nanoseconds(3)}, 4}}};
}
// Both kinds of window are asked the same, but for the largest limit.
template <class Window>
std::vector<Case<Window>> window_cases(std::int64_t largest) {
  return {{{10, minutes(1)}},    {{1, seconds(1)}}, {{7, seconds(90)}},      {{1000, milliseconds(100)}},
          {{1, nanoseconds(1)}}, {{5, kMaxWindow}}, {{largest, seconds(1)}}, {{3, nanoseconds(7)}}};
}
std::vector<Case<FixedWindow>> cases(const FixedWindow*) { return window_cases<FixedWindow>(1'461'355'114); }
std::vector<Case<SlidingWindow>> cases(const SlidingWindow*) { return window_cases<SlidingWindow>(1'000'000'000); }
std::vector<Case<SlidingLog>> cases(const SlidingLog*) {
  return {{{10, minutes(1)}},    {{1, seconds(1)}}, {{7, seconds(90)}},   {{50, milliseconds(100)}},
          {{1, nanoseconds(1)}}, {{5, kMaxWindow}}, {{3, nanoseconds(7)}}};
}

std::int64_t window_of(const TokenBucket& limit) { return limit.rate.per.count(); }
std::int64_t window_of(const auto& limit) { return limit.window.count(); }
std::int64_t most_of(const TokenBucket& limit) { return limit.burst; }
std::int64_t most_of(const auto& limit) { return limit.limit; }

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  std::int64_t upto(std::int64_t most) {
    return static_cast<std::int64_t>(engine_() % (static_cast<std::uint64_t>(most) + 1));
  }
  bool one_in(std::int64_t n) { return upto(n - 1) == 0; }

 private:
  std::mt19937_64 engine_;
};

template <class L>
void compare(std::int64_t decisions) {
  const auto all = cases(static_cast<const L*>(nullptr));
  Dice dice(20'261'124);
  std::int64_t permitted = 0, refused = 0, boundary = 0;
  while (permitted + refused < decisions) {
    const auto& [limit, tick] = all[static_cast<std::size_t>(dice.upto(static_cast<std::int64_t>(all.size()) - 1))];
    Subject<L> subject(limit);
    model::ModelOf<L> model(limit, tick);
    const std::int64_t window = window_of(limit);
    const std::int64_t most = most_of(limit);
    // Anywhere in a hundred years, on the grid; a short one or a long one.
    std::int64_t now = dice.upto(kCentury / 2 / tick) * tick;
    std::int64_t retry = 0;
    for (int i = 0; i < 200; ++i) {
      const std::int64_t cost =
          dice.one_in(8) ? dice.upto(most + 1) : 1 + dice.upto(std::min<std::int64_t>(most - 1, 3));
      const model::Answer ours = subject.take(now, cost);
      const model::Answer theirs = model.take(now, cost);
      if (ours != theirs) {
        CAPTURE(to_string(limit), now, cost, i);
        REQUIRE(ours == theirs);
      }
      (ours.permitted ? permitted : refused)++;
      retry = ours.retry_after;
      // Where to next? Never past the end of the promise, and on the grid.
      const std::int64_t kind = dice.upto(9);
      std::int64_t step = 0;
      if (kind < 3 && retry > 0 && retry < kCentury / 400) {
        step = kind == 0 ? retry - tick : retry;
        ++boundary;
      } else if (kind < 5) {
        step = dice.upto(std::max<std::int64_t>(window / (most < window ? most : window), 1) * 2);
      } else if (kind < 6) {
        step = window - now % window;  // the start of the next window
      } else if (kind < 7) {
        step = dice.upto(3 * std::min(window, kCentury / 1200));
      } else if (kind < 8 && dice.one_in(4)) {
        step = -dice.upto(std::min(now, 2 * window));
      }
      now = (now + std::min(step, kCentury / 400)) / tick * tick;
    }
  }
  CHECK(permitted > decisions / 10);
  CHECK(refused > decisions / 10);
  CHECK(boundary > decisions / 50);
}

TEMPLATE_LIST_TEST_CASE("two million random decisions are the model's", "", AllLimits) {
  compare<TestType>(2'000'000);
}

TEMPLATE_LIST_TEST_CASE("twenty million random decisions are the model's", "[.long]", AllLimits) {
  compare<TestType>(20'000'000);
}

// Follows the library with an ideal bucket that is charged whatever the library admits.
void check_never_early(const TokenBucket& limit, Subject<TokenBucket> subject, std::int64_t from, std::int64_t to,
                       std::int64_t lateness, int decisions) {
  Dice dice(7);
  model::TokenBucketModel ideal(limit);
  std::int64_t now = from;
  const std::int64_t permit = std::max<std::int64_t>(limit.rate.per.count() / limit.rate.permits, 1);
  for (int i = 0; i < decisions; ++i) {
    const std::int64_t cost = 1 + dice.upto(std::min<std::int64_t>(limit.burst - 1, 3));
    const model::Answer ours = subject.take(now, cost);
    CAPTURE(to_string(limit), now, cost, i);
    if (ours.permitted) {
      REQUIRE(ideal.take(now, cost).permitted);  // never early
    } else if (lateness >= 0 && ours.retry_after > lateness) {
      REQUIRE_FALSE(ideal.ask(now + ours.retry_after - lateness - 1, cost).permitted);  // nor later than stated
    }
    const std::int64_t step = !ours.permitted && dice.one_in(2) ? ours.retry_after : dice.upto(2 * permit);
    if (now > to - step) break;
    now += step;
  }
}

void check_never_early(const TokenBucket& limit, std::int64_t from, std::int64_t to, std::int64_t lateness,
                       int decisions) {
  check_never_early(limit, Subject<TokenBucket>(limit), from, to, lateness, decisions);
}

TEST_CASE("a bucket in rounded form is never early and at most four nanoseconds late") {
  for (const TokenBucket& limit :
       {TokenBucket{per_second(999'983), 100}, TokenBucket{per_second(999'999'937), 1000},
        TokenBucket{per_second(15'485'863), 3}}) {
    for (const std::int64_t from : {std::int64_t{0}, kCentury / 3, kCentury - 1'000'000'000}) {
      check_never_early(limit, from, kCentury, 4, 100'000);
    }
  }
}

TEST_CASE("a bucket off its grid is never early and at most two ticks late") {
  check_never_early({per_minute(7), 10}, 12'345, kCentury, 20, 100'000);
  check_never_early({{3, seconds(7)}, 5}, 1, kCentury, 20, 100'000);
}

TEST_CASE("a bucket in 40 bits is never early and at most two of its ticks late") {
  for (const TokenBucket& limit :
       {TokenBucket{per_minute(60), 60}, TokenBucket{per_minute(60), 1}, TokenBucket{per_second(100), 100},
        TokenBucket{per_second(1), 1}, TokenBucket{per_hour(1000), 1000},
        TokenBucket{per_second(1'000'000), 1'000'000}, TokenBucket{per_second(1'000'000'000), 1000},
        TokenBucket{per_minute(7), 10}, TokenBucket{per_day(1), 2}, TokenBucket{per_second(1), 2'147'483'647}}) {
    const Subject<TokenBucket>::Rule rule = memory::Layout<TokenBucket, std::uint64_t>(limit).rule();
    const auto tick = static_cast<std::int64_t>(rule.span(1));
    for (const std::int64_t from : {std::int64_t{0}, std::int64_t{12'345}, kCentury / 3}) {
      check_never_early(limit, Subject<TokenBucket>(rule), from, kCentury, 2 * tick, 20'000);
    }
  }
  // And in the rounded form, at most four nanoseconds.
  const TokenBucket odd{per_second(999'983), 100};
  check_never_early(odd, Subject<TokenBucket>(memory::Layout<TokenBucket, std::uint64_t>(odd).rule()), 0, kCentury,
                    4, 20'000);
}

TEST_CASE("after a hundred years a bucket only errs towards refusing") {
  for (const TokenBucket& limit :
       {TokenBucket{per_second(999'983), 100}, TokenBucket{per_minute(60), 60}, TokenBucket{per_minute(7), 10},
        TokenBucket{per_second(1'000'000'000), 1000}, TokenBucket{{1, kMaxWindow}, 3}}) {
    for (const std::int64_t years : {100, 150, 200, 290}) {
      check_never_early(limit, kCentury / 100 * years, std::numeric_limits<std::int64_t>::max(), -1, 20'000);
    }
  }
}

}  // namespace
}  // namespace penstock
