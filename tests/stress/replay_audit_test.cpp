// Threads and a table with far too few words, with pauses between any two steps. Each admission is written down
// with the moment at which it was decided; afterwards the promise of the limit is checked over every interval.
//
// ThreadSanitizer cannot see a mistake in the protocol of the table: all that threads share there is atomic. This
// can, and tests/schedule can.

#include <algorithm>
#include <latch>
#include <limits>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "catch.h"
#include "stress/watched_table.h"

namespace penstock::memory {
namespace {

using std::chrono::microseconds;
using std::chrono::nanoseconds;

constexpr int kThreads = 4;

struct Charge {
  Time at;
  Time begun, ended;  // the call, by the clock
  std::uint64_t window;
  Time elapsed;
  std::uint64_t cost;
};
struct Refund {
  Time begun, ended;
  std::uint64_t window;
  std::uint64_t refunded;
};
struct Log {
  std::vector<Charge> charges;
  std::vector<Refund> refunds;
};

// ---- the audit -------------------------------------------------------------------------------------------------

// Each returns how many charges too many there are.

// A(s, t) <= burst + supply(t) - supply(s) + what was refunded in between, for all s <= t. A call that refunds
// counts if it overlaps with the calls from s to t.
int excess(const algorithm::Rule<TokenBucket>& rule, Log& log) {
  using Signed = std::int64_t;
  const auto unit = static_cast<Signed>(rule.most_debt() / rule.limit());
  const auto by = [](auto member) {
    return [member](const auto& a, const auto& b) { return a.*member < b.*member; };
  };
  std::sort(log.charges.begin(), log.charges.end(), by(&Charge::at));
  std::vector<Refund> begun = log.refunds, ended = log.refunds;
  std::sort(begun.begin(), begun.end(), by(&Refund::begun));
  std::sort(ended.begin(), ended.end(), by(&Refund::ended));
  std::size_t b = 0, e = 0;
  Signed all = 0, refunds_begun = 0, refunds_ended = 0, least = std::numeric_limits<Signed>::max();
  Time last = 0;
  int too_many = 0;
  for (const Charge& charge : log.charges) {
    const auto supply = static_cast<Signed>(rule.position(charge.at));
    for (; e < ended.size() && ended[e].ended < charge.at; ++e)
      refunds_ended += static_cast<Signed>(ended[e].refunded);
    least = std::min(least, all - supply - refunds_ended);
    last = std::max(last, charge.ended);
    for (; b < begun.size() && begun[b].begun <= last; ++b) refunds_begun += static_cast<Signed>(begun[b].refunded);
    all += static_cast<Signed>(charge.cost) * unit;
    if (all - supply - refunds_begun - least > static_cast<Signed>(rule.most_debt())) {
      ++too_many;
      all -= static_cast<Signed>(charge.cost) * unit;
    }
  }
  return too_many;
}

// What each window was charged, less what it was refunded.
std::map<std::uint64_t, std::int64_t> used(const Log& log) {
  std::map<std::uint64_t, std::int64_t> used;
  for (const Charge& charge : log.charges) used[charge.window] += static_cast<std::int64_t>(charge.cost);
  for (const Refund& refund : log.refunds) used[refund.window] -= static_cast<std::int64_t>(refund.refunded);
  return used;
}

int overfull_windows(std::uint64_t limit, const Log& log) {
  int too_many = 0;
  for (const auto& [window, count] : used(log)) too_many += count > static_cast<std::int64_t>(limit);
  return too_many;
}

// In its window or, if somebody has seen the next one during the call, in that.
int strays(Time window, const Log& log) {
  return static_cast<int>(std::count_if(log.charges.begin(), log.charges.end(), [&](const Charge& charge) {
    return charge.window < charge.begun / window || charge.window > std::max(charge.ended, charge.at) / window;
  }));
}

int excess(const algorithm::Rule<FixedWindow>& rule, Log& log) {
  return overfull_windows(rule.limit(), log) + strays(rule.span(1), log);
}

int excess(const algorithm::Rule<SlidingWindow>& rule, Log& log) {
  int too_many = overfull_windows(rule.limit(), log) + strays(rule.span(1), log);
  // With refunds it is not known how full a window was in its middle.
  if (!log.refunds.empty()) return too_many;
  std::sort(log.charges.begin(), log.charges.end(), [](const Charge& a, const Charge& b) {
    return a.window != b.window ? a.window < b.window : a.elapsed < b.elapsed;
  });
  const Time window = rule.span(1);
  std::uint64_t index = 0, previous = 0, current = 0;
  for (const Charge& charge : log.charges) {
    if (charge.window != index) previous = charge.window == index + 1 ? current : 0, current = 0;
    index = charge.window;
    current += charge.cost;
    const Wide covered = algorithm::ceil_div(Wide{previous} * (window - charge.elapsed), Wide{window});
    too_many += covered + current > rule.limit();
  }
  return too_many;
}

// ---- the threads -----------------------------------------------------------------------------------------------

struct World {
  const char* name;
  bool real;           // time, or one that threads move by up to
  std::uint64_t step;  //   1/step of a window at each call,
  std::uint64_t leap;  //   and once in so many calls by a part of the wheel
};

template <class L, class Limit>
class Trial {
 public:
  static constexpr std::uint64_t kKeys = 24;

  Trial(const Limit& limit, const World& world, std::uint64_t seed)
      : world_(world),
        seed_(seed),
        layout_(limit),
        region_(SlotTable::bytes(kMaxKeys), false),
        timeline_(world.real),
        table_(limit, kMaxKeys, region_.data()) {}

  // Returns how many charges too many there were.
  int run(std::uint64_t calls) {
    std::vector<std::vector<Log>> logs(kThreads, std::vector<Log>(kKeys));
    std::latch start(kThreads);
    {
      std::vector<std::jthread> threads;
      for (int thread = 0; thread < kThreads; ++thread) {
        threads.emplace_back([&, thread] {
          random_state = (seed_ * 1000 + static_cast<std::uint64_t>(thread) + 1) * 0x9e3779b97f4a7c15;
          start.arrive_and_wait();
          for (std::uint64_t i = 0; i < calls / kThreads; ++i) call(logs[static_cast<std::size_t>(thread)]);
        });
      }
    }
    int too_many = 0;
    for (std::uint64_t key = 0; key < kKeys; ++key) {
      Log all;
      for (const std::vector<Log>& log : logs) {
        all.charges.insert(all.charges.end(), log[key].charges.begin(), log[key].charges.end());
        all.refunds.insert(all.refunds.end(), log[key].refunds.begin(), log[key].refunds.end());
      }
      if (all.charges.empty()) continue;
      admitted_ += all.charges.size();
      refunds_ += all.refunds.size();
      too_many += excess(layout_.rule(), all);
    }
    overflowed_ = table_.occupancy(timeline_.now(), timeline_).overflowed;
    return too_many;
  }

  std::uint64_t admitted() const { return admitted_; }
  std::uint64_t refunds() const { return refunds_; }
  std::uint64_t overflowed() const { return overflowed_; }

 private:
  using SlotTable = Table<WatchedLayout<L>, PausingCell, FewWords>;
  static constexpr std::int64_t kMaxKeys = 4;  // two lines of four words

  // Twelve to a line; four share a word with others.
  static Fingerprint fingerprint(std::uint64_t key) { return {key % 2 << 63, key / 2 % 4 << 62 | (key + 2)}; }

  void call(std::vector<Log>& logs) {
    const Time window = layout_.rule().refill();
    if (!world_.real) {
      Time step = random_bits() % (window / world_.step + 2);
      if (world_.leap != 0 && random_bits() % world_.leap == 0) {
        const Time quarter = layout_.rule().span(layout_.quarter());
        // Not a whole turn in two leaps: who is stopped for a whole turn is admitted at the moment that looks the
        // same, which is within his call, too, but not the one that the rule notes.
        step = random_bits() % (random_bits() % 8 == 0 ? quarter * 3 : quarter / 8);
      }
      timeline_.move(step);
    }
    // As in a batch, the moment may serve for the next calls, too.
    thread_local Moment moment{};
    if (moment.now > timeline_.time() || random_bits() % 4 != 0) moment = timeline_.now();
    // Mostly all threads are after the same key, for a while.
    const std::uint64_t key =
        (moment.now / (window / 2 + 1) + (random_bits() % 8 != 0 ? 0 : random_bits())) % kKeys;
    const auto cost = static_cast<std::int64_t>(1 + random_bits() % 8 / 7 * (layout_.rule().limit() > 1));
    pause();
    const Fingerprint who = fingerprint(key);
    Log& log = logs[key];
    const Time begun = moment.now;
    // A third of the keys reserve, a third is refunded, and a third has all kinds of calls and is not audited.
    const std::uint64_t kind = random_bits() % 8;
    Patience patience{};
    if (key % 3 == 1 && kind < 3) {
      note.refunded = 0;
      table_.refund(who, moment, static_cast<std::uint64_t>(cost), timeline_);
      if (note.refunded != 0) log.refunds.push_back({begun, timeline_.time(), note.window, note.refunded});
      return;
    }
    if (key % 3 == 0 && kind < 2) patience.at_most = window * 2;
    if (key % 3 == 2) {
      if (kind == 0) return table_.reset(who, moment, timeline_);
      if (kind == 1) return table_.refund(who, moment, 1, timeline_);
      if (kind == 2) return void(table_.peek(who, moment, cost, patience, timeline_));
      if (kind == 3) patience.at_most = window;
    }
    if (!table_.advance(who, moment, cost, patience, timeline_).permitted || key % 3 == 2) return;
    log.charges.push_back(
        {note.at, begun, timeline_.time(), note.window, note.elapsed, static_cast<std::uint64_t>(cost)});
  }

  const World world_;
  const std::uint64_t seed_;
  const L layout_;
  Region region_;
  SharedTimeline timeline_;
  SlotTable table_;
  std::uint64_t admitted_ = 0, refunds_ = 0, overflowed_ = 0;
};

template <class L>
class Suite {
 public:
  template <class Limit>
  static void run(const Limit& limit, const World& world, std::uint64_t calls) {
    constexpr std::uint64_t kAtOnce = 500'000;
    for (std::uint64_t done = 0, round = 1; done < calls; done += kAtOnce, ++round) {
      Trial<L, Limit> trial(limit, world, round);
      const std::uint64_t some = std::min(calls, kAtOnce);
      CAPTURE(to_string(limit), world.name, sizeof(typename L::Word), round);
      REQUIRE(trial.run(some) == 0);
      // It was about something. (In real time that is a matter of how fast the machine is.)
      if (world.real) continue;
      CHECK(trial.admitted() > some / 50);
      CHECK(trial.refunds() > some / 500);
      CHECK(trial.overflowed() > some / 500);
    }
  }
};

void audit(std::uint64_t calls) {
  // Time as threads move it, where words are lost and found all the time; the same on a wheel that turns; real
  // time.
  const World slow{"a clock that threads move", false, 8, 0};
  const World leaping{"a clock that leaps", false, 8, 400};
  const World real{"real time", true, 0, 0};
  const auto both = [calls]<class L>(const L& limit, const World& world) {
    Suite<Layout<L, std::uint64_t>>::run(limit, world, calls / 15);
    if (world.leap == 0) Suite<Layout<L, Wide>>::run(limit, world, calls / 15);
  };
  both(TokenBucket{{1, nanoseconds(1000)}, 1}, slow);
  both(TokenBucket{{1'000'000'000, std::chrono::seconds(1)}, 300}, leaping);
  both(TokenBucket{{3, microseconds(10)}, 3}, real);
  both(FixedWindow{2, nanoseconds(1000)}, slow);
  both(FixedWindow{1, nanoseconds(100)}, leaping);
  both(FixedWindow{2, microseconds(10)}, real);
  both(SlidingWindow{3, nanoseconds(1000)}, slow);
  both(SlidingWindow{3, nanoseconds(100)}, leaping);
  both(SlidingWindow{4, microseconds(10)}, real);
}

TEST_CASE("of a million calls that meet in few words none was admitted too much") { audit(1'000'000); }

TEST_CASE("of twenty-five million calls that meet in few words none was admitted too much", "[.long]") {
  audit(25'000'000);
}

}  // namespace
}  // namespace penstock::memory
