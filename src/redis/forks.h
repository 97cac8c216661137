// Whether this process is a child of the one that something belongs to. Without a system call: getpid() is a sixth
// of what a decision computes when there are many callers.
//
//   const int born = forks();
//   if (forks() != born) ...      // in a child after fork(), or a child's child

#ifndef PENSTOCK_REDIS_FORKS_H_
#define PENSTOCK_REDIS_FORKS_H_

#include <pthread.h>

#include <atomic>

namespace penstock::redis {

inline std::atomic<int> forks_so_far = 0;

inline int forks() {
  static const int failed =
      ::pthread_atfork(nullptr, nullptr, [] { forks_so_far.fetch_add(1, std::memory_order_relaxed); });
  (void)failed;  // for want of memory, in which nothing would work
  return forks_so_far.load(std::memory_order_relaxed);
}

}  // namespace penstock::redis

#endif  // PENSTOCK_REDIS_FORKS_H_
