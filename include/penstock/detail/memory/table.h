// Remembers a state for each key, in memory that never grows, under any number of threads, without a lock.
//
// The table is one array of words, eight to a line. A key may live in one line only, which its hash chooses; the
// key itself is not kept, only a tag of 24 bits of its hash. A decision is one compare-exchange of one word:
//
//   hit       The line has a word with the tag: decide on its state, exchange the word. A refusal writes nothing.
//
//   absent    Read the whole line, and only then the clock. The victim is the word that is free the soonest of
//             *all* eight (the lowest place of several). If it is free now, its owner owes nothing, and nothing
//             is lost by forgetting it: one exchange puts the key in its place.
//
//   overfull  All eight owe. The key is charged to a word that it shares with others in that plight, which can
//             only refuse too much. If by a second reading of the clock the victim still owes, nobody can have
//             put the key into the line meanwhile; else the charge stays behind, and the key looks again.
//
// Why one exchange is enough. What words are ordered by, `free_at`, only ever grows: every charge raises it, a
// refund and a reset leave it. Suppose two threads put one key into two different words a and b. Each saw the
// other's word before it changed (else it had seen the key), and each word was unchanged from its thread's
// reading to its exchange. So thread 1 saw in b nothing newer than what thread 2 replaced there, and the reverse
// for a; 1 chose a, so a <= b, and 2 chose b, so b <= a: both saw a tie, and then both chose the same word.
// Whoever prefers the first free word, or another line, or an owed word of an old key, loses this argument.
//
// The clock is read after the line because a key that is not there any more was free by some clock reading
// before; ours must not be an earlier one. The shared word is read after the clock: who charged it later than
// that has looked at the clock later still, so its guard fails if our victim was free.
//
// Where words keep 40 bits of state, positions would one day wrap around. So a hand, `due_`, goes round the pages
// of the table: before anybody decides at a moment, the pages due by then have been swept, and every word in
// them that is older than a quarter of the wheel has been raised to a quarter: a position that owes nothing
// either, but is newer. A caller does a page at a time, or all of them if nobody has called for a long time; until
// those are done the hand is marked, and nobody decides. What is read between two equal readings of the hand
// belongs to it, and can be told apart at each moment that is near before it.
//
// What no compare-exchange of a word can see is that its bits are the same again, a whole turn of the wheel later.
// Who was stopped in a hit for so long decides as of then, and rightly: it means the same. But who was stopped in a
// sweep, or about to take a place, could so forget a charge. That is the price of 40 bits; decision 8 says how
// small it is.
//
// (The protocol, its proof and the variants that fail: docs/architecture.md; tests/schedule tries every schedule of
// small cases, on this very code.)

#ifndef PENSTOCK_DETAIL_MEMORY_TABLE_H_
#define PENSTOCK_DETAIL_MEMORY_TABLE_H_

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "penstock/decision.h"
#include "penstock/detail/algorithm/advance.h"
#include "penstock/detail/memory/cell.h"
#include "penstock/detail/memory/find_tag.h"
#include "penstock/detail/memory/key_hash.h"
#include "penstock/detail/memory/layout.h"
#include "penstock/detail/memory/occupancy.h"
#include "penstock/detail/memory/timeline.h"

namespace penstock::memory {

// The sizes of things; tests have smaller ones.
struct TableShape {
  static constexpr std::size_t kWays = 8;          // words in a line
  static constexpr std::size_t kLinesInPage = 64;  // swept together
  static constexpr std::uint64_t kKeysInLine = 3;  // on average at most: so 1 in 100 new keys finds its line full
  static constexpr std::uint64_t kWordsPerSharedWord = 32;
};

// What is written now and then lies apart from what everybody reads, hence the room between.
template <class L, template <class> class CellOf = Cell, class Shape = TableShape>
class Table {  // NOLINT(clang-analyzer-optin.performance.Padding)
 public:
  using Layout = L;
  using Rule = typename Layout::Rule;
  using Word = typename Layout::Word;
  using WordCell = CellOf<Word>;

  // `memory` is Bytes(max_keys) long and zero, and outlives the table.
  template <class Limit>
  Table(const Limit& limit, std::int64_t max_keys, std::byte* memory)
      : layout_(limit), sizes_(max_keys), reach_(rule().span(layout_.reach())) {
    words_ = reinterpret_cast<WordCell*>(memory);
    touched_ = reinterpret_cast<CellOf<std::uint8_t>*>(memory + sizes_.lines() * sizeof(Line));
    if constexpr (Layout::kWraps) {
      // A pass over all pages takes half a quarter at most, and a decision may be half of that behind the hand,
      // which is many of its steps.
      const Time pass = rule().span(layout_.quarter() / 2);
      interval_ = std::max<Time>(pass / std::max<std::uint64_t>(sizes_.pages(), 16), 2) & ~kMark;
      slack_ = pass / 2;
      due_.store(interval_);
    }
  }

  static std::size_t bytes(std::int64_t max_keys) {
    const Sizes sizes(max_keys);
    return sizes.lines() * sizeof(Line) + sizes.pages() * sizeof(CellOf<std::uint8_t>);
  }

  const Rule& rule() const { return layout_.rule(); }

  // Brings the line of a key that will soon be asked for.
  void prefetch(Fingerprint key) const {
    const WordCell* const line = line_of(key);
    __builtin_prefetch(line, 1);
    if constexpr (sizeof(Line) > 64) __builtin_prefetch(line + Shape::kWays / 2, 1);
  }

  // Decides at `moment`, which `timeline` has shown during this call, or at a later one. For all that follow.
  template <class Timeline>
  [[gnu::always_inline]] Decision advance(Fingerprint key, Moment moment, std::int64_t cost, Patience patience,
                                          const Timeline& timeline) {
    Decision decision;  // in its caller's place from the start: a copy costs more than a division
    const bool now = moment.before == 0 && patience.at_least == 0 && patience.at_most == 0;
    if (!now || !advance_now(key, moment.now, cost, decision)) [[unlikely]] {
      decision = advance_anyhow(key, moment, cost, patience, timeline);
    }
    return decision;
  }

  template <class Timeline>
  Decision peek(Fingerprint key, Moment moment, std::int64_t cost, Patience patience, const Timeline& timeline) {
    WordCell* const line = line_of(key);
    const Word tag = tag_of(key);
    patience.at_most = std::min(patience.at_most, reach_);
    for (;;) {
      const Time hand = this->hand();
      Word word = 0;
      for (std::size_t i = 0; i < Shape::kWays && tag_in(word) != tag; ++i) word = line[i].load();
      if (tag_in(word) != tag) word = shared_of(key).load();
      if (!in_step(hand, moment)) {
        catch_up(moment, timeline);
        continue;
      }
      const Entry<Rule> entry = read(word, moment);
      return moment.as_seen(algorithm::peek(rule(), entry.state, moment.now, cost, moment.then(patience)));
    }
  }

  // Gives back what is owed, and leaves the moment from which the word may be used for another key. What was
  // charged to a shared word stays: nobody knows whose it is.
  template <class Timeline>
  void refund(Fingerprint key, Moment moment, std::uint64_t cost, const Timeline& timeline) {
    change(key, moment, timeline, [&](Entry<Rule> entry, Word tag) {
      rule().refund(entry.state, moment.now, cost);
      return layout_.pack(tag, entry);
    });
  }

  // Makes the word nobody's: the key is absent, hence as good as new.
  template <class Timeline>
  void reset(Fingerprint key, Moment moment, const Timeline& timeline) {
    change(key, moment, timeline, [&](const Entry<Rule>& entry, Word) { return layout_.pack(kNobody, entry); });
  }

  // Looks at each page's mark and at up to 2^16 lines, evenly spread.
  template <class Timeline>
  Occupancy occupancy(Moment moment, const Timeline& timeline) {
    std::uint64_t touched = 0;
    for (std::uint64_t page = 0; page < sizes_.pages(); ++page) touched += touched_[page].load();
    const std::uint64_t step = (sizes_.key_lines - 1) / kSample + 1;
    std::uint64_t owing = 0, seen = 0;
    for (std::uint64_t number = 0; number < sizes_.key_lines; number += step) {
      ++seen;
      if (touched_[number / Shape::kLinesInPage].load() == 0) continue;
      for (std::size_t i = 0; i < Shape::kWays;) {
        const Time hand = this->hand();
        const Word word = words_[number * Shape::kWays + i].load();
        if (!in_step(hand, moment)) {
          catch_up(moment, timeline);
          continue;
        }
        owing += read(word, moment).free_at > rule().position(moment.now);
        ++i;
      }
    }
    return {.words = sizes_.key_lines * Shape::kWays,
            .owing = static_cast<std::uint64_t>(Wide{owing} * sizes_.key_lines / seen),
            .overflowed = overflowed_.load(std::memory_order_relaxed),
            .touched_bytes = touched * Shape::kLinesInPage * sizeof(Line)};
  }

 private:
  static constexpr std::uint64_t kSample = 1 << 16;
  static constexpr int kTagShift = 8 * static_cast<int>(sizeof(Word)) - kTagBits;
  // Tags that no key has: of a word that was never used, and of one that is nobody's.
  static constexpr Word kNever = 0, kNobody = 1, kFirstTag = 2;

  struct alignas(64) Line {
    WordCell words[Shape::kWays];
  };

  struct Sizes {
    explicit Sizes(std::int64_t max_keys)
        : key_lines((static_cast<std::uint64_t>(max_keys) - 1) / Shape::kKeysInLine + 1),
          shared_lines((key_lines - 1) / Shape::kWordsPerSharedWord + 1) {}
    std::uint64_t lines() const { return key_lines + shared_lines; }
    std::uint64_t pages() const { return (lines() - 1) / Shape::kLinesInPage + 1; }
    std::uint64_t key_lines;
    std::uint64_t shared_lines;
  };

  static std::uint64_t scale(std::uint64_t hash, std::uint64_t count) {
    return static_cast<std::uint64_t>(Wide{hash} * count >> 64);
  }
  WordCell* line_of(Fingerprint key) const { return words_ + scale(key.high, sizes_.key_lines) * Shape::kWays; }
  WordCell& shared_of(Fingerprint key) const {
    return words_[sizes_.key_lines * Shape::kWays + scale(key.low, sizes_.shared_lines * Shape::kWays)];
  }
  static Word tag_of(Fingerprint key) { return std::max<Word>(key.low & ((1 << kTagBits) - 1), kFirstTag); }
  static Word tag_in(Word word) { return word >> kTagShift; }

  // A word that was never used owed nothing before all others did.
  Entry<Rule> read(Word word, const Moment& moment) const {
    return word == kNever ? Entry<Rule>{} : layout_.unpack(word, rule().position(moment.now));
  }

  // ---- hit ---------------------------------------------------------------------------------------------

  // What nearly every call comes to: a key that is in its line asks for something now, while nobody else does. That
  // is tried once, with all of it in registers; or else nothing was done.
  [[gnu::always_inline]] bool advance_now(Fingerprint key, Time now, std::int64_t cost, Decision& decision) {
    WordCell* const line = line_of(key);
    const Word tag = tag_of(key);
    const int place = find_tag<Shape::kWays>(line, tag);
    if (place < 0) [[unlikely]]
      return false;
    const Time hand = this->hand();
    Word word = line[place].load();
    if (tag_in(word) != tag || !in_step(hand, {.now = now})) [[unlikely]]
      return false;
    Entry<Rule> entry = layout_.unpack(word, rule().position(now));
    decision = algorithm::advance(rule(), entry.state, now, cost);
    if (!decision.permitted || cost <= 0) return true;
    entry.hold(rule());
    return line[place].exchange(word, layout_.pack(tag, entry));
  }

  template <class Timeline>
  [[gnu::noinline]] Decision advance_anyhow(Fingerprint key, Moment moment, std::int64_t cost, Patience patience,
                                            const Timeline& timeline) {
    WordCell* const line = line_of(key);
    const Word tag = tag_of(key);
    patience.at_most = std::min(patience.at_most, reach_);
    const int place = find_tag<Shape::kWays>(line, tag);
    Decision decision;
    if (place < 0 || !hit(line[place], tag, moment, cost, patience, timeline, decision)) {
      decision = absent(key, moment, cost, patience, timeline);
    }
    return decision;
  }

  // False if the key is not in this cell, or no longer.
  template <class Timeline>
  bool hit(WordCell& cell, Word tag, Moment& moment, std::int64_t cost, const Patience& patience,
           const Timeline& timeline, Decision& decision) {
    Time hand = this->hand();
    Word word = cell.load();
    for (;;) {
      if (tag_in(word) != tag) return false;
      if (!in_step(hand, moment)) {
        catch_up(moment, timeline);
        hand = this->hand();
        word = cell.load();
        continue;
      }
      Entry<Rule> entry = layout_.unpack(word, rule().position(moment.now));
      decision = algorithm::advance(rule(), entry.state, moment.now, cost, moment.then(patience));
      if (decision.permitted && cost > 0) {
        entry.hold(rule());
        if (!cell.exchange(word, layout_.pack(tag, entry))) continue;
      }
      if (moment.before != 0) decision = moment.as_seen(decision);
      return true;
    }
  }

  template <class Timeline, class Change>
  void change(Fingerprint key, Moment& moment, const Timeline& timeline, const Change& changed) {
    WordCell* const line = line_of(key);
    const Word tag = tag_of(key);
    for (std::size_t i = 0; i < Shape::kWays;) {
      const Time hand = this->hand();
      Word word = line[i].load();
      if (tag_in(word) != tag) {
        ++i;
      } else if (!in_step(hand, moment)) {
        catch_up(moment, timeline);
      } else if (line[i].exchange(word, changed(read(word, moment), tag))) {
        return;
      }
    }
  }

  // ---- absent ------------------------------------------------------------------------------------------

  template <class Timeline>
  [[gnu::noinline]] Decision absent(Fingerprint key, Moment moment, std::int64_t cost, const Patience& patience,
                                    const Timeline& timeline) {
    WordCell* const line = line_of(key);
    WordCell& shared = shared_of(key);
    const Word tag = tag_of(key);
    // Before the clock is read: a sweep at a later moment than ours then does not pass these pages by.
    touch(line);
    touch(&shared);
    for (;;) {
      const Time hand = this->hand();
      std::array<Word, Shape::kWays> words;
      bool there = false;
      for (std::size_t i = 0; i < Shape::kWays && !there; ++i) {
        words[i] = line[i].load();
        there = tag_in(words[i]) == tag;
        if (Decision decision; there && hit(line[i], tag, moment, cost, patience, timeline, decision)) {
          return decision;
        }
      }
      if (there) continue;  // and gone again

      moment = ordered(timeline);
      Word debt = shared.load();
      if (!in_step(hand, moment)) {
        catch_up(moment, timeline);
        continue;
      }
      const auto [victim, free_at] = soonest_free(words, moment);
      Entry<Rule> entry = read(debt, moment);
      const Decision decision =
          moment.as_seen(algorithm::advance(rule(), entry.state, moment.now, cost, moment.then(patience)));
      if (!decision.permitted || cost <= 0) return decision;
      entry.hold(rule());
      if (free_at <= rule().position(moment.now)) {
        if (line[victim].exchange(words[victim], layout_.pack(tag, entry))) return decision;
      } else if (shared.exchange(debt, layout_.pack(kNobody, entry))) {
        if (rule().position(ordered(timeline).now) < free_at) {
          overflowed_.fetch_add(1, std::memory_order_relaxed);
          return decision;
        }
      }
    }
  }

  struct Victim {
    std::size_t place;
    std::uint64_t free_at;
  };

  Victim soonest_free(const std::array<Word, Shape::kWays>& words, const Moment& moment) const {
    Victim victim{0, read(words[0], moment).free_at};
    for (std::size_t i = 1; i < Shape::kWays; ++i) {
      const std::uint64_t free_at = read(words[i], moment).free_at;
      if (free_at < victim.free_at) victim = {i, free_at};
    }
    return victim;
  }

  // ---- the sweep ---------------------------------------------------------------------------------------

  // Where the hand stands, to be read before words are.
  Time hand() const {
    if constexpr (!Layout::kWraps) return 0;
    return due_.load() & ~kMark;
  }

  // Whether words that were read since the hand was can be understood at this moment: the hand has not moved
  // meanwhile and is not marked, all pages due by the moment were swept, and nobody has decided at a much later
  // one.
  bool in_step(Time hand, Moment moment) const {
    if constexpr (!Layout::kWraps) return true;
    // A moment that is not before the hand wraps around to far more than the slack.
    return hand - moment.now - 1 < slack_ && due_.load() == hand;
  }

  // Sweeps what is due at the moment, or takes a later moment. Bounded: one page a turn, or one pass over all.
  template <class Timeline>
  [[gnu::noinline]] void catch_up(Moment& moment, const Timeline& timeline) {
    while (!in_step(hand(), moment)) {
      const Time due = due_.load();
      if (marked(due) || moment.now >= due) {
        sweep(due, moment.now);
      } else if (moment.now + slack_ < due) {
        moment = ordered(timeline);
      }
    }
  }

  // The clock after all that was read before. One that has stepped back so far that words could not be told apart
  // stands where they can.
  template <class Timeline>
  Moment ordered(const Timeline& timeline) const {
    Moment moment = timeline.now_ordered();
    if constexpr (Layout::kWraps) {
      if (const Time hand = this->hand(); hand > slack_) moment.clamp(hand - slack_);
    }
    return moment;
  }

  // Sweeps the page at the hand, or all of them if all have been missed. Threads that do so at the same time do the
  // same work, so none waits for another. They agree for which moment they do it, and so raise to the same
  // position: else one could lower a little what another has just raised.
  void sweep(Time due, Time now) {
    const Time hand = due & ~kMark;
    Time agreed = sweeps_for_.load();
    if (agreed < hand && sweeps_for_.exchange(agreed, now)) agreed = now;
    if (agreed < hand) return;  // the hand has moved on
    std::uint64_t pages = (agreed - hand) / interval_ + 1;
    if (pages <= sizes_.pages()) {
      pages = 1;
    } else if (!marked(due)) {
      // Who still decides at a moment before the silence could not tell what is raised now from what is old.
      if (!due_.exchange(due, hand | kMark)) return;
      due = hand | kMark;
    }
    for (std::uint64_t i = 0; i < std::min(pages, sizes_.pages()); ++i) {
      if (!sweep_page((hand / interval_ + i) % sizes_.pages(), due, agreed)) return;  // somebody else has
    }
    due_.exchange(due, hand + pages * interval_);
  }

  // False if the hand has moved on, and then what words mean is no longer known.
  bool sweep_page(std::uint64_t page, Time due, Time now) {
    const std::uint64_t position = rule().position(now);
    if (position < layout_.quarter() + 2 || touched_[page].load() == 0) return true;
    const std::uint64_t target = position - layout_.quarter();
    const Entry<Rule> raised{.state = rule().idle(target), .free_at = target};
    const std::uint64_t end = std::min((page + 1) * Shape::kLinesInPage, sizes_.lines()) * Shape::kWays;
    for (std::uint64_t i = page * Shape::kLinesInPage * Shape::kWays; i < end;) {
      Word word = words_[i].load();
      if (due_.load() != due) return false;
      // What is here was written at moments near to where the hand stands, whatever the time is now; or another
      // thread has just raised it, and then it is what we would make of it.
      const Word after = layout_.pack(word == kNever ? kNobody : tag_in(word), raised);
      if (read(word, {.now = due & ~kMark}).free_at >= target || words_[i].exchange(word, after)) ++i;
    }
    return true;
  }

  static constexpr Time kMark = 1;  // hands are even
  static bool marked(Time due) { return (due & kMark) != 0; }

  void touch(const WordCell* cell) {
    CellOf<std::uint8_t>& touched =
        touched_[static_cast<std::uint64_t>(cell - words_) / (Shape::kWays * Shape::kLinesInPage)];
    if (touched.load() == 0) touched.store(1);
  }

  const Layout layout_;
  const Sizes sizes_;
  const Time reach_;
  WordCell* words_;                // the lines where keys live, then the words that they share
  CellOf<std::uint8_t>* touched_;  // for each page: whether any word in it may have been used
  Time interval_ = 0;              // from one page's sweep to the next
  Time slack_ = 0;                 // how far a decision may be behind the hand
  CellOf<Time> due_{};             // the hand: when the next page must be swept; marked while all of them are
  CellOf<Time> sweeps_for_{};      // the moment for which the pages due are being swept, if that is not before
  alignas(64) std::atomic<std::uint64_t> overflowed_ = 0;
};

}  // namespace penstock::memory

#endif  // PENSTOCK_DETAIL_MEMORY_TABLE_H_
