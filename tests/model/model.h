// What each limit means, written down a second time and as plainly as possible, for the library to be compared
// with. Nothing is shared with the library: the permits of a bucket are fractions, a log is a list of moments.
//
//   model::ModelOf<FixedWindow> key(FixedWindow{.limit = 3, .window = Duration(10)});
//   key.take(4, 2);  // {.permitted = true, .limit = 3, .remaining = 1, .retry_after = 0, .reset_after = 6}
//
// A model is one key. Moments are nanoseconds since the limiter's zero, never negative, and may step back.
// Costs and waits are never negative. Every answer is exact; a wait too long for its type is kNever - 1.

#ifndef PENSTOCK_TESTS_MODEL_MODEL_H_
#define PENSTOCK_TESTS_MODEL_MODEL_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <ostream>

#include "penstock/limit.h"
#include "rational.h"

namespace penstock::model {

inline constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

// Waits are nanoseconds from the `now` that was asked about.
struct Answer {
  bool permitted = false;
  std::int64_t limit = 0;
  std::int64_t remaining = 0;
  std::int64_t retry_after = 0;
  std::int64_t reset_after = 0;
  friend bool operator==(const Answer&, const Answer&) = default;
  // For the messages of failed tests.
  friend std::ostream& operator<<(std::ostream& out, const Answer& answer) {
    return out << (answer.permitted ? "{true, " : "{false, ") << answer.limit << ", " << answer.remaining << ", "
               << answer.retry_after << ", " << answer.reset_after << "}";
  }
};

// The questions, which are the same for every algorithm. An algorithm says
//
//   Int128 capacity() const                         the most that can be had at once
//   Int128 least_wait(now, cost) const              until 1 <= cost <= capacity() is permitted; 0 if it is now
//   Int128 remaining(now) const                     the largest cost that is permitted now
//   Int128 reset_wait(now) const                    until nothing tells the key from a new one
//   void charge(now, Int128 wait, cost)             takes cost, at now + wait
//   void refund(now, cost)                          gives it back
template <class Algorithm>
class Model {
 public:
  // What take() would answer, but with nothing taken.
  Answer ask(std::int64_t now, std::int64_t cost) const {
    const Int128 wait = wait_for(now, cost);
    return describe(now, wait == 0, wait);
  }

  // All of `cost` or nothing, now.
  Answer take(std::int64_t now, std::int64_t cost) { return reserve(now, cost, 0); }

  // All of `cost` at the first moment it can be had, if that is no more than `max_wait` away.
  Answer reserve(std::int64_t now, std::int64_t cost, std::int64_t max_wait) {
    const Int128 wait = wait_for(now, cost);
    // A wait that cannot be told exactly cannot be kept either.
    const bool permitted = wait <= std::min(max_wait, kNever - 1);
    if (permitted && cost > 0) algorithm().charge(now, wait, cost);
    return describe(now, permitted, wait);
  }

 private:
  // Longer than any wait that ends: those are below 2^122.
  static constexpr Int128 kForever = Int128{1} << 126;

  Int128 wait_for(std::int64_t now, std::int64_t cost) const {
    if (cost == 0) return 0;
    return cost > algorithm().capacity() ? kForever : algorithm().least_wait(now, cost);
  }

  Answer describe(std::int64_t now, bool permitted, Int128 wait) const {
    return {.permitted = permitted,
            .limit = static_cast<std::int64_t>(algorithm().capacity()),
            .remaining = static_cast<std::int64_t>(algorithm().remaining(now)),
            .retry_after = wait == kForever ? kNever : saturated(wait),
            .reset_after = saturated(algorithm().reset_wait(now))};
  }

  static std::int64_t saturated(Int128 wait) {
    return static_cast<std::int64_t>(std::min<Int128>(wait, kNever - 1));
  }

  const Algorithm& algorithm() const { return static_cast<const Algorithm&>(*this); }
  Algorithm& algorithm() { return static_cast<Algorithm&>(*this); }
};

// The level rises by `rate` a nanosecond and stops at `burst`. A charge is a step down to another line, and that
// line is all that is remembered: it is followed backwards too, for a `now` before the charge.
//
//   burst     _____
//            /     |   /
//           /      |  /
//          /       | /
//                  |/
//                  a charge
//
// `tick`: the waits are rounded up to it. That is exact for who only ever looks at multiples of it.
class TokenBucketModel : public Model<TokenBucketModel> {
 public:
  explicit TokenBucketModel(const TokenBucket& limit, std::int64_t tick = 1)
      : burst_(limit.burst), rate_(limit.rate.permits, limit.rate.per.count()), tick_(tick), level_(limit.burst) {}

  void refund(std::int64_t now, std::int64_t cost) {
    if (line_at(now) >= Rational(burst_)) return;
    level_ = level_at(now, cost);
    moment_ = now;
  }

 private:
  friend class Model<TokenBucketModel>;

  Int128 capacity() const { return burst_; }

  Int128 least_wait(std::int64_t now, std::int64_t cost) const { return wait_until_level(now, cost); }

  Int128 remaining(std::int64_t now) const { return std::max<Int128>(0, level_at(now, 0).floor()); }

  Int128 reset_wait(std::int64_t now) const { return wait_until_level(now, burst_); }

  void charge(std::int64_t now, Int128 wait, std::int64_t cost) {
    level_ = level_at(now + wait, 0) - Rational(cost);
    moment_ = now + wait;
  }

  // The level as if there were no burst to stop at.
  Rational line_at(Int128 moment) const { return level_ + rate_ * Rational(moment - moment_); }

  // With `more` permits poured in, the bucket still holds no more than burst.
  Rational level_at(Int128 moment, Int128 more) const {
    return std::min(Rational(burst_), line_at(moment) + Rational(more));
  }

  Int128 wait_until_level(Int128 now, Int128 level) const {
    const Rational missing = Rational(level) - line_at(now);
    if (missing <= Rational(0)) return 0;
    const Int128 wait = (missing / rate_).ceil();
    return tick_ == 1 ? wait : Rational(wait, tick_).ceil() * tick_;
  }

  Int128 burst_;
  Rational rate_;  // Permits a nanosecond.
  Int128 tick_;
  // The level right after the last charge or refund, and when that was.
  Rational level_;
  Int128 moment_ = 0;
};

// Window k is [kW, (k+1)W). Its cost never exceeds the limit.
//
// A key never goes back to a window that it has left: a `now` before the window it was last heard in counts as
// that window's start. A reservation may be charged to a later window; until then the key is shut.
class FixedWindowModel : public Model<FixedWindowModel> {
 public:
  explicit FixedWindowModel(const FixedWindow& limit, std::int64_t = 1)
      : limit_(limit.limit), window_(limit.window.count()) {}

  void refund(std::int64_t now, std::int64_t cost) {
    if (now / window_ <= charged_) used_ -= std::min<Int128>(used_, cost);
  }

 private:
  friend class Model<FixedWindowModel>;

  Int128 capacity() const { return limit_; }

  Int128 least_wait(std::int64_t now, std::int64_t cost) const {
    Int128 index = std::max(index_at(now), charged_);
    while (used_in(index) + cost > limit_) ++index;
    return index == index_at(now) ? 0 : index * window_ - now;
  }

  Int128 remaining(std::int64_t now) const {
    const Int128 index = index_at(now);
    return index < charged_ ? 0 : limit_ - used_in(index);
  }

  Int128 reset_wait(std::int64_t now) const {
    const Int128 index = std::max(index_at(now), charged_);
    if (used_in(index) > 0) return (index + 1) * window_ - now;
    // Nothing is owed, but what is taken before that window starts would count in it.
    return std::max<Int128>(0, index * window_ - now);
  }

  void charge(std::int64_t now, Int128 wait, std::int64_t cost) {
    heard_ = index_at(now);
    const Int128 index = std::max(heard_, (now + wait) / window_);
    used_ = used_in(index) + cost;
    charged_ = index;
  }

  // The window that `now` counts as being in.
  Int128 index_at(Int128 now) const { return std::max(now / window_, heard_); }

  Int128 used_in(Int128 index) const { return index == charged_ ? used_ : 0; }

  Int128 limit_;
  Int128 window_;
  Int128 heard_ = 0;    // The window of the `now` of the last charge.
  Int128 charged_ = 0;  // The window that charge was counted in: later than heard_ if it was reserved.
  Int128 used_ = 0;     // The cost in that window; earlier ones are over.
};

// Windows as above. At `elapsed` in window k, a rolling window still covers (W - elapsed) / W of window k-1;
// its cost is taken to have come evenly:
//
//   previous * (W - elapsed) / W + current + cost <= limit
class SlidingWindowModel : public Model<SlidingWindowModel> {
 public:
  explicit SlidingWindowModel(const SlidingWindow& limit, std::int64_t = 1)
      : limit_(limit.limit), window_(limit.window.count()) {}

  void refund(std::int64_t now, std::int64_t cost) {
    if (now / window_ <= last_.index) last_.cost -= std::min<Int128>(last_.cost, cost);
  }

 private:
  friend class Model<SlidingWindowModel>;

  Int128 capacity() const { return limit_; }

  // Three windows always suffice: the cost of the first is forgotten by the third.
  Int128 least_wait(std::int64_t now, std::int64_t cost) const {
    const Int128 here = index_at(now);
    for (Int128 index = std::max(here, last_.index);; ++index) {
      const Int128 from = index == here ? elapsed_at(now) : 0;
      const Int128 elapsed = std::max(from, first_fit(index, cost));
      if (elapsed >= window_) continue;
      return index == here && elapsed == from ? 0 : index * window_ + elapsed - now;
    }
  }

  Int128 remaining(std::int64_t now) const {
    const Int128 index = index_at(now);
    if (index < last_.index) return 0;
    return std::max<Int128>(0, (Rational(limit_) - estimate(index, elapsed_at(now))).floor());
  }

  Int128 reset_wait(std::int64_t now) const {
    const Int128 index = std::max(index_at(now), last_.index);
    if (cost_in(index) > 0) return (index + 2) * window_ - now;
    if (cost_in(index - 1) > 0) return (index + 1) * window_ - now;
    // Nothing is owed, but what is taken before that window starts would count in it.
    return std::max<Int128>(0, index * window_ - now);
  }

  void charge(std::int64_t now, Int128 wait, std::int64_t cost) {
    heard_ = index_at(now);
    const Int128 index = std::max(heard_, (now + wait) / window_);
    if (index != last_.index) {
      before_ = last_;
      last_ = {.index = index, .cost = 0};
    }
    last_.cost += cost;
  }

  // The window that `now` counts as being in, and how far into it.
  Int128 index_at(Int128 now) const { return std::max(now / window_, heard_); }
  Int128 elapsed_at(Int128 now) const { return std::max<Int128>(0, now - index_at(now) * window_); }

  Int128 cost_in(Int128 index) const {
    return index == last_.index ? last_.cost : index == before_.index ? before_.cost : 0;
  }

  Rational estimate(Int128 index, Int128 elapsed) const {
    return Rational(cost_in(index - 1)) * Rational(window_ - elapsed, window_) + Rational(cost_in(index));
  }

  // The least elapsed >= 0 at which `cost` fits into window `index`; the window's length if it does nowhere.
  Int128 first_fit(Int128 index, std::int64_t cost) const {
    const Int128 room = limit_ - cost_in(index) - cost;
    if (room < 0) return window_;
    const Int128 previous = cost_in(index - 1);
    if (previous <= room) return 0;
    // previous * (W - elapsed) / W <= room, solved for elapsed.
    return (Rational(window_) - Rational(room, previous) * Rational(window_)).ceil();
  }

  struct Window {
    Int128 index = 0;
    Int128 cost = 0;
  };

  Int128 limit_;
  Int128 window_;
  Int128 heard_ = 0;  // The window of the `now` of the last charge.
  Window last_;       // The window that charge was counted in: later than heard_ if it was reserved.
  Window before_;     // The window charged before that one, near or far.
};

// The moment of every permit given, oldest first. At most `limit` of them in any (now - W, now].
//
// A `now` before the last charge counts as the moment of that charge. Reserved permits have moments to come, and
// count from the moment of the call.
class SlidingLogModel : public Model<SlidingLogModel> {
 public:
  explicit SlidingLogModel(const SlidingLog& limit, std::int64_t = 1)
      : limit_(limit.limit), window_(limit.window.count()) {}

  void refund(std::int64_t now, std::int64_t cost) {
    const Int128 forgotten = std::min<Int128>(cost, live_at(now));
    moments_.erase(moments_.end() - static_cast<std::ptrdiff_t>(forgotten), moments_.end());
  }

 private:
  friend class Model<SlidingLogModel>;

  Int128 capacity() const { return limit_; }

  // Of the newest, limit - cost may stay; the wait is for the newest of the others to leave.
  Int128 least_wait(std::int64_t now, std::int64_t cost) const {
    if (live_at(now) + cost <= limit_) return 0;
    return *(moments_.end() - static_cast<std::ptrdiff_t>(limit_ - cost) - 1) + window_ - now;
  }

  Int128 remaining(std::int64_t now) const { return std::max<Int128>(0, limit_ - live_at(now)); }

  Int128 reset_wait(std::int64_t now) const {
    // If nothing lives, what is taken before the last charge would still count as taken at its moment.
    return (live_at(now) > 0 ? moments_.back() + window_ : heard_at(now)) - now;
  }

  void charge(std::int64_t now, Int128 wait, std::int64_t cost) {
    heard_ = heard_at(now);
    while (!moments_.empty() && moments_.front() <= heard_ - window_) moments_.pop_front();
    Int128 moment = std::max(heard_, now + wait);
    if (!moments_.empty()) moment = std::max(moment, moments_.back());
    moments_.insert(moments_.end(), static_cast<std::size_t>(cost), moment);
  }

  // The moment that `now` counts as.
  Int128 heard_at(Int128 now) const { return std::max(now, heard_); }

  Int128 live_at(Int128 now) const {
    return moments_.end() - std::upper_bound(moments_.begin(), moments_.end(), heard_at(now) - window_);
  }

  Int128 limit_;
  Int128 window_;
  Int128 heard_ = 0;  // The latest moment at which a charge was made, whenever it was for.
  std::deque<Int128> moments_;
};

namespace detail {

template <class Limit>
struct ModelFor;
template <>
struct ModelFor<TokenBucket> {
  using Type = TokenBucketModel;
};
template <>
struct ModelFor<FixedWindow> {
  using Type = FixedWindowModel;
};
template <>
struct ModelFor<SlidingWindow> {
  using Type = SlidingWindowModel;
};
template <>
struct ModelFor<SlidingLog> {
  using Type = SlidingLogModel;
};

}  // namespace detail

template <class Limit>
using ModelOf = typename detail::ModelFor<Limit>::Type;

}  // namespace penstock::model

#endif  // PENSTOCK_TESTS_MODEL_MODEL_H_
