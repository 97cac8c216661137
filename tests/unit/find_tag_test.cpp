#include "penstock/detail/memory/find_tag.h"

#include "catch.h"
#include "dice.h"

namespace penstock::memory {
namespace {

// Any other cell than the library's own gets the plain search.
template <class Word>
struct OtherCell {
  Word hint() const { return word; }
  Word word;
};

template <class Word>
struct alignas(64) Line {
  Line() = default;
  explicit Line(Word word) {
    for (std::size_t i = 0; i < 8; ++i) put(i, word);
  }
  void put(std::size_t place, Word word) { cells[place].word = others[place].word = word; }
  int find(Word tag) const {
    const int place = find_tag<8>(cells, tag);
    CHECK(find_tag<8>(others, tag) == place);
    return place;
  }
  Cell<Word> cells[8] = {};
  alignas(16) OtherCell<Word> others[8] = {};
};

template <class Word>
constexpr int kShift = 8 * sizeof(Word) - 24;

TEMPLATE_TEST_CASE("a tag is found wherever it stands", "", std::uint64_t, Wide) {
  const TestType state = (TestType{1} << kShift<TestType>)-1;
  for (const TestType tag : {TestType{2}, TestType{0x800000}, TestType{0xffffff}, TestType{0x7fffff}}) {
    for (std::size_t place = 0; place < 8; ++place) {
      for (const TestType rest : {TestType{0}, state}) {
        Line<TestType> line(TestType{0x123456} << kShift<TestType> | rest);
        line.put(place, tag << kShift<TestType> | rest);
        CHECK(line.find(tag) == static_cast<int>(place));
        CHECK(line.find(tag ^ 1) == -1);
        CHECK(line.find(tag ^ 0x800000) == -1);
      }
    }
  }
}

TEMPLATE_TEST_CASE("the first of several is found", "", std::uint64_t, Wide) {
  Line<TestType> line(TestType{7} << kShift<TestType>);
  for (std::size_t i = 0; i < 7; ++i) {
    CHECK(line.find(7) == static_cast<int>(i));
    line.put(i, TestType{8} << kShift<TestType>);
  }
}

TEMPLATE_TEST_CASE("state is not taken for a tag", "", std::uint64_t, Wide) {
  // The tag's bits everywhere but in the place of the tag.
  for (int shift = 0; shift < kShift<TestType>; ++shift) {
    Line<TestType> line((TestType{0xabcdef} << shift) & ((TestType{1} << kShift<TestType>)-1));
    CHECK(line.find(0xabcdef) == -1);
  }
}

TEMPLATE_TEST_CASE("both searches find the same in random lines", "", std::uint64_t, Wide) {
  Dice dice(6);
  for (int i = 0; i < 20'000; ++i) {
    Line<TestType> line;
    for (std::size_t place = 0; place < 8; ++place) {
      line.put(place, TestType{dice.upto(12)} << kShift<TestType> | TestType{dice.bits() >> 24});
    }
    const TestType tag = dice.upto(12);
    int expected = -1;
    for (int place = 7; place >= 0; --place) {
      if (line.cells[place].word >> kShift<TestType> == tag) expected = place;
    }
    if (line.find(tag) != expected) FAIL("line " << i);
  }
}

}  // namespace
}  // namespace penstock::memory
