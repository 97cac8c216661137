#include "penstock/detail/memory/region.h"

#include "catch.h"
#include "resident.h"

namespace penstock::memory {
namespace {

TEST_CASE("a region is zero, as long as asked for, and can be written") {
  const bool huge_pages = GENERATE(false, true);
  constexpr std::size_t kBytes = (std::size_t{8} << 20) + 100;
  const Region region(kBytes, huge_pages);
  REQUIRE(region.data() != nullptr);
  CHECK(region.bytes() == kBytes);
  CHECK(reinterpret_cast<std::uintptr_t>(region.data()) % page_size() == 0);
  CHECK(std::all_of(region.data(), region.data() + kBytes, [](std::byte byte) { return byte == std::byte{0}; }));
  std::fill(region.data(), region.data() + kBytes, std::byte{0xff});
  CHECK(region.data()[kBytes - 1] == std::byte{0xff});
}

TEST_CASE("a region becomes resident a page at a time") {
  constexpr std::size_t kBytes = std::size_t{64} << 20;
  const Region region(kBytes, false);
  REQUIRE(region.data() != nullptr);
  CHECK(resident_bytes(region.data(), kBytes) == 0);
  region.data()[12'345] = std::byte{1};
  region.data()[kBytes / 2] = std::byte{1};
  region.data()[kBytes - 1] = std::byte{1};
  CHECK(resident_bytes(region.data(), kBytes) == 3 * page_size());
}

TEST_CASE("address space is not memory") {
  constexpr std::size_t kBytes = std::size_t{1} << 40;
  const Region region(kBytes, false);
  REQUIRE(region.data() != nullptr);
  region.data()[kBytes - 1] = std::byte{1};
  CHECK(region.data()[kBytes / 2] == std::byte{0});
}

TEST_CASE("where there is no room a region is empty") {
  const Region region(std::size_t{1} << 62, false);
  CHECK(region.data() == nullptr);
}

}  // namespace
}  // namespace penstock::memory
