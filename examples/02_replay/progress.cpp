#include "progress.h"

#include <algorithm>
#include <iostream>
#include <utility>

#include "terminal.h"
#include "text.h"

namespace replay {
namespace {

constexpr std::chrono::milliseconds kPatience(1000), kFrame(100);

}  // namespace

Progress::Progress(bool wanted) : enabled_(wanted && errors_on_terminal()), next_draw_(Clock::now() + kPatience) {}

void Progress::begin(std::string what, std::int64_t total) {
  what_ = shortened(for_terminal(what), 30);
  total_ = total;
}

void Progress::advance(std::int64_t done, std::int64_t items) {
  if (!enabled_ || Clock::now() < next_draw_) return;
  next_draw_ = Clock::now() + kFrame;
  drawn_ = true;
  std::cerr << "\r\x1b[K" << what_ << ' ';
  if (total_ > 0) {
    constexpr std::int64_t kWidth = 24;
    const std::int64_t filled = std::min(kWidth, done * kWidth / total_);
    for (std::int64_t i = 0; i < kWidth; ++i) std::cerr << (i < filled ? "█" : "░");
    std::cerr << ' ' << std::min<std::int64_t>(100, done * 100 / total_) << " % ";
  }
  std::cerr << grouped(items) << std::flush;
}

void Progress::end() {
  if (std::exchange(drawn_, false)) std::cerr << "\r\x1b[K" << std::flush;
}

}  // namespace replay
