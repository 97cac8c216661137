// What a limit would have done to a log.

#ifndef PENSTOCK_EXAMPLES_REPLAY_REPLAY_H_
#define PENSTOCK_EXAMPLES_REPLAY_REPLAY_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "log.h"
#include "penstock/penstock.h"
#include "progress.h"

namespace replay {

// All of these must permit a request, as one limiter.
using Limits = std::vector<penstock::Limit>;

struct Tally {
  std::int64_t permitted = 0;
  std::int64_t denied = 0;

  [[nodiscard]] std::int64_t requests() const { return permitted + denied; }
  Tally& operator+=(const Tally& other) {
    permitted += other.permitted;
    denied += other.denied;
    return *this;
  }
};

struct Minute {
  Moment start;
  Tally tally;
};

struct KeyTally {
  std::uint32_t key;  // a position in Log::keys
  Tally tally;
};

struct Outcome {
  Limits limits;
  Tally total;
  std::int64_t keys_denied = 0;       // keys that were denied at least once
  std::vector<Minute> minutes;        // ascending; minutes without a request are left out
  std::vector<KeyTally> most_denied;  // the most denied first, at most ReplayOptions::top
};

struct ReplayOptions {
  std::int64_t max_keys = 0;  // 0: enough for every key of the log, so that nothing is approximate
  std::size_t top = 10;
};

// Gates every request of `log`, at its time and by its key, with a fresh limiter. The error is the limiter's.
absl::StatusOr<Outcome> replay_log(const Log& log, const Limits& limits, const ReplayOptions& options,
                                   Progress& progress);

}  // namespace replay

#endif  // PENSTOCK_EXAMPLES_REPLAY_REPLAY_H_
