// Limits whose state lives in a Redis or Valkey server, so that many machines share them. Component `redis`.
//
//   auto redis = open_redis({.url = "redis://limiter:secret@10.0.0.7"});
//   if (!redis.ok()) die(redis.status());
//   auto limiter = make_redis_limiter(TokenBucket{per_minute(60), 60}, *redis, {.nodes = 4});
//   if (!limiter.ok()) die(limiter.status());
//   if (Decision d = (*limiter)->try_acquire(user_id); !d) return too_many_requests(d.retry_after);
//
// One script call decides, on the server's clock, to the microsecond. The promises of limit.h hold over all
// processes that use one server and one prefix; docs/redis.md says what a restart, a failover or an outage adds to
// them.
//
// Open one Redis for each server when the program starts, after any fork(), and keep it: it is a thread and a
// connection. Limiters are cheap beside it. In a child after fork() the parent's answers as if the server were
// away; a server that forks workers opens one in each.
//
// What would surprise:
// - A call takes a round trip, and at most `deadline`. The first ones wait for the connection; a program that would
//   rather start late than with shares calls wait_until_connected.
// - When the server cannot be asked the decision is `on_unavailable`'s, and says so: `error` is why, `source` is
//   Source::fallback or Source::policy. redis_stats has the reason in words.
// - After 5 failures in a row, or half of 20 or more in a second, a breaker opens: for 100 ms to 2 s nobody is
//   asked, and everybody decided upon at once. Then one request probes; if it is answered, a tenth of the requests
//   go to the server, and all of them a second later.
// - A local share is charged with every request, also while the server decides. So what a key may still have in an
//   outage depends on what it asked for before, refused requests included, and flapping gains nobody anything.
//   `limit`, `remaining`, `retry_after` and `reset_after` of a fallback decision are those of the share.

#ifndef PENSTOCK_REDIS_H_
#define PENSTOCK_REDIS_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "penstock/export.h"
#include "penstock/limit.h"
#include "penstock/limiter.h"

namespace penstock {

struct RedisOptions {
  //   redis://[[user]:password@]host[:port][/database]      user and password percent-encoded; or valkey://
  //   unix://[[user]:password@]/path/to.sock[?db=N]
  // rediss:// (TLS) is an error in this version, never a plain connection.
  std::string url = "redis://127.0.0.1:6379";

  // The longest a call may take in all, waiting in the queue included; 1 ms to 1 minute. What has not been answered
  // by then is decided by `on_unavailable`; it may have been charged, and is never sent again.
  Duration deadline = std::chrono::milliseconds(20);

  // The longest an attempt to connect may take, in the background; 1 ms to 1 minute.
  Duration connect_timeout = std::chrono::milliseconds(250);

  // Requests that wait for an answer at the same time, of all callers; 1 to 2^20. Further ones are decided by
  // `on_unavailable` at once.
  std::int64_t max_in_flight = 1024;

  // Requests of one limiter that go out as one script call, at most; 1 to 512. The server does nothing else
  // meanwhile: about 3 us each.
  std::int64_t max_keys_per_call = 64;

  // Of one reply, 1 KiB to 64 MiB: a longer one closes the connection before it is kept in memory. No call asks for
  // one: it has at most a key for each 72 bytes of this, or half as many if there are two limits on each, and so
  // on.
  std::int64_t max_reply_bytes = std::int64_t{64} * 1024;
};

// A server, and the one thread that talks to it; shared by any number of limiters. Connects in the background,
// again and again with growing pauses (10 ms to 2 s).
class Redis;

// InvalidArgument names the option and its value, never the password. Does not wait for the connection.
[[nodiscard]] PENSTOCK_EXPORT absl::StatusOr<std::shared_ptr<Redis>> open_redis(const RedisOptions& options = {});

// Waits until the server answers, until `deadline` at the latest. OK, or what came of the last attempt:
// kUnavailable, kPermissionDenied (user, password or right), kNotFound (no such database), kDeadlineExceeded
// (nothing yet); kFailedPrecondition in a child after fork(). The message names the server and never a secret.
// Whatever it is, connecting goes on. Any thread but the one that calls back.
[[nodiscard]] PENSTOCK_EXPORT absl::Status wait_until_connected(const Redis& redis, Deadline deadline);

struct RedisStats {
  bool connected = false;
  bool breaker_open = false;    // nobody is asked, whether connected or not
  std::int64_t in_flight = 0;   // requests that wait for an answer
  std::int64_t connects = 0;    // how often it came to a connection
  std::int64_t requests = 0;    // that were taken to be asked
  std::int64_t unknown = 0;     // of them: sent, and never answered
  std::string last_error = {};  // why it could not connect, or what the server refused; "" if all was ever well.
                                // Without keys and secrets. It stays when all is well again.
  std::chrono::system_clock::time_point last_error_at = {};
};

// For logs and metrics. Each number is right by itself. Any thread.
[[nodiscard]] PENSTOCK_EXPORT RedisStats redis_stats(const Redis& redis);

// What decides while the server cannot be asked.
enum class OnUnavailable : std::uint8_t {
  local,   // this process's own share of the limit, 1/nodes of it, which is charged all the time
  deny,    // nobody goes
  permit,  // everybody goes
};

// Its name, for logs: "local". Empty for what is none of them.
[[nodiscard]] constexpr std::string_view to_string(OnUnavailable policy) {
  switch (policy) {
    case OnUnavailable::local:
      return "local";
    case OnUnavailable::deny:
      return "deny";
    case OnUnavailable::permit:
      return "permit";
  }
  return {};
}

struct RedisLimiterOptions {
  // What the names of all keys begin with, so that an ACL can be ~prefix:*; 1 to 64 bytes, no braces. Limiters with
  // one prefix share what a key owes if their limits are of one kind and one window (a bucket's is its rate's
  // `per`).
  std::string prefix = "penstock";

  OnUnavailable on_unavailable = OnUnavailable::local;

  // For OnUnavailable::local: how many limiters share the limit; 1 to 2^20. One in each process, say: two of one
  // limit and prefix in a process have a share each. With fewer than there are, more is admitted while the server
  // is away: in all at most limiters/nodes of the limit, beside what the server admitted.
  std::int64_t nodes = 1;

  // For OnUnavailable::local: how many keys' shares are remembered, as MemoryOptions::max_keys.
  std::int64_t max_local_keys = std::int64_t{1} << 16;

  // A longer key is an error that charges nothing (kInvalidArgument); 1 to 2^20. The server keeps all of it.
  std::int64_t max_key_bytes = 4096;
};

// InvalidArgument names the field, its value and the largest allowed. Windows must be whole microseconds; a burst
// must be fewer than 2^53 units of 1/n permit (n: see docs/redis.md), a SlidingWindow's limit * window less than
// 2^53 microseconds. The limiter keeps `redis` alive.
[[nodiscard]] PENSTOCK_EXPORT absl::StatusOr<std::unique_ptr<Limiter>> make_redis_limiter(
    const Limit& limit, std::shared_ptr<Redis> redis, const RedisLimiterOptions& options = {});

// Several limits on one key: all or nothing, exactly, in one script call. The decision is that of the binding
// limit, as in memory.h.
[[nodiscard]] PENSTOCK_EXPORT absl::StatusOr<std::unique_ptr<Limiter>> make_redis_limiter(
    const std::vector<Limit>& limits, std::shared_ptr<Redis> redis, const RedisLimiterOptions& options = {});

}  // namespace penstock

#endif  // PENSTOCK_REDIS_H_
