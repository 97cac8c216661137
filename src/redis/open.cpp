#include <algorithm>
#include <cstdint>
#include <random>
#include <utility>

#include "absl/status/status.h"
#include "in_range.h"
#include "penstock/redis.h"
#include "redis/server.h"
#include "redis/url.h"

namespace penstock {
namespace {

// What the limiters see to: the longest key, and the room for the rest of its name.
constexpr std::size_t kMostKeyName = (1 << 20) + 256;

// Enough that the server always has something to do while answers and questions are on their way, however few go
// into a call; but two calls, so that there is time to gather for the next.
constexpr std::size_t kRequestsInFlight = 128;

absl::Status check(const RedisOptions& options) {
  constexpr const char* kOptions = "RedisOptions";
  constexpr std::int64_t kMillisecond = 1'000'000;
  constexpr std::int64_t kMinute = 60'000 * kMillisecond;
  for (const absl::Status& status : {
           in_range(kOptions, "deadline", options.deadline.count(), kMillisecond, kMinute, " ns"),
           in_range(kOptions, "connect_timeout", options.connect_timeout.count(), kMillisecond, kMinute, " ns"),
           in_range(kOptions, "max_in_flight", options.max_in_flight, 1, 1 << 20),
           in_range(kOptions, "max_keys_per_call", options.max_keys_per_call, 1, 512),
           in_range(kOptions, "max_reply_bytes", options.max_reply_bytes, 1 << 10, 1 << 26),
       }) {
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::shared_ptr<Redis>> open_redis(const RedisOptions& options) {
  if (absl::Status status = check(options); !status.ok()) return status;
  absl::StatusOr<redis::Address> address = redis::parse_url(options.url);
  if (!address.ok()) return address.status();
  const redis::ReactorOptions reactor = {
      .address = *std::move(address),
      .connect_timeout = options.connect_timeout,
      .max_in_flight = static_cast<std::size_t>(options.max_in_flight),
      .max_reply_bytes = static_cast<std::size_t>(options.max_reply_bytes),
      .max_keys_per_call = static_cast<std::size_t>(options.max_keys_per_call),
      .max_calls_in_flight =
          std::max<std::size_t>(kRequestsInFlight / static_cast<std::size_t>(options.max_keys_per_call), 2),
      .max_question_bytes = kMaxLimitsPerKey * kMostKeyName,
  };
  std::random_device device;
  return std::make_shared<Redis>(reactor, options.deadline, std::uint64_t{device()} << 32 | device());
}

absl::Status wait_until_connected(const Redis& redis, Deadline deadline) {
  return redis.reactor.wait_until_connected(deadline);
}

RedisStats redis_stats(const Redis& redis) {
  const redis::ReactorState state = redis.reactor.state();
  redis::ReactorTrouble trouble = redis.reactor.last_trouble();
  return {.connected = state.connected,
          .breaker_open = redis.breaker.open(),
          .in_flight = static_cast<std::int64_t>(state.outstanding),
          .connects = static_cast<std::int64_t>(state.connects),
          .requests = static_cast<std::int64_t>(state.questions),
          .unknown = static_cast<std::int64_t>(state.unknown),
          .last_error = std::move(trouble.text),
          .last_error_at = trouble.when};
}

}  // namespace penstock
