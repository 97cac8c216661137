// Keys of 20 bytes, made from numbers: 50 million of them need no memory. All subjects of a benchmark get theirs
// here, so what making a key costs is in each figure alike; `keys_only` says how much that is.

#ifndef PENSTOCK_BENCHMARKS_KEYS_H_
#define PENSTOCK_BENCHMARKS_KEYS_H_

#include <penstock/penstock.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace bench {

// "user" and the 16 digits of a number to the base of 16, which are the characters from '0' on.
class Key {
 public:
  Key() = default;
  explicit Key(std::uint64_t number) {
    const std::uint64_t mixed =
        number * 0x9e3779b97f4a7c15;  // odd, so no two are alike; and neighbours are not near
    put(4, static_cast<std::uint32_t>(mixed));
    put(12, static_cast<std::uint32_t>(mixed >> 32));
  }

  operator std::string_view() const { return {text_.data(), text_.size()}; }

 private:
  void put(std::size_t at, std::uint64_t half) {
    half = (half | half << 16) & 0x0000ffff0000ffff;
    half = (half | half << 8) & 0x00ff00ff00ff00ff;
    half = (half | half << 4) & 0x0f0f0f0f0f0f0f0f;
    half += 0x3030303030303030;
    std::memcpy(text_.data() + at, &half, sizeof half);
  }

  std::array<char, 20> text_{'u', 's', 'e', 'r'};
};

// So many keys are made ahead of the decisions on them: as a server has them, which parsed its requests before.
inline constexpr std::size_t kBlock = 64;

// A decision on each of a block in one call; how many were permitted.
inline std::int64_t decide_batch(penstock::Limiter& limiter, const std::array<Key, kBlock>& keys) {
  std::array<penstock::Request, kBlock> requests;
  std::array<penstock::Decision, kBlock> decisions;
  for (std::size_t i = 0; i < kBlock; ++i) requests[i].key = keys[i];
  limiter.try_acquire(requests, decisions);
  return std::count_if(decisions.begin(), decisions.end(), [](const auto& decision) { return decision.permitted; });
}

// Numbers below a bound, in an order that no prefetcher guesses.
class Walk {
 public:
  Walk(std::uint64_t seed, std::uint64_t bound) : state_(seed * 0xd1342543de82ef95 + 1), bound_(bound) {}

  std::uint64_t next() {
    state_ = state_ * 6364136223846793005 + 1442695040888963407;
    return (state_ >> 32) * bound_ >> 32;
  }

 private:
  std::uint64_t state_;
  std::uint64_t bound_;
};

}  // namespace bench

#endif  // PENSTOCK_BENCHMARKS_KEYS_H_
