// A slot table as a limiter has it, but in sight: a test sets its clock, chooses where its keys meet, and reads its
// words.

#ifndef PENSTOCK_TESTS_BARE_TABLE_H_
#define PENSTOCK_TESTS_BARE_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <tuple>
#include <vector>

#include "penstock/clock.h"
#include "penstock/detail/memory/region.h"
#include "penstock/detail/memory/table.h"
#include "penstock/detail/memory/timeline.h"
#include "penstock/limit.h"

namespace penstock::memory {

template <class>
struct LimitOf;
template <class L, class Word>
struct LimitOf<Layout<L, Word>> {
  using Type = L;
};

// Every limit in every word, as TEMPLATE_LIST_TEST_CASE wants them.
using AllLayouts = std::tuple<Layout<TokenBucket, std::uint64_t>, Layout<FixedWindow, std::uint64_t>,
                              Layout<SlidingWindow, std::uint64_t>, Layout<TokenBucket, Wide>,
                              Layout<FixedWindow, Wide>, Layout<SlidingWindow, Wide>>;
using CompactLayouts = std::tuple<Layout<TokenBucket, std::uint64_t>, Layout<FixedWindow, std::uint64_t>,
                                  Layout<SlidingWindow, std::uint64_t>>;

// `permits` in each `window`, and as many at once.
template <class L>
L limit_of(std::int64_t permits, Duration window) {
  if constexpr (std::is_same_v<L, TokenBucket>) {
    return {{permits, window}, permits};
  } else {
    return {permits, window};
  }
}

template <class L, template <class> class CellOf = Cell, class Shape = TableShape>
class BareTable {
 public:
  using Limit = typename LimitOf<L>::Type;
  using SlotTable = Table<L, CellOf, Shape>;
  using Rule = typename SlotTable::Rule;
  using Word = typename SlotTable::Word;

  explicit BareTable(const Limit& limit, std::int64_t max_keys = 1, bool huge_pages = false)
      : layout_(limit),
        region_(SlotTable::bytes(max_keys), huge_pages),
        timeline_(clock_, Duration(1)),
        table_(limit, max_keys, region_.data()) {}

  // In the first line; those of one `shared` charge the same word when the line is full. Eight values.
  static Fingerprint key(std::uint64_t number, std::uint64_t shared = 0) {
    return {0, shared << 61 | (number + 2)};
  }

  Decision take(const Fingerprint& key, std::int64_t cost = 1) { return reserve(key, cost, {}); }
  Decision reserve(const Fingerprint& key, std::int64_t cost, Patience patience) {
    return table_.advance(key, timeline_.now(), cost, patience, timeline_);
  }
  Decision peek(const Fingerprint& key, std::int64_t cost = 1, Patience patience = {}) {
    return table_.peek(key, timeline_.now(), cost, patience, timeline_);
  }
  void refund(const Fingerprint& key, std::uint64_t cost) { table_.refund(key, timeline_.now(), cost, timeline_); }
  void reset(const Fingerprint& key) { table_.reset(key, timeline_.now(), timeline_); }
  Occupancy occupancy() { return table_.occupancy(timeline_.now(), timeline_); }

  // How many of so many single permits the key gets now.
  std::int64_t taken(const Fingerprint& key, int tries) {
    std::int64_t count = 0;
    for (int i = 0; i < tries; ++i) count += take(key).permitted;
    return count;
  }

  void set(Time now) { clock_.set(Duration(static_cast<std::int64_t>(now))); }
  Time now() const { return static_cast<Time>(clock_.now().count()); }

  const L& layout() const { return layout_; }
  const Rule& rule() const { return layout_.rule(); }
  const Region& region() const { return region_; }

  // Lines of eight words each, those that are shared last.
  std::span<const Word> words() const {
    return {reinterpret_cast<const Word*>(region_.data()), region_.bytes() / sizeof(Word)};
  }
  std::vector<Word> copy(std::size_t count) const {
    return {words().begin(), words().begin() + static_cast<std::ptrdiff_t>(count)};
  }
  Entry<Rule> entry(Word word) const { return layout_.unpack(word, rule().position(now())); }
  static std::uint64_t tag(Word word) { return static_cast<std::uint64_t>(word >> (8 * sizeof(Word) - kTagBits)); }
  // Where in the first line the key is; -1 if it is not there.
  int place(const Fingerprint& key) const {
    for (std::size_t i = 0; i < Shape::kWays; ++i) {
      if (tag(words()[i]) == (key.low & 0xffffff)) return static_cast<int>(i);
    }
    return -1;
  }

 private:
  const L layout_;
  ManualClock clock_;
  Region region_;
  Timeline timeline_;
  SlotTable table_;
};

}  // namespace penstock::memory

#endif  // PENSTOCK_TESTS_BARE_TABLE_H_
