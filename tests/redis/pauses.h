// How late this machine wakes whoever sleeps: what a test of deadlines must not blame on the code.
//
//   Pauses pauses;
//   ...
//   CHECK(late_ms <= 5 + pauses.worst_ms());

#ifndef PENSTOCK_TESTS_REDIS_PAUSES_H_
#define PENSTOCK_TESTS_REDIS_PAUSES_H_

#include <atomic>
#include <chrono>
#include <stop_token>
#include <thread>

namespace penstock::redis {

class Pauses {
 public:
  double worst_ms() const { return worst_ms_; }

 private:
  void watch(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(1);
      std::this_thread::sleep_until(until);
      const double late =
          std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - until).count();
      double worst = worst_ms_;
      while (late > worst && !worst_ms_.compare_exchange_weak(worst, late)) continue;
    }
  }

  std::atomic<double> worst_ms_ = 0;
  std::jthread first_{[this](const std::stop_token& stop) { watch(stop); }};
  std::jthread second_{[this](const std::stop_token& stop) { watch(stop); }};
};

}  // namespace penstock::redis

#endif  // PENSTOCK_TESTS_REDIS_PAUSES_H_
