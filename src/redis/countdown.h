// Waits until something has happened a number of times. Like std::latch, whose wait() gives the processor up four
// times before it sleeps: with many callers that costs more than the sleep.
//
//   Countdown countdown(2);
//   countdown.down();            // any thread, twice
//   countdown.wait();            // one thread; destroys it afterwards, if it likes

#ifndef PENSTOCK_REDIS_COUNTDOWN_H_
#define PENSTOCK_REDIS_COUNTDOWN_H_

#include <atomic>
#include <cstdint>

#ifdef __linux__
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace penstock::redis {

class Countdown {
 public:
  explicit Countdown(std::uint32_t times) : word_(2 * times) {}

  [[nodiscard]] bool is_over() const { return word_.load(std::memory_order_acquire) < 2; }  // acquire: with down()

  void down(std::uint32_t times = 1) {
    // Whoever waits may be gone as soon as the word says that it is over. Waking an address is harmless then.
    std::atomic<std::uint32_t>* const word = &word_;
    const std::uint32_t before = word->fetch_sub(2 * times, std::memory_order_release);  // release: with is_over()
    if (before == 2 * times + kAsleep) wake(word);
  }

  void wait() {
    std::uint32_t word = word_.load(std::memory_order_acquire);  // acquire: with down()
    while (word >= 2) {
      if ((word & kAsleep) == 0) {
        if (!word_.compare_exchange_weak(word, word | kAsleep, std::memory_order_acquire)) continue;
        word |= kAsleep;
      }
      sleep(word);
      word = word_.load(std::memory_order_acquire);  // acquire: with down()
    }
  }

 private:
  static constexpr std::uint32_t kAsleep = 1;

#ifdef __linux__
  static_assert(sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t));
  void sleep(std::uint32_t word) { ::syscall(SYS_futex, &word_, FUTEX_WAIT_PRIVATE, word, nullptr, nullptr, 0); }
  static void wake(std::atomic<std::uint32_t>* word) {
    ::syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
  }
#else
  void sleep(std::uint32_t word) { word_.wait(word, std::memory_order_relaxed); }
  static void wake(std::atomic<std::uint32_t>* word) { word->notify_one(); }
#endif

  std::atomic<std::uint32_t> word_;  // twice how often it is still to happen, and whether somebody sleeps
};

}  // namespace penstock::redis

#endif  // PENSTOCK_REDIS_COUNTDOWN_H_
