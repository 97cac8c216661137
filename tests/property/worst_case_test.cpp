// The worst case that limit.h states for each algorithm, found by searching every trace of a small world: what one
// rolling window can be made to admit, no less and no more.

#include <map>

#include "catch.h"
#include "property/subject.h"

namespace penstock {
namespace {

// The most that can be admitted in [start, start + window) by any trace that begins at 0, one request of any cost
// at a time.
template <class L>
std::int64_t most_admitted(const Subject<L>& subject, std::int64_t now, std::int64_t start, std::int64_t window,
                           std::int64_t limit) {
  if (now == start + window) return 0;
  std::int64_t most = most_admitted(subject, now + 1, start, window, limit);
  for (std::int64_t cost = 1; cost <= limit; ++cost) {
    Subject<L> next = subject;
    if (!next.take(now, cost).permitted) break;
    const std::int64_t counted = now >= start ? cost : 0;
    most = std::max(most, counted + most_admitted(next, now + 1, start, window, limit));
  }
  return most;
}

TEMPLATE_LIST_TEST_CASE("one rolling window can be made to admit what limit.h says, and no more", "", AllLimits) {
  constexpr std::int64_t kLimit = 3;
  constexpr std::int64_t kWindow = 6;
  std::int64_t most = 0;
  for (std::int64_t start = 0; start <= kWindow; ++start) {
    const Subject<TestType> subject(make_limit<TestType>(kLimit, kWindow));
    most = std::max(most, most_admitted(subject, 0, start, kWindow, kLimit));
  }
  const std::map<std::string, std::int64_t> stated = {{"3/6ns burst=3", 2 * kLimit - 1},
                                                      {"3/6ns algo=fixed", 2 * kLimit},
                                                      {"3/6ns", 2 * kLimit - 1},
                                                      {"3/6ns algo=log", kLimit}};
  CHECK(most == stated.at(to_string(make_limit<TestType>(kLimit, kWindow))));
}

TEST_CASE("199 of 100 a minute pass a sliding window, the last at 119.4 s") {
  constexpr std::int64_t kMilli = 1'000'000;
  Subject<SlidingWindow> subject(SlidingWindow{100, std::chrono::minutes(1)});
  CHECK(subject.take(59'999 * kMilli, 100).permitted);
  int admitted = 100;
  std::int64_t last = 0;
  for (std::int64_t ms = 60'000; ms < 119'999; ++ms) {
    if (!subject.take(ms * kMilli, 1).permitted) continue;
    ++admitted;
    last = ms;
  }
  CHECK(admitted == 199);
  CHECK(last == 119'400);
}

}  // namespace
}  // namespace penstock
