// Questions in the line for a connection, sorted into the script calls that they will go out as.
//
//   Line line({.questions = 64, .bytes = 256 * 1024});
//   line.add(question);               // joins the last group of its program, or begins one at the end
//   Group group = line.take();        // the front
//
// Questions of one program keep their order: one that does not fit the last group of its program (another op,
// another patience, no room) begins a new group, and later ones join that.
//
// Not thread safe: the line is the reactor's thread's own.

#ifndef PENSTOCK_REDIS_LINE_H_
#define PENSTOCK_REDIS_LINE_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "redis/question.h"

namespace penstock::redis {

using Instant = std::chrono::steady_clock::time_point;

// One script call: questions that differ in key and cost only, linked by `next`.
struct Group {
  Question* first = nullptr;
  Question* last = nullptr;
  std::size_t questions = 0;
  std::size_t bytes = 0;              // of keys
  Instant deadline = Instant::max();  // the earliest of them, or earlier
};

inline std::size_t bytes_of_keys(const Question& question) {
  std::size_t bytes = 0;
  for (const std::string& key : question.keys) bytes += key.size();
  return bytes;
}

void append(Group& group, Question& question);

// Appends the group's EVALSHA.
void append_call(std::string& out, const Group& group);

// Calls `visit(Question&)` for each question; it may destroy the question.
template <class Visit>
void for_each(const Group& group, Visit visit) {
  for (Question* question = group.first; question != nullptr;) {
    Question* const next = question->next;
    visit(*question);
    question = next;
  }
}

class Line {
 public:
  struct Most {
    std::size_t questions;        // in a group
    std::size_t bytes;            // of keys in a group; a single question may have more
    std::size_t keys = SIZE_MAX;  // in a group; a single question may have more
  };

  explicit Line(const Most& most) : most_(most) {}

  void add(Question& question);
  [[nodiscard]] bool empty() const { return groups_.empty(); }
  // The first group. The line must not be empty.
  Group take();

  // No question in the line has an earlier deadline.
  [[nodiscard]] Instant deadline() const { return deadline_; }
  // Takes out those whose deadline has come, as one group.
  Group take_expired(Instant now);

 private:
  [[nodiscard]] bool fits(const Group& group, const Question& question) const;
  void drop_empty();

  const Most most_;
  std::deque<Group> groups_;  // one that expired altogether stays, empty, until it is at the front; so none moves
  absl::flat_hash_map<const Program*, Group*> last_of_;
  Instant deadline_ = Instant::max();
};

}  // namespace penstock::redis

#endif  // PENSTOCK_REDIS_LINE_H_
