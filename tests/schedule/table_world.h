// A slot table under the explorer, and a judge who knows what must never happen to it.
//
// The table is the library's own, with the explorer's cells and clock in the place of the real ones. Its rule is
// watched: what the limiter decided at, it told the rule. The judge holds that
//
//   the bound     For each key and any two moments a <= b at which it was charged, what was admitted from a to b is
//                 within the limit's promise. Counted by moments, so it does not matter in which order calls end.
//
//   the memory    No key gains by having been forgotten: each exchange that takes a charge, a refund or a reset is
//                 repeated on a state that is never forgotten, which must admit it as well; and what the limiter
//                 refuses, that state refuses, too. This is stronger, but means something only where no key had to
//                 share a word.
//
//   the words     What words are ordered by never gets less, though of some a wheel keeps the low bits only. No key
//                 is in two words. Nobody is refused if no word in which he can be charged owes anything.
//
// And when all threads have finished, at that instant and at all later ones, what the keys are still given is
// judged in the same way.

#ifndef PENSTOCK_TESTS_SCHEDULE_TABLE_WORLD_H_
#define PENSTOCK_TESTS_SCHEDULE_TABLE_WORLD_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "moments.h"
#include "penstock/detail/memory/table.h"
#include "schedule/explorer.h"

namespace penstock::schedule {

using memory::Entry;
using memory::Fingerprint;
using memory::Moment;
using memory::Patience;

// What a thread asks for. Keys are letters: K, and those that come in its way: X, Y, Z. A small letter is the key
// of that name in the last line, if there are several.
struct Call {
  enum class Kind : std::uint8_t { kAcquire, kPeek, kRefund, kReset };
  Kind kind = Kind::kAcquire;
  char key = 'K';
  std::int64_t cost = 1;
  Time patience = 0;
  friend bool operator==(const Call&, const Call&) = default;
};

inline Call acquire(char key, std::int64_t cost = 1) { return {.key = key, .cost = cost}; }
inline Call reserve(char key, Time patience) { return {.key = key, .patience = patience}; }
inline Call peek(char key) { return {.kind = Call::Kind::kPeek, .key = key}; }
inline Call refund(char key, std::int64_t cost = 1) {
  return {.kind = Call::Kind::kRefund, .key = key, .cost = cost};
}
inline Call reset(char key) { return {.kind = Call::Kind::kReset, .key = key}; }

// What was done before the threads begin.
struct Past {
  Time at;
  Call call;
};

template <class Limit>
struct Story {
  std::string name;
  Limit limit;
  std::vector<Past> past;
  std::vector<std::vector<Call>> threads;
  std::vector<Time> instants;
  // Hints are read word by word, by the library's own find_tag; else any of them may be old (Explorer::guess).
  bool hints_are_steps = false;
  int lines = 1;
};

template <std::size_t kWaysOfLine>
struct Shape {
  static constexpr std::size_t kWays = kWaysOfLine;
  static constexpr std::size_t kLinesInPage = 1;
  static constexpr std::uint64_t kKeysInLine = kWaysOfLine;
  static constexpr std::uint64_t kWordsPerSharedWord = 8;
};

// What the judge knows of a call that is under way. It lies on the stack of the thread.
struct Progress {
  const Call* call;
  Time asked = 0;  // the moment of the last question
  Time now = 0;    // of the last charge or refund, and the moment for which it counts
  Time at = 0;
  std::uint64_t packed = 0;  // what the word that was made last is ordered by, before the wheel took its high bits
  bool charged = false;      // and not yet put into a word
  bool refunded = false;
  int kept = 0;  // charges that were put into a word
  bool hints_are_steps = true;
  int hint = -1;
};

inline Progress*& progress() {
  static std::array<Progress*, 16> all{};
  return all[static_cast<std::size_t>(explorer->running() + 1)];
}

// What the hints said when the call began. Better than the library's template for these cells.
template <std::size_t kWays, class Word>
int find_tag(const Cell<Word>* line, Word tag) {
  if (progress()->hints_are_steps) return memory::find_tag<kWays, Cell, Word>(line, tag);
  return progress()->hint;
}

// The moment that a charge is counted for: late news of the window rules count as the begin of the state's window.
inline Time counted_at(const algorithm::Rule<TokenBucket>&, const auto&, Time at) { return at; }
inline Time counted_at(const algorithm::Rule<FixedWindow>& rule, const auto& state, Time at) {
  return std::max(at, rule.span(rule.free_at(state) - 1));
}
inline Time counted_at(const algorithm::Rule<SlidingWindow>& rule, const auto& state, Time at) {
  return std::max(at, rule.span(state.index));
}

// Tells the judge what the table asks of the rule.
template <class Limit>
class WatchedRule : public algorithm::Rule<Limit> {
 public:
  using Base = algorithm::Rule<Limit>;
  using State = typename Base::State;
  using View = typename Base::View;

  explicit WatchedRule(const Base& base) : Base(base) {}

  Time wait(const View& view, std::uint64_t cost) const {
    progress()->asked = view.now;
    return Base::wait(view, cost);
  }
  void charge(State& state, View& view, std::uint64_t cost) const {
    Base::charge(state, view, cost);
    note(state, view.now, view.now);
  }
  void reserve(State& state, Time now, Time at, std::uint64_t cost) const {
    Base::reserve(state, now, at, cost);
    note(state, now, at);
  }
  void refund(State& state, Time now, std::uint64_t cost) const {
    Base::refund(state, now, cost);
    progress()->refunded = true;
    progress()->now = now;
  }

 private:
  void note(const State& state, Time now, Time at) const {
    Progress& call = *progress();
    call.charged = true;
    call.now = now;
    call.at = counted_at(*this, state, at);
  }
};

template <class Limit, class W>
class WatchedLayout : public memory::Layout<Limit, W> {
  using Base = memory::Layout<Limit, W>;
  using Plain = Entry<typename Base::Rule>;

 public:
  using Rule = WatchedRule<Limit>;

  explicit WatchedLayout(const Limit& limit) : Base(limit), rule_(Base::rule()) {}

  const Rule& rule() const { return rule_; }
  W pack(W tag, const Entry<Rule>& entry) const {
    progress()->packed = entry.free_at;
    return Base::pack(tag, Plain{entry.state, entry.free_at});
  }
  Entry<Rule> unpack(W word, std::uint64_t reference) const {
    const Plain entry = Base::unpack(word, reference);
    return {entry.state, entry.free_at};
  }

 private:
  Rule rule_;
};

// What `limit` admits from `a` to `b` at most.
inline Wide most(const TokenBucket& limit, Time a, Time b) {
  return static_cast<Wide>(limit.burst) +
         Wide{b - a} * static_cast<Wide>(limit.rate.permits) / static_cast<Wide>(limit.rate.per.count());
}
inline Wide most(const FixedWindow& limit, Time a, Time b) {
  const auto window = static_cast<Time>(limit.window.count());
  return Wide{b / window - a / window + 1} * static_cast<Wide>(limit.limit);
}
inline Wide most(const SlidingWindow& limit, Time a, Time b) {
  const auto all = static_cast<Wide>(limit.limit);
  return all + all * (b - a) / static_cast<Wide>(limit.window.count());
}

template <class Limit, class Word, std::size_t kWays>
class TableWorld final : public World {
  using Layout = WatchedLayout<Limit, Word>;
  using Rule = algorithm::Rule<Limit>;
  using State = typename Rule::State;
  using Table = memory::Table<Layout, Cell, Shape<kWays>>;

  static constexpr std::size_t kKeys = 8;
  static constexpr std::size_t kMostWords = 9;
  static constexpr std::size_t kMostAdmissions = 16;
  static constexpr Wide kNobody = 1;

  struct Admission {
    Time at;
    std::uint32_t cost;
    std::uint32_t key;
    auto operator<=>(const Admission&) const = default;
  };

  struct Notes {
    std::array<std::uint64_t, kMostWords> free_at;  // of each word, whatever it may look like
    std::array<State, kKeys> remembered;            // of each key
    std::uint64_t admissions;
    std::array<Admission, kMostAdmissions> admitted;  // sorted
  };

  // The limiter's clock.
  struct Timeline {
    Moment now_ordered() const { return {.now = explorer->running() < 0 ? world->past_ : explorer->read_clock()}; }
    TableWorld* world;
  };

 public:
  explicit TableWorld(Story<Limit> story)
      : story_(std::move(story)),
        layout_(story_.limit),
        max_keys_(static_cast<std::int64_t>(kWays) * story_.lines),
        memory_(Table::bytes(max_keys_) / sizeof(Block) + 1),
        overflows_(keys().size() > kWays),
        gives_back_(false) {
    for (const auto& calls : story_.threads) {
      for (const Call& call : calls) {
        gives_back_ = gives_back_ || call.kind == Call::Kind::kRefund || call.kind == Call::Kind::kReset;
      }
    }
    for (const Past& past : story_.past) {
      gives_back_ = gives_back_ || past.call.kind == Call::Kind::kRefund || past.call.kind == Call::Kind::kReset;
    }
  }

  int threads() const override { return static_cast<int>(story_.threads.size()); }
  int like(int thread) const override {
    const auto& threads = story_.threads;
    return static_cast<int>(std::find(threads.begin(), threads.end(), threads[static_cast<std::size_t>(thread)]) -
                            threads.begin());
  }
  std::span<const Time> instants() const override { return story_.instants; }
  std::span<std::byte> notes() override { return {reinterpret_cast<std::byte*>(&notes_), sizeof notes_}; }

  void begin() override {
    std::memset(static_cast<void*>(memory_.data()), 0, memory_.size() * sizeof(Block));
    std::memset(static_cast<void*>(&notes_), 0, sizeof notes_);
    past_ = 0;
    table_.emplace(story_.limit, max_keys_, reinterpret_cast<std::byte*>(memory_.data()));
    for (const Past& past : story_.past) {
      past_ = past.at;
      if (explorer->tells()) explorer->tell("before, at " + moment(past.at) + ":");
      perform(past.call);
    }
  }

  void run(int thread) override {
    const std::vector<Call>& calls = story_.threads[static_cast<std::size_t>(thread)];
    for (const Call& call : calls) perform(call);
  }

  void end() override {
    const Notes notes = notes_;
    const std::size_t mark = explorer->mark();
    for (std::size_t i = explorer->instant(); i < story_.instants.size() && !explorer->failed(); ++i) {
      past_ = story_.instants[i];
      if (explorer->tells()) explorer->tell("and then, at " + moment(past_) + ":");
      for (const char key : keys()) {
        const Call call = acquire(key, least_cost());
        for (int tries = 0; tries < 4 && !explorer->failed() && perform(call); ++tries) {
        }
      }
      explorer->roll_back(mark);
      notes_ = notes;
      explorer->noted();
    }
  }

  void exchanged(const void* cell, Wide before, Wide after, bool success) override {
    Progress& call = *progress();
    const bool charged = std::exchange(call.charged, false);
    const bool refunded = std::exchange(call.refunded, false);
    const std::size_t number = number_of(cell);
    if (number == kNoWord || !success) return;
    const bool shared = number >= key_words();
    const Word tag = tag_of(call.call->key);

    const std::uint64_t free_at = unpack(after, call.packed).free_at;
    if (free_at < notes_.free_at[number]) {
      explorer->fail("what " + name_of(number) + " is ordered by gets less: " + std::to_string(free_at) +
                     " after " + std::to_string(notes_.free_at[number]));
    }
    notes_.free_at[number] = free_at;
    explorer->noted();
    if (!shared && tag_in(after) > kNobody) {
      const std::size_t line = number / kWays * kWays;
      for (std::size_t i = line; i < line + kWays; ++i) {
        if (i != number && tag_in(word(i)) == tag_in(after)) {
          explorer->fail("one key is in " + name_of(i) + " and in " + name_of(number));
        }
      }
    }
    if (charged) ++call.kept;
    if (overflows_) return;
    if (shared && charged) explorer->fail("a key is charged to the shared word, and there is room for all keys");
    if (shared) return;
    State& remembered = notes_.remembered[index_of(call.call->key)];
    if (charged) {
      const Decision decision = decide(remembered, *call.call, call.now);
      if (!decision.permitted) explorer->fail("this is more than if the key had never been forgotten");
      charge(rule(), remembered, call.now, call.now + wait_in(decision), cost_of(*call.call));
    } else if (refunded) {
      rule().refund(remembered, call.now, cost_of(*call.call));
    } else if (call.call->kind == Call::Kind::kReset && tag_in(after) == kNobody && tag_in(before) == tag) {
      remembered = {};
    }
  }

  std::string describe(const Access& access) const override {
    switch (access.kind) {
      case Access::Kind::kBegin:
        return "begins at " + moment(access.now) +
               (access.hint < 0 ? ", sees no hint of its tag"
                                : ", sees a hint of its tag in place " + std::to_string(access.hint));
      case Access::Kind::kClock:
        return "reads the clock: " + moment(access.now);
      case Access::Kind::kLoad:
        return "reads " + name_of(access.cell) + ": " + value_now(access.cell, access.before);
      case Access::Kind::kStore:
        return "stores in " + name_of(access.cell) + ": " + value(access.cell, access.after, 0);
      case Access::Kind::kExchange:
        return (access.exchanged ? "exchanges " : "fails to exchange ") + name_of(access.cell) + ": " +
               value_now(access.cell, access.before) + (access.exchanged ? " -> " : ", wanted ") +
               value(access.cell, access.after, progress()->packed);
    }
    return {};
  }

 private:
  struct alignas(64) Block {
    std::byte bytes[64];
  };

  static constexpr std::size_t kNoWord = ~std::size_t{0};
  static constexpr int kTagShift = 8 * static_cast<int>(sizeof(Word)) - memory::kTagBits;

  const Rule& rule() const { return layout_.rule(); }
  static Wide tag_in(Wide word) { return word >> kTagShift; }

  // ---- keys and words ----
  static std::size_t index_of(char key) { return std::string_view("KXYZkxyz").find(key); }
  static Word tag_of(char key) { return static_cast<Word>(index_of(key) + 2); }
  static Fingerprint fingerprint(char key) {
    const bool last_line = key >= 'a';
    return {.high = last_line ? ~std::uint64_t{0} : 0, .low = static_cast<std::uint64_t>(tag_of(key))};
  }
  // In the order in which the past and the threads name them.
  std::string keys() const {
    std::string all;
    const auto add = [&all](char key) {
      if (all.find(key) == std::string::npos) all += key;
    };
    for (const Past& past : story_.past) add(past.call.key);
    for (const auto& calls : story_.threads) {
      for (const Call& call : calls) add(call.key);
    }
    return all;
  }

  // The first word of a key's line.
  std::size_t line_of(char key) const { return key >= 'a' ? key_words() - kWays : 0; }
  std::size_t key_words() const { return kWays * static_cast<std::size_t>(story_.lines); }
  std::size_t words() const { return key_words() + kWays; }
  const Cell<Word>* cells() const { return reinterpret_cast<const Cell<Word>*>(memory_.data()); }
  Word word(std::size_t number) const { return cells()[number].word; }
  std::size_t number_of(const void* cell) const {
    const auto* const word = static_cast<const Cell<Word>*>(cell);
    return word >= cells() && word < cells() + words() ? static_cast<std::size_t>(word - cells()) : kNoWord;
  }
  // The judge knows without the hand where on the wheel a word is.
  Entry<Rule> unpack(Wide word, std::uint64_t free_at) const {
    if (word == 0) return {};
    const auto entry = layout_.unpack(static_cast<Word>(word), free_at);
    return {entry.state, entry.free_at};
  }

  static std::uint64_t cost_of(const Call& call) { return static_cast<std::uint64_t>(call.cost); }
  static Time wait_in(const Decision& decision) { return static_cast<Time>(decision.retry_after.count()); }
  std::int64_t least_cost() const {
    std::int64_t least = story_.threads.front().front().cost;
    for (const auto& calls : story_.threads) {
      for (const Call& call : calls) least = std::min(least, call.cost);
    }
    return least;
  }

  Decision decide(const State& state, const Call& call, Time now) const {
    return algorithm::decide(rule(), rule().look(state, now), now, call.cost, {0, call.patience});
  }

  // ---- calls ----

  // Whether it was permitted.
  bool perform(const Call& call) {
    Progress own{.call = &call};
    progress() = &own;
    const Timeline timeline{this};
    const Fingerprint key = fingerprint(call.key);
    const Moment moment = begin_call(own);
    Decision decision{.permitted = true};
    switch (call.kind) {
      case Call::Kind::kAcquire:
        decision = table_->advance(key, moment, call.cost, {0, call.patience}, timeline);
        judge(call, own, decision);
        break;
      case Call::Kind::kPeek: {
        const State then = notes_.remembered[index_of(call.key)];
        decision = table_->peek(key, moment, call.cost, {0, call.patience}, timeline);
        judge_peek(call, own, decision, then);
        break;
      }
      case Call::Kind::kRefund:
        table_->refund(key, moment, cost_of(call), timeline);
        break;
      case Call::Kind::kReset:
        table_->reset(key, moment, timeline);
        break;
    }
    if (explorer->tells()) tell(call, own, decision);
    return decision.permitted;
  }

  Moment begin_call(Progress& own) {
    Time now = past_;
    if (explorer->running() >= 0) {
      Hints hints;
      if (own.call->kind == Call::Kind::kAcquire && !story_.hints_are_steps) {
        own.hints_are_steps = false;
        hints = {.line = cells() + line_of(own.call->key),
                 .places = static_cast<int>(kWays),
                 .tag = tag_of(own.call->key),
                 .is_there = [](const void* line, int place, Wide tag) {
                   return tag_in(static_cast<const Cell<Word>*>(line)[place].word) == tag;
                 }};
      }
      const Explorer::Beginning beginning = explorer->begin_call(hints);
      now = beginning.now;
      own.hint = beginning.hint;
    }
    return {.now = now};
  }

  void judge(const Call& call, const Progress& own, const Decision& decision) {
    if (!decision.permitted) {
      judge_refusal(call, own);
      return;
    }
    if (own.kept == 0) explorer->fail("a call is permitted and has charged nobody");
    if (gives_back_) return;
    if (notes_.admissions == kMostAdmissions) {
      explorer->fail("the judge has no room for so many admissions");
      return;
    }
    const Admission admission{own.at, static_cast<std::uint32_t>(call.cost),
                              static_cast<std::uint32_t>(index_of(call.key))};
    const auto begin = notes_.admitted.begin();
    const auto end = begin + static_cast<std::ptrdiff_t>(notes_.admissions);
    const auto place = std::upper_bound(begin, end, admission);
    std::move_backward(place, end, end + 1);
    *place = admission;
    ++notes_.admissions;
    explorer->noted();
    for (auto a = begin; a <= end; ++a) {
      Wide sum = 0;
      for (auto b = a; b <= end && a->key == admission.key; ++b) {
        if (b->key != admission.key) continue;
        sum += b->cost;
        if (sum > most(story_.limit, a->at, b->at)) {
          explorer->fail("too much of one key: " + std::to_string(static_cast<std::uint64_t>(sum)) + " from " +
                         moment(a->at) + " to " + moment(b->at));
          return;
        }
      }
    }
  }

  void judge_refusal(const Call& call, const Progress& own) {
    if (call.cost > static_cast<std::int64_t>(rule().limit())) return;
    const std::uint64_t position = rule().position(own.asked);
    const auto owes = [&](std::size_t number) { return notes_.free_at[number] > position; };
    bool owed = false;
    const std::size_t line = line_of(call.key);
    for (std::size_t i = 0; i < kWays; ++i) owed = owed || owes(line + i) || owes(key_words() + i);
    if (!owed) explorer->fail("a call is refused at " + moment(own.asked) + ", when no word owed anything");
    // What has been given back may have been owed when the call was refused.
    if (overflows_ || gives_back_) return;
    if (decide(notes_.remembered[index_of(call.key)], call, own.asked).permitted) {
      explorer->fail("a call is refused at " + moment(own.asked) + ", and its key owes too little for that");
    }
  }

  // The key may have paid, and been forgotten, since the moment.
  void judge_peek(const Call& call, const Progress& own, const Decision& decision, const State& then) {
    if (!decision.permitted) {
      judge_refusal(call, own);
    } else if (!overflows_ && !gives_back_ &&
               !decide(then, call, std::max(own.asked, explorer->running() < 0 ? past_ : explorer->now()))
                    .permitted) {
      explorer->fail("a key looks as if it owed less than it did");
    }
  }

  // ---- words for people ----
  std::string moment(Time time) const {
    const Time first = story_.instants.front();
    return time < first ? std::to_string(time)
           : first == 0 ? std::to_string(time)
                        : std::to_string(first) + "+" + std::to_string(time - first);
  }

  std::string name_of(std::size_t number) const {
    return number < key_words() ? "word " + std::to_string(number)
                                : "shared word " + std::to_string(number - key_words());
  }
  std::string name_of(const void* cell) const {
    const std::size_t number = number_of(cell);
    if (number != kNoWord) return name_of(number);
    const auto* const byte = static_cast<const std::byte*>(cell);
    const auto* const marks = reinterpret_cast<const std::byte*>(memory_.data());
    if (byte >= marks && byte < marks + memory_.size() * sizeof(Block)) return "a page's mark";
    return "the sweep's hand or moment";
  }

  std::string value_now(const void* cell, Wide value) const {
    const std::size_t number = number_of(cell);
    return this->value(cell, value, number == kNoWord ? 0 : notes_.free_at[number]);
  }
  std::string value(const void* cell, Wide value, std::uint64_t free_at) const {
    if (number_of(cell) == kNoWord) return moment(static_cast<Time>(value));
    if (value == 0) return "never used";
    std::string owner = "nobody's";
    for (const char key : keys()) {
      if (tag_of(key) == tag_in(value)) owner = std::string(1, key) + "'s";
    }
    const auto entry = unpack(value, free_at);
    std::string text = owner + ", free at " + moment(rule().span(entry.free_at));
    const std::uint64_t owed_until = rule().free_at(entry.state);
    if (owed_until != entry.free_at) text += ", owes until " + moment(rule().span(owed_until));
    return text;
  }

  void tell(const Call& call, const Progress& own, const Decision& decision) const {
    const std::string whom = std::string(" ") + call.key + " ";
    const std::string what = std::to_string(call.cost) + " of" + whom;
    switch (call.kind) {
      case Call::Kind::kAcquire:
        explorer->tell(decision.permitted ? what + "admitted at " + moment(own.at)
                                          : what + "refused at " + moment(own.asked));
        break;
      case Call::Kind::kPeek:
        explorer->tell(what + (decision.permitted ? "would be admitted at " : "would be refused at ") +
                       moment(own.asked));
        break;
      case Call::Kind::kRefund:
        explorer->tell(what + "given back");
        break;
      case Call::Kind::kReset:
        explorer->tell("reset" + whom);
        break;
    }
  }

  const Story<Limit> story_;
  const Layout layout_;
  const std::int64_t max_keys_;
  std::vector<Block> memory_;
  const bool overflows_;  // keys may have to share a word
  bool gives_back_;
  std::optional<Table> table_;
  Notes notes_;
  Time past_ = 0;  // what the clock shows to those who run on no fiber
};

}  // namespace penstock::schedule

#endif  // PENSTOCK_TESTS_SCHEDULE_TABLE_WORLD_H_
