#include "redis/reactor.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <iterator>
#include <mutex>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "redis/backoff.h"
#include "redis/connection.h"
#include "redis/counters.h"
#include "redis/dialer.h"
#include "redis/forks.h"
#include "redis/inbox.h"
#include "redis/line.h"
#include "redis/signals.h"
#include "redis/waker.h"

namespace penstock::redis {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kGroupBytes = std::size_t{256} * 1024;  // keys in one call of more than one question
// What a reply has for a key, at most: three integers of 16 digits in a string, or an error, framing included.
constexpr std::size_t kAnswerBytes = 72;
constexpr std::size_t kUnsentBytes =
    std::size_t{1024} * 1024;                     // above this nothing is added to what waits for the socket
constexpr Duration kTimeSlice = milliseconds(5);  // above what schedulers give to a thread that is not interrupted
constexpr Duration kSlowGathering = milliseconds(1);
constexpr int kIdleGatherings = 4;
constexpr int kSkippedWhenIdle = 64;
constexpr int kSkippedWhenSlow = 1024;
constexpr int kSkippedStandIns = 64;
#ifdef POLLRDHUP
constexpr bool kMayLend = true;
constexpr short kHangUp = POLLRDHUP;
#else
constexpr bool kMayLend = false;  // poll() could not wait for the end of a connection alone
constexpr short kHangUp = 0;
#endif
// A wrong password does not get right by being said more often, and servers log it.
constexpr Duration kForbiddenBackoff = seconds(1);

bool is_forbidden(absl::StatusCode code) {
  return code == absl::StatusCode::kPermissionDenied || code == absl::StatusCode::kNotFound;
}

bool is_well_formed(const Question& question, std::size_t max_bytes) {
  const Program* const program = question.program;
  if (program == nullptr || program->script == nullptr || program->keys == 0) return false;
  return question.keys.size() == program->keys && bytes_of_keys(question) <= max_bytes;
}

std::size_t length(const Question* list) {
  std::size_t questions = 0;
  for (; list != nullptr; list = list->next) ++questions;
  return questions;
}

void refuse(Question& question, absl::StatusCode error) {
  question.answered({.fate = Fate::not_run, .error = error});
}

}  // namespace

class Reactor::Loop {  // NOLINT(clang-analyzer-optin.performance.Padding)
 public:
  explicit Loop(const ReactorOptions& options)
      : options_(options),
        limits_{.bytes = options.max_reply_bytes},
        born_(forks()),
        waker_(std::make_shared<Waker>()),
        dialer_(options_.address, waker_),
        line_({.questions = std::max<std::size_t>(options.max_keys_per_call, 1),
               .bytes = kGroupBytes,
               .keys = options.max_reply_bytes / kAnswerBytes}),
        backoff_(options.backoff_min, options.backoff_max, seed()) {
    if (!waker_->ok()) {
      fail(absl::ResourceExhaustedError("no file descriptors for a reactor"));
      return;
    }
    try {
      const SignalsBlocked blocked;
      thread_ = std::thread([this] { run(); });
    } catch (const std::system_error&) {
      fail(absl::ResourceExhaustedError("no thread for a reactor"));
    }
  }

  ~Loop() {
    down_.store(absl::StatusCode::kCancelled, std::memory_order_relaxed);
    stopping_.store(true, std::memory_order_release);  // release: pairs with the acquire in run()
    waker_->wake();
    if (thread_.joinable()) thread_.join();
    refuse_all(inbox_.take(), absl::StatusCode::kCancelled);
  }

  [[nodiscard]] bool in_child() const { return forks() != born_; }

  void ask(std::span<Question* const> questions, bool waits) {
    if (const absl::StatusCode down = down_.load(std::memory_order_relaxed); down != absl::StatusCode::kOk) {
      for (Question* question : questions) refuse(*question, down);
      return;
    }
    const std::size_t room = claim(questions.size());
    Question* newest = nullptr;
    Question* oldest = nullptr;
    for (std::size_t i = 0; i < room; ++i) {
      Question* const question = questions[i];
      question->next = newest;
      newest = question;
      if (oldest == nullptr) oldest = question;
    }
    if (newest != nullptr && inbox_.push(*newest, *oldest) && !(waits && stand_in(room))) waker_->wake();
    for (Question* question : questions.subspan(room)) refuse(*question, absl::StatusCode::kResourceExhausted);
  }

  [[nodiscard]] std::size_t max_question_bytes() const { return options_.max_question_bytes; }
  [[nodiscard]] const Counters& counters() const { return counters_; }

  [[nodiscard]] absl::Status last_error() const {
    const std::lock_guard lock(error_mutex_);
    return {error_code_, error_text_};
  }

  [[nodiscard]] ReactorTrouble last_trouble() const {
    const std::lock_guard lock(error_mutex_);
    return trouble_;
  }

  [[nodiscard]] absl::Status wait_until_connected(Instant deadline) const {
    if (!thread_.joinable()) return last_error();
    std::unique_lock lock(error_mutex_);
    const auto is_connected = [this] { return counters_.connected.load(std::memory_order_relaxed); };
    if (noted_change_.wait_until(lock, deadline, is_connected)) return absl::OkStatus();
    if (error_code_ != absl::StatusCode::kOk) return {error_code_, error_text_};
    return absl::DeadlineExceededError(absl::StrCat("not connected to ", to_string(options_.address), " so far"));
  }

 private:
  // How many of `wanted` questions may come in; they count from now on.
  std::size_t claim(std::size_t wanted) {
    std::size_t taken = counters_.outstanding.load(std::memory_order_relaxed);
    std::size_t room;
    do {
      room = std::min(wanted, options_.max_in_flight - std::min(taken, options_.max_in_flight));
      if (room == 0) return 0;
    } while (!counters_.outstanding.compare_exchange_weak(taken, taken + room, std::memory_order_relaxed));
    counters_.questions.fetch_add(room, std::memory_order_relaxed);
    return room;
  }

  // What run() does, in the thread of a caller who waits and whose `questions` are all there are: until they are
  // answered, or somebody else asks. Nobody else is answered here: callbacks belong on the reactor's thread. False
  // if that thread must be woken.
  bool stand_in(std::size_t questions) {
    const std::unique_lock turn(turn_, std::try_to_lock);
    if (!turn || !lent_) return false;
    lent_ = false;
    if (skipped_stand_ins_ > 0) {
      --skipped_stand_ins_;
      return false;
    }
    early_ = inbox_.take();
    if (length(early_) != questions) return false;
    Instant now = std::chrono::steady_clock::now();
    connection_->receive(now);  // what comes before the question is no answer
    collect(std::exchange(early_, nullptr), now);
    while (true) {
      push(now);
      if (!connection_) return false;
      if (!inbox_.sleep()) return false;
      if (is_at_rest()) break;
      // All deadlines have come and a call is still unanswered: waiting for that is no caller's.
      if (counters_.outstanding.load(std::memory_order_relaxed) == 0) return false;
      poll_once(true);
      if (woken_) {
        skipped_stand_ins_ = kSkippedStandIns;
        return true;  // so is the reactor's thread
      }
      now = pull();
    }
    lent_ = true;
    return true;
  }

  void run() {
    std::unique_lock turn(turn_);
    Instant now = std::chrono::steady_clock::now();
    // acquire: pairs with the release in ~Loop()
    while (!stopping_.load(std::memory_order_acquire)) {
      now = gather(now);
      collect(std::exchange(early_, nullptr), now);
      collect(inbox_.take(), now);
      push(now);
      wait(turn);
      now = pull();
    }
    now = std::chrono::steady_clock::now();
    if (connection_) connection_->close(absl::CancelledError("the reactor was destroyed"), now);
    counters_.connected.store(false, std::memory_order_relaxed);
    refuse_line(absl::StatusCode::kCancelled);
    refuse_all(std::exchange(early_, nullptr), absl::StatusCode::kCancelled);
    refuse_all(inbox_.take(), absl::StatusCode::kCancelled);
  }

  // What is to be done before the sleep, and after it; the latter returns the time.
  void push(Instant now) {
    attend(now);
    if (connection_) connection_->send(now);
    see_off(now);
  }
  Instant pull() {
    const Instant now = std::chrono::steady_clock::now();
    listen(now);
    expire(now);
    return now;
  }

  // Lets others run first: those who were answered just now have more to ask, and those who were about to ask when
  // this thread woke and took their processor. Without it 64 callers on two cores get two or three questions into a
  // call; with it, twenty to sixty. Returns the time afterwards.
  //
  // Whoever runs meanwhile may have nothing to do with us and keep the processor for a time slice. So it is given
  // up for a while when it took long or when nobody made use of it, and not done when a deadline is that near.
  Instant gather(Instant now) {
    if (skipped_gatherings_ > 0) {
      --skipped_gatherings_;
      return now;
    }
    const Instant deadline = std::min(line_.deadline(), connection_ ? connection_->deadline() : Instant::max());
    if (deadline < now + kTimeSlice) return now;
    const void* const newest = inbox_.newest();
    std::this_thread::yield();
    const Instant then = std::chrono::steady_clock::now();
    idle_gatherings_ = inbox_.newest() == newest ? idle_gatherings_ + 1 : 0;
    if (idle_gatherings_ >= kIdleGatherings) skipped_gatherings_ = kSkippedWhenIdle;
    if (then - now > kSlowGathering) skipped_gatherings_ = kSkippedWhenSlow;
    return then;
  }

  // Puts into line what came in, or refuses it.
  void collect(Question* question, Instant now) {
    if (const absl::StatusCode down = down_.load(std::memory_order_relaxed); down != absl::StatusCode::kOk) {
      return refuse_all(question, down);
    }
    while (question != nullptr) {
      Question* const next = question->next;
      if (question->deadline <= now) {
        settle(counters_, *question, {.fate = Fate::not_run, .error = absl::StatusCode::kDeadlineExceeded});
      } else {
        line_.add(*question);
      }
      question = next;
    }
  }

  // Makes calls of the line while the connection takes them; begins to connect when it is time for it.
  void attend(Instant now) {
    if (!connection_ && !dialing_ && now >= next_attempt_) {
      dialing_ = true;
      count(counters_.attempts);
      attempt_deadline_ = now + options_.connect_timeout;
      dialer_.start(now, attempt_deadline_);
      dial(now, false);
    }
    if (!connection_) return;
    while (connection_->ready() && !line_.empty() &&
           connection_->calls() < std::max<std::size_t>(options_.max_calls_in_flight, 1) &&
           connection_->unsent() < kUnsentBytes) {
      const Group group = line_.take();
      remember(*group.first->program->script);
      connection_->call(group, now);
    }
  }

  void dial(Instant now, bool ready) {
    switch (dialer_.proceed(now, ready)) {
      case Dialer::Progress::busy:
        return;
      case Dialer::Progress::connected:
        dialing_ = false;
        connection_.emplace(dialer_.take(), options_.address, scripts_, limits_, options_.answer_timeout,
                            counters_);
        return;
      case Dialer::Progress::failed:
        dialing_ = false;
        return back_off(now, dialer_.error());
    }
  }

  void listen(Instant now) {
    if (woken_) waker_->drain();
    const bool ready = socket_events_ != 0;
    if (dialing_) {
      if (ready || now >= dialer_.deadline() || dialer_.descriptor() < 0) dial(now, ready);
      return;
    }
    if (!connection_) return;
    if ((socket_events_ & ~POLLOUT) != 0) connection_->receive(now);
    if (!connection_->greeted()) return;
    if (!counters_.connected.load(std::memory_order_relaxed)) {
      counters_.connected.store(true, std::memory_order_relaxed);
      count(counters_.connects);
      note(absl::OkStatus());
      down_from_loop(absl::StatusCode::kOk);
      options_.on_connect();
    }
    if (connection_->error() != noted_) note(connection_->error());
  }

  void expire(Instant now) {
    if (connection_ && !connection_->greeted() && now >= attempt_deadline_) {
      connection_->close(absl::UnavailableError("the server did not answer the greeting in time"), now);
    }
    if (connection_) connection_->expire(now);
    if (now < line_.deadline()) return;
    for_each(line_.take_expired(now), [&](Question& question) {
      settle(counters_, question, {.fate = Fate::not_run, .error = absl::StatusCode::kDeadlineExceeded});
    });
  }

  // Lets go of a connection that closed.
  void see_off(Instant now) {
    if (!connection_ || connection_->open()) return;
    const absl::Status error = connection_->error();
    const bool useful = connection_->useful();
    connection_.reset();
    counters_.connected.store(false, std::memory_order_relaxed);
    if (!useful) return back_off(now, error);
    // A server that answered is worth another try soon; not at once, for whoever else was cut off tries, too.
    backoff_.reset();
    next_attempt_ = now + backoff_.next();
    note(error);
  }

  // No server: whoever asks is told so at once, until an attempt succeeds.
  void back_off(Instant now, const absl::Status& error) {
    const bool forbidden = is_forbidden(error.code());
    next_attempt_ = now + std::max(backoff_.next(), forbidden ? kForbiddenBackoff : Duration::zero());
    note(error);
    // A caller asks why it cannot ask, not how the last connection ended.
    const absl::StatusCode code = forbidden ? error.code() : absl::StatusCode::kUnavailable;
    down_from_loop(code);
    refuse_line(code);
  }

  // Unless the destructor has its say.
  void down_from_loop(absl::StatusCode code) {
    absl::StatusCode before = down_.load(std::memory_order_relaxed);
    while (before != absl::StatusCode::kCancelled &&
           !down_.compare_exchange_weak(before, code, std::memory_order_relaxed)) {
    }
  }

  // Nothing to do but what somebody asks, and a server that takes it.
  [[nodiscard]] bool is_at_rest() const {
    return connection_ && connection_->ready() && connection_->calls() == 0 && connection_->unsent() == 0 &&
           line_.empty();
  }

  // Until something happens. At rest it lends all that is its own to whoever stands in; then it looks for no
  // answer, which is not for it, but only for the end of the connection.
  void wait(std::unique_lock<std::mutex>& turn) {
    const bool asleep = inbox_.sleep();
    if (!asleep || !kMayLend || !is_at_rest()) {
      poll_once(asleep);
      inbox_.wake();
      return;
    }
    lent_ = true;
    pollfd polled[] = {{waker_->descriptor(), POLLIN, 0}, {connection_->descriptor(), kHangUp, 0}};
    turn.unlock();
    (void)::poll(polled, std::size(polled), -1);
    turn.lock();
    lent_ = false;
    inbox_.wake();
    woken_ = polled[0].revents != 0;
    socket_events_ = POLLIN;  // whatever came meanwhile was not looked for
  }

  void poll_once(bool may_sleep) {
    Instant until = line_.deadline();
    int descriptor = -1;
    short events = 0;
    if (dialing_) {
      descriptor = dialer_.descriptor();
      events = POLLOUT;
      until = std::min(until, dialer_.deadline());
    } else if (connection_) {
      descriptor = connection_->descriptor();
      events = connection_->events();
      until = std::min(until, connection_->greeted() ? connection_->deadline() : attempt_deadline_);
    } else {
      until = std::min(until, next_attempt_);
    }
    pollfd polled[] = {{waker_->descriptor(), POLLIN, 0}, {descriptor, events, 0}};
    // After a signal both are as they were set here: nothing is ready, and the loop comes round again.
    (void)::poll(polled, std::size(polled), may_sleep ? milliseconds_until(until) : 0);
    woken_ = polled[0].revents != 0;
    socket_events_ = polled[1].revents;
  }

  // Rounded up, so that the moment has come when poll() returns.
  static int milliseconds_until(Instant until) {
    if (until == Instant::max()) return -1;
    const Instant now = std::chrono::steady_clock::now();
    if (until <= now) return 0;
    return static_cast<int>(std::min<std::int64_t>(std::chrono::ceil<milliseconds>(until - now).count(), 60'000));
  }

  void remember(const Script& script) {
    if (std::find(scripts_.begin(), scripts_.end(), &script) == scripts_.end()) scripts_.push_back(&script);
  }

  void refuse_all(Question* list, absl::StatusCode error) {
    while (list != nullptr) {
      Question* const next = list->next;
      settle(counters_, *list, {.fate = Fate::not_run, .error = error});
      list = next;
    }
  }

  void refuse_line(absl::StatusCode error) {
    while (!line_.empty()) refuse_all(line_.take().first, error);
  }

  void note(const absl::Status& error) {
    noted_ = error;
    {
      const std::lock_guard lock(error_mutex_);
      error_code_ = error.code();
      error_text_ = std::string(error.message());
      if (!error.ok()) trouble_ = {.text = error_text_, .when = std::chrono::system_clock::now()};
    }
    noted_change_.notify_all();
  }

  void fail(const absl::Status& error) {
    note(error);
    down_.store(error.code(), std::memory_order_relaxed);
  }

  // Processes that start together must not wait alike.
  [[nodiscard]] std::uint64_t seed() const {
    const auto ticks = static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
    return ticks ^ (static_cast<std::uint64_t>(::getpid()) << 32) ^ reinterpret_cast<std::uintptr_t>(this);
  }

  const ReactorOptions options_;
  const ReplyLimits limits_;
  const int born_;
  const std::shared_ptr<Waker> waker_;
  Counters counters_;
  Inbox inbox_;
  std::atomic<bool> stopping_ = false;
  std::atomic<absl::StatusCode> down_ = absl::StatusCode::kOk;  // what ask() refuses with; OK: it does not
  // What last_error() says. Not as a Status: copies of one share memory that another thread frees, in a way that
  // ThreadSanitizer cannot see in an Abseil that was built without it.
  mutable std::mutex error_mutex_;
  absl::StatusCode error_code_ = absl::StatusCode::kOk;
  std::string error_text_;
  ReactorTrouble trouble_;
  mutable std::condition_variable noted_change_;  // of `connected`, too

  // From here on the thread's own, and that of a caller who stands in for it.
  std::mutex turn_;
  bool lent_ = false;          // a caller may stand in
  Question* early_ = nullptr;  // what a caller has taken out of the inbox who did not stand in after all
  int skipped_stand_ins_ = 0;
  absl::Status noted_;
  Dialer dialer_;
  bool dialing_ = false;
  std::optional<Connection> connection_;
  std::vector<const Script*> scripts_;  // that were asked for so far: each connection loads them first
  Line line_;
  Backoff backoff_;
  Instant next_attempt_{};
  Instant attempt_deadline_{};
  bool woken_ = false;       // what the last poll() found
  short socket_events_ = 0;  // of whatever is connected, or connects
  int idle_gatherings_ = 0;
  int skipped_gatherings_ = 0;

  std::thread thread_;  // the last member: it uses all others
};

Reactor::Reactor(const ReactorOptions& options) : loop_(std::make_unique<Loop>(options)) {}

Reactor::~Reactor() {
  // A child has a copy of everything but the thread, stopped anywhere. Nothing of it can be taken down in order.
  if (in_child()) (void)loop_.release();
}

bool Reactor::in_child() const { return loop_->in_child(); }

void Reactor::ask(Question& question) {
  Question* const one = &question;
  ask(std::span(&one, 1));
}

void Reactor::ask(std::span<Question* const> questions, Asker asker) {
  if (in_child()) {
    for (Question* question : questions) refuse(*question, absl::StatusCode::kFailedPrecondition);
    return;
  }
  // Runs of questions that are well-formed, which is nearly always all of them.
  while (!questions.empty()) {
    std::size_t good = 0;
    while (good < questions.size() && is_well_formed(*questions[good], loop_->max_question_bytes())) ++good;
    if (good > 0) loop_->ask(questions.first(good), asker == Asker::waits);
    questions = questions.subspan(good);
    if (questions.empty()) return;
    refuse(*questions.front(), absl::StatusCode::kInvalidArgument);
    questions = questions.subspan(1);
  }
}

ReactorState Reactor::state() const {
  const Counters& counters = loop_->counters();
  const auto read = [](const auto& counter) { return counter.load(std::memory_order_relaxed); };
  return {.connected = read(counters.connected),
          .outstanding = read(counters.outstanding),
          .attempts = read(counters.attempts),
          .connects = read(counters.connects),
          .script_loads = read(counters.script_loads),
          .calls = read(counters.calls),
          .questions = read(counters.questions),
          .unknown = read(counters.unknown),
          .timeouts = read(counters.timeouts)};
}

absl::Status Reactor::last_error() const {
  if (in_child()) return absl::FailedPreconditionError("the reactor belongs to the parent process");
  return loop_->last_error();
}

ReactorTrouble Reactor::last_trouble() const {
  // In a child the lock may be held by a thread that is not there.
  if (in_child()) return {.text = std::string(last_error().message()), .when = {}};
  return loop_->last_trouble();
}

absl::Status Reactor::wait_until_connected(std::chrono::steady_clock::time_point deadline) const {
  return in_child() ? last_error() : loop_->wait_until_connected(deadline);
}

}  // namespace penstock::redis
