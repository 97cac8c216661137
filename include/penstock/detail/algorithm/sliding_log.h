// SlidingLog: at most `limit` in (now - window, now], for every now.
//
// The state is the moments of the permits given, oldest first. A request of cost c fits if at most limit - c
// of them are still inside the window: so the one that must have left is the (limit - c + 1)th newest.
//
//     moments  |x--x----x-----x---x-|        limit 5, cost 2: the 4th newest must be out of the window
//                 ^ 4th     2nd  1st
//
// Time does not run backwards here: a `now` before the last charge counts as the moment of that charge.

#ifndef PENSTOCK_DETAIL_ALGORITHM_SLIDING_LOG_H_
#define PENSTOCK_DETAIL_ALGORITHM_SLIDING_LOG_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "penstock/detail/algorithm/advance.h"
#include "penstock/detail/algorithm/arithmetic.h"
#include "penstock/limit.h"

namespace penstock::algorithm {

template <>
class Rule<SlidingLog> {
 public:
  struct State {
    std::vector<Time> moments;  // ascending; up to `limit` that live, and at most as many that have left
    Time seen = 0;              // when the last charge was made
    friend bool operator==(const State&, const State&) = default;
  };

  struct View {
    const State* state;
    Time now;
  };

  explicit constexpr Rule(const SlidingLog& limit)
      : limit_(static_cast<std::uint64_t>(limit.limit)), window_(static_cast<Time>(limit.window.count())) {}

  constexpr std::uint64_t limit() const { return limit_; }
  constexpr Time refill() const { return window_; }
  constexpr Time reach() const { return window_; }  // so that at most 2 * limit moments are ever live

  constexpr View look(const State& state, Time now) const { return {&state, now}; }

  constexpr Time wait(const View& view, std::uint64_t cost) const {
    const State& state = *view.state;
    const std::uint64_t keep = limit_ - cost;
    if (state.moments.size() <= keep) return 0;
    const std::uint64_t leaves = state.moments[state.moments.size() - keep - 1] + window_;
    return leaves <= state.seen ? 0 : until(leaves, view.now);
  }

  constexpr std::uint64_t remaining(const View& view) const {
    return limit_ - std::min<std::uint64_t>(limit_, live(view));
  }

  constexpr Time reset_after(const View& view) const {
    const State& state = *view.state;
    const std::uint64_t leaves = state.moments.empty() ? 0 : state.moments.back() + window_;
    return until(std::max(leaves, state.seen), view.now);
  }

  constexpr void charge(State& state, View& view, std::uint64_t cost) const {
    reserve(state, view.now, view.now, cost);
  }

  constexpr void reserve(State& state, Time now, Time at, std::uint64_t cost) const {
    state.seen = std::max(state.seen, now);
    // What has left goes in one piece when it is half of all, so a charge moves two moments on average.
    const std::size_t left = state.moments.size() - live(look(state, now));
    if (2 * left >= state.moments.size()) {
      state.moments.erase(state.moments.begin(), state.moments.begin() + static_cast<std::ptrdiff_t>(left));
    }
    const Time newest = state.moments.empty() ? 0 : state.moments.back();
    state.moments.insert(state.moments.end(), cost, std::max({at, state.seen, newest}));
  }

  // The newest go first: they would have stayed longest.
  constexpr void refund(State& state, Time now, std::uint64_t cost) const {
    state.moments.resize(state.moments.size() - std::min<std::uint64_t>(cost, live(look(state, now))));
  }

  // The nth newest of both is the later of the nth newest of each.
  static constexpr State merge(const State& a, const State& b) {
    State both = a.moments.size() < b.moments.size() ? b : a;
    const State& other = a.moments.size() < b.moments.size() ? a : b;
    const std::size_t offset = both.moments.size() - other.moments.size();
    for (std::size_t i = 0; i < other.moments.size(); ++i) {
      both.moments[offset + i] = std::max(both.moments[offset + i], other.moments[i]);
    }
    both.seen = std::max(a.seen, b.seen);
    return both;
  }

 private:
  constexpr std::size_t live(const View& view) const {
    const State& state = *view.state;
    const Time effective = std::max(view.now, state.seen);
    if (effective < window_) return state.moments.size();
    const auto first = std::upper_bound(state.moments.begin(), state.moments.end(), effective - window_);
    return static_cast<std::size_t>(state.moments.end() - first);
  }

  std::uint64_t limit_;
  Time window_;
};

}  // namespace penstock::algorithm

#endif  // PENSTOCK_DETAIL_ALGORITHM_SLIDING_LOG_H_
