// A bar on the terminal for work that takes longer than a second; silence everywhere else.

#ifndef PENSTOCK_EXAMPLES_REPLAY_PROGRESS_H_
#define PENSTOCK_EXAMPLES_REPLAY_PROGRESS_H_

#include <chrono>
#include <cstdint>
#include <string>

namespace replay {

class Progress {
 public:
  // Shows nothing unless `wanted` and standard error is a terminal.
  explicit Progress(bool wanted);

  // `total` 0: nobody knows; then the bar is a count of `items`.
  void begin(std::string what, std::int64_t total);
  void advance(std::int64_t done, std::int64_t items);
  void end();

 private:
  using Clock = std::chrono::steady_clock;

  bool enabled_;
  bool drawn_ = false;
  std::string what_;
  std::int64_t total_ = 0;
  Clock::time_point next_draw_;
};

}  // namespace replay

#endif  // PENSTOCK_EXAMPLES_REPLAY_PROGRESS_H_
