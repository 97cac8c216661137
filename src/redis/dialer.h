// One attempt after another to reach an address: its name is looked up, then its addresses are tried in turn, all
// within one deadline. Never blocks.
//
//   Dialer dialer(address, waker);
//   dialer.start(now, now + 250ms);
//   poll({dialer.descriptor(), POLLOUT}, until dialer.deadline());       // or until the waker is woken
//   switch (dialer.proceed(now, revents)) { ... }

#ifndef PENSTOCK_REDIS_DIALER_H_
#define PENSTOCK_REDIS_DIALER_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "redis/line.h"
#include "redis/resolver.h"
#include "redis/socket.h"
#include "redis/url.h"

namespace penstock::redis {

class Dialer {
 public:
  enum class Progress : std::uint8_t { busy, connected, failed };

  Dialer(const Address& address, std::shared_ptr<const Waker> waker)
      : address_(address), resolver_(std::move(waker)) {}

  void start(Instant now, Instant deadline);
  // What became of it. `ready` says that the descriptor is writable or in error.
  Progress proceed(Instant now, bool ready);

  [[nodiscard]] int descriptor() const { return socket_.descriptor(); }  // -1 while the name is looked up
  [[nodiscard]] Instant deadline() const { return turn_deadline_; }      // of what it is waiting for
  [[nodiscard]] Socket take() { return std::move(socket_); }             // once connected
  [[nodiscard]] const absl::Status& error() const { return error_; }     // once failed

 private:
  Progress try_next(Instant now);
  Progress failed(int error);

  const Address& address_;
  Resolver resolver_;
  std::vector<Endpoint> endpoints_;
  std::size_t next_ = 0;
  Socket socket_;
  Instant deadline_{};
  Instant turn_deadline_{};
  int last_error_ = 0;
  absl::Status error_;
};

}  // namespace penstock::redis

#endif  // PENSTOCK_REDIS_DIALER_H_
