#include "penstock/detail/memory/table.h"
#include "moments.h"

#include <array>
#include <cstring>
#include <vector>

#include "bare_table.h"
#include "catch.h"
#include "dice.h"
#include "resident.h"

namespace penstock::memory {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr Time kSecond = 1'000'000'000;
// Three permits in twelve seconds. All of a window's permits are taken at its start.
constexpr Time kWindow = 12 * kSecond;
// A bucket of them counts in microseconds, or finer.
constexpr Time kTick = 1000;

template <class L, class Shape = TableShape>
using Bare = BareTable<L, Cell, Shape>;

template <class L>
auto three() {
  return limit_of<typename LimitOf<L>::Type>(3, Duration(kWindow));
}

// Keys 0 to 7 of the first line owe three permits each.
void fill(auto& table) {
  for (std::uint64_t i = 0; i < 8; ++i) REQUIRE(table.taken(table.key(i), 4) == 3);
}

// ---- places -----------------------------------------------------------------------------------------------

TEMPLATE_LIST_TEST_CASE("eight keys of one line have a state each", "", AllLayouts) {
  Bare<TestType> table(three<TestType>());
  for (std::uint64_t i = 0; i < 8; ++i) CHECK(table.taken(table.key(i), 5) == 3);
  for (std::uint64_t i = 0; i < 8; ++i) {
    CHECK(table.place(table.key(i)) == static_cast<int>(i));
    CHECK_FALSE(table.take(table.key(i)).permitted);
  }
  CHECK(table.occupancy().overflowed == 0);
  CHECK(table.occupancy().owing == 8);
}

TEMPLATE_LIST_TEST_CASE("a third of the table's keys find room, but for a few", "", AllLayouts) {
  constexpr std::uint64_t kKeys = 3000;
  Bare<TestType> table(three<TestType>(), kKeys);
  Dice dice(11);
  std::vector<Fingerprint> keys;
  for (std::uint64_t i = 0; i < kKeys; ++i) keys.push_back({dice.bits(), dice.bits()});
  std::uint64_t all = 0;
  for (const Fingerprint& key : keys) {
    const std::int64_t taken = table.taken(key, 4);
    REQUIRE(taken <= 3);
    all += taken == 3;
  }
  CHECK(all >= kKeys - kKeys / 100);
  CHECK(table.occupancy().overflowed <= 3 * kKeys / 100);
  CHECK(table.occupancy().words == 8 * kKeys / 3);
  for (const Fingerprint& key : keys) REQUIRE_FALSE(table.take(key).permitted);
}

TEMPLATE_LIST_TEST_CASE("a new key takes the place that has been free the longest", "", AllLayouts) {
  constexpr std::array<std::uint64_t, 8> kOrder = {5, 2, 7, 0, 1, 6, 3, 4};
  Bare<TestType> table(three<TestType>());
  for (std::uint64_t i = 0; i < 8; ++i) REQUIRE(table.take(table.key(i)).permitted);
  for (std::uint64_t i = 0; i < 8; ++i) {
    table.set((10 + i) * kWindow);
    REQUIRE(table.taken(table.key(kOrder[i]), 3) == 3);
  }
  SECTION("when all are free") {
    table.set(100 * kWindow);
    for (std::uint64_t i = 0; i < 8; ++i) {
      CHECK(table.taken(table.key(100 + i), 4) == 3);
      CHECK(table.place(table.key(100 + i)) == static_cast<int>(kOrder[i]));
    }
  }
  SECTION("as they become free, and no other") {
    for (std::uint64_t i = 0; i < 8; ++i) {
      table.set((10 + i) * kWindow);
      const Duration wait = table.peek(table.key(kOrder[i]), 1).reset_after;
      table.set((10 + i) * kWindow + static_cast<Time>(wait.count()) - 1);
      const std::uint64_t before = table.occupancy().overflowed;
      CHECK(table.take(table.key(200 + i, i)).permitted);  // shares a word
      CHECK(table.occupancy().overflowed == before + 1);
      table.set(table.now() + 1);
      CHECK(table.taken(table.key(100 + i, i), 2) > 0);
      CHECK(table.place(table.key(100 + i)) == static_cast<int>(kOrder[i]));
      CHECK(table.occupancy().overflowed == before + 1);
      // It owes for so long that it is no victim again.
      REQUIRE(table.reserve(table.key(100 + i, i), 3, {20 * kWindow, 20 * kWindow}).permitted);
    }
  }
}

TEMPLATE_LIST_TEST_CASE("of places that became free at once the lowest is taken", "", AllLayouts) {
  Bare<TestType> table(three<TestType>());
  fill(table);
  table.set(50 * kWindow);
  for (std::uint64_t i = 0; i < 8; ++i) {
    REQUIRE(table.take(table.key(100 + i)).permitted);
    CHECK(table.place(table.key(100 + i)) == static_cast<int>(i));
  }
}

TEMPLATE_LIST_TEST_CASE("a key that comes back finds its own place", "", AllLayouts) {
  Bare<TestType> table(three<TestType>());
  fill(table);
  // All are free, and place 0 has been so no longer than the others; but key 6 is still there.
  table.set(50 * kWindow);
  REQUIRE(table.taken(table.key(6), 4) == 3);
  CHECK(table.place(table.key(6)) == 6);
  CHECK(table.place(table.key(0)) == 0);
}

TEMPLATE_LIST_TEST_CASE("a refused or asking key changes no word", "", AllLayouts) {
  Bare<TestType> table(three<TestType>());
  const auto key = table.key(1);
  const auto ask = [&] {
    CHECK(table.peek(key, 1).error == absl::StatusCode::kOk);
    CHECK(table.peek(key, 4).retry_after == Decision::never);
    CHECK(table.take(key, 0).permitted);
    CHECK(table.take(key, 4).retry_after == Decision::never);
    CHECK(table.take(key, -1).error == absl::StatusCode::kInvalidArgument);
    CHECK_FALSE(table.reserve(key, 1, {~Time{0}, ~Time{0}}).permitted);
    table.refund(key, 2);
    table.reset(key);
  };
  const auto empty = table.copy(16);
  ask();
  CHECK(table.copy(16) == empty);
  CHECK(table.occupancy().owing == 0);
  fill(table);
  REQUIRE(table.taken(table.key(9), 4) == 3);
  const auto full = table.copy(16);
  for (std::uint64_t i = 0; i < 8; ++i) CHECK_FALSE(table.take(table.key(i)).permitted);
  CHECK_FALSE(table.take(table.key(10)).permitted);
  CHECK(table.take(table.key(10), 0).permitted);
  table.refund(table.key(10), 2);
  table.reset(table.key(10));
  CHECK(table.copy(16) == full);
}

// ---- overfull ---------------------------------------------------------------------------------------------

TEMPLATE_LIST_TEST_CASE("keys beyond eight share a word and together get no more than one of them would", "",
                        AllLayouts) {
  Bare<TestType> table(three<TestType>());
  fill(table);
  CHECK(table.taken(table.key(10, 0), 2) + table.taken(table.key(11, 0), 2) == 3);
  CHECK(table.taken(table.key(12, 1), 2) + table.taken(table.key(13, 1), 2) == 3);
  CHECK(table.occupancy().overflowed == 6);
  CHECK(table.place(table.key(10, 0)) == -1);
  CHECK(table.peek(table.key(14, 0)).retry_after == table.take(table.key(15, 0)).retry_after);
  CHECK(table.peek(table.key(14, 0)).remaining == 0);
  CHECK(table.peek(table.key(14, 2)).remaining == 3);
  // They change nothing for those who have a place.
  for (std::uint64_t i = 0; i < 8; ++i) CHECK_FALSE(table.take(table.key(i)).permitted);
}

TEMPLATE_LIST_TEST_CASE("what was charged to a shared word comes along to a place", "", AllLayouts) {
  Bare<TestType> table(three<TestType>());
  const Patience far{20 * kWindow, 20 * kWindow};
  // Seven owe for long, one is free soon.
  for (std::uint64_t i = 0; i < 7; ++i) REQUIRE(table.reserve(table.key(i), 3, far).permitted);
  REQUIRE(table.take(table.key(7)).permitted);
  const auto wait = static_cast<Time>(table.peek(table.key(7)).reset_after.count());
  // Before that, one key has its permits of the shared word.
  const Patience later{5 * kWindow, 5 * kWindow};
  REQUIRE(table.reserve(table.key(10, 3), 1, later).permitted);
  REQUIRE(table.occupancy().overflowed == 1);
  const Decision before = table.peek(table.key(10, 3), 3);
  table.set(wait);
  // Now there is a place, but the wait is what it was. So it is for its neighbour in that word, and nobody else.
  CHECK(table.take(table.key(10, 3), 3).retry_after == before.retry_after - Duration(wait));
  CHECK(table.take(table.key(11, 3), 3).retry_after == before.retry_after - Duration(wait));
  CHECK(table.peek(table.key(12, 2), 3).permitted);
  CHECK(table.place(table.key(10, 3)) == -1);
  REQUIRE(table.reserve(table.key(10, 3), 1, later).permitted);
  CHECK(table.place(table.key(10, 3)) == 7);
  CHECK(table.occupancy().overflowed == 1);
  // Of its three permits it has had two, wherever they were charged.
  table.set(5 * kWindow);
  CHECK(table.taken(table.key(10, 3), 4) <= 1);
}

TEMPLATE_LIST_TEST_CASE("keys in a crowd are never given more than their limit", "", AllLayouts) {
  // 20 keys through 8 places and as many shared words; each is held against a state of its own.
  using Rule = typename TestType::Rule;
  constexpr std::uint64_t kKeys = 20;
  Bare<TestType> table(three<TestType>());
  Dice dice(12);
  std::vector<typename Rule::State> own(kKeys);
  int permitted = 0, refused = 0, stricter = 0;
  for (int i = 0; i < 100'000; ++i) {
    table.set(table.now() + dice.of<Time>({0, 0, 1, dice.upto(kWindow / 8), dice.upto(3 * kWindow)}));
    const std::uint64_t number = dice.upto(dice.one_in(2) ? 9 : kKeys - 1);
    const auto cost = static_cast<std::int64_t>(1 + dice.upto(2));
    const Decision theirs = algorithm::peek(table.rule(), own[number], table.now(), cost);
    const Decision ours = table.take(table.key(number, number % 8), cost);
    if (ours.permitted) {
      REQUIRE(theirs.permitted);
      (void)algorithm::advance(table.rule(), own[number], table.now(), cost);
    }
    ++(ours.permitted ? permitted : refused);
    stricter += !ours.permitted && theirs.permitted;
    REQUIRE(ours.retry_after >= theirs.retry_after);
    REQUIRE(ours.remaining <= theirs.remaining);
  }
  CHECK(permitted > 10'000);
  CHECK(refused > 10'000);
  CHECK(stricter > 100);
  CHECK(table.occupancy().overflowed > 1000);
}

// ---- refund and reset ----------------------------------------------------------------------------------------

TEMPLATE_LIST_TEST_CASE("a refund leaves the moment from which the place is free", "", AllLayouts) {
  Bare<TestType> table(three<TestType>());
  fill(table);
  const Duration wait = table.peek(table.key(4)).reset_after;
  const std::uint64_t free_at = table.entry(table.words()[4]).free_at;
  const std::uint64_t cost = GENERATE(1U, 2U, 3U, 100U);
  table.refund(table.key(4), cost);
  CHECK(table.entry(table.words()[4]).free_at >= free_at);
  CHECK(table.peek(table.key(4)).remaining == static_cast<std::int64_t>(std::min<std::uint64_t>(cost, 3)));
  CHECK(table.place(table.key(4)) == 4);
  // Nobody has its place yet, not even the longest free of all.
  table.set(static_cast<Time>(wait.count()) - kTick);
  CHECK(table.take(table.key(9)).permitted);
  CHECK(table.place(table.key(9)) == -1);
  CHECK(table.taken(table.key(4), 4) >= static_cast<std::int64_t>(std::min<std::uint64_t>(cost, 3)));
  CHECK(table.occupancy().overflowed == 1);
}

TEMPLATE_LIST_TEST_CASE("a place that was refunded is free not much later", "", AllLayouts) {
  Bare<TestType> table(three<TestType>());
  fill(table);
  for (std::uint64_t i = 0; i < 8; ++i) table.refund(table.key(i), 3);
  table.set(7 * kWindow);  // 2^26 us for the bucket, at most
  CHECK(table.occupancy().owing == 0);
  for (std::uint64_t i = 0; i < 8; ++i) CHECK(table.taken(table.key(10 + i), 4) == 3);
  CHECK(table.occupancy().overflowed == 0);
}

TEMPLATE_LIST_TEST_CASE("permits that come and go by refunds are counted", "", AllLayouts) {
  using Rule = typename TestType::Rule;
  Bare<TestType> table(three<TestType>());
  Dice dice(13);
  typename Rule::State own;
  for (int i = 0; i < 20'000; ++i) {
    table.set(table.now() + dice.of<Time>({0, 1, dice.upto(kWindow / 8), dice.upto(3 * kWindow)}));
    const auto cost = static_cast<std::int64_t>(1 + dice.upto(2));
    switch (dice.upto(3)) {
      case 0:
        table.refund(table.key(0), static_cast<std::uint64_t>(cost));
        table.rule().refund(own, table.now(), static_cast<std::uint64_t>(cost));
        break;
      case 1:
        REQUIRE(table.peek(table.key(0), cost) == algorithm::peek(table.rule(), own, table.now(), cost));
        break;
      default:
        REQUIRE(table.take(table.key(0), cost) == algorithm::advance(table.rule(), own, table.now(), cost));
        break;
    }
  }
}

TEST_CASE("a window that was refunded in full is still the one that is charged, also from the one before") {
  Bare<Layout<FixedWindow, std::uint64_t>> table(FixedWindow{3, Duration(kWindow)});
  table.set(10 * kWindow);
  REQUIRE(table.taken(table.key(0), 4) == 3);
  table.refund(table.key(0), 3);
  table.set(9 * kWindow);  // the clock has stepped back
  table.refund(table.key(0), 3);
  CHECK(table.take(table.key(0)).permitted);
  table.set(10 * kWindow);
  CHECK(table.taken(table.key(0), 4) == 2);
}

TEMPLATE_LIST_TEST_CASE("a reset makes the word nobody's, and no sooner another's", "", AllLayouts) {
  Bare<TestType> table(three<TestType>());
  fill(table);
  const std::uint64_t free_at = table.entry(table.words()[4]).free_at;
  const Duration wait = table.peek(table.key(4)).reset_after;
  table.reset(table.key(4));
  CHECK(table.tag(table.words()[4]) == 1);
  CHECK(table.entry(table.words()[4]).free_at == free_at);
  CHECK(table.peek(table.key(4), 3).permitted);
  CHECK(table.peek(table.key(4), 3).reset_after == Duration::zero());
  table.set(static_cast<Time>(wait.count()) - kTick);
  CHECK(table.taken(table.key(4), 4) == 3);  // of the shared word
  CHECK(table.place(table.key(4)) == -1);
  table.set(static_cast<Time>(wait.count()));
  REQUIRE(table.take(table.key(4, 1)).permitted);
  CHECK(table.place(table.key(4)) >= 0);
  for (std::uint64_t i = 0; i < 8; ++i) CHECK(table.tag(table.words()[i]) != 0);
}

TEMPLATE_LIST_TEST_CASE("what is shared is neither refunded nor reset", "", AllLayouts) {
  Bare<TestType> table(three<TestType>());
  fill(table);
  REQUIRE(table.taken(table.key(9), 4) == 3);
  table.refund(table.key(9), 3);
  table.reset(table.key(9));
  CHECK_FALSE(table.take(table.key(9)).permitted);
}

TEST_CASE("no key has the tag of nobody") {
  using CompactBucket = Layout<TokenBucket, std::uint64_t>;
  Bare<CompactBucket> table(three<CompactBucket>());
  for (const std::uint64_t low : {0U, 1U, 2U}) REQUIRE(table.take({0, low}).permitted);
  CHECK_FALSE(table.take({0, 0}).permitted);  // they share a state, at worst
  CHECK(table.tag(table.words()[0]) == 2);
  CHECK(table.tag(table.words()[1]) == 0);
}

// ---- reservations -------------------------------------------------------------------------------------------

// Limits whose 40 bits reach not far ahead, so that a test can get there.
std::vector<TokenBucket> short_sighted(const Layout<TokenBucket, std::uint64_t>*) {
  return {{per_second(1'000'000'000), 1'500'000'000},
          {per_second(1000), 2'147'483'647},
          {per_second(999'983), 4'000'000}};
}
std::vector<FixedWindow> short_sighted(const Layout<FixedWindow, std::uint64_t>*) {
  return {{2'147'483'647, seconds(2)}, {1'000'000'000, seconds(1)}};
}
std::vector<SlidingWindow> short_sighted(const Layout<SlidingWindow, std::uint64_t>*) {
  return {{32'767, milliseconds(80)}, {16'384, minutes(1)}, {10'000, milliseconds(100)}};
}
template <class L>
auto short_sighted() {
  return short_sighted(static_cast<const L*>(nullptr));
}

TEMPLATE_LIST_TEST_CASE("one can reserve as far ahead as words can tell, and no further", "", CompactLayouts) {
  for (const auto& limit : short_sighted<TestType>()) {
    Bare<TestType> table(limit);
    const auto& rule = table.rule();
    const Time reach = rule.span(table.layout().reach());
    const Time now = GENERATE_COPY(Time{0}, reach * 50 + 7);
    CAPTURE(to_string(limit), now);
    table.set(now);
    typename TestType::Rule::State own;
    const auto all = static_cast<std::int64_t>(rule.limit());
    std::int64_t reserved = 0;
    for (;; ++reserved) {
      const Decision ours = table.reserve(table.key(0), all, {0, ~Time{0}});
      const Decision theirs = algorithm::advance(rule, own, now, all, {0, reach});
      REQUIRE(ours == theirs);
      if (!ours.permitted) break;
    }
    CHECK(reserved >= 7);
    CHECK(table.peek(table.key(0), 1).reset_after <= Duration(rule.span(table.layout().quarter()) + 2 * kSecond));
    // Nothing was charged by what was refused.
    const auto before = table.copy(16);
    CHECK_FALSE(table.reserve(table.key(0), all, {0, ~Time{0}}).permitted);
    CHECK(table.copy(16) == before);
    // And each of them keeps its moment.
    table.set(now + static_cast<Time>(table.peek(table.key(0), 1).retry_after.count()) - 1);
    CHECK_FALSE(table.take(table.key(0)).permitted);
    table.set(table.now() + 1);
    CHECK(table.take(table.key(0)).permitted);
  }
}

TEMPLATE_LIST_TEST_CASE("a moment that another limit asks for is within reach or refused", "", CompactLayouts) {
  for (const auto& limit : short_sighted<TestType>()) {
    Bare<TestType> table(limit);
    const Time reach = table.rule().span(table.layout().reach());
    table.set(99 * reach + 12'345);
    CAPTURE(to_string(limit), reach);
    CHECK_FALSE(table.reserve(table.key(0), 1, {reach + 1, ~Time{0}}).permitted);
    CHECK(table.place(table.key(0)) == -1);
    CHECK_FALSE(table.peek(table.key(0), 1, {reach + 1, ~Time{0}}).permitted);
    const Decision decision = table.reserve(table.key(0), 1, {reach, reach});
    CHECK(decision.permitted);
    CHECK(decision.retry_after == Duration(reach));
    const auto all = static_cast<std::int64_t>(table.rule().limit());
    CHECK(table.peek(table.key(0), all).retry_after > decision.retry_after);
  }
}

// ---- clocks that step back ------------------------------------------------------------------------------------

template <class L>
struct Hand {
  explicit Hand(const Bare<L>& table)
      : pass(table.rule().span(table.layout().quarter() / 2)), slack(pass / 2), interval(pass / 16 / 2 * 2) {}
  // When the next page is due, once all that are due have been swept.
  Time due(Time now) const { return (now / interval + 1) * interval; }
  Time pass, slack, interval;  // of a table of less than 16 pages
};

TEMPLATE_LIST_TEST_CASE("a clock that steps back a little is believed", "", CompactLayouts) {
  for (const auto& limit : short_sighted<TestType>()) {
    Bare<TestType> table(limit);
    const Hand<TestType> hand(table);
    const Time now = 77 * hand.interval + 5;
    table.set(now);
    typename TestType::Rule::State own;
    for (int i = 0; i < 2; ++i) {
      REQUIRE(table.reserve(table.key(0), 5, {0, hand.pass}) ==
              algorithm::advance(table.rule(), own, now, 5, {0, hand.pass}));
    }
    CAPTURE(to_string(limit));
    const Time furthest = now - (hand.due(now) - hand.slack);
    std::uint64_t number = 0;
    for (const Time step : {Time{1}, hand.interval, hand.slack / 2, furthest - 1, furthest}) {
      table.set(now - step);
      CHECK(table.peek(table.key(0)) == algorithm::peek(table.rule(), own, now - step, 1));
      CHECK(table.take(table.key(0)) == algorithm::advance(table.rule(), own, now - step, 1));
      typename TestType::Rule::State fresh;  // a new one, too
      const auto key = table.key(++number);
      CHECK(table.take(key) == algorithm::advance(table.rule(), fresh, now - step, 1));
      CHECK(table.peek(key) == algorithm::peek(table.rule(), fresh, now - step, 1));
    }
  }
}

TEMPLATE_LIST_TEST_CASE("a clock that steps far back stands where words can be told, and is waited for", "",
                        CompactLayouts) {
  for (const auto& limit : short_sighted<TestType>()) {
    Bare<TestType> table(limit);
    const Hand<TestType> hand(table);
    const auto all = static_cast<std::int64_t>(table.rule().limit());
    const Time now = 77 * hand.interval + 5;
    table.set(now);
    typename TestType::Rule::State own;
    REQUIRE(table.take(table.key(0), all) == algorithm::advance(table.rule(), own, now, all));
    const Time earliest = hand.due(now) - hand.slack;
    CAPTURE(to_string(limit), now, earliest);
    for (const Time then : {earliest - 1, earliest - hand.interval, now / 3, Time{1}, Time{0}}) {
      table.set(then);
      const Moment moment{earliest, earliest - then};
      const Decision expected = moment.as_seen(algorithm::peek(table.rule(), own, earliest, 1));
      CHECK(table.take(table.key(0)) == expected);
      CHECK(table.peek(table.key(0)) == expected);
      // Tight as ever: at that very nanosecond, and not before.
      const auto wait = static_cast<Time>(expected.retry_after.count());
      table.set(then + wait - 1);
      CHECK_FALSE(table.peek(table.key(0)).permitted);
      table.set(then + wait);
      CHECK(table.peek(table.key(0)).permitted);
    }
    // A reservation is as much less patient.
    table.set(0);
    const Duration wait = table.peek(table.key(0)).retry_after;
    CHECK_FALSE(table.reserve(table.key(0), 1, {0, static_cast<Time>(wait.count()) - 1}).permitted);
    if (static_cast<Time>(wait.count()) > table.rule().span(table.layout().reach())) continue;
    const Decision reserved = table.reserve(table.key(0), 1, {0, static_cast<Time>(wait.count())});
    CHECK(reserved.permitted);
    CHECK(reserved.retry_after == wait);
  }
}

TEMPLATE_LIST_TEST_CASE("before its zero a table waits for it", "", AllLayouts) {
  Bare<TestType> table(three<TestType>());
  REQUIRE(table.taken(table.key(0), 4) == 3);
  const Decision at_zero = table.peek(table.key(0), 1);
  table.set(0 - 5 * kSecond);
  CHECK(table.peek(table.key(0), 1).retry_after == at_zero.retry_after + seconds(5));
  CHECK(table.peek(table.key(0), 1).reset_after == at_zero.reset_after + seconds(5));
  CHECK(table.take(table.key(1), 2).permitted);
  CHECK(table.peek(table.key(1), 1).remaining == 1);
  table.refund(table.key(1), 1);
  CHECK(table.peek(table.key(1), 1).remaining == 2);
  CHECK(table.occupancy().owing == 2);
  table.set(0);
  CHECK(table.peek(table.key(0), 1) == at_zero);
}

// ---- memory ---------------------------------------------------------------------------------------------------

TEST_CASE("a key costs 22 bytes, or 44") {
  using Narrow = Table<Layout<TokenBucket, std::uint64_t>>;
  using Broad = Table<Layout<TokenBucket, Wide>>;
  for (const std::int64_t keys : {std::int64_t{100'000}, std::int64_t{1} << 20, std::int64_t{1} << 32}) {
    CHECK(static_cast<double>(Narrow::bytes(keys)) <= 22.1 * static_cast<double>(keys));
    CHECK(static_cast<double>(Broad::bytes(keys)) <= 44.2 * static_cast<double>(keys));
    // And there is room for what was promised.
    CHECK(Narrow::bytes(keys) >= 8 * 8 * static_cast<std::size_t>(keys) / 3);
    CHECK(Broad::bytes(keys) >= 16 * 8 * static_cast<std::size_t>(keys) / 3);
  }
  CHECK(Narrow::bytes(1) < 200);
}

TEMPLATE_TEST_CASE("a table is as resident as it is used", "", (Layout<TokenBucket, std::uint64_t>),
                   (Layout<TokenBucket, Wide>)) {
  constexpr std::int64_t kKeys = std::int64_t{1} << 20;
  Bare<TestType> table(three<TestType>(), kKeys);
  const Region& region = table.region();
  const auto resident = [&] { return resident_bytes(region.data(), region.bytes()); };
  CHECK(resident() == 0);
  CHECK(table.occupancy().touched_bytes == 0);
  CHECK(resident() <= region.bytes() / 4000 + 2 * page_size());  // the marks of the pages were looked at
  Dice dice(14);
  std::vector<Fingerprint> keys;
  for (int i = 0; i < 1000; ++i) keys.push_back({dice.bits(), dice.bits()});
  for (int i = 0; i < 500; ++i) REQUIRE(table.take(keys[static_cast<std::size_t>(i)]).permitted);
  const std::uint64_t half = table.occupancy().touched_bytes;
  CHECK(half > 0);
  for (const Fingerprint& key : keys) REQUIRE(table.take(key).permitted);
  // A page of its own each, and one for the words they might have shared; many of those are the same.
  CHECK(table.occupancy().touched_bytes > half);
  CHECK(resident() <= table.occupancy().touched_bytes + region.bytes() / 4000 + 2 * page_size());
  CHECK(resident() < region.bytes() / 2);
  const std::size_t before = resident();
  for (const Fingerprint& key : keys) (void)table.take(key);
  CHECK(resident() == before);
}

TEST_CASE("huge pages are a wish that changes no decision") {
  using CompactBucket = Layout<TokenBucket, std::uint64_t>;
  Bare<CompactBucket> table(three<CompactBucket>(), std::int64_t{1} << 20, true);
  REQUIRE(table.region().data() != nullptr);
  for (std::uint64_t i = 0; i < 100; ++i) CHECK(table.taken({i << 57, i + 2}, 5) == 3);
  CHECK(table.occupancy().owing > 0);
}

TEST_CASE("of a large table every so many lines are looked at, and the count is near the truth") {
  using CompactBucket = Layout<TokenBucket, std::uint64_t>;
  Bare<CompactBucket> table(three<CompactBucket>(),
                            std::int64_t{1} << 20);  // 349,526 lines, of which 58,255 are seen
  Dice dice(15);
  for (int i = 0; i < 100'000; ++i) (void)table.take({dice.bits(), dice.bits()});
  CHECK(table.occupancy().owing > 95'000);
  CHECK(table.occupancy().owing < 105'000);
  table.set(kWindow);
  CHECK(table.occupancy().owing == 0);
}

// ---- years ------------------------------------------------------------------------------------------------------

// One line a page, so that there are many.
struct ManyPages : TableShape {
  static constexpr std::size_t kLinesInPage = 1;
};

std::vector<TokenBucket> limits_of_all_speeds(const Layout<TokenBucket, std::uint64_t>*) {
  return {{per_second(1'000'000'000), 1000},
          {{1'461, nanoseconds(1000)}, 1},
          {per_second(1'000'000), 1000},
          {per_second(999'983), 100},
          {per_minute(60), 60},
          {per_minute(7), 10},
          {per_second(1000), 2'147'483'647},
          {{1, kMaxWindow}, 3}};
}
std::vector<FixedWindow> limits_of_all_speeds(const Layout<FixedWindow, std::uint64_t>*) {
  return {{1, nanoseconds(1)},         {1, milliseconds(1)}, {1000, milliseconds(1)}, {1'461'355'114, seconds(1)},
          {2'147'483'647, seconds(2)}, {100, minutes(1)},    {5, kMaxWindow}};
}
std::vector<SlidingWindow> limits_of_all_speeds(const Layout<SlidingWindow, std::uint64_t>*) {
  return {{1, nanoseconds(1)},  {3, nanoseconds(2)}, {1000, milliseconds(1)}, {32'767, milliseconds(80)},
          {16'384, minutes(1)}, {100, minutes(1)},   {5, kMaxWindow}};
}
template <class L>
auto limits_of_all_speeds() {
  return limits_of_all_speeds(static_cast<const L*>(nullptr));
}

// A table that runs for 35 years, under few keys but all kinds of calls and pauses. Keys 0 to 5 have a line each,
// and each is held against its rule on a state of 64 bits that is never forgotten. Twelve more share a line.
template <class L>
class Uptime {
 public:
  using Rule = typename L::Rule;
  using Limit = typename LimitOf<L>::Type;

  Uptime(const Limit& limit, std::uint64_t lines, std::uint64_t seed)
      : lines_(lines), dice_(seed), table_(limit, static_cast<std::int64_t>(3 * lines)) {
    const Time pass = rule().span(table_.layout().quarter() / 2);
    interval_ = pass / std::max<Time>(16, lines_ + (lines_ - 1) / 32 + 1) / 2 * 2;
    slack_ = pass / 2;
  }

  void run() {
    for (int steps = 0; steps < 2000 || latest_ < 35 * kYear; ++steps) {
      step();
      asked_ = false;
      dice_.one_in(3) ? crowd() : alone(dice_.upto(5));
      if (asked_ && table_.now() == latest_) check_words();
    }
    CHECK(decisions_ > 800);
    CHECK(permitted_ > decisions_ / 20);
    // Those that nobody came to were never written.
    for (std::uint64_t line = 7; line < lines_; ++line) {
      for (std::uint64_t i = 0; i < 8; ++i) REQUIRE(table_.words()[8 * line + i] == 0);
    }
    CHECK(table_.occupancy().touched_bytes <= 9 * 64);
  }

 private:
  static constexpr Time kYear = algorithm::kHorizon / 100;
  // How far those reserve that are refunded, in bursts. Words tell four of a bucket, and one of a fixed window.
  static constexpr Time kMostToRefund = std::is_same_v<Limit, FixedWindow> ? 0 : 2;

  struct Own {
    typename Rule::State state;
    std::uint64_t free_at = 0;
    bool refunded = false;
  };

  const Rule& rule() const { return table_.rule(); }

  // In the line with this number. Those of the crowd overflow to a word where nobody else does.
  Fingerprint key(std::uint64_t line, std::uint64_t number, bool crowd) const {
    return {(2 * line + 1) * (~std::uint64_t{0} / (2 * lines_)),
            (crowd ? 0 : std::uint64_t{7} << 61) | (number + 2)};
  }

  void step() {
    const Time quarter = rule().span(table_.layout().quarter());
    const auto about = [&](Time time) { return time - std::min<Time>(time, 2) + dice_.upto(4); };
    Time step = 0;
    switch (dice_.upto(dice_.one_in(3) ? 11 : 5)) {
      case 0:
        break;
      case 1:
        step = dice_.upto(3);
        break;
      case 2:
        step = dice_.upto(2 * rule().span(1));
        break;
      case 3:
        step = last_wait_ - dice_.upto(last_wait_ != 0);
        break;
      case 4:
        step = dice_.upto(2 * rule().refill());
        break;
      case 5:
        step = about(interval_);
        break;
      case 6:
        step = dice_.upto(quarter);
        break;
      case 7:
        step = about(dice_.of({quarter, quarter / 2, 2 * quarter}));
        break;
      case 8:
        step = about(quarter >= kYear ? quarter : 4 * quarter * (1 + dice_.upto(3)));
        break;
      case 9:
        step = quarter >= kYear ? kYear : about(4 * quarter * (1 + dice_.upto(kYear / 4 / quarter)));
        break;
      case 10:
        step = dice_.upto(dice_.one_in(4) ? kYear : kYear / 1000);
        break;
      default: {
        // Back, but not so far that words could not be told.
        const Time due = (latest_ / interval_ + 1) * interval_;
        table_.set(latest_ - dice_.upto(std::min(latest_, slack_ - (due - latest_))));
        return;
      }
    }
    // There is no time beyond, and no use in years of ones.
    latest_ += std::min({step, kYear, algorithm::kHorizon * 2 - std::min(latest_, algorithm::kHorizon * 2)});
    table_.set(latest_);
  }

  void alone(std::uint64_t number) {
    Own& own = own_[number];
    const Fingerprint fingerprint = key(number, number, false);
    const Time now = table_.now();
    const bool can_refund = number >= 3;
    const auto cost =
        static_cast<std::int64_t>(dice_.one_in(4) ? 1 + dice_.upto(rule().limit() - 1)
                                                  : 1 + dice_.upto(std::min<std::uint64_t>(rule().limit() - 1, 2)));
    CAPTURE(number, now, cost);
    switch (dice_.upto(7)) {
      case 0:
        REQUIRE(table_.peek(fingerprint, cost) == algorithm::peek(rule(), own.state, now, cost));
        asked_ = true;
        return;
      case 1:
        if (!can_refund || now != latest_) return;
        table_.refund(fingerprint, static_cast<std::uint64_t>(cost));
        rule().refund(own.state, now, static_cast<std::uint64_t>(cost));
        own.refunded = true;
        return;
      case 2:
        // Its word stays behind for a while; but the line must not fill up.
        if (now != latest_ || owing(number) > 5) return;
        table_.reset(fingerprint);
        own = {};
        return;
      case 3:
      case 4: {
        const Time reach = rule().span(table_.layout().reach());
        const Time most = can_refund ? std::min(kMostToRefund * rule().refill(), reach) : reach;
        return take(own, fingerprint, cost, {dice_.one_in(2) ? 0 : dice_.upto(most), most});
      }
      default:
        return take(own, fingerprint, cost, {});
    }
  }

  void take(Own& own, const Fingerprint& fingerprint, std::int64_t cost, Patience patience) {
    const Decision ours = table_.reserve(fingerprint, cost, patience);
    const Decision theirs = algorithm::advance(rule(), own.state, table_.now(), cost, patience);
    CAPTURE(patience.at_least, patience.at_most, ours.retry_after.count(), theirs.retry_after.count());
    REQUIRE(ours == theirs);
    note(ours);
    if (ours.permitted) own.free_at = std::max(own.free_at, rule().free_at(own.state));
  }

  void crowd() {
    const std::uint64_t number = dice_.upto(11);
    Own& own = crowd_[number];
    const Time now = table_.now();
    if (now != latest_) return;  // a key that was forgotten may be given more then: clock.h
    const auto cost = static_cast<std::int64_t>(1 + dice_.upto(std::min<std::uint64_t>(rule().limit() - 1, 2)));
    const Time most = dice_.one_in(8) ? rule().span(table_.layout().reach()) : 0;
    const Patience patience{dice_.upto(most), most};
    const Decision ours = table_.reserve(key(6, number, true), cost, patience);
    const Decision theirs = algorithm::peek(rule(), own.state, now, cost, patience);
    CAPTURE(number, now, cost);
    REQUIRE((theirs.permitted || !ours.permitted));
    REQUIRE(ours.retry_after >= theirs.retry_after);
    // When none of them owes anything there is nothing to share.
    if (now >= crowd_free_) {
      typename Rule::State fresh;
      REQUIRE(ours == algorithm::advance(rule(), fresh, now, cost, patience));
    }
    if (ours.permitted) {
      const Time then = now + static_cast<Time>(ours.retry_after.count());
      charge(rule(), own.state, now, then, static_cast<std::uint64_t>(cost));
      crowd_free_ = std::max(crowd_free_, now + static_cast<Time>(ours.reset_after.count()));
    }
    note(ours);
  }

  void note(const Decision& decision) {
    asked_ = true;
    ++decisions_;
    permitted_ += decision.permitted;
    last_wait_ = decision.permitted || decision.retry_after == Decision::never
                     ? 0
                     : static_cast<Time>(decision.retry_after.count());
  }

  int owing(std::uint64_t line) const {
    int count = 0;
    for (std::uint64_t i = 0; i < 8; ++i) {
      const auto word = table_.words()[8 * line + i];
      count += word != 0 && table_.entry(word).free_at > rule().position(table_.now());
    }
    return count;
  }

  // Somebody has just been in step with the hand, so no word is older than a quarter when the hand passed it,
  // which was half a quarter ago at most. And a key's word has its own moment, or was raised, and then owes
  // nothing.
  void check_words() const {
    const std::uint64_t now = rule().position(latest_);
    const std::uint64_t quarter = table_.layout().quarter();
    for (std::uint64_t line = 0; line < 7; ++line) {
      for (std::uint64_t i = 0; i < 8; ++i) {
        const auto word = table_.words()[8 * line + i];
        if (word == 0) continue;
        const std::uint64_t free_at = table_.entry(word).free_at;
        const bool raised = free_at + quarter <= now;
        bool right =
            free_at + quarter + quarter / 2 + quarter / 64 >= now && free_at <= now + quarter + quarter / 2;
        if (line < 6 && table_.tag(word) == line + 2) {
          // A refund is told in steps of an eighth of a quarter, or finer ones.
          const Own& own = own_[line];
          right = right && free_at >= own.free_at &&
                  (raised || free_at - own.free_at < (own.refunded ? quarter / 8 + 1 : 1));
        }
        if (right) continue;
        CAPTURE(line, i, now, free_at, quarter, own_[std::min<std::uint64_t>(line, 5)].free_at);
        FAIL("a word that is too old, or not its key's");
      }
    }
  }

  std::uint64_t lines_;
  Dice dice_;
  Bare<L, ManyPages> table_;
  Time interval_ = 0, slack_ = 0, latest_ = 0, last_wait_ = 0, crowd_free_ = 0;
  std::array<Own, 6> own_;
  std::array<Own, 12> crowd_;
  int decisions_ = 0, permitted_ = 0;
  bool asked_ = false;
};

TEMPLATE_LIST_TEST_CASE("in 35 years of uptime no word is mistaken for a later one", "", CompactLayouts) {
  for (const auto& limit : limits_of_all_speeds<TestType>()) {
    CAPTURE(to_string(limit));
    for (const std::uint64_t lines : {7U, 50U}) {
      for (const std::uint64_t seed : {1U, 2U, 3U}) {
        CAPTURE(lines, seed);
        Uptime<TestType>(limit, lines, seed).run();
      }
    }
  }
}

TEMPLATE_LIST_TEST_CASE("whatever is called moves the hand, also when no key comes", "", CompactLayouts) {
  const int call = GENERATE(0, 1, 2, 3, 4);
  for (const auto& limit : limits_of_all_speeds<TestType>()) {
    Bare<TestType, ManyPages> table(limit, 3 * 40);
    const auto& rule = table.rule();
    const std::uint64_t quarter = table.layout().quarter();
    const Time interval = rule.span(quarter / 2) / 42 / 2 * 2;
    const Fingerprint busy{0, 2}, idle{~std::uint64_t{0}, 3};
    // The wheel must be able to turn while the test does.
    if (rule.span(quarter) > algorithm::kHorizon / 20) continue;
    table.set(30 * (algorithm::kHorizon / 100));
    REQUIRE(table.take(busy).permitted);
    REQUIRE(table.take(idle, static_cast<std::int64_t>(rule.limit())).permitted);
    const auto place = &table.words()[8 * 39];
    REQUIRE(table.tag(*place) == 3);
    const std::uint64_t free_at = table.entry(*place).free_at;
    CAPTURE(to_string(limit), call);
    for (int i = 0; i < 1000; ++i) {
      table.set(table.now() + interval * 3 / 4);
      switch (call) {
        case 0:
          (void)table.take(busy);
          break;
        case 1:
          (void)table.peek(busy);
          break;
        case 2:
          table.refund(busy, 1);
          break;
        case 3:
          (void)table.occupancy();
          break;
        default:
          (void)table.reserve(busy, 1, {0, 0});
          break;
      }
      const std::uint64_t now = rule.position(table.now());
      const std::uint64_t then = table.entry(*place).free_at;
      REQUIRE(then + quarter + quarter / 2 + quarter / 64 >= now);
      REQUIRE((then == free_at || then + quarter <= now));
      REQUIRE(table.tag(*place) == 3);
    }
    CHECK(table.entry(*place).free_at > free_at + quarter);
    CHECK(table.peek(idle, static_cast<std::int64_t>(rule.limit())).permitted);
    CHECK(table.peek(idle).reset_after == Duration::zero());
  }
}

TEMPLATE_LIST_TEST_CASE("a sweep passes over what was never used", "", CompactLayouts) {
  Bare<TestType> table(limits_of_all_speeds<TestType>().front(), 1'000'000);
  REQUIRE(table.take({0, 2}).permitted);
  const std::size_t resident = resident_bytes(table.region().data(), table.region().bytes());
  const std::uint64_t touched = table.occupancy().touched_bytes;
  for (int i = 1; i < 200; ++i) {
    table.set(static_cast<Time>(i) * (algorithm::kHorizon / 1000));
    (void)table.take({0, 2});
  }
  CHECK(table.occupancy().touched_bytes == touched);
  // But for the marks of the pages, which were looked at.
  CHECK(resident_bytes(table.region().data(), table.region().bytes()) <=
        resident + table.region().bytes() / 4000 + page_size());
  CHECK(table.words()[8 * 100'000] == 0);
}

}  // namespace
}  // namespace penstock::memory
