#include "redis/breaker.h"

#include <algorithm>
#include <limits>

namespace penstock::redis {

bool Breaker::admit(Instant now) {
  switch (state_.load(std::memory_order_relaxed)) {
    case State::closed:
      return true;
    case State::probing:
      return false;
    case State::open: {
      if (now.time_since_epoch().count() < next_.load(std::memory_order_relaxed)) return false;
      const std::lock_guard lock(mutex_);
      if (state_.load(std::memory_order_relaxed) != State::open) return false;
      state_.store(State::probing, std::memory_order_relaxed);
      return true;
    }
    case State::ramp: {
      const std::lock_guard lock(mutex_);
      const Duration since = now - ramp_since_;
      if (since >= options_.ramp) {
        if (state_.load(std::memory_order_relaxed) == State::ramp) {
          state_.store(State::closed, std::memory_order_relaxed);
          pause_.reset();
        }
        return true;
      }
      const std::int64_t percent = 10 + 90 * std::max<std::int64_t>(since.count(), 0) / options_.ramp.count();
      return static_cast<std::int64_t>(random_.below(100)) < percent;
    }
  }
  return true;
}

void Breaker::succeeded(Instant now) {
  const std::lock_guard lock(mutex_);
  if (state_.load(std::memory_order_relaxed) == State::probing) {
    state_.store(State::ramp, std::memory_order_relaxed);
    ramp_since_ = now;
    in_a_row_ = calls_ = failures_ = 0;
    return;
  }
  in_a_row_ = 0;
  count(now, false);
}

void Breaker::failed(Instant now) {
  const std::lock_guard lock(mutex_);
  switch (state_.load(std::memory_order_relaxed)) {
    case State::open:
      return;  // asked before it opened
    case State::probing:
    case State::ramp:
      return trip(now);
    case State::closed:
      ++in_a_row_;
      count(now, true);
      if (in_a_row_ >= options_.failures_in_a_row || (calls_ >= options_.least_calls && 2 * failures_ >= calls_)) {
        trip(now);
      }
  }
}

void Breaker::not_asked() {
  const std::lock_guard lock(mutex_);
  if (state_.load(std::memory_order_relaxed) == State::probing)
    state_.store(State::open, std::memory_order_relaxed);
}

void Breaker::reached() {
  const std::lock_guard lock(mutex_);
  next_.store(std::numeric_limits<Instant::rep>::min(), std::memory_order_relaxed);
}

void Breaker::count(Instant now, bool failure) {
  if (now - window_since_ >= options_.window) {
    window_since_ = now;
    calls_ = failures_ = 0;
  }
  ++calls_;
  if (failure) ++failures_;
}

void Breaker::trip(Instant now) {
  next_.store((now + pause_.next()).time_since_epoch().count(), std::memory_order_relaxed);
  state_.store(State::open, std::memory_order_relaxed);
  in_a_row_ = calls_ = failures_ = 0;
}

}  // namespace penstock::redis
