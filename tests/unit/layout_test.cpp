#include "penstock/detail/memory/layout.h"
#include "moments.h"

#include <vector>

#include "bare_table.h"
#include "catch.h"
#include "dice.h"

namespace penstock::memory {
namespace {

using algorithm::kHorizon;
using algorithm::kLastMoment;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::nanoseconds;
using std::chrono::seconds;

using CompactBucket = Layout<TokenBucket, std::uint64_t>;
using CompactFixed = Layout<FixedWindow, std::uint64_t>;
using CompactSliding = Layout<SlidingWindow, std::uint64_t>;

std::vector<TokenBucket> limits(const CompactBucket*) {
  return {{per_minute(60), 60},
          {per_minute(60), 1},
          {per_second(1'000'000'000), 1000},
          {{1'461, nanoseconds(1000)}, 1},
          {{1'461, nanoseconds(1000)}, 2'147'483'647},
          {per_second(1), 2'147'483'647},
          {per_second(999'983), 100},
          {per_minute(7), 10},
          {{1, kMaxWindow}, 3},
          {{1'000'000, kMaxWindow}, 1'000'000}};
}
std::vector<TokenBucket> limits(const Layout<TokenBucket, Wide>*) {
  std::vector<TokenBucket> all = limits(static_cast<const CompactBucket*>(nullptr));
  all.push_back({per_second(1'000'000'000), 2'147'483'648});
  all.push_back({per_second(1'000'000'000), kMaxPermits});
  all.push_back({{1, kMaxWindow}, kMaxPermits});
  return all;
}
std::vector<FixedWindow> limits(const CompactFixed*) {
  return {{1, nanoseconds(1)},       {1, milliseconds(1)}, {100, minutes(1)},
          {7, seconds(90)},          {1000, hours(1)},     {1'461'355'114, seconds(1)},
          {2'147'483'647, hours(1)}, {5, kMaxWindow},      {2'147'483'647, kMaxWindow}};
}
std::vector<FixedWindow> limits(const Layout<FixedWindow, Wide>*) {
  std::vector<FixedWindow> all = limits(static_cast<const CompactFixed*>(nullptr));
  all.push_back({2'147'483'648, hours(1)});
  all.push_back({std::int64_t{1} << 58, kMaxWindow});
  return all;
}
std::vector<SlidingWindow> limits(const CompactSliding*) {
  return {{1, nanoseconds(1)},
          {1, milliseconds(1)},
          {100, minutes(1)},
          {7, seconds(90)},
          {1000, hours(1)},
          {32'767, minutes(1)},
          {32'767, nanoseconds(78'125'000)},
          {5, kMaxWindow}};
}
std::vector<SlidingWindow> limits(const Layout<SlidingWindow, Wide>*) {
  std::vector<SlidingWindow> all = limits(static_cast<const CompactSliding*>(nullptr));
  all.push_back({32'768, minutes(1)});
  all.push_back({1'000'000'000, seconds(1)});
  all.push_back({std::int64_t{1} << 40, hours(24)});
  return all;
}
template <class L>
auto limits() {
  return limits(static_cast<const L*>(nullptr));
}

// Any moment of 292 years; with a wheel, often one where it has just come round.
template <class L>
Time any_moment(const L& layout, Dice& dice) {
  switch (dice.upto(4)) {
    case 0:
      return dice.of<Time>({0, 1, kHorizon, kLastMoment - 1, kLastMoment});
    case 1:
      return dice.upto(layout.rule().span(layout.quarter()));
    case 2: {
      const Time wheel = layout.rule().span(layout.quarter() * 4);
      if (!L::kWraps || wheel > kLastMoment / 2) return dice.upto(kLastMoment);
      const Time turned = wheel * (1 + dice.upto(kLastMoment / wheel - 2));
      return turned - 2 + dice.upto(4);
    }
    default:
      return dice.upto(kLastMoment);
  }
}

// A position that an entry can have at another: as far ahead as a request can be charged, seen from as far behind
// the hand as anyone decides (a quarter of a quarter); and as old as a word can get (a quarter when it is passed,
// half of one until the hand comes again, and that quarter).
template <class L>
std::uint64_t any_position(const L& layout, std::uint64_t now, std::uint64_t most, Dice& dice) {
  if (!L::kWraps) return dice.one_in(2) ? dice.upto(most) : std::min(most, now + dice.upto(1000));
  const std::uint64_t quarter = layout.quarter();
  const std::uint64_t ahead = std::min(most - now, quarter + quarter / 4);
  const std::uint64_t behind = std::min(now, quarter + quarter / 2 + quarter / 4);
  switch (dice.upto(3)) {
    case 0:
      return now + dice.of({std::uint64_t{0}, ahead, ahead - (ahead != 0)});
    case 1:
      return now - dice.of({std::uint64_t{0}, behind, behind - (behind != 0)});
    default:
      return now - behind + dice.upto(behind + ahead);
  }
}

template <class Word>
Entry<algorithm::Rule<TokenBucket>> any_entry(const Layout<TokenBucket, Word>& layout, std::uint64_t now,
                                              Dice& dice) {
  const std::uint64_t spent = any_position(layout, now, ~std::uint64_t{0} >> 1, dice);
  return {.state = {spent}, .free_at = spent};
}
template <class Word>
Entry<algorithm::Rule<FixedWindow>> any_entry(const Layout<FixedWindow, Word>& layout, std::uint64_t now,
                                              Dice& dice) {
  const std::uint64_t limit = layout.rule().limit();
  const std::uint64_t window = any_position(layout, now, kLastMoment / layout.rule().span(1), dice);
  const std::uint64_t used = dice.of<std::uint64_t>({0, 1, limit, dice.upto(limit)});
  return {.state = {.window = window, .reserved = dice.upto(1) == 1, .used = used}, .free_at = window + 1};
}
template <class Word>
Entry<algorithm::Rule<SlidingWindow>> any_entry(const Layout<SlidingWindow, Word>& layout, std::uint64_t now,
                                                Dice& dice) {
  const std::uint64_t limit = layout.rule().limit();
  const std::uint64_t window = any_position(layout, now, kLastMoment / layout.rule().span(1), dice);
  return {.state = {.index = window,
                    .reserved = dice.upto(1) == 1,
                    .previous = dice.of<std::uint64_t>({0, 1, limit, dice.upto(limit)}),
                    .current = dice.of<std::uint64_t>({0, 1, limit, dice.upto(limit)})},
          .free_at = window + 2};
}

TEMPLATE_LIST_TEST_CASE("what is packed is what comes back, at any time", "", AllLayouts) {
  using Word = typename TestType::Word;
  Dice dice(1);
  for (const auto& limit : limits<TestType>()) {
    REQUIRE(validate(limit).ok());
    REQUIRE(TestType::fits(limit));
    const TestType layout(limit);
    const auto& rule = layout.rule();
    for (int i = 0; i < 20'000; ++i) {
      const std::uint64_t now = rule.position(any_moment(layout, dice));
      const auto entry = any_entry(layout, now, dice);
      const Word tag = dice.of<Word>({0, 1, 2, (1 << kTagBits) - 1, dice.upto((1 << kTagBits) - 1)});
      const Word word = layout.pack(tag, entry);
      const auto back = layout.unpack(word, now);
      CAPTURE(to_string(limit), now, entry.free_at, back.free_at);
      REQUIRE(back.state == entry.state);
      REQUIRE(back.free_at == entry.free_at);
      REQUIRE(word >> (8 * sizeof(Word) - kTagBits) == tag);
    }
  }
}

// As above, but made by the rule itself: charged as far ahead as the layout lets it.
TEMPLATE_LIST_TEST_CASE("what a rule charges can be packed", "", AllLayouts) {
  Dice dice(2);
  for (const auto& limit : limits<TestType>()) {
    const TestType layout(limit);
    const auto& rule = layout.rule();
    const Time reach = rule.span(layout.reach());
    for (int i = 0; i < 5'000; ++i) {
      const Time then = any_moment(layout, dice);
      Entry<typename TestType::Rule> entry;
      for (int charges = 0; charges < 3; ++charges) {
        const auto cost = static_cast<std::int64_t>(1 + dice.upto(rule.limit() - 1));
        const Time late = dice.of<Time>({0, 0, dice.upto(std::min(reach, kLastMoment - then)), reach});
        if (algorithm::advance(rule, entry.state, then, cost, {late, reach}).permitted) entry.hold(rule);
      }
      if (entry.free_at == 0) continue;  // nothing fitted before the end of time
      const std::uint64_t now = rule.position(then);
      const auto back = layout.unpack(layout.pack(2, entry), now);
      CAPTURE(to_string(limit), then, entry.free_at, back.free_at);
      REQUIRE(back.state == entry.state);
      REQUIRE(back.free_at == entry.free_at);
      // At most a quarter ahead, but for a tick that is rounded up.
      if (TestType::kWraps) REQUIRE(entry.free_at <= now + layout.quarter() + layout.quarter() / 1000 + 1);
    }
  }
}

// The steps in which a refunded bucket's moment is kept, as layout.h says: a burst in so many bits, or 2^-37 of
// one.
std::uint64_t step_of(const CompactBucket& layout) {
  const int bits = bits_in(layout.rule().limit());
  return std::uint64_t{1} << std::clamp(bits + 12, 26, 32);
}
std::uint64_t step_of(const Layout<TokenBucket, Wide>& layout) {
  return std::uint64_t{1} << std::max(0, bits_in(layout.rule().most_debt()) + 2 - 39);
}

TEMPLATE_TEST_CASE("a refunded bucket keeps its debt, and is free no earlier", "", CompactBucket,
                   (Layout<TokenBucket, Wide>)) {
  Dice dice(3);
  int stricter = 0;
  for (const TokenBucket& limit : limits<TestType>()) {
    const TestType layout(limit);
    const std::uint64_t step = step_of(layout);
    const std::uint64_t told = TestType::kWraps ? 4 * step - 1 : ((std::uint64_t{1} << 39) - 1) * step;
    REQUIRE(told / 4 + step >= layout.rule().most_debt());
    int exact = 0;
    for (int i = 0; i < 20'000; ++i) {
      const std::uint64_t now = layout.rule().position(any_moment(layout, dice));
      auto entry = any_entry(layout, now, dice);
      const std::uint64_t debt = std::min({entry.free_at, now, layout.quarter()});
      entry.state.spent -=
          dice.of<std::uint64_t>({std::min<std::uint64_t>(1, debt), dice.upto(std::min(debt, step)),
                                  dice.upto(std::min(debt, told)), dice.upto(debt)});
      const auto back = layout.unpack(layout.pack(5, entry), now);
      CAPTURE(to_string(limit), now, step, entry.free_at, entry.state.spent, back.free_at, back.state.spent);
      REQUIRE(back.free_at >= entry.free_at);
      REQUIRE(back.free_at - entry.free_at < step);
      REQUIRE(back.state.spent >= entry.state.spent);
      REQUIRE(back.state.spent <= back.free_at);
      // What is too much to be told is taken for as much as can be.
      if (entry.free_at - entry.state.spent <= told - step) {
        REQUIRE(back.state.spent == entry.state.spent);
        ++exact;
      } else if (back.state.spent != entry.state.spent) {
        REQUIRE(entry.free_at - back.state.spent <= told);
        REQUIRE(back.free_at - back.state.spent >= told - step);
        ++stricter;
      }
      // It does not drift, however often it is written again.
      const auto again = layout.unpack(layout.pack(5, back), now);
      REQUIRE(again.state == back.state);
      REQUIRE(again.free_at == back.free_at);
      REQUIRE(layout.pack(6, entry) >> (8 * sizeof(typename TestType::Word) - kTagBits) == 6);
    }
    CHECK(exact > 5000);
  }
  CHECK(stricter > 1000);
}

TEST_CASE("a window that was refunded in full keeps its end") {
  const CompactFixed fixed(FixedWindow{100, minutes(1)});
  for (const std::uint64_t window : {0U, 1U, 50U, 1'000'000U}) {
    Entry<CompactFixed::Rule> entry;
    charge(fixed.rule(), entry.state, fixed.rule().span(window), fixed.rule().span(window), 7);
    entry.hold(fixed.rule());
    fixed.rule().refund(entry.state, fixed.rule().span(window), 7);
    const auto back = fixed.unpack(fixed.pack(2, entry), window);
    CHECK(back.free_at == window + 1);
    CHECK(remaining(fixed.rule(), back.state, fixed.rule().span(window)) == 100);
    CHECK(reset_after(fixed.rule(), back.state, fixed.rule().span(window)) == 0);
  }
}

TEST_CASE("a refund that was seen from an earlier window does not reach into it") {
  // The clock has stepped back into window 9, where the key of window 10 counts as having spent all.
  const CompactFixed fixed(FixedWindow{100, minutes(1)});
  Entry<CompactFixed::Rule> entry{.state = {10, 0, 3}, .free_at = 11};
  for (int i = 0; i < 3; ++i) {
    fixed.rule().refund(entry.state, fixed.rule().span(9), 50);
    entry = fixed.unpack(fixed.pack(2, entry), 9);
    CHECK(entry.free_at == 11);
    CHECK(entry.state == CompactFixed::Rule::State{10, 0, 0});
  }
}

// ---- where the bits are --------------------------------------------------------------------------------------

Wide wide(std::uint64_t high, std::uint64_t low) { return Wide{high} << 64 | low; }

TEST_CASE("the bits of every layout stay where they are") {
  const CompactBucket bucket(TokenBucket{per_minute(60), 60});  // 26 bits of debt
  CHECK(bucket.pack(0xabcdef, {.state = {0x123456789}, .free_at = 0x123456789}) == 0xabcdef'0123456789);
  CHECK(bucket.pack(0xabcdef, {.state = {0x7f'ffffffff}, .free_at = 0x7f'ffffffff}) == 0xabcdef'7fffffffff);
  CHECK(bucket.pack(0xabcdef, {.state = {0x5500000001}, .free_at = 0x5500000001}) == 0xabcdef'5500000001);
  // Free at 3 steps of 2^26, owing until 0x123456 before that.
  CHECK(bucket.pack(1, {.state = {0xc000000 - 0x123456}, .free_at = 0xc000000}) ==
        (std::uint64_t{1} << 40 | std::uint64_t{1} << 39 | std::uint64_t{3} << 28 | 0x123456));
  CHECK(bucket.pack(1, {.state = {0x8000000}, .free_at = 0x8000001}) ==
        (std::uint64_t{1} << 40 | std::uint64_t{1} << 39 | std::uint64_t{3} << 28 | 0x4000000));

  const CompactFixed fixed(FixedWindow{100, minutes(1)});  // 7 bits
  CHECK(fixed.pack(0xabcdef, {.state = {0x12345, 0, 99}, .free_at = 0x12346}) ==
        (std::uint64_t{0xabcdef} << 40 | 0x12345 << 7 | 99));
  CHECK(fixed.pack(2, {.state = {0x12345, 1, 0}, .free_at = 0x12346}) ==
        (std::uint64_t{2} << 40 | std::uint64_t{1} << 39 | 0x12345 << 7));

  const CompactSliding sliding(SlidingWindow{100, minutes(1)});
  CHECK(sliding.pack(0xabcdef, {.state = {0x12345, 1, 98, 99}, .free_at = 0x12347}) ==
        (std::uint64_t{0xabcdef} << 40 | std::uint64_t{1} << 39 | std::uint64_t{0x12345} << 14 | 98 << 7 | 99));

  const Layout<TokenBucket, Wide> wide_bucket(TokenBucket{per_second(1), 1'000'000});  // 50 bits: steps of 2^13
  CHECK(wide_bucket.pack(0xabcdef, {.state = {0x123456789abcdef0}, .free_at = 0x123456789abcdef0}) ==
        wide(0xabcdef0000000000, 0x123456789abcdef0));
  CHECK(wide_bucket.pack(0xabcdef, {.state = {0x100000}, .free_at = 0x100000 + 0x4001}) ==
        wide(0xabcdef0000000003, 0x100000));
  CHECK(wide_bucket.pack(1, {.state = {0}, .free_at = std::uint64_t{1} << 60}) ==
        wide(0x10000000000 | 0x7fffffffff, (std::uint64_t{1} << 60) - (std::uint64_t{0x7fffffffff} << 13)));

  const Layout<FixedWindow, Wide> wide_fixed(FixedWindow{100, minutes(1)});
  CHECK(wide_fixed.pack(0xabcdef, {.state = {0x12345, 1, 99}, .free_at = 0x12346}) ==
        wide(0xabcdef8000000000, 0x12345 << 7 | 99));

  const Layout<SlidingWindow, Wide> wide_sliding(SlidingWindow{1'000'000, minutes(1)});  // 20 bits each
  CHECK(wide_sliding.pack(0xabcdef, {.state = {0x12345678, 1, 0x54321, 0x98765}, .free_at = 0x1234567a}) ==
        wide(0xabcdef8000000000 | 0x12, std::uint64_t{0x345678} << 40 | std::uint64_t{0x54321} << 20 | 0x98765));
}

// ---- what fits ---------------------------------------------------------------------------------------------

TEST_CASE("a bucket lies in 40 bits if its burst is below 2^31") {
  for (const Rate& rate : {per_second(1), per_day(1), Rate{1, kMaxWindow}, Rate{1'461, nanoseconds(1000)}}) {
    CHECK(CompactBucket::fits({rate, 1}));
    CHECK(CompactBucket::fits({rate, 2'147'483'647}));
    CHECK_FALSE(CompactBucket::fits({rate, 2'147'483'648}));
    CHECK_FALSE(CompactBucket::fits({rate, kMaxPermits}));
    CHECK(Layout<TokenBucket, Wide>::fits({rate, kMaxPermits}));
  }
}

TEST_CASE("a fixed window lies in 40 bits if its limit is below 2^31") {
  CHECK(CompactFixed::fits({2'147'483'647, seconds(2)}));
  CHECK(CompactFixed::fits({2'147'483'647, kMaxWindow}));
  CHECK_FALSE(CompactFixed::fits({2'147'483'648, seconds(2)}));
  CHECK_FALSE(CompactFixed::fits({2'147'483'648, kMaxWindow}));
  CHECK(CompactFixed::fits({1, nanoseconds(1)}));
  // These are no valid limits, as positions would not last; the layout itself would have room for them.
  CHECK(CompactFixed::fits({7, nanoseconds(1)}));
  CHECK_FALSE(CompactFixed::fits({8, nanoseconds(1)}));
  CHECK(CompactFixed::fits({2'147'483'647, nanoseconds(156'250'000)}));
  CHECK_FALSE(CompactFixed::fits({2'147'483'647, nanoseconds(156'249'999)}));
}

TEST_CASE("a sliding window lies in 40 bits if its limit is below 2^15, and the window not too short for it") {
  CHECK(CompactSliding::fits({32'767, nanoseconds(78'125'000)}));
  CHECK_FALSE(CompactSliding::fits({32'767, nanoseconds(78'124'999)}));
  CHECK_FALSE(CompactSliding::fits({32'768, kMaxWindow}));
  CHECK(CompactSliding::fits({16'383, nanoseconds(19'531'250)}));
  CHECK_FALSE(CompactSliding::fits({16'383, nanoseconds(19'531'249)}));
  CHECK(CompactSliding::fits({1, nanoseconds(1)}));
  CHECK_FALSE(CompactSliding::fits({2, nanoseconds(1)}));
  CHECK(CompactSliding::fits({3, nanoseconds(2)}));
}

TEST_CASE("a wide window lasts for 292 years or does not fit") {
  using WideSliding = Layout<SlidingWindow, Wide>;
  // Two counters of 41 bits leave 21 for the window.
  CHECK(WideSliding::fits({std::int64_t{1} << 40, nanoseconds(std::int64_t{1} << 42)}));
  CHECK_FALSE(WideSliding::fits({std::int64_t{1} << 40, nanoseconds((std::int64_t{1} << 42) - 1)}));
  CHECK(WideSliding::fits({32'768, nanoseconds(1)}));
  CHECK_FALSE(WideSliding::fits({kMaxPermits, kMaxWindow}));
  CHECK(Layout<FixedWindow, Wide>::fits({1'461'355'114, seconds(1)}));
}

template <class L>
L any_limit(Dice& dice) {
  const auto log_uniform = [&](std::int64_t most) {
    return static_cast<std::int64_t>(1 + dice.upto((std::uint64_t{1} << dice.upto(62)) - 1) %
                                             static_cast<std::uint64_t>(most));
  };
  if constexpr (std::is_same_v<L, TokenBucket>) {
    return {{log_uniform(kMaxPermits), Duration(log_uniform(kMaxWindow.count()))}, log_uniform(kMaxPermits)};
  } else {
    return {log_uniform(kMaxPermits), Duration(log_uniform(kMaxWindow.count()))};
  }
}

TEMPLATE_LIST_TEST_CASE("whatever fits 40 bits turns its wheel slowly, and can be reserved", "", CompactLayouts) {
  using Limit = typename LimitOf<TestType>::Type;
  Dice dice(4);
  int fitting = 0;
  for (int i = 0; i < 20'000; ++i) {
    const auto limit = any_limit<Limit>(dice);
    if (!validate(limit).ok() || !TestType::fits(limit)) continue;
    ++fitting;
    const TestType layout(limit);
    CAPTURE(to_string(limit));
    REQUIRE(layout.rule().span(layout.quarter()) >= kShortestQuarter);
    REQUIRE(layout.reach() < layout.quarter());
    if constexpr (std::is_same_v<Limit, TokenBucket>) {
      // What is reserved as far ahead as one may, and in full, is free a quarter ahead.
      REQUIRE(layout.reach() + layout.rule().most_debt() == layout.quarter());
      REQUIRE(layout.reach() >= 7 * layout.rule().most_debt());
    } else {
      REQUIRE(layout.reach() == layout.quarter() - 2);
      REQUIRE(layout.reach() >= 62);
    }
  }
  CHECK(fitting > 1000);
}

TEST_CASE("every valid fixed window fits one word or the other, and every bucket") {
  Dice dice(5);
  for (int i = 0; i < 20'000; ++i) {
    const auto limit = any_limit<FixedWindow>(dice);
    if (!validate(limit).ok()) continue;
    CAPTURE(to_string(limit));
    REQUIRE(Layout<FixedWindow, Wide>::fits(limit));
  }
}

TEST_CASE("16 bytes reach as far as anybody can wait") {
  CHECK(Layout<TokenBucket, Wide>({{1, kMaxWindow}, 1}).rule().span(Layout<TokenBucket, Wide>::reach()) >=
        kLastMoment - 1);
  const Layout<FixedWindow, Wide> fixed(FixedWindow{1, seconds(1)});
  CHECK(fixed.rule().span(fixed.reach()) >= kLastMoment - 1);
}

// ---- the wheel ----------------------------------------------------------------------------------------------

TEST_CASE("a number is told from its low bits up to 5/8 of the wheel before the reference and 3/8 after") {
  for (const int bits : {8, 9, 11, 37, 39, 63, 64}) {
    const Wheel wheel(bits);
    const std::uint64_t size = ~std::uint64_t{0} >> (64 - bits);  // less one
    const std::uint64_t behind = size / 8 * 5, ahead = size - behind;
    CHECK(behind >= size / 8 * 5);
    CHECK(ahead >= size / 8 * 3);
    CHECK(wheel.quarter() == (Wide{size} + 1) / 4);
    for (std::uint64_t reference : {behind, behind + 1, size, size + 1, 3 * size + 5, ~std::uint64_t{0} >> 1}) {
      if (bits > 62) reference = std::max(reference, behind);
      CAPTURE(bits, reference);
      for (const std::uint64_t distance : {std::uint64_t{0}, std::uint64_t{1}, behind / 2, behind - 1, behind}) {
        CHECK(wheel.near(wheel.low(reference - distance), reference) == reference - distance);
      }
      for (const std::uint64_t distance : {std::uint64_t{1}, ahead / 2, ahead - 1, ahead}) {
        if (distance > ~reference) continue;
        CHECK(wheel.near(wheel.low(reference + distance), reference) == reference + distance);
      }
      // One further, and it is taken for the other end.
      if (bits < 62) CHECK(wheel.near(wheel.low(reference + ahead + 1), reference) == reference - behind);
    }
  }
  for (std::uint64_t reference = 0; reference < 1000; ++reference) {
    for (std::uint64_t number = reference - std::min<std::uint64_t>(reference, 155); number <= reference + 100;
         ++number) {
      REQUIRE(Wheel(8).near(Wheel(8).low(number), reference) == number);
    }
  }
}

TEST_CASE("before the wheel has turned nothing is before zero") {
  for (std::uint64_t number = 0; number < 256; ++number) {
    CHECK(Wheel(8).near(number, 0) == number);
    CHECK(Wheel(8).near(number, 155) == number);
  }
  CHECK(Wheel(8).near(0, 156) == 256);
}

// ---- the units of a compact bucket ----------------------------------------------------------------------------

TEST_CASE("a compact bucket counts in coarse units") {
  struct Row {
    TokenBucket limit;
    std::uint64_t units;  // a permit
    Time tick;            // ns in which the next unit comes
  };
  const Row row =
      GENERATE(Row{{per_minute(60), 60}, 1'000'000, 1000}, Row{{per_minute(60), 1}, 10'000'000, 100},
               Row{{per_second(100), 100}, 100'000, 100}, Row{{per_second(1), 1}, 10'000'000, 100},
               Row{{per_hour(1000), 1000}, 36'000, 100'000}, Row{{per_hour(1000), 100}, 360'000, 10'000},
               Row{{per_second(1'000'000), 1'000'000}, 1000, 1}, Row{{per_second(1'000'000'000), 1000}, 1, 1},
               Row{{per_day(1), 2}, 8'640'000, 10'000'000}, Row{{per_minute(7), 10}, 6'000'000, 10'000},
               Row{{per_second(999'983), 100}, 1461, 1});
  CAPTURE(to_string(row.limit));
  const CompactBucket layout(row.limit);
  CHECK(layout.rule().most_debt() == row.units * static_cast<std::uint64_t>(row.limit.burst));
  CHECK(layout.rule().span(1) == row.tick);
  // No permit takes less time than it should, nor two ticks more.
  const Time permit = layout.rule().span(row.units);
  const auto ideal = static_cast<Time>(row.limit.rate.per.count()) / static_cast<Time>(row.limit.rate.permits);
  CHECK(permit >= ideal);
  CHECK(permit <= ideal + 2 * row.tick);
}

}  // namespace
}  // namespace penstock::memory
