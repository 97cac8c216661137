#include "series.h"

#include <algorithm>
#include <array>

namespace replay {
namespace {

using std::chrono::minutes;

// The start of the step that `moment` is in. Steps are counted from 1970, so that they begin on whole hours.
Moment step_start(Moment moment, minutes step) {
  const auto since = std::chrono::floor<minutes>(moment.time_since_epoch());
  return Moment(since - since % step);
}

}  // namespace

Series gather(const std::vector<Minute>& all, std::size_t columns_max) {
  Series series;
  if (all.empty()) return series;
  const Moment first = all.front().start, last = all.back().start;
  const auto columns = [&](minutes step) {
    return static_cast<std::size_t>((step_start(last, step) - step_start(first, step)) / step) + 1;
  };
  while (columns(series.step) > columns_max) series.step = round_step(series.step + minutes(1));
  series.start = step_start(first, series.step);
  series.columns.resize(columns(series.step));
  for (const Minute& minute : all) {
    series.columns[static_cast<std::size_t>((minute.start - series.start) / series.step)] += minute.tally;
  }
  return series;
}

minutes round_step(minutes length) {
  constexpr std::array<int, 14> kSteps = {1, 2, 5, 10, 15, 20, 30, 60, 120, 180, 240, 360, 720, 1440};
  const auto step = std::lower_bound(kSteps.begin(), kSteps.end(), length.count());
  if (step != kSteps.end()) return minutes(*step);
  minutes days(kSteps.back());
  while (days < length) days *= 2;
  return days;
}

}  // namespace replay
