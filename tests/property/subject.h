// One key as the library keeps it, asked in the words of the model; so a test can ask both and compare.

#ifndef PENSTOCK_TESTS_PROPERTY_SUBJECT_H_
#define PENSTOCK_TESTS_PROPERTY_SUBJECT_H_

#include <algorithm>
#include <cstdint>
#include <tuple>
#include <variant>

#include "model/model.h"
#include "moments.h"
#include "penstock/detail/algorithm/advance.h"
#include "penstock/detail/algorithm/algorithms.h"
#include "penstock/limit.h"

namespace penstock {

// Every alternative of `Limit`, as TEMPLATE_LIST_TEST_CASE wants them.
template <class>
struct Alternatives;
template <class... L>
struct Alternatives<std::variant<L...>> {
  using List = std::tuple<L...>;
};
using AllLimits = Alternatives<Limit>::List;

// `permits` in `window` ns, and as many at once.
template <class L>
L make_limit(std::int64_t permits, std::int64_t window) {
  if constexpr (std::is_same_v<L, TokenBucket>) {
    return {{permits, Duration(window)}, permits};
  } else {
    return {permits, Duration(window)};
  }
}

template <class L>
class Subject {
 public:
  using Rule = algorithm::Rule<L>;

  explicit Subject(const L& limit) : rule_(limit) {}
  explicit Subject(const Rule& rule) : rule_(rule) {}

  model::Answer ask(std::int64_t now, std::int64_t cost) const {
    return answer(algorithm::peek(rule_, state_, time(now), cost));
  }
  model::Answer take(std::int64_t now, std::int64_t cost) { return reserve(now, cost, 0); }
  model::Answer reserve(std::int64_t now, std::int64_t cost, std::int64_t max_wait) {
    return answer(algorithm::advance(rule_, state_, time(now), cost, {0, time(max_wait)}));
  }
  void refund(std::int64_t now, std::int64_t cost) {
    rule_.refund(state_, time(now), static_cast<std::uint64_t>(cost));
  }

  std::int64_t reach() const { return static_cast<std::int64_t>(rule_.reach()); }
  std::int64_t reset_after(std::int64_t now) const {
    return static_cast<std::int64_t>(algorithm::reset_after(rule_, state_, time(now)));
  }

 private:
  static algorithm::Time time(std::int64_t now) { return static_cast<algorithm::Time>(now); }

  static model::Answer answer(const Decision& d) {
    return {.permitted = d.permitted,
            .limit = d.limit,
            .remaining = d.remaining,
            .retry_after = d.retry_after.count(),
            .reset_after = d.reset_after.count()};
  }

  Rule rule_;
  typename Rule::State state_;
};

}  // namespace penstock

#endif  // PENSTOCK_TESTS_PROPERTY_SUBJECT_H_
