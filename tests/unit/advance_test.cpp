#include "penstock/detail/algorithm/advance.h"

#include "catch.h"
#include "penstock/detail/algorithm/algorithms.h"
#include "property/subject.h"

namespace penstock::algorithm {
namespace {

// Three permits in ten nanoseconds.
template <class L>
Rule<L> three_in_ten() {
  return Rule<L>(make_limit<L>(3, 10));
}

TEMPLATE_LIST_TEST_CASE("a refused request leaves the state as it was", "", AllLimits) {
  const auto rule = three_in_ten<TestType>();
  typename Rule<TestType>::State state;
  REQUIRE(advance(rule, state, 0, 2).permitted);
  const auto before = state;
  for (const std::int64_t cost :
       {std::int64_t{-1}, std::int64_t{0}, std::int64_t{2}, std::int64_t{4}, kMaxPermits}) {
    (void)advance(rule, state, 1, cost);
    CHECK(state == before);
  }
}

TEMPLATE_LIST_TEST_CASE("a request of nothing is permitted and tells what is left", "", AllLimits) {
  const auto rule = three_in_ten<TestType>();
  typename Rule<TestType>::State state;
  REQUIRE(advance(rule, state, 0, 3).permitted);
  const Decision decision = advance(rule, state, 0, 0);
  CHECK(decision.permitted);
  CHECK(decision.remaining == 0);
  CHECK(decision.retry_after == Duration::zero());
  CHECK(decision.reset_after > Duration::zero());
}

TEST_CASE("a request of nothing does not wait, whatever is reserved") {
  const auto rule = three_in_ten<FixedWindow>();
  Rule<FixedWindow>::State state;
  REQUIRE(advance(rule, state, 0, 3).permitted);
  REQUIRE(advance(rule, state, 0, 2, {0, 100}).permitted);
  CHECK(advance(rule, state, 0, 0).permitted);
}

TEMPLATE_LIST_TEST_CASE("a request above the limit never fits", "", AllLimits) {
  const auto rule = three_in_ten<TestType>();
  typename Rule<TestType>::State state;
  const Decision decision = advance(rule, state, 0, 4, {0, kLongestWait});
  CHECK_FALSE(decision.permitted);
  CHECK(decision.retry_after == Decision::never);
  CHECK(decision.error == absl::StatusCode::kOk);
  CHECK(decision.remaining == 3);
}

TEMPLATE_LIST_TEST_CASE("a negative cost is an error", "", AllLimits) {
  const auto rule = three_in_ten<TestType>();
  typename Rule<TestType>::State state;
  const std::int64_t cost = GENERATE(std::int64_t{-1}, std::numeric_limits<std::int64_t>::min());
  const Decision decision = advance(rule, state, 0, cost);
  CHECK_FALSE(decision.permitted);
  CHECK(decision.error == absl::StatusCode::kInvalidArgument);
  CHECK(decision.retry_after == Decision::never);
  CHECK(decision.limit == 3);
}

TEMPLATE_LIST_TEST_CASE("peek says what advance would say and charges nothing", "", AllLimits) {
  const auto rule = three_in_ten<TestType>();
  typename Rule<TestType>::State state;
  const Decision peeked = peek(rule, state, 0, 2);
  CHECK(peeked.permitted);
  CHECK(peeked.remaining == 3);
  CHECK(peeked.reset_after == Duration::zero());
  CHECK(state == typename Rule<TestType>::State{});
  REQUIRE(advance(rule, state, 0, 2).permitted);
  CHECK(peek(rule, state, 0, 2).retry_after == advance(rule, state, 0, 2).retry_after);
}

TEMPLATE_LIST_TEST_CASE("patience is met to the nanosecond", "", AllLimits) {
  const auto rule = three_in_ten<TestType>();
  typename Rule<TestType>::State state;
  REQUIRE(advance(rule, state, 5, 3).permitted);
  const auto wait = static_cast<Time>(peek(rule, state, 5, 1).retry_after.count());
  const Decision refused = advance(rule, state, 5, 1, {0, wait - 1});
  CHECK_FALSE(refused.permitted);
  CHECK(refused.retry_after == Duration(wait));
  const Decision reserved = advance(rule, state, 5, 1, {0, wait});
  CHECK(reserved.permitted);
  CHECK(reserved.retry_after == Duration(wait));
  // Nobody goes before the one who reserved.
  CHECK(peek(rule, state, 5, 1).retry_after >= Duration(wait));
  CHECK(reserved.remaining == 0);
}

TEMPLATE_LIST_TEST_CASE("a charge can be made later than it needs to be", "", AllLimits) {
  const auto rule = three_in_ten<TestType>();
  typename Rule<TestType>::State state;
  const Decision decision = advance(rule, state, 5, 3, {7, 10});
  CHECK(decision.permitted);
  CHECK(decision.retry_after == Duration(7));
  CHECK_FALSE(peek(rule, state, 5, 1).permitted);
  CHECK_FALSE(peek(rule, state, 12, 1).permitted);
}

TEMPLATE_LIST_TEST_CASE("a reservation ends before time does", "", AllLimits) {
  const auto rule = three_in_ten<TestType>();
  typename Rule<TestType>::State state;
  REQUIRE(advance(rule, state, kLastMoment, 3).permitted);
  CHECK_FALSE(advance(rule, state, kLastMoment, 3, {0, kLongestWait}).permitted);
}

}  // namespace
}  // namespace penstock::algorithm
