// What `Redis` of the public header is: the reactor that talks to a server, and whether to trust it just now.

#ifndef PENSTOCK_REDIS_SERVER_H_
#define PENSTOCK_REDIS_SERVER_H_

#include <cstdint>

#include "penstock/limit.h"
#include "redis/breaker.h"
#include "redis/reactor.h"

namespace penstock {

class Redis {
 public:
  Redis(redis::ReactorOptions options, Duration its_deadline, std::uint64_t seed)
      : deadline(its_deadline), max_in_flight(options.max_in_flight), breaker(seed), reactor([&] {
          options.answer_timeout = deadline;
          options.on_connect = [this] { breaker.reached(); };
          return options;
        }()) {}

  const Duration deadline;
  const std::size_t max_in_flight;
  redis::Breaker breaker;
  redis::Reactor reactor;  // the last to come and the first to go: its thread answers into what is above
};

}  // namespace penstock

#endif  // PENSTOCK_REDIS_SERVER_H_
