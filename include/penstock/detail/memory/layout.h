// How a key's entry lies in one word of a slot table: 24 bits of the key's hash (the tag), and what the limit
// remembers of it in the other 40 or 104.
//
//   tag 24 | state 40       TokenBucket     0 | spent 39                    or, once refunded,  1 | free_at | debt
//                           FixedWindow     reserved 1 | window | used
//                           SlidingWindow   reserved 1 | window | previous | current
//
// Each entry holds the position on the rule's clock from which it may be forgotten, `free_at`. It never gets
// less while the entry lives (table.h says why that matters): a refund lowers what is owed and leaves `free_at`.
//
// In the 40 bits positions are kept modulo a power of two, "on a wheel"; they are told apart by being near to
// now. The table sees to it that no entry gets a quarter of the wheel old, and a limit is kept in 40 bits only
// if its wheel turns slowly enough for that.

#ifndef PENSTOCK_DETAIL_MEMORY_LAYOUT_H_
#define PENSTOCK_DETAIL_MEMORY_LAYOUT_H_

#include <algorithm>
#include <bit>
#include <cstdint>

#include "penstock/detail/algorithm/algorithms.h"
#include "penstock/detail/algorithm/arithmetic.h"
#include "penstock/limit.h"

namespace penstock::memory {

using algorithm::Time;
using algorithm::Wide;

inline constexpr int kTagBits = 24;

constexpr int bits_in(std::uint64_t number) { return 64 - std::countl_zero(number); }

// What a table keeps of a key.
template <class Rule>
struct Entry {
  typename Rule::State state;
  std::uint64_t free_at = 0;

  // Takes note of a charge.
  constexpr void hold(const Rule& rule) { free_at = std::max(free_at, rule.free_at(state)); }
};

// Numbers of which the low `bits` are kept; 1 to 64.
class Wheel {
 public:
  explicit constexpr Wheel(int bits) : mask_(~std::uint64_t{0} >> (64 - bits)) {}

  constexpr std::uint64_t low(std::uint64_t number) const { return number & mask_; }

  // The number with these low bits that is nearest to `reference`: up to 5/8 of the wheel before it or 3/8 after.
  constexpr std::uint64_t near(std::uint64_t low, std::uint64_t reference) const {
    const std::uint64_t past = mask_ / 8 * 5;
    const std::uint64_t from = reference > past ? reference - past : 0;
    return from + ((low - from) & mask_);
  }

  constexpr std::uint64_t quarter() const { return mask_ / 4 + 1; }

 private:
  std::uint64_t mask_;
};

// A table that must tell positions apart for a quarter of a wheel sweeps all of it in half that time; this is the
// least that a quarter may last.
inline constexpr Time kShortestQuarter = 10'000'000'000;

template <class Limit, class Word>
class Layout;

// The interface of all of them, beside `pack` and `unpack`:
//   fits(limit)         whether the limit can be kept so; else the layout must not be made
//   rule()              the rule, in units that fit
//   quarter()           of the wheel, in positions of the rule's clock
//   reach()             how far ahead of now a request can be charged, in positions

template <>
class Layout<TokenBucket, std::uint64_t> {
 public:
  using Rule = algorithm::Rule<TokenBucket>;
  using Word = std::uint64_t;
  static constexpr bool kWraps = true;

  static constexpr bool fits(const TokenBucket& limit) {
    return bits_in(static_cast<std::uint64_t>(limit.burst)) <= kMostDebtBits - 1;
  }

  explicit constexpr Layout(const TokenBucket& limit)
      : debt_bits_(debt_bits(limit)), rule_(Wide{1} << debt_bits_, limit), free_wheel_(37 - debt_bits_) {}

  constexpr const Rule& rule() const { return rule_; }
  static constexpr std::uint64_t quarter() { return std::uint64_t{1} << 35; }
  constexpr std::uint64_t reach() const { return quarter() - rule_.most_debt(); }

  constexpr Word pack(Word tag, const Entry<Rule>& entry) const {
    if (entry.free_at == entry.state.spent) return tag << 40 | kSpentWheel.low(entry.state.spent);
    // Free later than its debt says: the moment in steps of a burst, rounded up, and how far before it the debt
    // ends, of which four bursts can be told.
    const std::uint64_t step = ((entry.free_at - 1) >> debt_bits_) + 1;
    const std::uint64_t most = (std::uint64_t{4} << debt_bits_) - 1;
    const std::uint64_t less = std::min((step << debt_bits_) - entry.state.spent, most);
    return tag << 40 | kRefunded | free_wheel_.low(step) << (debt_bits_ + 2) | less;
  }

  constexpr Entry<Rule> unpack(Word word, std::uint64_t reference) const {
    if ((word & kRefunded) == 0) {
      const std::uint64_t spent = kSpentWheel.near(kSpentWheel.low(word), reference);
      return {.state = {spent}, .free_at = spent};
    }
    const std::uint64_t low = (word & (kRefunded - 1)) >> (debt_bits_ + 2);
    const std::uint64_t free_at = free_wheel_.near(low, reference >> debt_bits_) << debt_bits_;
    const std::uint64_t less = word & ((std::uint64_t{4} << debt_bits_) - 1);
    return {.state = {free_at - std::min(less, free_at)}, .free_at = free_at};
  }

 private:
  static constexpr Word kRefunded = Word{1} << 39;
  static constexpr Wheel kSpentWheel{39};
  static constexpr int kMostDebtBits = 32;

  // A burst in so many bits: 4,096 units a permit or more, and 67 million a burst, where that leaves room to
  // reserve 8 to 512 bursts ahead.
  static constexpr int debt_bits(const TokenBucket& limit) {
    return std::clamp(bits_in(static_cast<std::uint64_t>(limit.burst)) + 12, 26, kMostDebtBits);
  }

  int debt_bits_;
  Rule rule_;
  Wheel free_wheel_;
};

template <>
class Layout<TokenBucket, Wide> {
 public:
  using Rule = algorithm::Rule<TokenBucket>;
  using Word = Wide;
  static constexpr bool kWraps = false;

  static constexpr bool fits(const TokenBucket&) { return true; }

  explicit constexpr Layout(const TokenBucket& limit)
      : rule_(limit), more_shift_(std::max(0, bits_in(rule_.most_debt()) + 2 - kMoreBits)) {}

  constexpr const Rule& rule() const { return rule_; }
  static constexpr std::uint64_t quarter() { return std::uint64_t{1} << 62; }
  static constexpr std::uint64_t reach() { return ~std::uint64_t{0}; }

  constexpr Word pack(Word tag, const Entry<Rule>& entry) const {
    // How much later than its debt says it is free, rounded up; four bursts can be told.
    const std::uint64_t most = (std::uint64_t{1} << kMoreBits) - 1;
    const std::uint64_t more = entry.free_at - entry.state.spent;
    const std::uint64_t steps = more == 0 ? 0 : ((more - 1) >> more_shift_) + 1;
    if (steps <= most) return tag << 104 | Wide{steps} << 64 | entry.state.spent;
    return tag << 104 | Wide{most} << 64 | (entry.free_at - (most << more_shift_));
  }

  constexpr Entry<Rule> unpack(Word word, std::uint64_t) const {
    const auto spent = static_cast<std::uint64_t>(word);
    const auto steps = static_cast<std::uint64_t>(word >> 64) & ((std::uint64_t{1} << kMoreBits) - 1);
    const std::uint64_t more = std::min(steps << more_shift_, ~spent);
    return {.state = {spent}, .free_at = spent + more};
  }

 private:
  static constexpr int kMoreBits = 39;

  Rule rule_;
  int more_shift_;
};

// The two that count windows share the form: a bit, the window, and one or two counters.
template <class Limit, class W, int kCounters>
class WindowLayout {
 public:
  using Rule = algorithm::Rule<Limit>;
  using Word = W;
  static constexpr bool kWraps = sizeof(Word) == 8;

  static constexpr bool fits(const Limit& limit) {
    const int bits = window_bits(limit);
    const auto window = static_cast<Time>(limit.window.count());
    if constexpr (!kWraps) return bits >= bits_in(algorithm::kLastMoment / window);
    return bits >= 8 && Wide{window} << (bits - 2) >= kShortestQuarter;
  }

  explicit constexpr WindowLayout(const Limit& limit)
      : counter_bits_(counter_bits(limit)), rule_(limit), wheel_(window_bits(limit)) {}

  constexpr const Rule& rule() const { return rule_; }
  constexpr std::uint64_t quarter() const { return wheel_.quarter(); }
  constexpr std::uint64_t reach() const { return kWraps ? quarter() - 2 : ~std::uint64_t{0}; }

 protected:
  static constexpr int kStateBits = 8 * static_cast<int>(sizeof(Word)) - kTagBits;

  static constexpr int counter_bits(const Limit& limit) { return bits_in(static_cast<std::uint64_t>(limit.limit)); }
  static constexpr int window_bits(const Limit& limit) {
    return std::clamp(kStateBits - 1 - kCounters * counter_bits(limit), 1, 64);
  }

  constexpr Word pack_window(Word tag, bool reserved, std::uint64_t window) const {
    return tag << kStateBits | Word{reserved} << (kStateBits - 1) |
           Word{wheel_.low(window)} << (kCounters * counter_bits_);
  }
  constexpr bool reserved(Word word) const { return (word >> (kStateBits - 1) & 1) != 0; }
  constexpr std::uint64_t window(Word word, std::uint64_t reference) const {
    return wheel_.near(wheel_.low(static_cast<std::uint64_t>(word >> (kCounters * counter_bits_))), reference);
  }
  constexpr std::uint64_t counter(Word word, int number) const {
    return static_cast<std::uint64_t>(word >> (number * counter_bits_)) & ((std::uint64_t{1} << counter_bits_) - 1);
  }
  constexpr Word pack_counter(std::uint64_t count, int number) const {
    return Word{count} << (number * counter_bits_);
  }

  int counter_bits_;
  Rule rule_;
  Wheel wheel_;
};

template <class W>
class Layout<FixedWindow, W> : public WindowLayout<FixedWindow, W, 1> {
  using Base = WindowLayout<FixedWindow, W, 1>;

 public:
  using Rule = typename Base::Rule;
  using Base::Base;

  constexpr W pack(W tag, const Entry<Rule>& entry) const {
    return this->pack_window(tag, entry.state.reserved, entry.free_at - 1) |
           this->pack_counter(entry.state.used, 0);
  }

  constexpr Entry<Rule> unpack(W word, std::uint64_t reference) const {
    const std::uint64_t window = this->window(word, reference);
    return {.state = {.window = window, .reserved = this->reserved(word), .used = this->counter(word, 0)},
            .free_at = window + 1};
  }
};

template <class W>
class Layout<SlidingWindow, W> : public WindowLayout<SlidingWindow, W, 2> {
  using Base = WindowLayout<SlidingWindow, W, 2>;

 public:
  using Rule = typename Base::Rule;
  using Base::Base;

  constexpr W pack(W tag, const Entry<Rule>& entry) const {
    return this->pack_window(tag, entry.state.reserved, entry.free_at - 2) |
           this->pack_counter(entry.state.previous, 1) | this->pack_counter(entry.state.current, 0);
  }

  constexpr Entry<Rule> unpack(W word, std::uint64_t reference) const {
    const std::uint64_t window = this->window(word, reference);
    return {.state = {.index = window,
                      .reserved = this->reserved(word),
                      .previous = this->counter(word, 1),
                      .current = this->counter(word, 0)},
            .free_at = window + 2};
  }
};

}  // namespace penstock::memory

#endif  // PENSTOCK_DETAIL_MEMORY_LAYOUT_H_
