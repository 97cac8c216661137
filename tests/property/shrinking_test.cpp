// Properties over generated limits and traces. Where one fails, RapidCheck looks for the shortest trace that shows
// it and prints the seed that repeats the run (RC_PARAMS="seed=...").

#include <rapidcheck.h>

#include "catch.h"
#include "property/subject.h"

namespace penstock {
namespace {

// A move of the clock and what is asked then.
struct Step {
  std::int64_t move;
  std::int64_t cost;
};

void showValue(const Step& step, std::ostream& os) { os << "+" << step.move << " ns: " << step.cost; }

rc::Gen<std::vector<Step>> traces(std::int64_t least_move, std::int64_t most_move, std::int64_t most_cost) {
  return rc::gen::container<std::vector<Step>>(rc::gen::construct<Step>(
      rc::gen::inRange<std::int64_t>(least_move, most_move + 1), rc::gen::inRange<std::int64_t>(0, most_cost + 1)));
}

void expect(bool passed) { CHECK(passed); }

template <class L>
L any_limit() {
  const auto permits = *rc::gen::inRange<std::int64_t>(1, 40);
  return make_limit<L>(permits, permits * *rc::gen::inRange<std::int64_t>(1, 60));
}

TEMPLATE_LIST_TEST_CASE("any trace of any small limit is the model's", "", AllLimits) {
  expect(rc::check("equal to the model", [] {
    const auto limit = any_limit<TestType>();
    Subject<TestType> subject(limit);
    model::ModelOf<TestType> model(limit);
    std::int64_t now = 10'000;
    for (const Step& step : *traces(-30, 100, 41)) {
      now = std::max<std::int64_t>(0, now + step.move);
      const model::Answer ours = subject.take(now, step.cost);
      RC_ASSERT(ours == model.take(now, step.cost));
    }
  }));
}

TEMPLATE_LIST_TEST_CASE("retry_after is tight on any trace", "", AllLimits) {
  expect(rc::check("refused one nanosecond earlier, permitted then", [] {
    Subject<TestType> subject(any_limit<TestType>());
    std::int64_t now = 0;
    for (const Step& step : *traces(0, 100, 41)) {
      now += step.move;
      const model::Answer answer = subject.take(now, step.cost);
      if (answer.permitted || answer.retry_after == model::kNever) continue;
      RC_ASSERT_FALSE(subject.ask(now + answer.retry_after - 1, step.cost).permitted);
      RC_ASSERT(subject.ask(now + answer.retry_after, step.cost).permitted);
    }
  }));
}

TEMPLATE_LIST_TEST_CASE("after reset_after a key is as good as new, on any trace", "", AllLimits) {
  expect(rc::check("full, and owing nothing", [] {
    const auto limit = any_limit<TestType>();
    Subject<TestType> subject(limit);
    std::int64_t now = 0;
    for (const Step& step : *traces(0, 100, 40)) {
      now += step.move;
      const model::Answer answer = subject.take(now, step.cost);
      const std::int64_t reset = now + answer.reset_after;
      RC_ASSERT(subject.ask(reset, answer.limit).permitted);
      RC_ASSERT(subject.reset_after(reset) == 0);
      if (answer.reset_after > 0) RC_ASSERT(subject.reset_after(reset - 1) == 1);
    }
  }));
}

TEMPLATE_LIST_TEST_CASE("a refund never gives more than was taken, on any trace", "", AllLimits) {
  expect(rc::check("what is there after a refund was there before the charge", [] {
    Subject<TestType> subject(any_limit<TestType>());
    std::int64_t now = 0;
    for (const Step& step : *traces(0, 100, 41)) {
      now += step.move;
      const std::int64_t before = subject.ask(now, 0).remaining;
      if (!subject.take(now, step.cost).permitted) continue;
      subject.refund(now, step.cost);
      RC_ASSERT(subject.ask(now, 0).remaining <= before);
      (void)subject.take(now, 1);
    }
  }));
}

Limit any_printable_limit() {
  const auto permits = *rc::gen::inRange<std::int64_t>(1, 5000);
  const Duration window(
      *rc::gen::inRange<std::int64_t>(1, 1000) *
      *rc::gen::element<std::int64_t>(1, 1000, 1'000'000, 1'000'000'000, 60'000'000'000, 3'600'000'000'000));
  switch (*rc::gen::inRange(0, 4)) {
    case 0:
      return TokenBucket{{permits, window}, *rc::gen::inRange<std::int64_t>(1, 1'000'000)};
    case 1:
      return FixedWindow{permits, window};
    case 2:
      return SlidingWindow{permits, window};
    default:
      return SlidingLog{permits, window};
  }
}

TEST_CASE("what is printed is read as what it was") {
  expect(rc::check("parse_limit(to_string(limit)) == limit", [] {
    const Limit limit = any_printable_limit();
    RC_PRE(validate(limit).ok());
    RC_ASSERT(parse_limit(to_string(limit)).value() == limit);
  }));
}

}  // namespace
}  // namespace penstock
