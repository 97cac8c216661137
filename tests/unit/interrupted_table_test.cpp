// What a thread must not do after a long pause between two of its steps: a day or a year, in which others went on
// and the words' positions have gone round. Each test is an accident that tests/stress/replay_audit_test.cpp had.

#include <functional>
#include <utility>

#include "bare_table.h"
#include "catch.h"

namespace penstock::memory {
namespace {

// Something that happens before a cell is read for the first time.
struct Interruption {
  const void* cell = nullptr;
  std::function<void()> happens;
};
Interruption interruption;

template <class Word>
struct InterruptedCell {
  Word hint() const { return cell.hint(); }
  Word load() const {
    if (this == interruption.cell) {
      const auto happens = std::exchange(interruption, {}).happens;
      happens();
    }
    return cell.load();
  }
  void store(Word desired) { cell.store(desired); }
  bool exchange(Word& expected, Word desired) { return cell.exchange(expected, desired); }
  Cell<Word> cell;
};

template <class L>
using Interrupted = BareTable<L, InterruptedCell>;

// Eight keys that will be free when the wheel has turned on.
template <class L>
void fill(Interrupted<L>& table) {
  for (std::uint64_t i = 0; i < 8; ++i) REQUIRE(table.take(table.key(i)).permitted);
}

TEMPLATE_LIST_TEST_CASE("a key that was put in while its line was being read is not put in again", "",
                        CompactLayouts) {
  Interrupted<TestType> table(limit_of<typename Interrupted<TestType>::Limit>(1, std::chrono::milliseconds(1)));
  fill(table);
  const auto key = table.key(100);
  // The words that were read before the pause look as if they were from the future after it.
  const Time later = table.now() + table.rule().span(table.layout().quarter()) * 16 / 5;
  interruption = {&table.words()[1], [&] {
                    table.set(later);
                    REQUIRE(table.take(key).permitted);
                  }};
  CHECK_FALSE(table.take(key).permitted);
  CHECK(interruption.cell == nullptr);
  CHECK(table.place(key) == 0);
}

TEMPLATE_LIST_TEST_CASE("two threads that sweep at different moments raise to the same", "", CompactLayouts) {
  Interrupted<TestType> table(limit_of<typename Interrupted<TestType>::Limit>(1, std::chrono::milliseconds(1)));
  fill(table);
  const Time window = table.rule().refill();
  const Time later = table.now() + table.rule().span(table.layout().quarter()) * 17 / 5;
  table.set(later);
  struct Stopped {};
  interruption = {&table.words()[3], [] { throw Stopped(); }};
  REQUIRE_THROWS_AS(table.take(table.key(0)), Stopped);  // in its sweep, for the key is found at once
  const std::uint64_t raised = table.entry(table.words()[0]).free_at;
  CHECK(raised == table.rule().position(later) - table.layout().quarter());
  // The second has read its clock a little earlier.
  table.set(later - 5 * window);
  REQUIRE(table.take(table.key(100)).permitted);
  for (std::size_t i = 1; i < 8; ++i) CHECK(table.entry(table.words()[i]).free_at == raised);
}

TEMPLATE_LIST_TEST_CASE("nobody decides at a moment before a silence while it is made up for", "", CompactLayouts) {
  Interrupted<TestType> table(limit_of<typename Interrupted<TestType>::Limit>(1, std::chrono::milliseconds(1)));
  fill(table);
  const Time now = table.now();
  const Time later = now + table.rule().span(table.layout().quarter()) * GENERATE(10U, 11U, 12U, 13U) / 4;
  struct Stopped {};
  interruption = {&table.words()[0], [&] {
                    table.set(later);
                    interruption = {&table.words()[3], [] { throw Stopped(); }};
                    // In its sweep, which has raised the word of key 0 to what looks like the distant past.
                    REQUIRE_THROWS_AS(table.take(table.key(1)), Stopped);
                  }};
  CHECK(table.take(table.key(0)).permitted);
  CHECK(interruption.cell == nullptr);
  CHECK(table.entry(table.words()[0]).free_at > table.rule().position(later));
}

}  // namespace
}  // namespace penstock::memory
