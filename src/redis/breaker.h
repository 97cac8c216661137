// When to stop asking a server that does not answer, and when to begin again.
//
//          5 failures in a row, or half of >= 20 in 1 s             a pause of 100 ms to 2 s, then
//   closed ---------------------------------------------> open ---------------------------------> one probe
//      ^                                                    ^                                         |
//      |  1 s, admitting 10 % rising to 100 %               |  it fails                               |
//      +------------------------------ ramp <---------------+-----------------------------------------+  it
//      succeeds
//
// The pause is drawn anew each time between the shortest and thrice the last one ("decorrelated jitter"), so that
// the processes of a fleet do not come back together; it ends early when the server lets itself be reached again.
// Time is an argument; any thread.

#ifndef PENSTOCK_REDIS_BREAKER_H_
#define PENSTOCK_REDIS_BREAKER_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>

#include "penstock/limit.h"
#include "redis/backoff.h"
#include "redis/random.h"

namespace penstock::redis {

struct BreakerOptions {
  int failures_in_a_row = 5;
  int least_calls = 20;  // in a window, before their share of failures matters
  Duration window = std::chrono::seconds(1);
  Duration shortest_pause = std::chrono::milliseconds(100);
  Duration longest_pause = std::chrono::seconds(2);
  Duration ramp = std::chrono::seconds(1);
};

class Breaker {
 public:
  using Instant = std::chrono::steady_clock::time_point;

  explicit Breaker(std::uint64_t seed, const BreakerOptions& options = {})
      : options_(options), pause_(options.shortest_pause, options.longest_pause, seed), random_(~seed) {}

  // Whether to ask the server now. Whoever is told so must say what became of it. While it is closed or open this
  // reads one word.
  [[nodiscard]] bool admit(Instant now);
  void succeeded(Instant now);
  void failed(Instant now);
  void not_asked();  // after all
  void reached();    // there is a new connection: the probe may go now

  [[nodiscard]] bool open() const { return state_.load(std::memory_order_relaxed) == State::open; }

 private:
  enum class State : std::uint8_t { closed, open, probing, ramp };

  void trip(Instant now);
  void count(Instant now, bool failure);

  const BreakerOptions options_;
  // Both are hints outside the mutex: who reads an old value asks once more, or once less.
  std::atomic<State> state_ = State::closed;
  std::atomic<Instant::rep> next_{0};  // when the probe may go
  std::mutex mutex_;
  Backoff pause_;
  Random random_;  // of the ramp
  Instant ramp_since_;
  Instant window_since_;
  int calls_ = 0, failures_ = 0, in_a_row_ = 0;
};

}  // namespace penstock::redis

#endif  // PENSTOCK_REDIS_BREAKER_H_
