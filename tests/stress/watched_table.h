// A slot table under real threads, watched: cells that let others go first, a clock that the threads move, and a
// rule that notes what it was charged, and at which moment.

#ifndef PENSTOCK_TESTS_STRESS_WATCHED_TABLE_H_
#define PENSTOCK_TESTS_STRESS_WATCHED_TABLE_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>

#include "penstock/detail/memory/region.h"
#include "penstock/detail/memory/table.h"
#include "penstock/limit.h"

namespace penstock::memory {

// Of this thread; xorshift64.
inline thread_local std::uint64_t random_state = 88'172'645'463'325'252;
inline std::uint64_t random_bits() {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return random_state >> 16;
}

// Between any two steps: mostly nothing, at times a few hundred turns, and now and then somebody else's turn.
inline thread_local bool pauses = true;
inline void pause() {
  if (!pauses) return;
  const std::uint64_t bits = random_bits();
  if ((bits & 127) == 0) {
    std::this_thread::yield();
  } else if ((bits & 15) == 1) {
    for (volatile std::uint64_t left = bits >> 8 & 511; left > 0;) {
      const std::uint64_t less = left - 1;
      left = less;
    }
  }
}

template <class Word>
struct PausingCell {
  Word hint() const { return cell.hint(); }
  Word load() const {
    pause();
    return cell.load();
  }
  void store(Word desired) {
    pause();
    cell.store(desired);
  }
  bool exchange(Word& expected, Word desired) {
    pause();
    return cell.exchange(expected, desired);
  }
  Cell<Word> cell;
};

// Shows the time that threads have moved it to, or the real time since it was made. Each reading of the former
// moves it on by a bit.
class SharedTimeline {
 public:
  explicit SharedTimeline(bool real) : real_(real), start_(std::chrono::steady_clock::now()) {}

  Moment now() const { return {time(), 0}; }
  Moment now_ordered() const {
    pause();
    return now();
  }
  Time time() const {
    if (!real_) return now_.load();
    return static_cast<Time>((std::chrono::steady_clock::now() - start_) / std::chrono::nanoseconds(1));
  }
  void move(Time by) { now_.fetch_add(by); }

 private:
  const bool real_;
  const std::chrono::steady_clock::time_point start_;
  std::atomic<Time> now_{0};
};

// What the rule was last told by this thread. If an exchange failed it was told again.
struct Note {
  Time at = 0;                 // for when it was charged
  std::uint64_t window = 0;    // in which it was counted
  Time elapsed = 0;            // of that window, at the moment of the charge
  std::uint64_t refunded = 0;  // units of a bucket, permits of a window
};
inline thread_local Note note;

template <class R>
class WatchedRule : public R {
 public:
  explicit WatchedRule(const R& rule) : R(rule) {}

  void charge(typename R::State& state, typename R::View& view, std::uint64_t cost) const {
    R::charge(state, view, cost);
    note.at = view.now;
    note_window(state, view.now);
  }

  void reserve(typename R::State& state, Time now, Time at, std::uint64_t cost) const {
    R::reserve(state, now, at, cost);
    note.at = at;
    note_window(state, at);
  }

  void refund(typename R::State& state, Time now, std::uint64_t cost) const {
    const typename R::State before = state;
    R::refund(state, now, cost);
    note_window(before, now);
    note.refunded = counted(before) - counted(state);
  }

 private:
  using Bucket = algorithm::Rule<TokenBucket>;
  using Fixed = algorithm::Rule<FixedWindow>;
  using Sliding = algorithm::Rule<SlidingWindow>;

  static std::uint64_t counted(const Bucket::State& state) { return state.spent; }
  static std::uint64_t counted(const Fixed::State& state) { return state.used; }
  static std::uint64_t counted(const Sliding::State& state) { return state.current; }

  void note_window(const Bucket::State&, Time) const {}
  void note_window(const Fixed::State& state, Time) const { note.window = state.window; }
  void note_window(const Sliding::State& state, Time at) const {
    const Time window = this->span(1);
    note.window = state.index;
    note.elapsed = at / window == state.index ? at % window : 0;
  }
};

template <class L>
class WatchedLayout : public L {
 public:
  using Rule = WatchedRule<typename L::Rule>;
  using Word = typename L::Word;

  template <class Limit>
  explicit WatchedLayout(const Limit& limit) : L(limit), rule_(L::rule()) {}

  const Rule& rule() const { return rule_; }
  Word pack(Word tag, const Entry<Rule>& entry) const { return L::pack(tag, {entry.state, entry.free_at}); }
  Entry<Rule> unpack(Word word, std::uint64_t reference) const {
    const auto entry = L::unpack(word, reference);
    return {entry.state, entry.free_at};
  }

 private:
  Rule rule_;
};

// Few words, so that they are in demand.
struct FewWords {
  static constexpr std::size_t kWays = 4;
  static constexpr std::size_t kLinesInPage = 1;
  static constexpr std::uint64_t kKeysInLine = 2;
  static constexpr std::uint64_t kWordsPerSharedWord = 8;
};

}  // namespace penstock::memory

#endif  // PENSTOCK_TESTS_STRESS_WATCHED_TABLE_H_
