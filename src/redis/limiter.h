// A limiter whose decisions are made by a script on a server. See penstock/redis.h.

#ifndef PENSTOCK_REDIS_LIMITER_H_
#define PENSTOCK_REDIS_LIMITER_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "penstock/clock.h"
#include "penstock/redis.h"

namespace penstock::redis {

// The zero of a test's clock on the server's, in microseconds: a whole number of days.
inline constexpr std::int64_t kTestZero = std::int64_t{86'400'000'000} * 10'000;

// As make_redis_limiter; with a clock, decisions are made on it and not on the server's, and keys live an hour
// longer: for tests. Its zero is far after the server's, so that it may stand before it.
[[nodiscard]] absl::StatusOr<std::unique_ptr<Limiter>> make_limiter(const std::vector<Limit>& limits,
                                                                    std::shared_ptr<Redis> server,
                                                                    const RedisLimiterOptions& options,
                                                                    const Clock* clock = nullptr);

}  // namespace penstock::redis

#endif  // PENSTOCK_REDIS_LIMITER_H_
