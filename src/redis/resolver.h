// The addresses of a host. getaddrinfo can block for as long as it likes and cannot be stopped, so it runs in a
// thread of its own that nobody waits for.
//
//   Resolver resolver(waker);
//   resolver.start("redis.internal", 6379);
//   if (resolver.done()) use(resolver.endpoints());     // once the waker was woken
//
// At most one look-up runs at a time: while one hangs, start() of the same host waits for that one.

#ifndef PENSTOCK_REDIS_RESOLVER_H_
#define PENSTOCK_REDIS_RESOLVER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "redis/socket.h"
#include "redis/waker.h"

namespace penstock::redis {

class Resolver {
 public:
  explicit Resolver(std::shared_ptr<const Waker> waker) : waker_(std::move(waker)) {}

  // A host that is an address already is done at once, without a thread.
  void start(const std::string& host, std::uint16_t port);
  [[nodiscard]] bool done() const;
  // Once done: what was found, or why nothing was. The next start() looks again.
  absl::StatusOr<std::vector<Endpoint>> take();

 private:
  struct LookUp;
  std::shared_ptr<const Waker> waker_;  // outlives us if the thread does
  std::shared_ptr<LookUp> look_up_;
};

}  // namespace penstock::redis

#endif  // PENSTOCK_REDIS_RESOLVER_H_
