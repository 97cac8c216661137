// Enumerates everything small: every trace of requests in a world of eight ticks, for every limit up to four and
// every window, compared with the model at every step. A request that is refused changes nothing (that is checked),
// so its trace goes on as if it had not been made; this is all that is left out.

#include "catch.h"
#include "property/subject.h"

namespace penstock {
namespace {

// A tick is a multiple of each limit, so that every permit of a bucket comes at a whole nanosecond.
constexpr std::int64_t kTick = 12;
constexpr std::int64_t kEnd = 8 * kTick;
constexpr std::int64_t kMaxLimit = 4;

// Both sides of one trace. Copied at each branch.
template <class L>
struct Pair {
  Subject<L> subject;
  model::ModelOf<L> model;

  // Compares all that can be asked at `now`. Returns the costs that are permitted, as a set of bits.
  unsigned compare(std::int64_t now, std::int64_t limit) const {
    unsigned permitted = 0;
    for (std::int64_t cost = 0; cost <= limit + 1; ++cost) {
      const model::Answer ours = subject.ask(now, cost);
      const model::Answer theirs = model.ask(now, cost);
      if (ours != theirs) {
        CAPTURE(now, cost);
        CHECK(ours == theirs);
        throw std::runtime_error("differs");
      }
      if (ours.permitted && cost > 0) permitted |= 1u << cost;
      Pair refused = *this;
      if (!ours.permitted &&
          (refused.subject.take(now, cost) != theirs || refused.subject.ask(now, 1) != subject.ask(now, 1))) {
        throw std::runtime_error("a refused request changed something");
      }
    }
    return permitted;
  }

  void take(std::int64_t now, std::int64_t cost) {
    if (subject.take(now, cost) != model.take(now, cost)) throw std::runtime_error("differs when charged");
  }
};

template <class L>
class World {
 public:
  World(std::int64_t limit, std::int64_t window)
      : limit_(limit), new_key_{Subject<L>(make(limit, window)), model::ModelOf<L>(make(limit, window))} {}

  // A request at each tick, one tick after the other.
  std::int64_t forward() {
    steps_ = 0;
    forward(new_key_, 0);
    return steps_;
  }

  // Up to `charges` charges at moments in any order.
  std::int64_t any_order(int charges) {
    steps_ = 0;
    any_order(new_key_, charges);
    return steps_;
  }

  // Up to `depth` charges, reservations and refunds, with time moving on, or not, between them.
  std::int64_t with_reservations(int depth) {
    steps_ = 0;
    with_reservations(new_key_, 0, depth);
    return steps_;
  }

 private:
  static L make(std::int64_t limit, std::int64_t window) { return make_limit<L>(limit, window * kTick); }

  void forward(const Pair<L>& pair, std::int64_t now) {
    ++steps_;
    const unsigned permitted = pair.compare(now, limit_);
    for (std::int64_t cost = 1; cost <= limit_; ++cost) {
      if (!(permitted >> cost & 1)) continue;
      Pair<L> next = pair;
      next.take(now, cost);
      if (now + kTick < kEnd) forward(next, now + kTick);
    }
    if (now + kTick < kEnd) forward(pair, now + kTick);
  }

  void any_order(const Pair<L>& pair, int charges) {
    ++steps_;
    for (std::int64_t now = 0; now < kEnd; now += kTick) {
      const unsigned permitted = pair.compare(now, limit_);
      if (charges == 0) continue;
      for (std::int64_t cost = 1; cost <= limit_; ++cost) {
        if (!(permitted >> cost & 1)) continue;
        Pair<L> next = pair;
        next.take(now, cost);
        any_order(next, charges - 1);
      }
    }
  }

  void with_reservations(const Pair<L>& pair, std::int64_t now, int depth) {
    ++steps_;
    (void)pair.compare(now, limit_);
    if (now + kTick < kEnd) with_reservations(pair, now + kTick, depth);
    if (depth == 0) return;
    for (std::int64_t cost = 1; cost <= limit_; ++cost) {
      for (const std::int64_t max_wait : {std::int64_t{0}, 2 * kTick, 2 * kEnd}) {
        Pair<L> next = pair;
        const auto ours = next.subject.reserve(now, cost, max_wait);
        const auto theirs = next.model.reserve(now, cost, std::min(max_wait, pair.subject.reach()));
        if (ours != theirs) {
          CAPTURE(now, cost, max_wait);
          CHECK(ours == theirs);
          throw std::runtime_error("a reservation differs");
        }
        if (ours.permitted) with_reservations(next, now, depth - 1);
        if (ours.permitted && ours.retry_after == 0) break;  // more patience changes nothing
      }
      Pair<L> refunded = pair;
      refunded.subject.refund(now, cost);
      refunded.model.refund(now, cost);
      if (refunded.subject.ask(now, 1) != pair.subject.ask(now, 1)) with_reservations(refunded, now, depth - 1);
    }
  }

  std::int64_t limit_;
  Pair<L> new_key_;
  std::int64_t steps_ = 0;
};

// The steps that `walk` takes in the worlds of every limit and of each window, counted in ticks.
template <class L, class Walk>
std::int64_t steps_in_all(const std::vector<std::int64_t>& windows, Walk walk) {
  std::int64_t steps = 0;
  for (std::int64_t limit = 1; limit <= kMaxLimit; ++limit) {
    for (const std::int64_t window : windows) {
      CAPTURE(limit, window);
      steps += walk(World<L>(limit, window), limit);
    }
  }
  return steps;
}

TEMPLATE_LIST_TEST_CASE("every trace of eight ticks is answered as the definition answers it", "", AllLimits) {
  CHECK(steps_in_all<TestType>({1, 2, 3, 5, 8}, [](auto world, auto) { return world.forward(); }) > 20'000);
}

TEMPLATE_LIST_TEST_CASE("every trace in which the clock steps back is answered as the definition answers it", "",
                        AllLimits) {
  CHECK(steps_in_all<TestType>({1, 2, 3, 5}, [](auto world, auto) { return world.any_order(3); }) > 10'000);
}

TEMPLATE_LIST_TEST_CASE("every trace of reservations and refunds is answered as the definition answers it", "",
                        AllLimits) {
  CHECK(steps_in_all<TestType>({1, 2, 3, 5}, [](auto world, std::int64_t limit) {
          return world.with_reservations(limit < 3 ? 3 : 2);
        }) > 10'000);
}

}  // namespace
}  // namespace penstock
