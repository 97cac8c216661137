// Where any thread leaves questions, and one thread picks them up in the order in which they came.
//
//   if (inbox.push(first, last)) waker.wake();      // any thread; true if the other one sleeps
//
//   Question* list = inbox.take();                  // the one thread; linked by `next`, oldest first
//   if (inbox.sleep()) poll(...);                   // false if something has come since
//
// A stack of one word: null while empty, a mark while empty and asleep, else the newest question.

#ifndef PENSTOCK_REDIS_INBOX_H_
#define PENSTOCK_REDIS_INBOX_H_

#include <atomic>
#include <cstddef>

#include "redis/question.h"

namespace penstock::redis {

class Inbox {  // NOLINT(clang-analyzer-optin.performance.Padding)
 public:
  // A chain from its newest question to its oldest, linked by `next`. True if the reader must be woken.
  [[nodiscard]] bool push(Question& newest, Question& oldest) {
    Question* head = head_.load(std::memory_order_relaxed);
    do {
      oldest.next = head == asleep() ? nullptr : head;
      // release: pairs with the acquire in take()
    } while (!head_.compare_exchange_weak(head, &newest, std::memory_order_release, std::memory_order_relaxed));
    return head == asleep();
  }

  // Everything that is there, and no longer asleep.
  [[nodiscard]] Question* take() {
    if (head_.load(std::memory_order_relaxed) == nullptr) return nullptr;
    Question* newest = head_.exchange(nullptr, std::memory_order_acquire);  // acquire: pairs with push()
    if (newest == asleep()) return nullptr;
    Question* oldest_first = nullptr;
    while (newest != nullptr) {
      Question* const older = newest->next;
      newest->next = oldest_first;
      oldest_first = newest;
      newest = older;
    }
    return oldest_first;
  }

  // No longer asleep, for the one thread looks soon.
  void wake() {
    Question* mark = asleep();
    (void)head_.compare_exchange_strong(mark, nullptr, std::memory_order_relaxed);
  }

  // To see whether something came; not to be looked into.
  [[nodiscard]] const void* newest() const { return head_.load(std::memory_order_relaxed); }

  // From now on push() asks to wake. False if something is there.
  [[nodiscard]] bool sleep() {
    Question* empty = nullptr;
    return head_.compare_exchange_strong(empty, asleep(), std::memory_order_relaxed) || empty == asleep();
  }

 private:
  // An address that is no question's; it is only compared.
  Question* asleep() { return reinterpret_cast<Question*>(mark_); }

  alignas(Question) char mark_[1] = {};
  alignas(64) std::atomic<Question*> head_ = nullptr;
};

}  // namespace penstock::redis

#endif  // PENSTOCK_REDIS_INBOX_H_
