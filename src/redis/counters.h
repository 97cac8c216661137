// What a reactor counts, for tests and metrics, and the one place where a question is given its answer.

#ifndef PENSTOCK_REDIS_COUNTERS_H_
#define PENSTOCK_REDIS_COUNTERS_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "redis/question.h"

namespace penstock::redis {

// Written by the reactor's thread and by those who ask, read by anyone; each number is right by itself.
struct Counters {
  std::atomic<bool> connected = false;
  std::atomic<std::size_t> outstanding = 0;  // questions that were taken and are not answered
  std::atomic<std::uint64_t> attempts = 0;   // to connect
  std::atomic<std::uint64_t> connects = 0;   // those that led to a server that answers
  std::atomic<std::uint64_t> script_loads = 0;
  std::atomic<std::uint64_t> calls = 0;  // of scripts, resent ones included
  std::atomic<std::uint64_t> questions = 0;
  std::atomic<std::uint64_t> unknown = 0;
  std::atomic<std::uint64_t> timeouts = 0;  // answers with kDeadlineExceeded
};

inline void count(std::atomic<std::uint64_t>& counter) { counter.fetch_add(1, std::memory_order_relaxed); }

// Answers a question that was taken. It may be gone afterwards.
inline void settle(Counters& counters, Question& question, const Answer& answer) {
  if (answer.fate == Fate::unknown) count(counters.unknown);
  if (answer.error == absl::StatusCode::kDeadlineExceeded) count(counters.timeouts);
  // Before the answer: whoever waited for it finds room for the next question.
  counters.outstanding.fetch_sub(1, std::memory_order_relaxed);
  question.answered(answer);
}

}  // namespace penstock::redis

#endif  // PENSTOCK_REDIS_COUNTERS_H_
