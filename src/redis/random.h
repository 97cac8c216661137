// Numbers to spread waits with; not to keep secrets with. SplitMix64 (Steele, Lea, Flood 2014). One thread at a
// time.

#ifndef PENSTOCK_REDIS_RANDOM_H_
#define PENSTOCK_REDIS_RANDOM_H_

#include <cstdint>

namespace penstock::redis {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t bits() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  // 0 to n - 1.
  std::uint64_t below(std::uint64_t n) { return bits() % n; }

 private:
  std::uint64_t state_;
};

}  // namespace penstock::redis

#endif  // PENSTOCK_REDIS_RANDOM_H_
