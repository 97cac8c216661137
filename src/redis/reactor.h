// Asks one server for all threads of the process.
//
//   Reactor reactor({.address = parse_url("redis://10.0.0.7").value()});
//   reactor.ask(question);                  // any thread; question.answered() is called once, by the deadline
//
// One thread does all I/O. It takes what callers have left since it last looked, packs it into few script calls and
// sends them with one system call, so the more callers there are the less each costs. While enough calls are in
// flight new questions gather for the next; there is no timer. A single caller who waits anyway does the I/O
// himself, until a second one comes: that spares waking two threads.
//
// Every question is answered by its deadline, give or take a millisecond, whatever the server does. One that was
// sent and not answered in time is `unknown`. A call that is not answered within `answer_timeout` takes its
// connection with it: whatever was in flight there becomes unknown, too. Nothing is ever sent twice, but for calls
// of which the server said that it lacks the script.
//
// Connecting happens in the background. Questions wait for it until their deadline, unless the last attempt failed:
// then they are refused inside ask(), which costs no system call, until one succeeds.
//
// In a child after fork() every question is refused, and the parent's connection is left alone.

#ifndef PENSTOCK_REDIS_REACTOR_H_
#define PENSTOCK_REDIS_REACTOR_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "penstock/limit.h"
#include "redis/question.h"
#include "redis/url.h"

namespace penstock::redis {

struct ReactorOptions {
  Address address;
  Duration connect_timeout = std::chrono::milliseconds(250);  // name, connection and greeting together
  Duration answer_timeout = std::chrono::seconds(5);          // how long a server may owe the answer to a call
  std::size_t max_in_flight = 1024;                           // questions that are taken and not answered
  std::size_t max_reply_bytes = std::size_t{64} * 1024;
  std::size_t max_keys_per_call = 64;  // questions in one script call
  std::size_t max_calls_in_flight = 2;
  std::size_t max_question_bytes = std::size_t{1024} * 1024;  // keys of one question
  Duration backoff_min = std::chrono::milliseconds(10);
  Duration backoff_max = std::chrono::seconds(2);
  std::function<void()> on_connect = [] {};  // on the reactor's thread, when a server has answered the greeting
};

struct ReactorState {
  bool connected = false;
  std::size_t outstanding = 0;  // questions that were taken and are not answered
  std::uint64_t attempts = 0;   // to connect
  std::uint64_t connects = 0;   // those that led to a server that answers
  std::uint64_t script_loads = 0;
  std::uint64_t calls = 0;      // of scripts, resent ones included
  std::uint64_t questions = 0;  // that were taken
  std::uint64_t unknown = 0;    // answers
  std::uint64_t timeouts = 0;   // answers
};

// What went wrong last.
struct ReactorTrouble {
  std::string text;  // empty if nothing ever did
  std::chrono::system_clock::time_point when;
};

enum class Asker : std::uint8_t {
  goes_on,
  waits,  // has nothing else to do until all is answered: may do the I/O himself
};

class Reactor {
 public:
  explicit Reactor(const ReactorOptions& options);
  // Answers what is outstanding, unknown if it was sent and not_run if not, with kCancelled. Nobody may ask any
  // more, except from within answered().
  ~Reactor();
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  // Any thread, at any time; never waits, unless the asker says that he does. Refuses at once, with not_run, what
  // is malformed (kInvalidArgument), what is more than max_in_flight (kResourceExhausted), everything while the
  // server cannot be reached (last_error()'s code), and everything in a child after fork() (kFailedPrecondition).
  void ask(Question& question);
  // The same for several, which keep their order. If there is no room for all, those at the end are refused.
  void ask(std::span<Question* const> questions, Asker asker = Asker::goes_on);

  // Whether this is a child after fork(): the reactor's thread is not here, and nothing will be answered any more.
  [[nodiscard]] bool in_child() const;

  // OK as soon as the server answers; at `deadline` last_error(), or kDeadlineExceeded if nothing went wrong so
  // far. Any thread but the reactor's.
  [[nodiscard]] absl::Status wait_until_connected(std::chrono::steady_clock::time_point deadline) const;

  // For tests and metrics. Any thread.
  [[nodiscard]] ReactorState state() const;
  // Why the server cannot be reached, or what it refused lately; OK if all is well. Holds no secret. Any thread.
  [[nodiscard]] absl::Status last_error() const;
  // The same, but it stays when all is well again.
  [[nodiscard]] ReactorTrouble last_trouble() const;

 private:
  class Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace penstock::redis

#endif  // PENSTOCK_REDIS_REACTOR_H_
