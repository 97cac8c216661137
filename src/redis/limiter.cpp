#include "redis/limiter.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "in_range.h"
#include "penstock/detail/algorithm/advance.h"
#include "penstock/memory.h"
#include "redis/countdown.h"
#include "redis/question.h"
#include "redis/rulebook.h"
#include "redis/server.h"
#include "redis/share.h"

namespace penstock::redis {
namespace {

using Instant = Breaker::Instant;

class RedisLimiter final : public Limiter {
 public:
  RedisLimiter(Rulebook book, std::shared_ptr<Redis> server, const RedisLimiterOptions& options, const Clock* clock,
               std::unique_ptr<Limiter> share)
      : book_(std::move(book)),
        server_(std::move(server)),
        options_(options),
        clock_(clock),
        share_(std::move(share)),
        program_{&book_.script(), book_.terms(), book_.suffixes().size()} {}

  // Who is still to be called back is called back first; in a child after fork() nobody ever is.
  ~RedisLimiter() override {
    if (server_->reactor.in_child()) return;
    for (int left = callers_.load(); left > 0; left = callers_.load()) callers_.wait(left);
  }

  Decision try_acquire(std::string_view key, std::int64_t cost) override {
    return ask("advance", key, cost, Duration::zero());
  }

  Decision reserve(std::string_view key, std::int64_t cost, Duration max_wait) override {
    return ask("advance", key, cost, max_wait);
  }

  Decision peek(std::string_view key, std::int64_t cost) override {
    return ask("peek", key, cost, Duration::zero());
  }

  void try_acquire(std::span<const Request> requests, std::span<Decision> decisions) override {
    if (requests.size() != decisions.size()) {
      std::fill(decisions.begin(), decisions.end(), wrong());
      return;
    }
    // As many at a time as there is room for, beside other callers; one deadline for all.
    const Instant deadline = std::chrono::steady_clock::now() + server_->deadline;
    const std::size_t at_once = std::max<std::size_t>(server_->max_in_flight / 2, 1);
    for (std::size_t from = 0; from < requests.size(); from += at_once) {
      const std::size_t count = std::min(at_once, requests.size() - from);
      ask_all(requests.subspan(from, count), decisions.subspan(from, count), deadline);
    }
  }

  void try_acquire_async(std::string_view key, std::int64_t cost,
                         std::function<void(const Decision&)> then) override {
    auto caller = std::make_unique<Caller>(*this, std::move(then));
    if (!prepare(*caller, "advance", key, cost, Duration::zero(), std::chrono::steady_clock::now())) {
      caller->tell();
      return;
    }
    callers_.fetch_add(1);
    server_->reactor.ask(*caller.release());  // it deletes itself
  }

  absl::Status refund(std::string_view key, std::int64_t cost) override {
    if (cost < 0) {
      return absl::InvalidArgumentError(absl::StrCat("refund: cost = ", cost, ": must not be negative"));
    }
    return change("refund", key, std::min(cost, static_cast<std::int64_t>(kLargest)));
  }

  absl::Status reset(std::string_view key) override { return change("reset", key, 0); }

 private:
  // A request on its way, and what becomes of it.
  class Pending : public Question {
   public:
    explicit Pending(RedisLimiter& its_limiter) : limiter(its_limiter) {}
    void answered(const Answer& answer) final {
      limiter.conclude(*this, answer);
      done();
    }
    virtual void done() = 0;

    RedisLimiter& limiter;
    std::int64_t asked = 0;  // what the caller wants; `cost` is what the script is told
    Decision decision;       // until the answer comes: what the share says
  };

  class Waiter final : public Pending {
   public:
    Waiter(RedisLimiter& its_limiter, Countdown& its_countdown) : Pending(its_limiter), countdown(its_countdown) {}
    void done() override { countdown.down(); }
    Countdown& countdown;
  };

  class Caller final : public Pending {
   public:
    Caller(RedisLimiter& its_limiter, std::function<void(const Decision&)> its_then)
        : Pending(its_limiter), then(std::move(its_then)) {}
    // What a callback throws ends the program wherever it is called, so that nobody is left half told.
    void tell() noexcept { then(decision); }
    void done() override {
      tell();
      std::atomic<int>& callers = limiter.callers_;
      delete this;
      if (callers.fetch_sub(1) == 1) callers.notify_all();
    }
    std::function<void(const Decision&)> then;
  };

  void ask_and_wait(Waiter& waiter) {
    Question* const one = &waiter;
    server_->reactor.ask(std::span(&one, 1), Asker::waits);
    waiter.countdown.wait();
  }

  Decision ask(std::string_view operation, std::string_view key, std::int64_t cost, Duration max_wait) {
    Countdown countdown(1);
    Waiter waiter(*this, countdown);
    if (prepare(waiter, operation, key, cost, max_wait, std::chrono::steady_clock::now())) {
      ask_and_wait(waiter);
    }
    return waiter.decision;
  }

  void ask_all(std::span<const Request> requests, std::span<Decision> decisions, Instant deadline) {
    Countdown countdown(static_cast<std::uint32_t>(requests.size()));
    std::deque<Waiter> waiters;  // they must not move
    std::vector<Question*> questions;
    const Instant now = std::chrono::steady_clock::now();
    for (const Request& request : requests) {
      Waiter& waiter = waiters.emplace_back(*this, countdown);
      if (prepare(waiter, "advance", request.key, request.cost, Duration::zero(), now)) {
        waiter.deadline = deadline;
        questions.push_back(&waiter);
      } else {
        countdown.down();
      }
    }
    server_->reactor.ask(questions, Asker::waits);
    countdown.wait();
    std::transform(waiters.begin(), waiters.end(), decisions.begin(),
                   [](const Waiter& waiter) { return waiter.decision; });
  }

  absl::Status change(std::string_view operation, std::string_view key, std::int64_t cost) {
    if (is_too_long(key)) {
      return absl::InvalidArgumentError(absl::StrCat(to_view(operation), ": a key of ", key.size(),
                                                     " bytes: must be at most ", options_.max_key_bytes));
    }
    if (share_) (void)(operation == "reset" ? share_->reset(key) : share_->refund(key, cost));
    Countdown countdown(1);
    Waiter waiter(*this, countdown);
    waiter.asked = waiter.cost = cost;
    if (admit(waiter, operation, key, Duration::zero(), std::chrono::steady_clock::now())) {
      ask_and_wait(waiter);
    }
    if (waiter.decision.error == absl::StatusCode::kOk) return absl::OkStatus();
    return {waiter.decision.error, absl::StrCat(to_view(operation), ": the server could not be asked")};
  }

  bool is_too_long(std::string_view key) const {
    return static_cast<std::int64_t>(key.size()) > options_.max_key_bytes;
  }

  // True if the question is to be asked; else it has its decision.
  bool prepare(Pending& pending, std::string_view operation, std::string_view key, std::int64_t cost,
               Duration max_wait, Instant now) {
    pending.asked = cost;
    if (cost < 0 || is_too_long(key)) {
      pending.decision = wrong();
      return false;
    }
    // What can never be had is asked for all the same, as nothing: the answer says how the key stands.
    pending.cost = cost <= book_.most() ? cost : 0;
    if (share_) pending.decision = ask_share(operation, key, cost, max_wait);
    return admit(pending, operation, key, max_wait, now);
  }

  bool admit(Pending& pending, std::string_view operation, std::string_view key, Duration max_wait, Instant now) {
    // Before the breaker: in a child its lock may be held by a thread that is not there.
    if (server_->reactor.in_child()) {
      pending.decision = unavailable(pending, absl::StatusCode::kFailedPrecondition);
      return false;
    }
    if (!server_->breaker.admit(now)) {
      pending.decision = unavailable(pending, absl::StatusCode::kUnavailable);
      return false;
    }
    pending.program = &program_;
    pending.keys.reserve(program_.keys);
    for (const std::string& suffix : book_.suffixes()) {
      pending.keys.push_back(absl::StrCat(options_.prefix, ":{", key.size(), ":", to_view(key), "}", suffix));
    }
    pending.op = operation;
    const Time wait = static_cast<Time>(std::max(max_wait, Duration::zero()).count()) / 1000;
    pending.patience = static_cast<std::int64_t>(std::min(wait, book_.reach()));
    if (clock_ != nullptr) pending.now = absl::StrCat(test_now());
    pending.deadline = now + server_->deadline;
    return true;
  }

  // The share is charged all the time, so that it is no fresh one whenever the server goes away.
  Decision ask_share(std::string_view operation, std::string_view key, std::int64_t cost, Duration max_wait) {
    if (operation == "peek") return share_->peek(key, cost);
    const Decision decision = share_->reserve(key, cost, max_wait);
    // A cost that the limit can hold and its share cannot takes all there is.
    if (decision.retry_after == Decision::never && cost <= book_.most())
      (void)share_->try_acquire(key, decision.limit);
    return decision;
  }

  // On the reactor's thread, or in the caller's if the reactor refuses at once.
  void conclude(Pending& pending, const Answer& answer) {
    const Instant now = std::chrono::steady_clock::now();
    if (answer.fate == Fate::answered) {
      server_->breaker.succeeded(now);
      understand(pending, answer);
      return;
    }
    switch (answer.error) {
      case absl::StatusCode::kResourceExhausted:   // too many are waiting
      case absl::StatusCode::kInvalidArgument:     // we have asked wrongly
      case absl::StatusCode::kFailedPrecondition:  // another node of a cluster has the key
        server_->breaker.not_asked();
        break;
      default:
        server_->breaker.failed(now);
    }
    pending.decision =
        unavailable(pending, answer.fate == Fate::unknown ? absl::StatusCode::kUnknown : answer.error);
  }

  void understand(Pending& pending, const Answer& answer) const {
    std::optional<Decision> decision;
    if (pending.op == "refund" || pending.op == "reset") {
      const auto is_error = [](const Reply& value) { return value.kind == Reply::Kind::error; };
      if (std::none_of(answer.values.begin(), answer.values.end(), is_error)) decision = {.source = Source::redis};
    } else if (answer.now >= 0) {
      const auto now = static_cast<Time>(answer.now);
      const auto patience = static_cast<Time>(pending.patience);
      const bool charged = pending.op == "advance" && pending.asked == pending.cost;
      decision = charged ? book_.decide(now, answer.values, pending.asked, patience)
                         : book_.peek(now, answer.values, pending.asked, patience);
    }
    pending.decision = decision ? *decision : unavailable(pending, absl::StatusCode::kDataLoss);
  }

  // A request that cannot be asked at all.
  Decision wrong() const {
    return {.source = Source::redis,
            .error = absl::StatusCode::kInvalidArgument,
            .limit = book_.limit(),
            .retry_after = Decision::never};
  }

  Decision unavailable(const Pending& pending, absl::StatusCode error) const {
    Decision decision = pending.decision;
    decision.source = share_ ? Source::fallback : Source::policy;
    decision.error = error;
    if (share_) return decision;
    decision.limit = book_.limit();
    decision.permitted =
        pending.asked == 0 || (pending.asked <= book_.most() && options_.on_unavailable == OnUnavailable::permit);
    if (!decision.permitted) {
      decision.retry_after = pending.asked > book_.most() ? Decision::never : kAgain;
    }
    return decision;
  }

  // When to come back to a server that is away: by then it has been tried again.
  static constexpr Duration kAgain = std::chrono::seconds(2);

  std::int64_t test_now() const {
    const std::int64_t ns = clock_->now().count();
    const std::int64_t us = ns / 1000 - (ns % 1000 < 0 ? 1 : 0);
    return std::clamp<std::int64_t>(us, -kTestZero, static_cast<std::int64_t>(kLastNow) - kTestZero) + kTestZero;
  }

  // Debian's Abseil has a string_view of its own.
  static absl::string_view to_view(std::string_view text) { return {text.data(), text.size()}; }

  const Rulebook book_;
  const std::shared_ptr<Redis> server_;
  const RedisLimiterOptions options_;
  const Clock* const clock_;
  const std::unique_ptr<Limiter> share_;
  const Program program_;
  std::atomic<int> callers_ = 0;  // that are to be called back
};

absl::Status check(const RedisLimiterOptions& options) {
  const std::string& prefix = options.prefix;
  if (prefix.empty() || prefix.size() > 64 || prefix.find_first_of("{}") != std::string::npos) {
    return absl::InvalidArgumentError(
        absl::StrCat("RedisLimiterOptions: prefix = \"", prefix, "\": must be 1 to 64 bytes without braces"));
  }
  for (const absl::Status& status : {
           in_range("RedisLimiterOptions", "nodes", options.nodes, 1, 1 << 20),
           in_range("RedisLimiterOptions", "max_local_keys", options.max_local_keys, 1, kMaxKeys),
           in_range("RedisLimiterOptions", "max_key_bytes", options.max_key_bytes, 1, 1 << 20),
       }) {
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Limiter>> make_limiter(const std::vector<Limit>& limits,
                                                      std::shared_ptr<Redis> server,
                                                      const RedisLimiterOptions& options, const Clock* clock) {
  if (server == nullptr) return absl::InvalidArgumentError("make_redis_limiter: redis is null");
  if (absl::Status status = check(options); !status.ok()) return status;
  absl::StatusOr<Rulebook> book = Rulebook::make(limits);
  if (!book.ok()) return book.status();
  std::unique_ptr<Limiter> share;
  if (options.on_unavailable == OnUnavailable::local) {
    std::vector<Limit> shares;
    shares.reserve(limits.size());
    for (const Limit& limit : limits) shares.push_back(share_of(limit, options.nodes));
    auto made = make_memory_limiter(shares, {.max_keys = options.max_local_keys});
    if (!made.ok()) return made.status();
    share = *std::move(made);
  }
  return std::make_unique<RedisLimiter>(*std::move(book), std::move(server), options, clock, std::move(share));
}

}  // namespace penstock::redis

namespace penstock {

absl::StatusOr<std::unique_ptr<Limiter>> make_redis_limiter(const std::vector<Limit>& limits,
                                                            std::shared_ptr<Redis> redis,
                                                            const RedisLimiterOptions& options) {
  return redis::make_limiter(limits, std::move(redis), options);
}

absl::StatusOr<std::unique_ptr<Limiter>> make_redis_limiter(const Limit& limit, std::shared_ptr<Redis> redis,
                                                            const RedisLimiterOptions& options) {
  return redis::make_limiter({limit}, std::move(redis), options);
}

}  // namespace penstock
