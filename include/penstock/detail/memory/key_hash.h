// Keys of any length as 128 bits that nobody can make collide without the secret. Each half may be used alone:
// one picks a place, the other tells apart the keys that meet there.
//
// Two methods: rounds of AES where the processor has instructions for them, SipHash-1-3 elsewhere. They give
// different fingerprints, so one table needs one method. docs/decisions/0006-key-hash.md says why these.

#ifndef PENSTOCK_DETAIL_MEMORY_KEY_HASH_H_
#define PENSTOCK_DETAIL_MEMORY_KEY_HASH_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "penstock/export.h"

namespace penstock::memory {

struct Fingerprint {
  std::uint64_t high;
  std::uint64_t low;
  friend bool operator==(const Fingerprint&, const Fingerprint&) = default;
};

// The fingerprint's own bits are as good as any hash of them.
struct FingerprintHash {
  std::size_t operator()(const Fingerprint& key) const { return static_cast<std::size_t>(key.low); }
};

class PENSTOCK_EXPORT KeyHash {
 public:
  enum class Method : std::uint8_t { siphash, aes };

  // The fastest that this processor has. May be asked before main().
  static Method fastest();

  // A secret from the operating system. Never throws.
  static KeyHash random();

  // The same fingerprints in every run, by the same method. The secret has 64 bits then, and is yours to keep.
  static KeyHash seeded(std::uint64_t seed, Method method = fastest());

  // A method that this processor lacks becomes SipHash.
  KeyHash(std::uint64_t secret0, std::uint64_t secret1, Method method = fastest());

  Method method() const { return method_; }

  // Any bytes, any length; reads nothing beside them.
  Fingerprint operator()(std::string_view key) const;

 private:
  static constexpr std::size_t kRoundKeys = 5;

  Fingerprint aes(std::string_view key) const;
  Fingerprint siphash(std::string_view key) const;

  alignas(16) std::uint64_t words_[2 * kRoundKeys] = {};  // SipHash: its key. AES: the round keys.
  Method method_;
};

}  // namespace penstock::memory

#endif  // PENSTOCK_DETAIL_MEMORY_KEY_HASH_H_
