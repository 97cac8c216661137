#include "redis/share.h"

#include "catch.h"

namespace penstock::redis {
namespace {

using namespace std::chrono_literals;

TEST_CASE("the shares of all nodes are together at most the limit") {
  CHECK(share_of(Limit(TokenBucket{per_second(10), 100}), 4) == Limit(TokenBucket{{10, 4s}, 25}));
  CHECK(share_of(Limit(FixedWindow{100, 10s}), 3) == Limit(FixedWindow{33, 10s}));
  CHECK(share_of(Limit(SlidingWindow{100, 10s}), 100) == Limit(SlidingWindow{1, 10s}));
  // Less than a permit a window: one in a window that is longer.
  CHECK(share_of(Limit(SlidingLog{3, 10s}), 10) == Limit(SlidingLog{1, 40s}));
  CHECK(share_of(Limit(FixedWindow{1, 10s}), 7) == Limit(FixedWindow{1, 70s}));
  for (std::int64_t limit = 1; limit <= 40; ++limit) {
    for (std::int64_t nodes = 1; nodes <= 40; ++nodes) {
      const FixedWindow share = share_of(FixedWindow{limit, 10s}, nodes);
      CHECK(nodes * share.limit * 10 <= limit * (share.window / 1s));
    }
  }
}

// The time was cut off at the longest window and the permits stayed: 100 nodes had ten times the rate.
TEST_CASE("a bucket's share has fewer permits where the time cannot be stretched") {
  CHECK(share_of(Limit(TokenBucket{{1'000, kMaxWindow / 10}, 500}), 100) ==
        Limit(TokenBucket{{100, kMaxWindow}, 5}));
  CHECK(share_of(Limit(TokenBucket{{7, kMaxWindow}, 500}), 2) == Limit(TokenBucket{{3, kMaxWindow}, 250}));
}

TEST_CASE("a bucket always holds a permit, and one node's share is all") {
  CHECK(share_of(Limit(TokenBucket{per_second(10), 3}), 4) == Limit(TokenBucket{{10, 4s}, 1}));
  const Limit all = TokenBucket{per_second(10), 3};
  CHECK(share_of(all, 1) == all);
}

TEST_CASE("shares are limits, however long their windows and however many the nodes") {
  for (const Limit& limit :
       {Limit(TokenBucket{{1, kMaxWindow}, 1}), Limit(FixedWindow{1, kMaxWindow}), Limit(SlidingLog{4096, 1us})}) {
    CHECK(validate(share_of(limit, 1 << 20)).ok());
  }
}

}  // namespace
}  // namespace penstock::redis
