// The model has to be right before anything is compared with it. First the fractions, then one table for each
// algorithm and question, worked by hand: a call, and the five numbers it answers. Last, what must hold for all
// small limits, found by trying everything, with no formula for a wait anywhere.

#include "model/model.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

#include "catch.h"
#include "model/rational.h"

namespace penstock::model {

namespace {

// A line of a table. A refund answers nothing: its row says what a request for nothing would be told next.
struct Call {
  enum class Kind { ask, take, reserve, refund } kind = Kind::ask;
  std::int64_t now = 0;
  std::int64_t cost = 0;
  std::int64_t max_wait = 0;
};

Call ask(std::int64_t now, std::int64_t cost) { return {Call::Kind::ask, now, cost, 0}; }
Call take(std::int64_t now, std::int64_t cost) { return {Call::Kind::take, now, cost, 0}; }
Call refund(std::int64_t now, std::int64_t cost) { return {Call::Kind::refund, now, cost, 0}; }
Call reserve(std::int64_t now, std::int64_t cost, std::int64_t max_wait) {
  return {Call::Kind::reserve, now, cost, max_wait};
}

struct Row {
  Call call;
  Answer answer;  // permitted, limit, remaining, retry_after, reset_after
};

template <class Algorithm>
Answer apply(Algorithm& key, const Call& call) {
  switch (call.kind) {
    case Call::Kind::ask:
      return key.ask(call.now, call.cost);
    case Call::Kind::take:
      return key.take(call.now, call.cost);
    case Call::Kind::reserve:
      return key.reserve(call.now, call.cost, call.max_wait);
    case Call::Kind::refund:
      key.refund(call.now, call.cost);
      break;
  }
  return key.ask(call.now, 0);
}

template <class Limit>
void play(const Limit& limit, const std::vector<Row>& rows, std::int64_t tick = 1) {
  ModelOf<Limit> key(limit, tick);
  std::size_t line = 0;
  for (const Row& row : rows) {
    CAPTURE(line, row.call.now, row.call.cost, row.call.max_wait);
    CHECK(apply(key, row.call) == row.answer);
    ++line;
  }
}

constexpr Duration ns(std::int64_t count) { return Duration(count); }
constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kPermitsMost = std::int64_t{1} << 62;

// ---- Fractions ----

TEST_CASE("a fraction is kept in lowest terms with a positive denominator") {
  CHECK((Rational(6, -4).numerator() == -3 && Rational(6, -4).denominator() == 2));
  CHECK((Rational(0, -7).numerator() == 0 && Rational(0, -7).denominator() == 1));
  CHECK(Rational(-10, -5) == Rational(2));
}

TEST_CASE("small fractions add, multiply, divide, round and compare like integers over a common denominator") {
  bool right = true;
  for (int a = -7; a <= 7; ++a) {
    for (int b = -6; b <= 6; ++b) {
      if (b == 0) continue;
      const Rational x(a, b);
      // floor <= x < floor + 1 and ceil - 1 < x <= ceil, written without fractions.
      const int sign = b < 0 ? -1 : 1;
      const int floor = static_cast<int>(x.floor());
      const int ceil = static_cast<int>(x.ceil());
      right = right && floor * b * sign <= a * sign && a * sign < (floor + 1) * b * sign;
      right = right && ceil * b * sign >= a * sign && a * sign > (ceil - 1) * b * sign;
      for (int c = -7; c <= 7; ++c) {
        for (int d = -6; d <= 6; ++d) {
          if (d == 0) continue;
          const Rational y(c, d);
          right = right && x + y == Rational(a * d + c * b, b * d) && x - y == Rational(a * d - c * b, b * d);
          right = right && x * y == Rational(a * c, b * d) && (c == 0 || x / y == Rational(a * d, b * c));
          const int order = (a * d - c * b) * (b * d > 0 ? 1 : -1);
          right = right && (x < y) == (order < 0) && (x > y) == (order > 0) && (x == y) == (order == 0);
        }
      }
    }
  }
  CHECK(right);
}

TEST_CASE("fractions near the edge of 128 bits are still exact") {
  const Int128 big = Int128{1} << 120;
  const Int128 odd = (Int128{1} << 58) - 1;
  CHECK(Rational(big, odd) * Rational(odd, big) == Rational(1));
  CHECK(Rational(big, 3) - Rational(big - 1, 3) == Rational(1, 3));
  // The cross products of these would need 178 bits.
  CHECK(Rational(big, odd) > Rational(big, odd + 2));
  CHECK((Rational(-big, odd).floor() == -Rational(big, odd).ceil()));
}

// ---- Token bucket ----

TEST_CASE("token bucket: a table worked by hand") {
  // One permit each 10 ns, 3 at once.
  play(TokenBucket{{1, ns(10)}, 3},
       {
           {ask(0, 1), {true, 3, 3, 0, 0}},      // A new key is full, and asking takes nothing.
           {take(0, 2), {true, 3, 1, 0, 20}},    // 3 - 2 = 1; two are missing.
           {take(0, 2), {false, 3, 1, 10, 20}},  // One is missing: one permit's time. Nothing is taken.
           {ask(9, 2), {false, 3, 1, 1, 11}},    // 1.9
           {take(10, 2), {true, 3, 0, 0, 30}},   // Exactly 2.
           {take(10, 4), {false, 3, 0, kNever, 30}},
           {take(10, 0), {true, 3, 0, 0, 30}},    // Nothing can always be had.
           {ask(25, 3), {false, 3, 1, 15, 15}},   // 1.5; 1.5 more take 15 ns.
           {take(40, 3), {true, 3, 0, 0, 30}},    // Full at this very moment.
           {ask(35, 1), {false, 3, 0, 15, 35}},   // Stepping back: -0.5, so 1 is there at 50 and 3 at 70.
           {take(5000, 1), {true, 3, 2, 0, 10}},  // Full since 70, and no fuller.
           {take(4990, 1), {true, 3, 0, 0, 30}},  // Stepping back: 2 - 1 = 1, less 1; 3 more by 5020.
           {ask(5000, 1), {true, 3, 1, 0, 20}},   // The same line: 1 at 5000.
       });
}

TEST_CASE("token bucket: seven a minute are seven a minute, with no drift") {
  // A permit takes 60/7 s = 8,571,428,571 3/7 ns. The n-th is there at the least whole ns >= n * 60/7 s.
  play(TokenBucket{per_minute(7), 7},
       {
           {take(0, 7), {true, 7, 0, 0, 60 * kSecond}},
           {ask(0, 1), {false, 7, 0, 8'571'428'572, 60 * kSecond}},
           {ask(8'571'428'571, 1), {false, 7, 0, 1, 51'428'571'429}},  // 1 - 3 / 6e10
           {take(8'571'428'572, 1), {true, 7, 0, 0, 60 * kSecond}},    // 4/6e10 are left: full after 6e10 - 4/7.
           {ask(8'571'428'572, 1), {false, 7, 0, 8'571'428'571, 60 * kSecond}},  // The 4/7 are not lost.
           {take(17'142'857'142, 1), {false, 7, 0, 1, 51'428'571'430}},  // Until 68,571,428,571.43: 8 * 60/7 s.
           {take(17'142'857'143, 1), {true, 7, 0, 0, 60 * kSecond}},
           {take(25'714'285'714, 1), {false, 7, 0, 1, 51'428'571'429}},  // Until 77,142,857,142.86.
           {take(25'714'285'715, 1), {true, 7, 0, 0, 60 * kSecond}},
           {take(34'285'714'286, 1), {true, 7, 0, 0, 60 * kSecond}},
           {take(42'857'142'858, 1), {true, 7, 0, 0, 60 * kSecond}},
           {take(51'428'571'429, 1), {true, 7, 0, 0, 60 * kSecond}},
           {take(60 * kSecond - 1, 1), {false, 7, 0, 1, 51'428'571'430}},  // Until 111,428,571,428.57.
           {take(60 * kSecond, 1), {true, 7, 0, 0, 60 * kSecond}},         // Level again exactly 0.
           {ask(60 * kSecond, 7), {false, 7, 0, 60 * kSecond, 60 * kSecond}},
       });
}

TEST_CASE("token bucket: on a coarser tick only the waits are rounded up") {
  play(TokenBucket{per_minute(7), 7},
       {
           {take(0, 7), {true, 7, 0, 0, 60 * kSecond}},
           {ask(0, 1), {false, 7, 0, 8'571'428'580, 60 * kSecond}},
           {ask(8'571'428'570, 1), {false, 7, 0, 10, 51'428'571'430}},
           // 60/6e10 are left: full after 6e10 - 60/7 = 59,999,999,991.4, which is 6e10 on the tick.
           {take(8'571'428'580, 1), {true, 7, 0, 0, 60 * kSecond}},
           // The next: (6e10 - 60)/7 = 8,571,428,562.9.
           {ask(8'571'428'580, 1), {false, 7, 0, 8'571'428'570, 60 * kSecond}},
       },
       10);
}

TEST_CASE("token bucket: three each seven seconds") {
  // A permit takes 7/3 s = 2,333,333,333 1/3 ns.
  play(TokenBucket{{3, ns(7 * kSecond)}, 2},
       {
           {take(0, 2), {true, 2, 0, 0, 4'666'666'667}},
           {take(kSecond, 1), {false, 2, 0, 1'333'333'334, 3'666'666'667}},  // 3/7
           {ask(2'333'333'333, 1), {false, 2, 0, 1, 2'333'333'334}},
           {ask(2'333'333'334, 1), {true, 2, 1, 0, 2'333'333'333}},  // Until 4,666,666,666.67.
           {ask(4'666'666'666, 2), {false, 2, 1, 1, 1}},
           {ask(4'666'666'667, 2), {true, 2, 2, 0, 0}},
           {take(7 * kSecond, 1), {true, 2, 1, 0, 2'333'333'334}},
           {take(7 * kSecond, 1), {true, 2, 0, 0, 4'666'666'667}},
           {take(14 * kSecond, 2), {true, 2, 0, 0, 4'666'666'667}},  // 3 have come, but 2 is all it holds.
       });
}

TEST_CASE("token bucket: a reservation is a debt") {
  play(TokenBucket{{1, ns(10)}, 3},
       {
           {take(0, 3), {true, 3, 0, 0, 30}},
           {reserve(0, 2, 19), {false, 3, 0, 20, 30}},   // One ns too impatient.
           {reserve(0, 2, 20), {true, 3, 0, 20, 50}},    // Level -2: five are missing.
           {ask(10, 1), {false, 3, 0, 20, 40}},          // -1
           {take(19, 1), {false, 3, 0, 11, 31}},         // -0.1; nothing before the go time, 20.
           {reserve(10, 1, 100), {true, 3, 0, 20, 50}},  // -2 at 10; goes at 30, after the other.
           {reserve(10, 4, kNever), {false, 3, 0, kNever, 50}},
           {reserve(10, 0, 0), {true, 3, 0, 0, 50}},
           {ask(30, 1), {false, 3, 0, 10, 30}},       // 0
           {reserve(40, 1, 0), {true, 3, 0, 0, 30}},  // 1 is there: just like take().
       });
}

TEST_CASE("token bucket: a reservation of the whole burst is a take at its go time, where the bucket is full") {
  // A permit takes 2,333,333,333 1/3 ns.
  play(TokenBucket{{3, ns(7 * kSecond)}, 2},
       {
           {take(0, 2), {true, 2, 0, 0, 4'666'666'667}},
           // Full at 4,666,666,666.67, so goes at ...667, and the third of a ns since then is not kept. Empty then,
           // full 4,666,666,666.67 later, at 9,333,333,333.67.
           {reserve(kSecond, 2, 3'666'666'667), {true, 2, 0, 3'666'666'667, 8'333'333'334}},
           {ask(7 * kSecond, 1), {false, 2, 0, 1, 2'333'333'334}},  // One is there at 7,000,000,000.33.
           {ask(7 * kSecond + 1, 1), {true, 2, 1, 0, 2'333'333'333}},
       });
}

TEST_CASE("token bucket: a refund pours back, up to the brim") {
  play(TokenBucket{{1, ns(10)}, 3},
       {
           {take(0, 3), {true, 3, 0, 0, 30}},
           {refund(0, 1), {true, 3, 1, 0, 20}},
           {refund(5, 9), {true, 3, 3, 0, 0}},    // 1.5, then 3.
           {ask(0, 1), {true, 3, 2, 0, 5}},       // Stepping back: the line is at 3 at 5, so at 2.5.
           {refund(100, 1), {true, 3, 3, 0, 0}},  // Full already: nothing happens ...
           {ask(0, 1), {true, 3, 2, 0, 5}},       // ... not even to the line.
           {take(100, 3), {true, 3, 0, 0, 30}},
           {reserve(100, 2, 20), {true, 3, 0, 20, 50}},
           {refund(100, 2), {true, 3, 0, 0, 30}},  // The reservation is taken back.
           {ask(110, 1), {true, 3, 1, 0, 20}},
           {refund(110, 0), {true, 3, 1, 0, 20}},
       });
}

TEST_CASE("token bucket: waits too long to tell are told one nanosecond short of never") {
  // 2^62 permits at one in ten years are 4e25 years.
  play(TokenBucket{{1, kMaxWindow}, kPermitsMost},
       {
           {take(0, kPermitsMost), {true, kPermitsMost, 0, 0, kNever - 1}},
           {take(0, kPermitsMost), {false, kPermitsMost, 0, kNever - 1, kNever - 1}},
           {reserve(0, kPermitsMost, kNever), {false, kPermitsMost, 0, kNever - 1, kNever - 1}},
           {ask(0, 1), {false, kPermitsMost, 0, kMaxWindow.count(), kNever - 1}},
           {ask(kMaxWindow.count(), 1), {true, kPermitsMost, 1, 0, kNever - 1}},
       });
  // 1.46 a ns: 14.6 after 10 ns; 2^62 / 1.46 = 3,158,689,053,717,388,975.34 ns in all.
  play(TokenBucket{{146, ns(100)}, kPermitsMost},
       {
           {take(0, kPermitsMost), {true, kPermitsMost, 0, 0, 3'158'689'053'717'388'976}},
           {ask(10, 15), {false, kPermitsMost, 14, 1, 3'158'689'053'717'388'966}},
           {ask(kNever, kPermitsMost), {true, kPermitsMost, kPermitsMost, 0, 0}},
       });
}

// ---- Fixed window ----

TEST_CASE("fixed window: a table worked by hand") {
  play(FixedWindow{3, ns(10)},
       {
           {ask(0, 3), {true, 3, 3, 0, 0}},
           {take(0, 2), {true, 3, 1, 0, 10}},
           {take(9, 2), {false, 3, 1, 1, 1}},   // 2 + 2 > 3, until 10.
           {take(10, 2), {true, 3, 1, 0, 10}},  // The boundary belongs to the new window.
           {take(12, 1), {true, 3, 0, 0, 8}},
           {take(19, 1), {false, 3, 0, 1, 1}},
           {take(5, 1), {false, 3, 0, 15, 15}},  // Stepping back: 5 counts as 10; the wait is from 5.
           {take(19, 0), {true, 3, 0, 0, 1}},
           {ask(25, 3), {true, 3, 3, 0, 0}},  // Window 1 is over.
           {take(25, 4), {false, 3, 3, kNever, 0}},
           {take(25, 1), {true, 3, 2, 0, 5}},
           {take(15, 1), {true, 3, 1, 0, 15}},  // Stepping back: 15 counts as 20, and takes from window 2.
           {take(29, 1), {true, 3, 0, 0, 1}},
           {take(29, 1), {false, 3, 0, 1, 1}},
       });
}

TEST_CASE("fixed window: twice the limit across a boundary, and no more") {
  const std::int64_t minute = 60 * kSecond;
  play(FixedWindow{100, std::chrono::minutes(1)}, {
                                                      {take(minute - 1, 100), {true, 100, 0, 0, 1}},
                                                      {take(minute, 100), {true, 100, 0, 0, minute}},
                                                      {take(minute, 1), {false, 100, 0, minute, minute}},
                                                      {take(2 * minute - 1, 1), {false, 100, 0, 1, 1}},
                                                  });
}

TEST_CASE("fixed window: a reservation shuts the key until its window starts") {
  play(FixedWindow{3, ns(10)},
       {
           {take(0, 1), {true, 3, 2, 0, 10}},
           {reserve(1, 3, 8), {false, 3, 2, 9, 9}},  // Window 1 starts at 10.
           {reserve(1, 3, 9), {true, 3, 0, 9, 19}},  // Charged to window 1, which ends at 20.
           {take(2, 1), {false, 3, 0, 18, 18}},      // Window 0 had room for 2, but is shut; window 1 is full.
           {take(2, 0), {true, 3, 0, 0, 18}},
           {take(10, 1), {false, 3, 0, 10, 10}},
           {take(20, 1), {true, 3, 2, 0, 10}},
       });
  play(FixedWindow{3, ns(10)},
       {
           {take(0, 2), {true, 3, 1, 0, 10}},
           {reserve(1, 2, 9), {true, 3, 0, 9, 19}},
           {take(2, 1), {false, 3, 0, 8, 18}},          // Fits beside it, in window 1.
           {take(2, 2), {false, 3, 0, 18, 18}},         // Does not: window 2.
           {reserve(3, 1, 100), {true, 3, 0, 7, 17}},   // Window 1 is full now.
           {reserve(3, 1, 100), {true, 3, 0, 17, 27}},  // Goes at 20.
           {ask(10, 1), {false, 3, 0, 10, 20}},
           {ask(19, 2), {false, 3, 0, 1, 11}},
           {ask(20, 2), {true, 3, 2, 0, 10}},   // Its window has come: 1 is used.
           {ask(15, 1), {false, 3, 0, 5, 15}},  // Shut for a `now` that steps back, too ...
           {take(20, 1), {true, 3, 1, 0, 10}},
           {ask(15, 1), {true, 3, 1, 0, 15}},  // ... until a charge was made inside: 15 counts as 20.
       });
}

TEST_CASE("fixed window: a refund lowers the window of the last charge, if that is not over") {
  play(FixedWindow{3, ns(10)},
       {
           {take(5, 3), {true, 3, 0, 0, 5}},
           {refund(7, 2), {true, 3, 2, 0, 3}},
           {refund(10, 1), {true, 3, 3, 0, 0}},  // In window 1: window 0 is as it was.
           {ask(9, 2), {true, 3, 2, 0, 1}},
           {refund(9, 9), {true, 3, 3, 0, 0}},  // Not below nothing; as good as new.
           {take(20, 3), {true, 3, 0, 0, 10}},
           {refund(15, 1), {true, 3, 1, 0, 15}},  // Stepping back: 15 counts as 20.
           {refund(15, 2), {true, 3, 3, 0, 5}},   // A new key at 15 would take from window 1, this one does
                                                  // from window 2: the difference lasts until 20.
           {take(20, 3), {true, 3, 0, 0, 10}},
           {reserve(21, 2, 9), {true, 3, 0, 9, 19}},
           {refund(22, 1), {true, 3, 0, 0, 18}},  // Window 3 has 1. Still shut.
           {ask(22, 2), {false, 3, 0, 8, 18}},
           {refund(22, 1), {true, 3, 0, 0, 8}},  // Window 3 has nothing. Shut, until 30.
           {ask(30, 3), {true, 3, 3, 0, 0}},
       });
}

// ---- Sliding window ----

TEST_CASE("sliding window: a table worked by hand") {
  play(SlidingWindow{4, ns(10)},
       {
           {ask(5, 4), {true, 4, 4, 0, 0}},
           {take(5, 4), {true, 4, 0, 0, 15}},    // Counts until the end of window 1, at 20.
           {ask(9, 1), {false, 4, 0, 4, 11}},    // 4(10-e)/10 + 1 <= 4 from e = 2.5 of window 1: at 13.
           {ask(10, 1), {false, 4, 0, 3, 10}},   // The boundary: 4 * 10/10.
           {ask(12, 1), {false, 4, 0, 1, 8}},    // 3.2 + 1
           {take(13, 1), {true, 4, 0, 0, 17}},   // 2.8 + 1; 0.2 are no permit. Now until 30.
           {ask(15, 1), {true, 4, 1, 0, 15}},    // 2 + 1 + 1
           {take(15, 2), {false, 4, 1, 3, 15}},  // 4(10-e)/10 <= 1 from e = 7.5: at 18.
           {ask(15, 4), {false, 4, 1, 15, 15}},  // Window 2 covers some of this one's 1 until it ends.
           {take(18, 2), {true, 4, 0, 0, 12}},   // 0.8 + 1 + 2
           {take(18, 5), {false, 4, 0, kNever, 12}},
           {take(18, 0), {true, 4, 0, 0, 12}},
           {take(20, 1), {true, 4, 0, 0, 20}},   // 3 + 1, exactly.
           {ask(14, 1), {false, 4, 0, 10, 26}},  // Stepping back: counts as 20. 3(10-e)/10 <= 2 at 24.
           {take(33, 1), {true, 4, 2, 0, 17}},   // 0.7 + 1: 2.3 are left.
           {ask(49, 4), {false, 4, 3, 1, 1}},    // 0.1 + 4
           {ask(50, 4), {true, 4, 4, 0, 0}},     // Two windows on, nothing is left.
           {take(60, 4), {true, 4, 0, 0, 20}},
       });
}

TEST_CASE("sliding window: the worst case of two counters, 199 of 100 a minute") {
  // 100 at 59.999 s. From then on one fits each 0.6 s: at fraction f of the minute 100 (1 - f) + 100 f = 100.
  ModelOf<SlidingWindow> key(SlidingWindow{100, std::chrono::minutes(1)});
  std::int64_t admitted = 0;
  for (int i = 0; i < 100; ++i) admitted += key.take(59'999'000'000, 1).permitted;
  CHECK(key.ask(59'999'000'000, 1) == Answer{false, 100, 0, 601'000'000, 60'001'000'000});
  for (std::int64_t n = 1; n <= 99; ++n) {
    const std::int64_t moment = 60 * kSecond + n * 600'000'000;
    CAPTURE(n);
    CHECK_FALSE(key.take(moment - 1, 1).permitted);
    CHECK(key.take(moment, 1) == Answer{true, 100, 0, 0, 180 * kSecond - moment});
    ++admitted;
  }
  // That was the 199th, at 119.4 s. 1 - 0.6/60 is left of the first hundred for each of them: 1 + 99 = 100.
  CHECK(admitted == 199);
  CHECK(key.ask(119'400'000'000, 1) == Answer{false, 100, 0, 600'000'000, 60'600'000'000});
  CHECK_FALSE(key.take(119'999'000'000 - 1, 1).permitted);
}

TEST_CASE("sliding window: steady traffic gets the limit in each window") {
  // 7 each 90 s. 7 at 0; then window by window at the earliest moments: 7(1-f) + j <= 7 from f = j/7.
  ModelOf<SlidingWindow> key(SlidingWindow{7, std::chrono::seconds(90)});
  CHECK(key.take(0, 7).permitted);
  CHECK(key.ask(0, 1) == Answer{false, 7, 0, 102'857'142'858, 180 * kSecond});  // 90 + 90/7 = 102.857142857 1/7
  for (std::int64_t j = 1; j <= 7; ++j) {
    const std::int64_t moment = 90 * kSecond + (j * 90 * kSecond + 6) / 7;
    CAPTURE(j);
    CHECK_FALSE(key.take(moment - 1, 1).permitted);
    CHECK(key.take(moment, 1).permitted);
  }
  // The seventh is at 180 s, so it opens window 2: previous is 6, current is 1.
  CHECK(key.ask(180 * kSecond, 1) == Answer{false, 7, 0, 15 * kSecond, 180 * kSecond});  // 6(1-f) <= 5 at 1/6.
}

TEST_CASE("sliding window: a reservation counts at once and shuts the key until its window starts") {
  play(SlidingWindow{4, ns(10)},
       {
           {take(5, 4), {true, 4, 0, 0, 15}},
           {reserve(6, 1, 6), {false, 4, 0, 7, 14}},  // 13 is the first moment: see above.
           {reserve(6, 1, 7), {true, 4, 0, 7, 24}},   // Charged to window 1: until 30.
           {ask(8, 1), {false, 4, 0, 7, 22}},         // 4(10-e)/10 <= 2 from e = 5: at 15.
           {ask(10, 1), {false, 4, 0, 5, 20}},
           {ask(13, 1), {false, 4, 0, 2, 17}},
           {reserve(11, 2, 100), {true, 4, 0, 7, 19}},  // 4(10-e)/10 <= 4 - 1 - 2 from e = 7.5: at 18.
           {take(17, 1), {false, 4, 0, 3, 13}},         // Room 0 only when window 1 is over: at 20, 3 + 1.
           {ask(18, 1), {false, 4, 0, 2, 12}},
           {take(20, 1), {true, 4, 0, 0, 20}},
       });
  play(SlidingWindow{4, ns(10)},
       {
           {take(5, 1), {true, 4, 3, 0, 15}},
           {reserve(6, 4, 100), {true, 4, 0, 14, 34}},  // Window 1 covers some of the 1 to its end: goes at 20.
           {ask(7, 1), {false, 4, 0, 26, 33}},          // Window 0 has room for 3, but is shut. 33: 4 * 7/10 + 1.
           {ask(15, 1), {false, 4, 0, 18, 25}},
           {take(20, 1), {false, 4, 0, 13, 20}},
           {refund(21, 1), {true, 4, 1, 0, 19}},
           {take(21, 1), {true, 4, 0, 0, 19}},
       });
}

TEST_CASE("sliding window: a refund lowers the current window only") {
  play(SlidingWindow{4, ns(10)},
       {
           {take(5, 4), {true, 4, 0, 0, 15}},
           {refund(7, 2), {true, 4, 2, 0, 13}},
           {refund(10, 1), {true, 4, 2, 0, 10}},  // In window 1: the 2 of window 0 stay.
           {refund(9, 9), {true, 4, 4, 0, 0}},    // Back in window 0: all of it, not more.
           {take(5, 2), {true, 4, 2, 0, 15}},
           {take(15, 3), {true, 4, 0, 0, 15}},   // 1 + 3
           {refund(15, 3), {true, 4, 3, 0, 5}},  // The 2 of window 0 remain: until 20.
           {refund(5, 1), {true, 4, 2, 0, 15}},  // Stepping back: counts as 10, where all 2 do.
           {take(30, 1), {true, 4, 3, 0, 20}},
           {refund(25, 1), {true, 4, 4, 0, 5}},  // A new key would take from window 2, this one does from 3.
       });
  play(SlidingWindow{4, ns(10)},
       {
           {take(5, 1), {true, 4, 3, 0, 15}},
           {reserve(6, 4, 100), {true, 4, 0, 14, 34}},
           {refund(7, 4), {true, 4, 0, 0, 13}},  // Nothing is owed, but the key is shut until 20.
           {ask(7, 1), {false, 4, 0, 13, 13}},
           {take(20, 4), {true, 4, 0, 0, 20}},
       });
}

// ---- Sliding log ----

TEST_CASE("sliding log: a table worked by hand") {
  play(SlidingLog{3, ns(10)}, {
                                  {ask(0, 3), {true, 3, 3, 0, 0}},
                                  {take(0, 1), {true, 3, 2, 0, 10}},  // {0}
                                  {take(4, 2), {true, 3, 0, 0, 10}},  // {0, 4, 4}
                                  {take(9, 1), {false, 3, 0, 1, 5}},
                                  {take(10, 1), {true, 3, 0, 0, 10}},   // Exactly W old is out: {4, 4, 10}
                                  {ask(10, 2), {false, 3, 0, 4, 10}},   // One may stay: both 4s leave, at 14.
                                  {ask(10, 3), {false, 3, 0, 10, 10}},  // All leave, at 20.
                                  {ask(13, 1), {false, 3, 0, 1, 7}},
                                  {ask(14, 2), {true, 3, 2, 0, 6}},
                                  {take(14, 0), {true, 3, 2, 0, 6}},
                                  {take(14, 4), {false, 3, 2, kNever, 6}},
                                  {take(5, 1), {false, 3, 0, 9, 15}},  // Stepping back: counts as 10, where 3 live.
                                  {take(14, 1), {true, 3, 1, 0, 10}},  // {10, 14}
                                  {take(7, 1), {true, 3, 0, 0, 17}},   // Stepping back: counts as 14. {10, 14, 14}
                                  {ask(19, 1), {false, 3, 0, 1, 5}},
                                  {ask(20, 1), {true, 3, 1, 0, 4}},
                                  {ask(24, 3), {true, 3, 3, 0, 0}},
                              });
}

TEST_CASE("sliding log: a reservation counts from the moment of the call") {
  play(SlidingLog{3, ns(10)},
       {
           {take(0, 2), {true, 3, 1, 0, 10}},
           {take(5, 1), {true, 3, 0, 0, 10}},         // {0, 0, 5}
           {reserve(6, 2, 3), {false, 3, 0, 4, 9}},   // One may stay: the 0s leave at 10.
           {reserve(6, 2, 4), {true, 3, 0, 4, 14}},   // {0, 0, 5, 10, 10}
           {ask(7, 1), {false, 3, 0, 8, 13}},         // Two may stay: 5 leaves at 15.
           {take(10, 1), {false, 3, 0, 5, 10}},       // {5, 10, 10}
           {reserve(10, 1, 5), {true, 3, 0, 5, 15}},  // {5, 10, 10, 15}
           {ask(15, 1), {false, 3, 0, 5, 10}},
           {refund(11, 1), {true, 3, 0, 0, 9}},  // {5, 10, 10}: the one that was to go at 15.
           {ask(15, 1), {true, 3, 1, 0, 5}},
       });
  play(SlidingLog{3, ns(10)},
       {
           {take(0, 1), {true, 3, 2, 0, 10}},
           {take(5, 1), {true, 3, 1, 0, 10}},
           {reserve(6, 3, 9), {true, 3, 0, 9, 19}},  // {0, 5, 15, 15, 15}
           {refund(6, 2), {true, 3, 0, 0, 19}},      // {0, 5, 15}
           {take(10, 1), {true, 3, 0, 0, 15}},       // 5 and 15 live. Not before the newest: {5, 15, 15}
           {ask(15, 1), {true, 3, 1, 0, 10}},
           {ask(24, 2), {false, 3, 1, 1, 1}},
       });
}

TEST_CASE("sliding log: a refund forgets the newest") {
  play(SlidingLog{3, ns(10)},
       {
           {take(0, 1), {true, 3, 2, 0, 10}},
           {take(4, 2), {true, 3, 0, 0, 10}},
           {refund(5, 1), {true, 3, 1, 0, 9}},   // {0, 4}
           {refund(10, 5), {true, 3, 3, 0, 0}},  // Only 4 lives, so only 4 is forgotten: {0}
           {ask(3, 1), {true, 3, 2, 0, 7}},      // Stepping back: counts as 4, where 0 lives.
           {refund(3, 1), {true, 3, 3, 0, 1}},   // A new key would record 3, this one records 4.
           {take(3, 1), {true, 3, 2, 0, 11}},    // {4}
       });
}

// ---- Every small case ----

// The most admitted in `window` consecutive ticks, over all there is to admit in `ticks` of them. On the way each
// `remaining` is checked: it is permitted, and one more is not.
template <class Algorithm, std::size_t kTicks>
std::int64_t most_in_a_window(const Algorithm& key, std::array<std::int64_t, kTicks>& admitted, std::size_t tick,
                              std::size_t window, bool& remaining_is_right) {
  if (tick == kTicks) {
    std::int64_t most = 0;
    for (std::size_t first = 0; first + window <= kTicks; ++first) {
      std::int64_t sum = 0;
      for (std::size_t i = first; i < first + window; ++i) sum += admitted[i];
      most = std::max(most, sum);
    }
    return most;
  }
  const auto now = static_cast<std::int64_t>(tick);
  const std::int64_t remaining = key.ask(now, 0).remaining;
  remaining_is_right = remaining_is_right && !key.ask(now, remaining + 1).permitted;
  std::int64_t most = 0;
  for (std::int64_t cost = 0; cost <= remaining; ++cost) {
    Algorithm next = key;
    remaining_is_right = remaining_is_right && next.take(now, cost).permitted;
    admitted[tick] = cost;
    most = std::max(most, most_in_a_window(next, admitted, tick + 1, window, remaining_is_right));
  }
  return most;
}

template <class Limit>
std::int64_t most_in_a_window(const Limit& limit) {
  std::array<std::int64_t, 12> admitted{};
  bool remaining_is_right = true;
  const std::int64_t most = most_in_a_window(ModelOf<Limit>(limit), admitted, 0, 6, remaining_is_right);
  CHECK(remaining_is_right);
  return most;
}

TEST_CASE("the most admitted in one rolling window is what limit.h promises") {
  // All there is to do in two windows of 6 ticks, with a limit of 3.
  CHECK(most_in_a_window(FixedWindow{3, ns(6)}) == 6);       // 2L
  CHECK(most_in_a_window(SlidingWindow{3, ns(6)}) == 5);     // 2L - 1
  CHECK(most_in_a_window(SlidingLog{3, ns(6)}) == 3);        // L
  CHECK(most_in_a_window(TokenBucket{{3, ns(6)}, 3}) == 5);  // 2L - 1
}

TEST_CASE("the sliding window permits what its inequality says, for every small case") {
  bool right = true;
  for (std::int64_t limit = 1; limit <= 5; ++limit) {
    for (std::int64_t window = 1; window <= 7; ++window) {
      for (std::int64_t previous = 1; previous <= limit; ++previous) {
        for (std::int64_t current = 0; current <= limit; ++current) {
          for (std::int64_t elapsed = 0; elapsed < window; ++elapsed) {
            ModelOf<SlidingWindow> key(SlidingWindow{limit, ns(window)});
            key.take(window - 1, previous);
            const bool made = key.take(2 * window - 1, current).permitted;
            right = right && made == (previous + current * window <= limit * window);
            if (!made) continue;
            for (std::int64_t cost = 1; cost <= limit; ++cost) {
              const bool permitted = key.ask(window + elapsed, cost).permitted;
              right = right &&
                      permitted == (previous * (window - elapsed) + (current + cost) * window <= limit * window);
            }
          }
        }
      }
    }
  }
  CHECK(right);
}

// Calls `visit` with each small limit of each kind.
template <class Visit>
void for_each_small_limit(Visit visit) {
  for (std::int64_t limit = 1; limit <= 4; ++limit) {
    for (std::int64_t window = 1; window <= 7; ++window) {
      visit(FixedWindow{limit, ns(window)});
      visit(SlidingWindow{limit, ns(window)});
      visit(SlidingLog{limit, ns(window)});
      for (const std::int64_t permits : {1, 2, 3, 5, 10}) {
        if (permits * 100 <= window * 146) visit(TokenBucket{{permits, ns(window)}, limit});
      }
    }
  }
}

// Any call there is, near `clock`, which mostly advances.
Call any_call(std::mt19937_64& random, std::int64_t& clock, std::int64_t limit) {
  const auto below = [&random](std::int64_t n) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(n));
  };
  clock += below(4);
  const std::int64_t now = below(4) > 0 ? clock : std::max<std::int64_t>(0, clock - below(12));
  constexpr std::array kinds = {Call::Kind::take, Call::Kind::take, Call::Kind::reserve, Call::Kind::refund};
  return {kinds[static_cast<std::size_t>(below(4))], now, below(limit + 1), below(20)};
}

TEST_CASE("retry_after is the least wait, whatever was called before") {
  std::mt19937_64 random(20240611);
  for_each_small_limit([&random]<class Limit>(const Limit& limit) {
    ModelOf<Limit> key(limit);
    const std::int64_t most = key.ask(0, 0).limit;
    std::int64_t clock = 0;
    for (int i = 0; i < 100; ++i) {
      const Call call = any_call(random, clock, most);
      apply(key, call);
      for (std::int64_t cost = 1; cost <= most; ++cost) {
        const Answer answer = key.ask(call.now, cost);
        std::int64_t least = 0;
        while (!key.ask(call.now + least, cost).permitted) ++least;
        CAPTURE(most, i, cost, call.now);
        if (answer.retry_after != least || answer.permitted != (least == 0)) FAIL("not the least wait");
        if (answer.permitted != (cost <= answer.remaining)) FAIL("not what remains");
      }
    }
  });
}

// Is there anything, in two calls, that a new key would answer in another way?
template <class Limit>
bool differs_from_new(ModelOf<Limit> key, const Limit& limit, std::int64_t now) {
  ModelOf<Limit> fresh(limit);
  const std::int64_t most = fresh.ask(0, 0).limit;
  for (std::int64_t cost = 0; cost <= most; ++cost) {
    if (key.ask(now, cost) != fresh.ask(now, cost)) return true;
  }
  if (key.take(now, most) != fresh.take(now, most)) return true;
  for (std::int64_t cost = 0; cost <= most; ++cost) {
    if (key.ask(now + 1, cost) != fresh.ask(now + 1, cost)) return true;
  }
  return false;
}

TEST_CASE("after reset_after a key is as good as new, and no earlier, whatever was called before") {
  std::mt19937_64 random(20240612);
  for_each_small_limit([&random]<class Limit>(const Limit& limit) {
    ModelOf<Limit> key(limit);
    const std::int64_t most = key.ask(0, 0).limit;
    std::int64_t clock = 0;
    for (int i = 0; i < 200; ++i) {
      const Call call = any_call(random, clock, most);
      apply(key, call);
      const std::int64_t reset = key.ask(call.now, 0).reset_after;
      CAPTURE(most, i, call.now, reset);
      if (differs_from_new(key, limit, call.now + reset)) FAIL("not as good as new");
      if (reset > 0 && !differs_from_new(key, limit, call.now + reset - 1)) FAIL("new before");
    }
  });
}

TEST_CASE("on a coarser tick the waits of a bucket are the least that end on it") {
  std::mt19937_64 random(20240613);
  constexpr std::int64_t tick = 10;
  for (const TokenBucket& limit :
       {TokenBucket{{7, ns(60)}, 3}, TokenBucket{{3, ns(70)}, 4}, TokenBucket{{1, ns(25)}, 1}}) {
    ModelOf<TokenBucket> key(limit, tick);
    std::int64_t clock = 0;
    for (int i = 0; i < 300; ++i) {
      Call call = any_call(random, clock, limit.burst);
      call.now *= tick;
      call.max_wait *= tick;
      apply(key, call);
      for (std::int64_t cost = 1; cost <= limit.burst; ++cost) {
        std::int64_t least = 0;
        while (!key.ask(call.now + least, cost).permitted) least += tick;
        CHECK(key.ask(call.now, cost).retry_after == least);
      }
    }
  }
}

// Is `sum` no more than what the limit promises to admit in [first, last]?
bool promised(const TokenBucket& limit, std::int64_t first, std::int64_t last, std::int64_t sum) {
  return (sum - limit.burst) * limit.rate.per.count() <= limit.rate.permits * (last - first);
}
bool promised(const FixedWindow& limit, std::int64_t first, std::int64_t last, std::int64_t sum) {
  const std::int64_t window = limit.window.count();
  return first / window != last / window || sum <= limit.limit;
}
bool promised(const SlidingWindow& limit, std::int64_t first, std::int64_t last, std::int64_t sum) {
  return (sum - limit.limit) * limit.window.count() <= limit.limit * (last - first);
}
bool promised(const SlidingLog& limit, std::int64_t first, std::int64_t last, std::int64_t sum) {
  return last - first >= limit.window.count() || sum <= limit.limit;
}

TEST_CASE("reservations, counted when they go, go in turn and keep the promise") {
  std::mt19937_64 random(20240614);
  for_each_small_limit([&random]<class Limit>(const Limit& limit) {
    ModelOf<Limit> key(limit);
    const std::int64_t most = key.ask(0, 0).limit;
    std::int64_t clock = 0;
    std::vector<std::pair<std::int64_t, std::int64_t>> admitted;
    for (int i = 0; i < 150; ++i) {
      Call call = any_call(random, clock, most);
      call.now = clock;
      if (call.kind == Call::Kind::refund) call.kind = Call::Kind::reserve;
      const Answer answer = apply(key, call);
      if (!answer.permitted || call.cost == 0) continue;
      const std::int64_t moment = call.now + answer.retry_after;
      CAPTURE(most, i, moment);
      if (!admitted.empty() && moment < admitted.back().first) FAIL("overtakes a reservation");
      admitted.emplace_back(moment, call.cost);
      std::int64_t sum = 0;
      for (auto entry = admitted.rbegin(); entry != admitted.rend(); ++entry) {
        sum += entry->second;
        if (!promised(limit, entry->first, moment, sum)) FAIL("breaks the promise");
      }
    }
  });
}

TEST_CASE("what is refused, asked or free changes nothing") {
  std::mt19937_64 random(20240615);
  for_each_small_limit([&random]<class Limit>(const Limit& limit) {
    ModelOf<Limit> disturbed(limit);
    ModelOf<Limit> undisturbed(limit);
    const std::int64_t most = disturbed.ask(0, 0).limit;
    std::int64_t clock = 0;
    for (int i = 0; i < 100; ++i) {
      const Call call = any_call(random, clock, most);
      disturbed.take(call.now + 50, most + 1);
      disturbed.reserve(call.now + 50, most + 1, kNever);
      disturbed.take(call.now + 50, 0);
      disturbed.refund(call.now, 0);
      disturbed.ask(call.now + 50, 1);
      if (!disturbed.ask(call.now, most).permitted) disturbed.take(call.now, most);
      if (apply(disturbed, call) != apply(undisturbed, call)) FAIL("something changed");
    }
  });
}

TEST_CASE("the largest limits and the last moments overflow nothing") {
  const std::int64_t ten_years = kMaxWindow.count();
  const std::int64_t last = kNever - 1;
  for (const std::int64_t now : {std::int64_t{0}, ten_years, 10 * ten_years, last}) {
    ModelOf<SlidingWindow> sliding(SlidingWindow{kPermitsMost, kMaxWindow});
    CHECK(sliding.take(now, kPermitsMost) == Answer{true, kPermitsMost, 0, 0, 2 * ten_years - now % ten_years});
    CHECK_FALSE(sliding.take(now, 1).permitted);
    CHECK(sliding.reserve(now, 1, kNever).permitted);
    ModelOf<FixedWindow> fixed(FixedWindow{kPermitsMost, kMaxWindow});
    CHECK(fixed.take(now, kPermitsMost).permitted);
    CHECK_FALSE(fixed.take(now, kPermitsMost).permitted);
    CHECK(fixed.reserve(now, kPermitsMost, kNever).permitted);
    ModelOf<SlidingLog> log(SlidingLog{kMaxLogPermits, kMaxWindow});
    CHECK(log.take(now, kMaxLogPermits) == Answer{true, kMaxLogPermits, 0, 0, ten_years});
    CHECK(log.reserve(now, 1, kNever) == Answer{true, kMaxLogPermits, 0, ten_years, 2 * ten_years});
    ModelOf<TokenBucket> bucket(TokenBucket{{999'999'999'989, ns(ten_years - 1)}, kPermitsMost});
    CHECK(bucket.take(now, kPermitsMost) == Answer{true, kPermitsMost, 0, 0, kNever - 1});
    CHECK(bucket.ask(now, 1) == Answer{false, kPermitsMost, 0, 316'225, kNever - 1});  // 316,224.0000035
    CHECK(bucket.reserve(now, 1'000'000, kNever).permitted);
  }
}

}  // namespace

}  // namespace penstock::model
