#include "penstock/detail/memory/table.h"

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

TEST_CASE("a window that was refunded in full, seen from the one before, gives nothing away") {
  Bare<Layout<FixedWindow, std::uint64_t>> table(FixedWindow{3, Duration(kWindow)});
  table.set(10 * kWindow);
  REQUIRE(table.taken(table.key(0), 4) == 3);
  table.refund(table.key(0), 3);
  table.set(9 * kWindow);  // the clock has stepped back
  table.refund(table.key(0), 3);
  CHECK_FALSE(table.take(table.key(0)).permitted);
  table.set(10 * kWindow);
  CHECK(table.taken(table.key(0), 4) == 3);
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
      : pass(table.rule().span(table.layout().quarter() / 2)), slack(pass / 2), interval(pass / 16) {}
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

}  // namespace
}  // namespace penstock::memory
