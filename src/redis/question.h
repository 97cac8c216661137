// What a limiter asks of a server, and how the answer comes back.
//
//   struct Waiter : Question { void answered(const Answer& answer) override { ... } };
//   Waiter waiter;
//   waiter.program = &program;
//   waiter.keys = {"{user:7}"};
//   waiter.op = "advance";
//   waiter.deadline = std::chrono::steady_clock::now() + 20ms;
//   reactor.ask(waiter);            // `waiter` lives until it is answered
//
// Questions of one program with the same op, patience and now go out together, as one script call:
//
//   EVALSHA <sha1> <number of keys> <keys of all, in order> "<op> <now> <patience> <limits>" <cost>...
//
// with a cost for each question, or one for all; and the script answers with one array: the time it used in
// microseconds, then one element for each key, which is a nil, an integer, a string, an error or a flat array.

#ifndef PENSTOCK_REDIS_QUESTION_H_
#define PENSTOCK_REDIS_QUESTION_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"
#include "redis/reply.h"
#include "redis/scripts.h"

namespace penstock::redis {

// What all questions of a limiter have in common. Outlives them.
struct Program {
  const Script* script = nullptr;
  std::string limits;    // as shell.lua has them
  std::size_t keys = 1;  // of each question
};

enum class Fate : std::uint8_t {
  answered,  // the script ran, and this is what it said
  not_run,   // nothing was charged
  unknown,   // charged or not: the call left, and no answer came
};

struct Answer {
  Fate fate = Fate::not_run;
  absl::StatusCode error = absl::StatusCode::kOk;  // kOk if and only if answered
  std::int64_t now = 0;                            // the script's time, in microseconds
  std::span<const Reply> values = {};              // one for each key; gone when answered() returns
};

// Owned by whoever asks.
class Question {
 public:
  Question() = default;
  Question(const Question&) = delete;
  Question& operator=(const Question&) = delete;
  virtual ~Question() = default;

  // Called exactly once: on the reactor's thread, or inside ask() if the question is refused at once or its asker
  // waits. Must be quick and must not throw; may ask another question, but not wait for it; may destroy this one,
  // but not the reactor.
  virtual void answered(const Answer& answer) = 0;

  const Program* program = nullptr;
  absl::InlinedVector<std::string, 1> keys;  // as many as program->keys
  std::int64_t cost = 0;
  std::string_view op;        // "advance", "peek", "refund", "reset"
  std::int64_t patience = 0;  // microseconds
  std::string now;            // empty: the server's clock
  std::chrono::steady_clock::time_point deadline;

  // The reactor's, from ask() to answered():
  Question* next = nullptr;
  std::size_t gone_before = 0;  // questions of its call right before it that are answered already
};

}  // namespace penstock::redis

#endif  // PENSTOCK_REDIS_QUESTION_H_
