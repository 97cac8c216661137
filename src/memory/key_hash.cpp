#include "penstock/detail/memory/key_hash.h"

#include <bit>
#include <cstring>
#include <random>

namespace penstock::memory {
namespace {

struct Sip {
  std::uint64_t v0, v1, v2, v3;

  void rounds(int count) {
    for (int i = 0; i < count; ++i) {
      v0 += v1;
      v2 += v3;
      v1 = std::rotl(v1, 13) ^ v0;
      v3 = std::rotl(v3, 16) ^ v2;
      v0 = std::rotl(v0, 32);
      v2 += v1;
      v0 += v3;
      v1 = std::rotl(v1, 17) ^ v2;
      v3 = std::rotl(v3, 21) ^ v0;
      v2 = std::rotl(v2, 32);
    }
  }

  void absorb(std::uint64_t word) {
    v3 ^= word;
    rounds(2);
    v0 ^= word;
  }

  std::uint64_t result() const { return v0 ^ v1 ^ v2 ^ v3; }
};

// The hash is defined on little-endian words.
std::uint64_t load(const char* bytes, std::size_t count) {
  unsigned char word[8] = {};
  std::memcpy(word, bytes, count);
  std::uint64_t value = 0;
  for (int i = 7; i >= 0; --i) value = value << 8 | word[i];
  return value;
}

}  // namespace

// From one number the two that the hash needs (a step each of Steele, Lea, Flood: "SplitMix", 2014).
KeyHash KeyHash::seeded(std::uint64_t seed) {
  const auto next = [&seed] {
    std::uint64_t z = seed += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  };
  const std::uint64_t first = next();
  return {first, next()};
}

KeyHash KeyHash::random() {
  std::random_device random;
  const auto next = [&random] { return std::uint64_t{random()} << 32 | random(); };
  const std::uint64_t first = next();
  return {first, next()};
}

Fingerprint KeyHash::operator()(std::string_view key) const {
  Sip sip{secret0_ ^ 0x736f6d6570736575, secret1_ ^ 0x646f72616e646f6d ^ 0xee, secret0_ ^ 0x6c7967656e657261,
          secret1_ ^ 0x7465646279746573};
  const std::size_t whole = key.size() / 8 * 8;
  for (std::size_t i = 0; i < whole; i += 8) sip.absorb(load(key.data() + i, 8));
  std::uint64_t last = std::uint64_t{key.size()} << 56;
  if (whole != key.size()) last |= load(key.data() + whole, key.size() - whole);
  sip.absorb(last);

  sip.v2 ^= 0xee;
  sip.rounds(4);
  const std::uint64_t low = sip.result();
  sip.v1 ^= 0xdd;
  sip.rounds(4);
  return {.high = sip.result(), .low = low};
}

}  // namespace penstock::memory
