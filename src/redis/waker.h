// Wakes one thread that sleeps in poll().

#ifndef PENSTOCK_REDIS_WAKER_H_
#define PENSTOCK_REDIS_WAKER_H_

namespace penstock::redis {

class Waker {
 public:
  Waker();
  ~Waker();
  Waker(const Waker&) = delete;
  Waker& operator=(const Waker&) = delete;

  // False if the process had no descriptors left.
  [[nodiscard]] bool ok() const { return ends_[0] >= 0; }
  // Readable after a wake(), until drained.
  [[nodiscard]] int descriptor() const { return ends_[0]; }

  void wake() const;   // any thread, also a signal handler
  void drain() const;  // the one that sleeps

 private:
  int ends_[2] = {-1, -1};
};

}  // namespace penstock::redis

#endif  // PENSTOCK_REDIS_WAKER_H_
