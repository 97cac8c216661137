#include "penstock/detail/memory/cell.h"

#include <cstring>
#include <thread>
#include <vector>

#include "catch.h"

namespace penstock::memory {
namespace {

static_assert(sizeof(Cell<std::uint8_t>) == 1);
static_assert(sizeof(Cell<std::uint64_t>) == 8 && alignof(Cell<std::uint64_t>) == 8);
static_assert(sizeof(Cell<Wide>) == 16 && alignof(Cell<Wide>) == 16);
static_assert(std::is_trivial_v<Cell<std::uint64_t>> && std::is_trivial_v<Cell<Wide>>);
static_assert(std::atomic_ref<std::uint64_t>::is_always_lock_free);

TEMPLATE_TEST_CASE("a cell is exchanged if it is what one thinks it is", "", std::uint8_t, std::uint64_t, Wide) {
  Cell<TestType> cell;
  std::memset(&cell, 0, sizeof cell);  // memory of zeros is a cell of zero
  CHECK(cell.load() == 0);
  TestType expected = 0;
  CHECK(cell.exchange(expected, 42));
  CHECK(cell.load() == 42);
  CHECK(cell.hint() == 42);
  CHECK_FALSE(cell.exchange(expected, 43));
  CHECK(expected == 42);
  CHECK(cell.load() == 42);
  CHECK(cell.exchange(expected, 43));
  CHECK(cell.load() == 43);
}

TEMPLATE_TEST_CASE("a cell is compared in every bit", "", std::uint8_t, std::uint64_t, Wide) {
  for (int bit = 0; bit < 8 * static_cast<int>(sizeof(TestType)); ++bit) {
    const auto one = static_cast<TestType>(TestType{1} << bit);
    Cell<TestType> cell{one};
    CHECK(cell.load() == one);
    TestType expected = 0;
    CHECK_FALSE(cell.exchange(expected, 0));
    CHECK(expected == one);
    CHECK(cell.exchange(expected, static_cast<TestType>(~one)));
    CHECK(cell.load() == static_cast<TestType>(~one));
  }
}

TEST_CASE("threads that exchange 16 bytes lose nothing and tear nothing") {
  constexpr int kThreads = 4, kTurns = 20'000;
  const Wide both = Wide{1} << 64 | 1;
  Cell<Wide> cell{0};
  std::vector<int> torn(kThreads);
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        for (int i = 0; i < kTurns; ++i) {
          const Wide seen = cell.load();
          torn[static_cast<std::size_t>(thread)] +=
              static_cast<std::uint64_t>(seen) != static_cast<std::uint64_t>(seen >> 64);
          Wide expected = cell.hint();
          while (!cell.exchange(expected, expected + both)) {
          }
        }
      });
    }
  }
  CHECK(cell.load() == both * (kThreads * kTurns));
  for (const int count : torn) CHECK(count == 0);
}

}  // namespace
}  // namespace penstock::memory
