// One socket that is connected, and the conversation on it: first the greeting (who we are, which database, the
// scripts), then script calls in a pipeline, each answered in its turn.
//
//   Connection connection(socket, address, scripts, limits, answer_timeout, counters);
//   poll(connection.descriptor(), connection.events())
//   connection.receive(now);                              // answers questions
//   if (connection.ready()) connection.call(line.take(), now);
//   connection.send(now);                                 // one send() for all that was called
//
// A connection that went wrong in any way is closed and stays closed. Then what was not sent to the last byte has
// not run, and the rest of what is in flight is unknown: it is answered so, and never sent again. Only a NOSCRIPT,
// which proves that nothing ran, makes it load the script and send the same call again, once.
//
// A question whose deadline comes while its call is in flight is unknown; its place in the reply is kept, and
// skipped when the reply comes. Only a call that is not answered within `answer_timeout` closes the connection: one
// caller's short deadline is no other's.
//
// Not thread safe: it is the reactor's thread's own.

#ifndef PENSTOCK_REDIS_CONNECTION_H_
#define PENSTOCK_REDIS_CONNECTION_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "penstock/limit.h"
#include "redis/counters.h"
#include "redis/error_reply.h"
#include "redis/line.h"
#include "redis/reply.h"
#include "redis/socket.h"
#include "redis/url.h"

namespace penstock::redis {

class Connection {
 public:
  // Begins the greeting. `address` and `counters` must outlive the connection.
  Connection(Socket socket, const Address& address, std::span<const Script* const> scripts,
             const ReplyLimits& limits, Duration answer_timeout, Counters& counters);
  // Must be closed.
  ~Connection() = default;

  // Greeted, and not to be left: takes calls.
  [[nodiscard]] bool ready() const { return ready_ && !retiring_ && open(); }
  [[nodiscard]] bool greeted() const { return ready_; }
  [[nodiscard]] bool open() const { return socket_.descriptor() >= 0; }
  // A script answered, and the server is worth coming back to.
  [[nodiscard]] bool useful() const { return useful_ && !retiring_; }
  // Why it is closed, or what the server refused lately.
  [[nodiscard]] const absl::Status& error() const { return error_; }

  [[nodiscard]] int descriptor() const { return socket_.descriptor(); }
  [[nodiscard]] short events() const;
  [[nodiscard]] std::size_t calls() const { return calls_; }  // in flight
  [[nodiscard]] std::size_t unsent() const { return out_.size() - out_begin_; }
  // When to expire(): no question in flight has an earlier deadline, and no call gets too old before.
  [[nodiscard]] Instant deadline() const { return deadline_; }

  void call(const Group& group, Instant now);
  void send(Instant now);
  void receive(Instant now);
  // Answers questions in flight whose deadline has come; closes if a call is unanswered for too long.
  void expire(Instant now);
  // Answers everything in flight. `error` must not be OK.
  void close(const absl::Status& error, Instant now);

 private:
  // Something that was written and waits for its reply.
  struct Exchange {
    enum class Kind : std::uint8_t { auth, select, load, ping, call };
    Kind kind;
    const Script* script = nullptr;  // of load and call
    Group group = {};                // of call: those that are not answered yet, but `questions` counts all
    std::size_t keys = 0;            // of call: of each question
    Instant written = {};            // of call: for the first time
    bool again = false;              // a call that goes for the second time
    std::uint64_t number = 0;        // in the order of writing
    std::uint64_t end = 0;           // bytes of the connection up to and including this
  };

  // What this connection knows of a script.
  struct Loading {
    const Script* script;
    std::uint64_t number;  // of the last load's exchange
    absl::StatusCode refusal = absl::StatusCode::kOk;
  };

  void greet(std::span<const Script* const> scripts);
  void expect(Exchange exchange);
  void load(const Script& script);
  void write_call(const Group& group, Instant written, bool again);
  Loading& loading(const Script& script);

  void handle(const Reply& reply, Instant now);
  void handle_greeting(const Exchange& exchange, const Reply& reply, Instant now);
  void handle_load(const Exchange& exchange, const Reply& reply, Instant now);
  void handle_call(const Exchange& exchange, const Reply& reply, Instant now);
  void handle_refusal(const Exchange& exchange, std::string_view line);
  void answer(const Group& group, const Answer& answer);
  void give_up_late(Group& group, Instant now);
  [[nodiscard]] absl::Status refused(absl::StatusCode code, std::string_view what, std::string_view line) const;

  Socket socket_;
  const Address& address_;
  Counters& counters_;
  const Duration answer_timeout_;
  ReplyReader reader_;
  std::deque<Exchange> in_flight_;
  std::vector<Loading> loadings_;
  std::string out_;
  std::size_t out_begin_ = 0;
  std::uint64_t sent_ = 0;  // bytes ever taken by the socket
  std::uint64_t exchanges_ = 0;
  std::size_t calls_ = 0;
  Instant deadline_ = Instant::max();
  bool secret_in_out_ = false;
  bool ready_ = false;
  bool retiring_ = false;
  bool useful_ = false;
  absl::Status error_;
};

}  // namespace penstock::redis

#endif  // PENSTOCK_REDIS_CONNECTION_H_
