// Minutes gathered into as many columns as there is room for.

#ifndef PENSTOCK_EXAMPLES_REPLAY_SERIES_H_
#define PENSTOCK_EXAMPLES_REPLAY_SERIES_H_

#include <chrono>
#include <cstddef>
#include <vector>

#include "replay.h"

namespace replay {

struct Series {
  Moment start;                  // of the first column, a whole multiple of `step`
  std::chrono::minutes step{1};  // what a column covers
  std::vector<Tally> columns;    // no gaps

  [[nodiscard]] Moment start_of(std::size_t column) const {
    return start + step * static_cast<std::chrono::minutes::rep>(column);
  }
  [[nodiscard]] Moment end() const { return start_of(columns.size()); }
};

// The finest round step with which `minutes` need at most `columns_max` columns. No minutes, no columns.
Series gather(const std::vector<Minute>& minutes, std::size_t columns_max);

// The least length that people count time in (1, 2, 5, 10, 15, 20, 30 minutes, 1, 2, 3, 4, 6, 12 hours, then
// 1, 2, 4, ... days) that is at least `length`.
std::chrono::minutes round_step(std::chrono::minutes length);

}  // namespace replay

#endif  // PENSTOCK_EXAMPLES_REPLAY_SERIES_H_
