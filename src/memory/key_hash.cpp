#include "penstock/detail/memory/key_hash.h"

#include <bit>
#include <chrono>
#include <cstring>
#include <exception>
#include <random>

#if __has_include(<sys/random.h>)  // where getentropy() is, in one of the two
#include <sys/random.h>
#include <unistd.h>
#define PENSTOCK_HAS_GETENTROPY 1
#endif

#if defined(__x86_64__)
#include <immintrin.h>
#define PENSTOCK_HAS_AES 1
#define PENSTOCK_AES_TARGET __attribute__((target("aes,sse4.1")))
#elif defined(__ARM_FEATURE_AES) && !defined(__ARM_BIG_ENDIAN)
#include <arm_neon.h>
#define PENSTOCK_HAS_AES 1
#define PENSTOCK_AES_TARGET
#endif

namespace penstock::memory {
namespace {

// Both hashes are defined on little-endian words.
template <class Word>
std::uint64_t load(const char* bytes) {
  Word word = 0;
  if constexpr (std::endian::native == std::endian::little) {
    std::memcpy(&word, bytes, sizeof word);
  } else {
    for (std::size_t i = sizeof word; i-- > 0;) {
      word = static_cast<Word>(std::uint64_t{word} << 8 | static_cast<unsigned char>(bytes[i]));
    }
  }
  return word;
}

// Less than a word, with zeros above. Where loads overlap they agree.
std::uint64_t load_short(const char* bytes, std::size_t count) {
  if (count >= 4) {
    return load<std::uint32_t>(bytes) | load<std::uint32_t>(bytes + count - 4) << 8 * (count - 4);
  }
  if (count == 0) return 0;
  const auto byte = [bytes](std::size_t at) { return load<std::uint8_t>(bytes + at) << 8 * at; };
  return byte(0) | byte(count / 2) | byte(count - 1);
}

// ---- SipHash-1-3 with 128 bits of output (Aumasson, Bernstein: "SipHash: a fast short-input PRF", 2012) ----

class SipHash {
 public:
  SipHash(std::uint64_t secret0, std::uint64_t secret1)
      : v0_(secret0 ^ 0x736f6d6570736575),
        v1_(secret1 ^ 0x646f72616e646f6d ^ 0xee),
        v2_(secret0 ^ 0x6c7967656e657261),
        v3_(secret1 ^ 0x7465646279746573) {}

  Fingerprint operator()(std::string_view key) {
    const char* const bytes = key.data();
    const std::size_t size = key.size();
    for (std::size_t i = 0; i + 8 <= size; i += 8) absorb(load<std::uint64_t>(bytes + i));
    const std::size_t rest = size % 8;
    std::uint64_t last = std::uint64_t{size} << 56;
    if (size < 8) {
      last |= load_short(bytes, rest);
    } else if (rest != 0) {
      last |= load<std::uint64_t>(bytes + size - 8) >> (64 - 8 * rest);
    }
    absorb(last);
    v2_ ^= 0xee;
    const std::uint64_t low = squeeze();
    v1_ ^= 0xdd;
    return {.high = squeeze(), .low = low};
  }

 private:
  void round() {
    v0_ += v1_;
    v2_ += v3_;
    v1_ = std::rotl(v1_, 13) ^ v0_;
    v3_ = std::rotl(v3_, 16) ^ v2_;
    v0_ = std::rotl(v0_, 32);
    v2_ += v1_;
    v0_ += v3_;
    v1_ = std::rotl(v1_, 17) ^ v2_;
    v3_ = std::rotl(v3_, 21) ^ v0_;
    v2_ = std::rotl(v2_, 32);
  }

  void absorb(std::uint64_t word) {
    v3_ ^= word;
    round();
    v0_ ^= word;
  }

  std::uint64_t squeeze() {
    round();
    round();
    round();
    return v0_ ^ v1_ ^ v2_ ^ v3_;
  }

  std::uint64_t v0_, v1_, v2_, v3_;
};

// ---- secrets -------------------------------------------------------------------------------------------------

// libstdc++'s std::random_device asks the processor first, so the system is asked without it where it can be.
bool draw(std::uint64_t (&secret)[2]) noexcept {
#if PENSTOCK_HAS_GETENTROPY
  if (getentropy(secret, sizeof secret) == 0) return true;
#endif
  try {
    std::random_device random;
    for (std::uint64_t& word : secret) word = std::uint64_t{random()} << 32 | random();
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

}  // namespace

KeyHash::KeyHash(std::uint64_t secret0, std::uint64_t secret1, Method method)
    : words_{secret0, secret1}, method_(fastest() == Method::aes ? method : Method::siphash) {
  if (method_ == Method::siphash) return;
  for (std::size_t i = 0; i < kRoundKeys; ++i) {
    const char number = static_cast<char>(i);
    const Fingerprint round_key = SipHash(secret0, secret1)({&number, 1});
    words_[2 * i] = round_key.low;
    words_[2 * i + 1] = round_key.high;
  }
}

// Each word is a step of SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
KeyHash KeyHash::seeded(std::uint64_t seed, Method method) {
  const auto next = [&seed] {
    std::uint64_t z = seed += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  };
  const std::uint64_t first = next();
  return {first, next(), method};
}

KeyHash KeyHash::random() {
  std::uint64_t secret[2];
  if (draw(secret)) return {secret[0], secret[1]};
  // Nobody gives randomness here. What a stranger must guess is then better than no limiter.
  const auto moment = static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count());
  return seeded(moment * 0x9e3779b97f4a7c15 ^ reinterpret_cast<std::uintptr_t>(&secret));
}

// Not inline: of two calls to choose from, GCC would gather the halves of the result in memory, and load them as
// one before they are there.
Fingerprint KeyHash::operator()(std::string_view key) const {
  return method_ == Method::aes ? aes(key) : siphash(key);
}

Fingerprint KeyHash::siphash(std::string_view key) const { return SipHash(words_[0], words_[1])(key); }

// ---- rounds of AES ---------------------------------------------------------------------------------------
//
// A key is blocks of 16 bytes, with four rounds behind each:
//
//        block             block                   last block          length
//          |                 |                         |                  |
//   k0 -> (+) - 4 rounds -> (+) <- k0 - 4 rounds ...  (+) <- k4 - round  (+) - 3 rounds -> fingerprint
//               k1 k2 k3                k1 k2 k3                         k1    k2 k3 k0
//
// The last block is the last 16 bytes, whether or not the block before it had some of them; up to 16 bytes are one
// block, of two words that may overlap. So it takes the length to tell keys apart. It stands modulo 256 in each of
// the four columns: keys of as many blocks have lengths that differ in that.
//
// Why nobody finds two keys with one fingerprint who does not know the round keys: a round is a permutation, so two
// keys that differ can meet only where something is added to the state. What is added there must be the very
// difference that the rounds made of what was added before.
//
//   block, next block    Four rounds with random keys turn a given difference into a given other one with a
//                        probability of at most (53/2^34)^4 < 2^-113 (Keliher, Sui: "Exact maximum expected
//                        differential and linear probability for two-round AES", 2007).
//   last block, length   The lengths differ in one byte of each column. For the round to make that, all 16 bytes
//                        must differ before MixColumns, each as needed with a probability of at most 2^-6: 2^-96.
//   more blocks, fewer   The shorter key's state has k4 where the longer's has k4 and the outcome of four rounds,
//                        which is any of 2^128: 2^-128.
//
// Up to 32 bytes that is a proof, for independent round keys and two keys chosen beforehand. Longer keys meet the
// same round keys again, and we assume that this helps nobody, like the MACs that are made of four rounds (Daemen,
// Rijmen: "The Pelican MAC function", 2005). About a *part* of the fingerprint, like a place in a table, there is
// no proof: every bit of a key is four rounds away from it, the length three, and two let each byte of the state
// depend on all.

#if PENSTOCK_HAS_AES

namespace {

#if defined(__x86_64__)

using Block = __m128i;

PENSTOCK_AES_TARGET inline Block load_block(const void* bytes) {
  return _mm_loadu_si128(static_cast<const Block*>(bytes));
}
PENSTOCK_AES_TARGET inline Block block_of(std::uint64_t low, std::uint64_t high) {
  return _mm_set_epi64x(static_cast<long long>(high), static_cast<long long>(low));
}
PENSTOCK_AES_TARGET inline Block round(Block state, Block key) { return _mm_aesenc_si128(state, key); }
PENSTOCK_AES_TARGET inline std::uint64_t low(Block block) {
  return static_cast<std::uint64_t>(_mm_cvtsi128_si64(block));
}
PENSTOCK_AES_TARGET inline std::uint64_t high(Block block) {
  return static_cast<std::uint64_t>(_mm_extract_epi64(block, 1));
}

#else  // Arm adds the key before the round, so here the round's own is zero.

using Block = uint8x16_t;

inline Block load_block(const void* bytes) { return vld1q_u8(static_cast<const std::uint8_t*>(bytes)); }
inline Block block_of(std::uint64_t low, std::uint64_t high) {
  return vreinterpretq_u8_u64(vcombine_u64(vcreate_u64(low), vcreate_u64(high)));
}
inline Block round(Block state, Block key) { return vaesmcq_u8(vaeseq_u8(state, vdupq_n_u8(0))) ^ key; }
inline std::uint64_t low(Block block) { return vgetq_lane_u64(vreinterpretq_u64_u8(block), 0); }
inline std::uint64_t high(Block block) { return vgetq_lane_u64(vreinterpretq_u64_u8(block), 1); }

#endif

}  // namespace

PENSTOCK_AES_TARGET Fingerprint KeyHash::aes(std::string_view key) const {
  const auto round_key = [this](std::size_t i) PENSTOCK_AES_TARGET { return load_block(words_ + 2 * i); };
  const char* bytes = key.data();
  const std::size_t size = key.size();
  Block state;
  if (size < 8) {
    state = block_of(load_short(bytes, size), 0) ^ round_key(4);
  } else if (size <= 16) {
    state = block_of(load<std::uint64_t>(bytes), load<std::uint64_t>(bytes + size - 8)) ^ round_key(4);
  } else {
    const auto four_rounds = [&](Block next) PENSTOCK_AES_TARGET {
      state = round(round(round(state, round_key(1)), round_key(2)), round_key(3));
      state = round(state, next);
    };
    const char* const last = bytes + size - 16;
    state = load_block(bytes) ^ round_key(0);
    while ((bytes += 16) < last) four_rounds(load_block(bytes) ^ round_key(0));
    four_rounds(load_block(last) ^ round_key(4));
  }
  const std::uint64_t length = (size & 255) * 0x0000000100000001;
  state = round(state, round_key(1) ^ block_of(length, length));
  state = round(state, round_key(2));
  state = round(state, round_key(3));
  state = round(state, round_key(0));
  return {.high = high(state), .low = low(state)};
}

#if defined(__x86_64__)
KeyHash::Method KeyHash::fastest() {
  __builtin_cpu_init();  // this may be before main()
  return __builtin_cpu_supports("aes") && __builtin_cpu_supports("sse4.1") ? Method::aes : Method::siphash;
}
#else
KeyHash::Method KeyHash::fastest() { return Method::aes; }
#endif

#else

Fingerprint KeyHash::aes(std::string_view key) const { return siphash(key); }  // never called: no KeyHash has it
KeyHash::Method KeyHash::fastest() { return Method::siphash; }

#endif

}  // namespace penstock::memory
