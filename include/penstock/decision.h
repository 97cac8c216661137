// The answer to one request.
//
//   Decision d = limiter.try_acquire(user);
//   if (!d) return too_many_requests(d.retry_after);
//
// There are three kinds of no, and they must not be confused:
//   not now         retry_after says when, exactly
//   never           retry_after == Decision::never: the cost is more than the limit can ever hold
//   could not ask   error != kOk: the request was wrong, or the back end did not answer; then `permitted`
//                   is what the chosen policy says

#ifndef PENSTOCK_DECISION_H_
#define PENSTOCK_DECISION_H_

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "penstock/limit.h"

namespace penstock {

// Who answered.
enum class Source : std::uint8_t { memory, redis, lease, fallback, policy };

// Its name, for logs and metrics: "redis". Empty for what is none of them.
[[nodiscard]] constexpr std::string_view to_string(Source source);

struct Decision {
  // No wait will help. Waits of more than 292 years that would end are reported one nanosecond shorter.
  static constexpr Duration never = Duration::max();

  // May the caller go ahead? (After `reserve`: yes, once retry_after has passed.)
  bool permitted = false;
  Source source = Source::memory;
  // kOk, or why there was no decision: kInvalidArgument for a negative cost.
  absl::StatusCode error = absl::StatusCode::kOk;
  // The most that can be had at once.
  std::int64_t limit = 0;
  // Permits left now, after this request; 0 to `limit`.
  std::int64_t remaining = 0;
  // Zero if permitted. Else the least wait after which the same request would be permitted if nobody else
  // took anything: one nanosecond earlier it would still be refused. `never` if nothing will help.
  Duration retry_after = Duration::zero();
  // Until the key is as good as new: until it could be forgotten without any difference.
  Duration reset_after = Duration::zero();

  constexpr explicit operator bool() const { return permitted; }
  friend bool operator==(const Decision&, const Decision&) = default;
};

constexpr std::string_view to_string(Source source) {
  switch (source) {
    case Source::memory:
      return "memory";
    case Source::redis:
      return "redis";
    case Source::lease:
      return "lease";
    case Source::fallback:
      return "fallback";
    case Source::policy:
      return "policy";
  }
  return {};
}

}  // namespace penstock

#endif  // PENSTOCK_DECISION_H_
