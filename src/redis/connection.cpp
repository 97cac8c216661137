#include "redis/connection.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "redis/command.h"

namespace penstock::redis {
namespace {

constexpr std::size_t kReadBytes = std::size_t{16} * 1024;
constexpr std::size_t kKeptOutput = std::size_t{256} * 1024;  // capacity that an empty output buffer may keep

}  // namespace

Connection::Connection(Socket socket, const Address& address, std::span<const Script* const> scripts,
                       const ReplyLimits& limits, Duration answer_timeout, Counters& counters)
    : socket_(std::move(socket)),
      address_(address),
      counters_(counters),
      answer_timeout_(answer_timeout),
      reader_(limits) {
  greet(scripts);
}

// ---- out -----------------------------------------------------------------------------------------------

void Connection::greet(std::span<const Script* const> scripts) {
  const std::string_view user = address_.user;
  const std::string_view password = address_.password.view();
  if (!user.empty() || !password.empty()) {
    // One allocation for the whole greeting: growing would leave a copy of the password behind.
    std::size_t size = 256 + user.size() + password.size();
    for (const Script* script : scripts) size += 64 + script->text.size();
    out_.reserve(size);
    secret_in_out_ = true;
    if (user.empty()) {
      append_command(out_, {"AUTH", password});
    } else {
      append_command(out_, {"AUTH", user, password});
    }
    expect({.kind = Exchange::Kind::auth});
  }
  if (address_.database != 0) {
    append_command(out_, {"SELECT", Decimal(address_.database).view()});
    expect({.kind = Exchange::Kind::select});
  }
  for (const Script* script : scripts) load(*script);
  // To have connected proves nothing: the kernel does that for a server that is stopped. An answer does.
  append_command(out_, {"PING"});
  expect({.kind = Exchange::Kind::ping});
}

void Connection::load(const Script& script) {
  append_command(out_, {"SCRIPT", "LOAD", script.text});
  count(counters_.script_loads);
  expect({.kind = Exchange::Kind::load, .script = &script});
  loading(script).number = exchanges_;
}

void Connection::call(const Group& group, Instant now) { write_call(group, now, false); }

void Connection::write_call(const Group& group, Instant written, bool again) {
  append_call(out_, group);
  count(counters_.calls);
  ++calls_;
  deadline_ = std::min({deadline_, group.deadline, written + answer_timeout_});
  const Program& program = *group.first->program;
  expect({.kind = Exchange::Kind::call,
          .script = program.script,
          .group = group,
          .keys = program.keys,
          .written = written,
          .again = again});
}

// Notes that what was just appended will be answered.
void Connection::expect(Exchange exchange) {
  exchange.number = ++exchanges_;
  exchange.end = sent_ + unsent();
  in_flight_.push_back(exchange);
}

void Connection::send(Instant now) {
  while (open() && unsent() > 0) {
    const std::ptrdiff_t sent = socket_.send(out_.data() + out_begin_, unsent());
    if (sent == -EAGAIN) return;
    if (sent < 0) {
      // The server may have said why before it hung up.
      receive(now);
      return close(absl::UnavailableError(
                       absl::StrCat("connection lost: ", std::generic_category().message(static_cast<int>(-sent)))),
                   now);
    }
    out_begin_ += static_cast<std::size_t>(sent);
    sent_ += static_cast<std::uint64_t>(sent);
  }
  if (secret_in_out_) wipe(out_.data(), out_.size());
  secret_in_out_ = false;
  out_.clear();
  out_begin_ = 0;
  if (out_.capacity() > kKeptOutput) out_.shrink_to_fit();
}

short Connection::events() const { return static_cast<short>(unsent() > 0 ? POLLIN | POLLOUT : POLLIN); }

// ---- in ------------------------------------------------------------------------------------------------

void Connection::receive(Instant now) {
  char bytes[kReadBytes];
  while (open()) {
    const std::ptrdiff_t received = socket_.receive(bytes, sizeof(bytes));
    if (received == -EAGAIN) return;
    if (received <= 0) {
      const std::string why =
          received == 0 ? "the server closed it" : std::generic_category().message(static_cast<int>(-received));
      return close(absl::UnavailableError("connection lost: " + why), now);
    }
    reader_.feed({bytes, static_cast<std::size_t>(received)});
    while (open()) {
      const absl::StatusOr<const Reply*> reply = reader_.next();
      if (!reply.ok()) return close(reply.status(), now);
      if (*reply == nullptr) break;
      handle(**reply, now);
    }
    if (static_cast<std::size_t>(received) < sizeof(bytes)) return;
  }
}

void Connection::handle(const Reply& reply, Instant now) {
  if (in_flight_.empty()) return close(absl::DataLossError("protocol error: a reply that nobody asked for"), now);
  // What comes back before it was sent answers something else.
  if (in_flight_.front().end > sent_) {
    return close(absl::DataLossError("protocol error: a reply before its question"), now);
  }
  const Exchange exchange = in_flight_.front();
  in_flight_.pop_front();
  switch (exchange.kind) {
    case Exchange::Kind::call:
      return handle_call(exchange, reply, now);
    case Exchange::Kind::load:
      return handle_load(exchange, reply, now);
    case Exchange::Kind::auth:
    case Exchange::Kind::select:
    case Exchange::Kind::ping:
      return handle_greeting(exchange, reply, now);
  }
}

void Connection::handle_greeting(const Exchange& exchange, const Reply& reply, Instant now) {
  const bool ping = exchange.kind == Exchange::Kind::ping;
  if (reply.kind == Reply::Kind::status && reply.text == (ping ? "PONG" : "OK")) {
    ready_ = ping;
    return;
  }
  if (reply.kind != Reply::Kind::error) {
    return close(absl::DataLossError("protocol error: the other end does not speak like a Redis server"), now);
  }
  const Verdict verdict = classify(reply.text);
  if (ping && verdict == Verdict::forbidden && reply.text.substr(0, 6) == "NOPERM") {
    ready_ = true;  // it lives and knows us
    return;
  }
  const bool auth = exchange.kind == Exchange::Kind::auth;
  const std::string_view what = ping ? "PING" : auth ? "AUTH" : "SELECT";
  absl::StatusCode reason = code(verdict);
  if (verdict == Verdict::defect) {
    reason = auth   ? absl::StatusCode::kPermissionDenied
             : ping ? absl::StatusCode::kUnavailable
                    : absl::StatusCode::kNotFound;
  }
  close(refused(reason, what, reply.text), now);
}

void Connection::handle_load(const Exchange& exchange, const Reply& reply, Instant now) {
  if (reply.kind == Reply::Kind::string && reply.text.size() == 40) return;
  if (reply.kind != Reply::Kind::error) {
    return close(absl::DataLossError("protocol error: SCRIPT LOAD was not answered with a digest"), now);
  }
  const Verdict verdict = classify(reply.text);
  absl::Status why = refused(code(verdict), "SCRIPT LOAD", reply.text);
  // Whoever is forbidden to load may find the script loaded by the operator. What is unavailable will be so for
  // the calls as well; in the greeting it ends the attempt.
  if (verdict == Verdict::forbidden || verdict == Verdict::defect) {
    loading(*exchange.script).refusal = why.code();
    error_ = std::move(why);
  } else if (!ready_) {
    close(why, now);
  }
}

void Connection::handle_call(const Exchange& exchange, const Reply& reply, Instant now) {
  --calls_;
  if (calls_ == 0) deadline_ = Instant::max();
  if (reply.kind == Reply::Kind::error) {
    handle_refusal(exchange, reply.text);
    if (retiring_ && calls_ == 0) close(error_, now);
    return;
  }
  const Group& group = exchange.group;
  const std::size_t keys = exchange.keys;
  if (reply.kind != Reply::Kind::array || reply.children.size() != 1 + group.questions * keys ||
      reply.children.front().kind != Reply::Kind::integer) {
    // It ran, whatever it was. Close: the reply may be another call's.
    answer(group, {.fate = Fate::unknown, .error = absl::StatusCode::kInternal});
    return close(absl::DataLossError(absl::StrCat("script \"", std::string(exchange.script->name),
                                                  "\" answered in another shape than agreed")),
                 now);
  }
  useful_ = true;
  std::span<const Reply> values = reply.children.subspan(1);
  for_each(group, [&](Question& question) {
    values = values.subspan(question.gone_before * keys);
    settle(counters_, question,
           {.fate = Fate::answered, .now = reply.children.front().integer, .values = values.first(keys)});
    values = values.subspan(keys);
  });
  if (retiring_ && calls_ == 0) close(error_, now);
}

void Connection::handle_refusal(const Exchange& exchange, std::string_view line) {
  const Verdict verdict = classify(line);
  absl::StatusCode reason = code(verdict);
  if (verdict == Verdict::not_loaded) {
    const Script& script = *exchange.script;
    const Loading& last = loading(script);
    if (last.refusal == absl::StatusCode::kOk && !exchange.again) {
      // A load that was written after this call comes before its second try: one load does for all calls in flight.
      if (last.number < exchange.number) load(script);
      Group rest;
      for_each(exchange.group, [&](Question& question) { append(rest, question); });
      if (rest.questions > 0) write_call(rest, exchange.written, true);
      return;
    }
    // An error of the load says more than that it is not loaded.
    if (last.refusal != absl::StatusCode::kOk) reason = last.refusal;
  }
  if (verdict != Verdict::not_loaded || error_.ok()) {
    error_ = refused(reason, absl::StrCat("script \"", std::string(exchange.script->name), "\""), line);
  }
  // A replica that we took for the primary stays a replica: look for the primary again.
  if (verdict == Verdict::read_only) retiring_ = true;
  answer(exchange.group, {.fate = ran_maybe(verdict) ? Fate::unknown : Fate::not_run, .error = reason});
}

// ---- the end -------------------------------------------------------------------------------------------

void Connection::expire(Instant now) {
  if (deadline_ > now) return;
  deadline_ = Instant::max();
  for (Exchange& exchange : in_flight_) {
    if (exchange.kind != Exchange::Kind::call) continue;
    const Instant too_old = exchange.written + answer_timeout_;
    if (too_old <= now) return close(absl::DeadlineExceededError("no answer within the deadline"), now);
    give_up_late(exchange.group, now);
    deadline_ = std::min({deadline_, exchange.group.deadline, too_old});
  }
}

// It may have run, or may yet.
void Connection::give_up_late(Group& group, Instant now) {
  const Group before = group;
  group = {.questions = before.questions, .bytes = before.bytes};
  std::size_t gone = 0;
  for_each(before, [&](Question& question) {
    gone += question.gone_before;
    if (question.deadline <= now) {
      ++gone;
      return settle(counters_, question, {.fate = Fate::unknown, .error = absl::StatusCode::kDeadlineExceeded});
    }
    append(group, question);
    question.gone_before = std::exchange(gone, 0);
  });
  group.questions = before.questions;
}

void Connection::close(const absl::Status& error, Instant now) {
  if (!open()) return;
  error_ = error;
  socket_.close();
  wipe(out_.data(), secret_in_out_ ? out_.size() : 0);
  const std::deque<Exchange> lost = std::exchange(in_flight_, {});
  calls_ = 0;
  deadline_ = Instant::max();
  const absl::StatusCode reason =
      error_.code() == absl::StatusCode::kCancelled ? absl::StatusCode::kCancelled : absl::StatusCode::kUnavailable;
  for (const Exchange& exchange : lost) {
    if (exchange.kind != Exchange::Kind::call) continue;
    // A script runs when its last byte has come, so what was cut short has not run.
    const Fate fate = exchange.end <= sent_ ? Fate::unknown : Fate::not_run;
    for_each(exchange.group, [&](Question& question) {
      const bool late = question.deadline <= now;
      settle(counters_, question, {.fate = fate, .error = late ? absl::StatusCode::kDeadlineExceeded : reason});
    });
  }
}

void Connection::answer(const Group& group, const Answer& answer) {
  for_each(group, [&](Question& question) { settle(counters_, question, answer); });
}

Connection::Loading& Connection::loading(const Script& script) {
  for (Loading& loading : loadings_) {
    if (loading.script == &script) return loading;
  }
  return loadings_.emplace_back(Loading{.script = &script, .number = 0});
}

// What the server said, in what a log can take: printable, short, and without the password that a strange server
// might send back. A command that a server does not know it repeats with its arguments, cut off somewhere: these
// are keys or a password.
absl::Status Connection::refused(absl::StatusCode code, std::string_view what, std::string_view line) const {
  line = line.substr(0, line.find(", with args beginning with"));
  std::string text(line.substr(0, 160));
  for (char& c : text) c = ' ' <= c && c <= '~' ? c : '?';
  const std::string_view password = address_.password.view();
  if (!password.empty() && line.find(password) != std::string_view::npos) text = "(it repeats the password)";
  return {code, absl::StrCat(std::string(what), " refused by ", to_string(address_), ": ", text)};
}

}  // namespace penstock::redis
