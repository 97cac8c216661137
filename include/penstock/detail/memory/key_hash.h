// Keys of any length as 128 bits that nobody can make collide without the secret: SipHash-2-4 with 128 bits
// of output (Aumasson, Bernstein: "SipHash: a fast short-input PRF", 2012). Two of 2^32 keys share a
// fingerprint with a probability of 2^-65.

#ifndef PENSTOCK_DETAIL_MEMORY_KEY_HASH_H_
#define PENSTOCK_DETAIL_MEMORY_KEY_HASH_H_

#include <cstdint>
#include <string_view>

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

class KeyHash {
 public:
  KeyHash(std::uint64_t secret0, std::uint64_t secret1) : secret0_(secret0), secret1_(secret1) {}
  static KeyHash seeded(std::uint64_t seed);
  static KeyHash random();
  Fingerprint operator()(std::string_view key) const;

 private:
  std::uint64_t secret0_;
  std::uint64_t secret1_;
};

}  // namespace penstock::memory

#endif  // PENSTOCK_DETAIL_MEMORY_KEY_HASH_H_
