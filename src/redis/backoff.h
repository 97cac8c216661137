// How long to wait before the next attempt: decorrelated jitter, so that those who failed together do not come back
// together.
//
//   Backoff backoff(10ms, 2s, seed);
//   wait(backoff.next());             // between `least` and three times the last wait, at most `most`
//   backoff.reset();                  // after a success

#ifndef PENSTOCK_REDIS_BACKOFF_H_
#define PENSTOCK_REDIS_BACKOFF_H_

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "penstock/limit.h"
#include "redis/random.h"

namespace penstock::redis {

class Backoff {
 public:
  Backoff(Duration least, Duration most, std::uint64_t seed)
      : least_(std::max(least, Duration(1))), most_(std::max(most, least_)), last_(least_), random_(seed) {}

  [[nodiscard]] Duration least() const { return least_; }
  void reset() { last_ = least_; }

  Duration next() {
    const Duration reach = last_ > most_ / 3 ? most_ : std::max(3 * last_, least_);
    const auto width = static_cast<std::uint64_t>((reach - least_).count()) + 1;
    last_ = least_ + Duration(static_cast<Duration::rep>(random_.below(width)));
    return last_;
  }

 private:
  const Duration least_;
  const Duration most_;
  Duration last_;
  Random random_;
};

}  // namespace penstock::redis

#endif  // PENSTOCK_REDIS_BACKOFF_H_
