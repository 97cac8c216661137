// C++ and Lua give the same five numbers, and a key lives exactly as long as it owes.

#include <algorithm>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "binding.h"
#include "catch.h"
#include "dice.h"
#include "mirror/lua_host.h"
#include "moments.h"
#include "penstock/detail/algorithm/algorithms.h"
#include "redis/rulebook.h"
#if PENSTOCK_TEST_REDIS
#include "penstock/clock.h"
#include "redis/limiter.h"
#include "redis/redis_server.h"
#endif

namespace penstock::redis {
namespace {

using algorithm::Patience;
using algorithm::Rule;
using algorithm::Wide;

constexpr Time kToday = 1'795'000'000'000'000;  // microseconds

// One limit and one key of it, remembered here: in microseconds, by the rule that memory limiters use.
class Mirror {
 public:
  virtual ~Mirror() = default;
  virtual std::int64_t limit() const = 0;
  virtual Time refill() const = 0;
  virtual Decision peek(Time now, std::int64_t cost, Patience patience) const = 0;
  virtual Decision advance(Time now, std::int64_t cost, Patience patience) = 0;
  virtual void refund(Time now, std::uint64_t cost) = 0;
  virtual void reset() = 0;
  // A key is gone when the server's clock of milliseconds shows more than the last write has said.
  virtual void forget_if_gone(Time now) = 0;
};

template <class L>
class MirrorOf final : public Mirror {
 public:
  MirrorOf(const Rule<L>& rule, Time lives_on) : rule_(rule), lives_on_(lives_on) {}
  std::int64_t limit() const override { return static_cast<std::int64_t>(rule_.limit()); }
  Time refill() const override { return rule_.refill(); }
  Decision peek(Time now, std::int64_t cost, Patience patience) const override {
    return algorithm::peek(rule_, state_, now, cost, patience);
  }
  Decision advance(Time now, std::int64_t cost, Patience patience) override {
    const Decision decision = algorithm::advance(rule_, state_, now, cost, patience);
    if (decision.permitted && cost > 0) written(now);
    return decision;
  }
  void refund(Time now, std::uint64_t cost) override {
    if (cost == 0) return;
    rule_.refund(state_, now, cost);
    written(now);
  }
  void reset() override { state_ = {}; }
  void forget_if_gone(Time now) override {
    if (now / 1000 > gone_at_) state_ = {};
  }

 private:
  void written(Time now) {
    const Time left = reset_after(rule_, state_, now);
    if (left == 0) state_ = {};
    gone_at_ = now / 1000 + (left + 999) / 1000 + lives_on_;
  }

  Rule<L> rule_;
  Time lives_on_;  // milliseconds that a key lives longer than it owes
  typename Rule<L>::State state_;
  Time gone_at_ = 0;
};

// Units a microsecond, and units a permit.
std::pair<std::uint64_t, std::uint64_t> units_and_permit(const TokenBucket& limit) {
  const std::uint64_t permits = static_cast<std::uint64_t>(limit.rate.permits) * 1000;
  const auto per = static_cast<std::uint64_t>(limit.rate.per.count());
  const std::uint64_t divisor = std::gcd(permits, per);
  return {permits / divisor, per / divisor};
}

std::unique_ptr<Mirror> mirror(const TokenBucket& limit, Time lives_on) {
  const auto [units, permit] = units_and_permit(limit);
  return std::make_unique<MirrorOf<TokenBucket>>(
      Rule<TokenBucket>::ticking(static_cast<std::uint64_t>(limit.burst), units, permit), lives_on);
}
template <class L>
std::unique_ptr<Mirror> mirror(const L& limit, Time lives_on) {
  return std::make_unique<MirrorOf<L>>(Rule<L>(L{limit.limit, limit.window / 1000}), lives_on);
}

// The same of a list, one after the other.
class Mirrors {
 public:
  Mirrors(const std::vector<Limit>& limits, Time lives_on) {
    for (const Limit& limit : limits) {
      all_.push_back(std::visit([&](const auto& one) { return mirror(one, lives_on); }, limit));
    }
    std::stable_sort(all_.begin(), all_.end(),
                     [](const auto& a, const auto& b) { return a->refill() < b->refill(); });
  }

  Decision peek(Time now, std::int64_t cost, Patience patience) {
    return fold([&](Mirror& one) { return one.peek(now, cost, patience); });
  }
  Decision take(Time now, std::int64_t cost, Time max_wait) {
    const Decision asked = peek(now, cost, {0, max_wait});
    if (!asked.permitted || cost == 0) return asked;
    const auto wait = static_cast<Time>(asked.retry_after.count());
    return fold([&](Mirror& one) { return one.advance(now, cost, {wait, wait}); });
  }
  void refund(Time now, std::uint64_t cost) {
    for (const auto& one : all_) one->refund(now, cost);
  }
  void reset() {
    for (const auto& one : all_) one->reset();
  }
  void forget_if_gone(Time now) {
    for (const auto& one : all_) one->forget_if_gone(now);
  }

 private:
  template <class Ask>
  Decision fold(const Ask& ask) {
    std::optional<Decision> decision;
    for (const auto& one : all_) decision = decision ? both(*decision, ask(*one)) : ask(*one);
    return *decision;
  }
  std::vector<std::unique_ptr<Mirror>> all_;
};

Decision in_nanoseconds(Decision decision) {
  decision.source = Source::redis;
  for (Duration* wait : {&decision.retry_after, &decision.reset_after}) {
    if (*wait != Decision::never) {
      *wait = std::min<Duration>(*wait, Duration(algorithm::kLongestWait) / 1000 + Duration(1)) * 1000;
      if (*wait < Duration::zero()) *wait = Duration(algorithm::kLongestWait);
    }
  }
  return decision;
}

// A key under plain Lua, that dies when its time is over.
class InLua {
 public:
  static constexpr Time kLivesOn = 0;

  explicit InLua(const std::vector<Limit>& limits) : host_(*host()), book_(Rulebook::make(limits).value()) {
    for (const std::string& suffix : book_.suffixes()) keys_.push_back("key" + suffix);
    for (const std::string& key : keys_) (void)host_.command({"DEL", key});
  }

  void set_now(Time now) { host_.set_now(static_cast<std::int64_t>(now)); }
  std::int64_t writes() const { return host_.writes(); }

  Decision take(Time now, std::int64_t cost, Time max_wait) {
    const bool can = cost >= 0 && cost <= book_.most();
    return understood(run("advance", can ? cost : 0, max_wait), now, cost, max_wait, can);
  }
  Decision peek(Time now, std::int64_t cost) {
    return understood(run("peek", cost >= 0 && cost <= book_.most() ? cost : 0, 0), now, cost, 0, false);
  }
  void refund(std::int64_t cost) { run("refund", std::min(cost, static_cast<std::int64_t>(kLargest)), 0); }
  void reset() { run("reset", 0, 0); }

 private:
  static LuaHost* host() {
    static const std::unique_ptr<LuaHost> only = make_lua_host();
    return only.get();
  }
  Tree run(const char* operation, std::int64_t cost, Time patience) {
    const auto within = static_cast<std::int64_t>(std::min(patience, book_.reach()));
    const Call call{
        &book_.script(), keys_, {call_argument(operation, "", within, book_.terms()), std::to_string(cost)}};
    Tree reply = host_.run(call);
    INFO(reply.text);
    REQUIRE(reply.kind == Reply::Kind::array);
    REQUIRE(reply.children.size() == 1 + keys_.size());
    return reply;
  }
  Decision understood(const Tree& reply, Time now, std::int64_t cost, Time max_wait, bool charge) {
    const TreeView tree(reply);
    const Reply& view = tree.reply();
    REQUIRE(view.children[0].integer == static_cast<std::int64_t>(now));
    const std::optional<Decision> decision = charge ? book_.decide(now, view.children.subspan(1), cost, max_wait)
                                                    : book_.peek(now, view.children.subspan(1), cost, max_wait);
    REQUIRE(decision.has_value());
    return *decision;
  }

  LuaHost& host_;
  Rulebook book_;
  std::vector<std::string> keys_;
};

#if PENSTOCK_TEST_REDIS
// A key in a real server, all the way through the limiter; it lives an hour longer.
class InRedis {
 public:
  static constexpr Time kLivesOn = kLastNow;

  explicit InRedis(const std::vector<Limit>& limits) {
    static const RedisServer server;
    static const std::shared_ptr<Redis> connection =
        open_redis({.url = server.url(), .deadline = std::chrono::seconds(30)}).value();
    server.command({"FLUSHALL"});
    limiter_ = make_limiter(limits, connection, {.on_unavailable = OnUnavailable::deny}, &clock_).value();
  }

  void set_now(Time now) { clock_.set(std::chrono::microseconds(static_cast<std::int64_t>(now) - kTestZero)); }
  static std::int64_t writes() { return 0; }

  Decision take(Time, std::int64_t cost, Time max_wait) {
    return limiter_->reserve("key", cost, std::chrono::microseconds(max_wait));
  }
  Decision peek(Time, std::int64_t cost) { return limiter_->peek("key", cost); }
  void refund(std::int64_t cost) { REQUIRE(limiter_->refund("key", cost).ok()); }
  void reset() { REQUIRE(limiter_->reset("key").ok()); }

 private:
  ManualClock clock_;
  std::unique_ptr<Limiter> limiter_;
};
#endif

// ---- limits and moments of all sizes ---------------------------------------------------------------------

// As many small numbers as large ones.
std::int64_t of_any_size(Dice& dice, std::uint64_t least, std::uint64_t most) {
  const std::uint64_t bits = dice.below(64);
  const std::uint64_t number = dice.below(std::uint64_t{2} << std::min<std::uint64_t>(bits, 62));
  return static_cast<std::int64_t>(std::clamp(number, least, most));
}

Limit draw(Dice& dice, std::size_t kind) {
  const auto micros = [&](std::uint64_t most) { return std::chrono::microseconds(of_any_size(dice, 1, most)); };
  if (kind == 0) {
    return TokenBucket{{of_any_size(dice, 1, 1'000'000'000), Duration(of_any_size(dice, 1, 1ULL << 52))},
                       of_any_size(dice, 1, kLargest)};
  }
  if (kind == 1) return FixedWindow{of_any_size(dice, 1, kLargest), micros(1ULL << 48)};
  if (kind == 2) {
    const auto window = micros(1ULL << 48);
    const std::uint64_t most = kLargest / static_cast<std::uint64_t>(window.count());
    return SlidingWindow{of_any_size(dice, 1, most), window};
  }
  return SlidingLog{of_any_size(dice, 1, dice.below(20) == 0 ? 4096 : 40), micros(1ULL << 48)};
}

// A moment at which all of them can be mirrored, or 0. The mirror's positions are absolute: with many units a
// microsecond it has no room for today. A log wants to be older than its window.
Time today_for(const std::vector<Limit>& limits) {
  Time today = kToday;
  for (const Limit& limit : limits) {
    if (const auto* bucket = std::get_if<TokenBucket>(&limit)) {
      today = std::min(today, (Time{1} << 61) / units_and_permit(*bucket).first);
    }
  }
  for (const Limit& limit : limits) {
    const auto* log = std::get_if<SlidingLog>(&limit);
    if (log != nullptr && static_cast<Time>(log->window.count()) / 250 > today) return 0;
  }
  return today;
}

// Steps of one key; limits that Redis refuses, or that cannot be mirrored, are drawn again.
template <class Remote, class Draw>
void walk(Dice& dice, const Draw& draw_limits, int steps) {
  std::vector<Limit> limits = draw_limits(dice);
  while (!Rulebook::make(limits).ok() || today_for(limits) == 0) limits = draw_limits(dice);
  const Time today = today_for(limits);
  const Rulebook book = Rulebook::make(limits).value();
  Remote remote(limits);
  Mirrors mirrors(limits, Remote::kLivesOn);
  Time now = today;
  Decision last;
  for (int step = 0; step < steps; ++step) {
    const Time wait = static_cast<Time>(std::max(last.retry_after, last.reset_after).count()) / 1000;
    const Time retry = static_cast<Time>(last.retry_after.count()) / 1000;
    switch (dice.below(8)) {
      case 0:
        now += retry < today / 8 ? retry : 0;
        break;
      case 1:
        now += retry > 0 && retry < today / 8 ? retry - 1 : 0;
        break;
      case 2:
        now += wait < today / 8 ? wait : 0;
        break;
      case 3:
        now += dice.below(1 + std::min<Time>(wait, today / 8));
        break;
      case 4:
        now -= dice.below(1 + std::min<Time>(wait / 4, today / 8));
        break;
      default:
        now += dice.below(3);
        break;
    }
    if (now > 2 * today || now < today / 2) now = today;
    remote.set_now(now);
    mirrors.forget_if_gone(now);
    std::int64_t cost = dice.below(4) == 0 ? of_any_size(dice, 0, static_cast<std::uint64_t>(book.most()) + 1)
                                           : static_cast<std::int64_t>(dice.below(4));
    if (dice.below(50) == 0) cost = -1;
    const std::string told = to_string(limits) + " step " + std::to_string(step) + " now " + std::to_string(now) +
                             " cost " + std::to_string(cost);
    const std::int64_t writes = remote.writes();
    switch (dice.below(10)) {
      case 0: {
        const Decision expected = in_nanoseconds(mirrors.peek(now, cost, {}));
        INFO(told << " peek");
        REQUIRE(remote.peek(now, cost) == expected);
        REQUIRE(remote.writes() == writes);
        break;
      }
      case 1: {
        if (cost < 0) break;
        INFO(told << " refund");
        if (dice.below(8) == 0) cost = of_any_size(dice, 0, kLargest);
        mirrors.refund(now, static_cast<std::uint64_t>(cost));
        remote.refund(cost);
        break;
      }
      case 2:
        if (dice.below(10) == 0) {
          mirrors.reset();
          remote.reset();
        }
        break;
      case 3: {
        const Time max_wait = dice.below(2) == 0 ? wait : dice.below(kLastNow / 64);
        const Decision expected = in_nanoseconds(mirrors.take(now, cost, std::min(max_wait, book.reach())));
        INFO(told << " reserve within " << max_wait);
        last = remote.take(now, cost, max_wait);
        REQUIRE(last == expected);
        break;
      }
      default: {
        const Decision expected = in_nanoseconds(mirrors.take(now, cost, 0));
        INFO(told << " take");
        last = remote.take(now, cost, 0);
        REQUIRE(last == expected);
        if (!last.permitted || cost <= 0) REQUIRE(remote.writes() == writes);
        break;
      }
    }
    // What is stored is what is remembered: asked for anything, both say the same.
    const auto any = static_cast<std::int64_t>(1 + dice.below(static_cast<std::uint64_t>(book.most())));
    INFO(told << ", then peek " << any);
    REQUIRE(remote.peek(now, any) == in_nanoseconds(mirrors.peek(now, any, {})));
  }
}

template <class Remote>
void walk_many(std::size_t kind, int steps) {
  Dice dice(20'261'124 + kind);
  for (int done = 0; done < steps; done += 1000) {
    walk<Remote>(
        dice, [kind](Dice& d) { return std::vector<Limit>{draw(d, kind)}; }, 1000);
  }
}

template <class Remote>
void walk_lists(int steps) {
  Dice dice(20'261'124);
  const auto draw_list = [](Dice& d) {
    std::vector<Limit> limits(2 + d.below(3));
    for (Limit& limit : limits) limit = draw(d, d.below(4));
    return limits;
  };
  for (int done = 0; done < steps; done += 1000) walk<Remote>(dice, draw_list, 1000);
}

TEST_CASE("plain Lua and C++ keep a token bucket alike, in 50,000 random steps") { walk_many<InLua>(0, 50'000); }
TEST_CASE("plain Lua and C++ keep a fixed window alike, in 50,000 random steps") { walk_many<InLua>(1, 50'000); }
TEST_CASE("plain Lua and C++ keep a sliding window alike, in 50,000 random steps") { walk_many<InLua>(2, 50'000); }
TEST_CASE("plain Lua and C++ keep a sliding log alike, in 50,000 random steps") { walk_many<InLua>(3, 50'000); }
TEST_CASE("plain Lua and C++ keep lists of limits alike, in 50,000 random steps") { walk_lists<InLua>(50'000); }

TEST_CASE("plain Lua and C++ keep all limits alike, in a million random steps each", "[.long]") {
  for (std::size_t kind = 0; kind < 4; ++kind) walk_many<InLua>(kind, 1'000'000);
  walk_lists<InLua>(1'000'000);
}

// ---- what nobody of us has put there ---------------------------------------------------------------------

// A call of one limit: an operation, and for each request a key and a cost.
Call call_of(const Rulebook& book, const char* operation,
             const std::vector<std::pair<std::string, std::int64_t>>& requests, const std::string& now = "",
             std::int64_t patience = 0) {
  Call call{&book.script(), {}, {call_argument(operation, now, patience, book.terms())}};
  for (const auto& [key, cost] : requests) {
    call.keys.push_back(key);
    call.arguments.push_back(std::to_string(cost));
  }
  return call;
}

// One of each kind: a bucket whose permits are no whole microseconds, windows whose counters may be many.
std::vector<Limit> one_of_each() {
  return {TokenBucket{{7, std::chrono::microseconds(5)}, 9}, TokenBucket{{1, std::chrono::microseconds(5)}, 9},
          FixedWindow{9, std::chrono::seconds(1)}, SlidingWindow{9, std::chrono::seconds(1)},
          SlidingLog{9, std::chrono::seconds(1)}};
}

TEST_CASE("no value that a key holds makes a script fail") {
  const auto host = make_lua_host();
  host->set_now(kToday);
  std::vector<std::string> values = {"",       " ",     "x",       "-1",      "1.5",       "0x10", "inf",
                                     "nan",    "1e300", " 12",     "12 ",     "1  2",      "1 2",  "1 2 3 4 5",
                                     "1 -2 3", "1 2 2", "1 2 3 9", "nan 0 0", "0 0 0 inf", "\n1",  "1\n",
                                     "12\0",   "0",     "5 0 0",   "5 9 9 1", "0 0",       "0 5"};
  for (const std::size_t digits : {16U, 17U, 20U, 400U}) {
    const std::string many(digits, '9');
    for (const std::string& value : {many, many + " 0 0", "0 " + many + " 0", "0 0 " + many, many + " 0 0 0",
                                     "0 " + many + " 0 1", "0 0 " + many + " 0", many + " 1", "1 " + many}) {
      values.push_back(value);
    }
  }
  for (const Limit& limit : one_of_each()) {
    const Rulebook book = Rulebook::make({limit}).value();
    for (const std::string& value : values) {
      for (const char* operation : {"peek", "advance", "refund", "reset"}) {
        CAPTURE(to_string(limit), value, operation);
        for (const char* key : {"before", "key", "list", "long", "after"}) (void)host->command({"DEL", key});
        (void)host->command({"SET", "key", value, "PX", "1000"});
        (void)host->command({"RPUSH", "list", value});
        (void)host->command({"RPUSH", "long", "1", value, value, "1795000000000000", value, "1795000000000000"});
        for (const char* key : {"list", "long"}) (void)host->command({"PEXPIRE", key, "1000"});
        const Tree reply = host->run(
            call_of(book, operation, {{"before", 1}, {"key", 1}, {"list", 2}, {"long", 7}, {"after", 1}}));
        INFO(reply.text);
        REQUIRE(reply.kind == Reply::Kind::array);
        REQUIRE(reply.children.size() == 6);
        // Who came with it is decided as ever.
        CHECK(reply.children[1].kind != Reply::Kind::error);
        CHECK(reply.children[5].kind != Reply::Kind::error);
        // What Lua takes for a state, C++ does, too; nobody has counted as far as 2^53.
        if (std::string(operation) == "peek" && value.find(std::string(16, '9')) == std::string::npos) {
          const TreeView view(reply);
          const bool read = book.peek(kToday, view.reply().children.subspan(2, 1), 1, 0).has_value();
          CHECK(read == (reply.children[2].kind != Reply::Kind::error));
          const bool moment = !value.empty() && value.find_first_not_of("0123456789 ") == std::string::npos &&
                              value.front() != ' ' && std::count(value.begin(), value.end(), ' ') <= 1;
          if (book.script().name == "SlidingLog") CHECK(moment == (reply.children[3].kind != Reply::Kind::error));
        }
        const bool charged = std::string(operation) == "advance";
        for (const char* key : {"before", "after"}) CHECK((host->command({"PTTL", key}).integer > 0) == charged);
        for (const char* key : {"key", "list", "long"}) CHECK(host->command({"PTTL", key}).integer != -1);
      }
    }
  }
}

TEST_CASE("a list is charged to none of its limits while a key of it is somebody else's") {
  const auto host = make_lua_host();
  host->set_now(kToday);
  const Rulebook book = Rulebook::make(one_of_each()).value();
  const std::size_t limits = book.suffixes().size();
  for (std::size_t foreign = 0; foreign < limits; ++foreign) {
    for (const char* operation : {"advance", "refund"}) {
      CAPTURE(foreign, operation);
      Call call = call_of(book, operation, {});
      for (std::size_t i = 0; i < limits; ++i) call.keys.push_back("key" + std::to_string(i));
      call.arguments.emplace_back("1");
      for (const std::string& key : call.keys) (void)host->command({"DEL", key});
      (void)host->command({"SET", call.keys[foreign], "not ours", "PX", "1000"});
      const std::int64_t writes = host->writes();
      const Tree reply = host->run(call);
      CHECK(host->writes() == writes);
      REQUIRE(reply.children.size() == 1 + limits);
      for (std::size_t i = 0; i < limits; ++i) {
        CHECK((reply.children[1 + i].kind == Reply::Kind::error) == (i == foreign));
      }
      // The whole list starts anew.
      call.arguments[0] = call_argument("reset", "", 0, book.terms());
      (void)host->run(call);
      for (const std::string& key : call.keys) CHECK(host->command({"PTTL", key}).integer == -2);
    }
  }
}

TEST_CASE("a log that two limits share stays in order") {
  const auto host = make_lua_host();
  const Rulebook small = Rulebook::make({SlidingLog{2, std::chrono::seconds(1)}}).value();
  const Rulebook large = Rulebook::make({SlidingLog{9, std::chrono::seconds(1)}}).value();
  host->set_now(kToday);
  (void)host->run(call_of(small, "advance", {{"log", 2}}));
  (void)host->run(call_of(small, "advance", {{"log", 1}}, "", 1'000'000));
  // The larger limit has room at once, after what the smaller one has reserved.
  host->set_now(kToday + 1);
  (void)host->run(call_of(large, "advance", {{"log", 3}}));
  const std::string now = std::to_string(kToday), reserved = std::to_string(kToday + 1'000'000);
  std::vector<std::string> log;
  for (int i = 0; i < 6; ++i) log.push_back(host->command({"LINDEX", "log", std::to_string(i)}).text);
  CHECK(log == std::vector<std::string>{now, now, reserved + " " + now, reserved, reserved,
                                        reserved + " " + std::to_string(kToday + 1)});
}

TEST_CASE("what the server itself refuses ends a script before anything is written") {
  for (const Limit& limit : one_of_each()) {
    const Rulebook book = Rulebook::make({limit}).value();
    for (const std::string forbidden : {"TIME", "GET", "SET", "LLEN", "RPUSH"}) {
      CAPTURE(to_string(limit), forbidden);
      const auto host = make_lua_host();
      host->set_now(kToday);
      host->forbid(forbidden);
      const bool list = std::holds_alternative<SlidingLog>(limit);
      const bool needed = forbidden == "TIME" || list == (forbidden == "LLEN" || forbidden == "RPUSH");
      const Tree reply = host->run(call_of(book, "advance", {{"a", 1}, {"b", 1}}));
      CHECK((reply.kind == Reply::Kind::error) == needed);
      if (needed) {
        CHECK(reply.text.find("can't run this command") != std::string::npos);
        CHECK(host->writes() == 0);
      }
    }
  }
}

TEST_CASE("requests that go together are each their own key's") {
  const auto host = make_lua_host();
  host->set_now(kToday);
  const auto there = [&](const std::string& key) { return host->command({"PTTL", key}).integer > 0; };
  for (const Limit& limit : one_of_each()) {
    CAPTURE(to_string(limit));
    const Rulebook book = Rulebook::make({limit}).value();
    for (const char* key : {"a", "b", "c"}) (void)host->command({"DEL", key});
    (void)host->run(call_of(book, "advance", {{"a", 1}, {"b", 1}, {"c", 1}}));
    CHECK((there("a") && there("b") && there("c")));
    (void)host->run(call_of(book, "refund", {{"b", 1}, {"c", 0}}));
    CHECK((there("a") && !there("b") && there("c")));
    (void)host->run(call_of(book, "reset", {{"b", 0}, {"c", 0}}));
    CHECK((there("a") && !there("b") && !there("c")));
  }
}

TEST_CASE("what one key owes is not the next one's") {
  const auto host = make_lua_host();
  host->set_now(kToday);
  for (const Limit& limit : one_of_each()) {
    const Rulebook book = Rulebook::make({limit}).value();
    for (const std::int64_t before : {0, 7}) {
      for (const char* operation : {"advance", "refund"}) {
        // All that a state can have, by a reservation.
        const auto stored = [&](const Call& call) {
          for (const char* key : {"a", "b"}) (void)host->command({"DEL", key});
          (void)host->run(call_of(book, "advance", {{"a", 9}}));
          (void)host->run(call_of(book, "advance", {{"a", 1}}, "", 10'000'000));
          (void)host->run(call_of(book, "advance", {{"b", before}}));
          (void)host->run(call);
          return absl::StrCat(host->command({"GET", "b"}).text, "; ", host->command({"LINDEX", "b", "-1"}).text,
                              "; ", host->command({"PTTL", "b"}).integer);
        };
        CAPTURE(to_string(limit), before, operation);
        CHECK(stored(call_of(book, operation, {{"a", 0}, {"b", 1}})) ==
              stored(call_of(book, operation, {{"b", 1}})));
      }
    }
  }
}

TEST_CASE("a key lives until it owes nothing, and an hour longer if the moment is a test's") {
  for (const Limit& limit : one_of_each()) {
    const Rulebook book = Rulebook::make({limit}).value();
    const auto host = make_lua_host();
    // A moment that is no whole millisecond.
    const Time now = kToday + 123'457;
    host->set_now(static_cast<std::int64_t>(now));
    const Tree reply = host->run(call_of(book, "advance", {{"a", 7}}));
    const TreeView view(reply);
    const auto decision = book.decide(now, view.reply().children.subspan(1), 7, 0).value();
    const std::int64_t owes_ms = (decision.reset_after.count() + 999'999) / 1'000'000;
    CAPTURE(to_string(limit), owes_ms);
    CHECK(host->command({"PTTL", "a"}).integer == owes_ms);
    (void)host->run(call_of(book, "advance", {{"b", 7}}, std::to_string(now)));
    CHECK(host->command({"PTTL", "b"}).integer == owes_ms + 3'600'000);
  }
}

TEST_CASE("what is wrong with a call is told before anything is written") {
  const auto host = make_lua_host();
  host->set_now(kToday);
  for (const Limit& limit : one_of_each()) {
    const Rulebook book = Rulebook::make({limit}).value();
    const Call good = call_of(book, "advance", {{"a", 1}, {"b", 1}});
    CAPTURE(to_string(limit));
    const auto complaint = [&](const Call& call) {
      const std::int64_t writes = host->writes();
      const Tree reply = host->run(call);
      CHECK(host->writes() == writes);
      return reply.kind == Reply::Kind::error ? reply.text : "none";
    };
    // The call: an operation, a moment, a patience, a letter and three terms.
    const std::vector<std::string> words = absl::StrSplit(good.arguments[0], ' ');
    REQUIRE(words.size() == 7);
    const auto with_word = [&](std::size_t place, const std::string& word) {
      std::vector<std::string> others = words;
      others[place] = word;
      Call other = good;
      other.arguments[0] = absl::StrJoin(others, " ");
      return other;
    };
    const auto is_wrong = [&](const Call& call, std::size_t argument) {
      const std::string& text = call.arguments[argument - 1];
      return complaint(call).find(absl::StrCat("PENSTOCK argument ", argument, ": \"", text, "\" ")) == 0;
    };
    for (const std::string wrong : {"", "-1", "0.5", "nan", "inf", "9007199254740992", "x"}) {
      CAPTURE(wrong);
      for (std::size_t place = 0; place < words.size(); ++place) {
        CAPTURE(place);
        CHECK(is_wrong(with_word(place, wrong), 1));
      }
      for (const std::size_t argument : {2U, 3U}) {
        Call bad = good;
        bad.arguments[argument - 1] = wrong;
        CHECK(is_wrong(bad, argument));
      }
    }
    for (const std::string operation : {"Advance", "peeks", "refunds", "resets"}) {
      CHECK(is_wrong(with_word(0, operation), 1));
    }
    for (const std::string text : {"", "advance", "advance - 0", "advance - 0 "}) {
      Call bad = good;
      bad.arguments[0] = text;
      CHECK(is_wrong(bad, 1));
    }
    Call twice = good;
    twice.arguments[0] += " x 1 2 3";
    CHECK(is_wrong(twice, 1));
    // The largest of each: a time in the year 2112, a patience as long.
    const std::int64_t last = std::int64_t{1} << 52;
    CHECK(complaint(call_of(book, "peek", {{"a", 1}}, std::to_string(last), last)) == "none");
    for (const std::size_t place : {1U, 2U}) CHECK(is_wrong(with_word(place, std::to_string(last + 1)), 1));
    // As many keys as requests.
    Call keys = good;
    keys.keys.emplace_back("c");
    CHECK(complaint(keys) == "PENSTOCK keys: 3 for 2 costs of 1 limits");
    keys.keys.resize(1);
    CHECK(complaint(keys) == "PENSTOCK keys: 1 for 2 costs of 1 limits");
    keys.arguments.resize(1);
    CHECK(complaint(keys) == "PENSTOCK keys: 1 for 0 costs of 1 limits");
    // For each request a key for each limit.
    Call pairs = good;
    pairs.arguments[0] += absl::StrCat(" ", book.terms());
    pairs.keys.emplace_back("c");
    CHECK(complaint(pairs) == "PENSTOCK keys: 3 for 2 costs of 2 limits");
    pairs.arguments.resize(2);
    CHECK(complaint(pairs) == "PENSTOCK keys: 3 for 1 costs of 2 limits");
  }
  // 16 limits, and no more.
  const Rulebook many = Rulebook::make(std::vector<Limit>(16, FixedWindow{9, std::chrono::seconds(1)})).value();
  Call call{&many.script(), many.suffixes(), {call_argument("peek", "", 0, many.terms()), "1"}};
  CHECK(host->run(call).kind == Reply::Kind::array);
  call.arguments.back() = "9007199254740991";  // 2^53 - 1
  CHECK(host->run(call).kind == Reply::Kind::array);
  call.arguments[0] += " f 1 1 1";
  CHECK(host->run(call).text.find("has more than 16 limits") != std::string::npos);
}

TEST_CASE("a cost that is told once is every request's") {
  const auto host = make_lua_host();
  host->set_now(kToday);
  for (const Limit& limit : one_of_each()) {
    const Rulebook book = Rulebook::make({limit}).value();
    Call call = call_of(book, "advance", {{"a", 3}, {"b", 3}, {"c", 3}});
    call.arguments.resize(2);
    (void)host->run(call);
    for (const std::string& key : call.keys) {
      CAPTURE(to_string(limit), key);
      const Tree reply = host->run(call_of(book, "peek", {{key, 6}}));
      const TreeView view(reply);
      CHECK(book.peek(kToday, view.reply().children.subspan(1), 6, 0).value().remaining == 6);
      (void)host->command({"DEL", key});
    }
  }
}

TEST_CASE("a part of another limit's microsecond counts as a whole one") {
  const std::vector<Limit> limits = {TokenBucket{{7, std::chrono::microseconds(5)}, 3}};
  const auto host = make_lua_host();
  host->set_now(kToday);
  const Rulebook book = Rulebook::make(limits).value();
  const auto wait = [&](const std::string& stored) {
    (void)host->command({"SET", "key", stored, "PX", "1000"});
    const Tree reply = host->run(call_of(book, "advance", {{"key", 3}}));
    const TreeView view(reply);
    const auto decision = book.decide(kToday, view.reply().children.subspan(1), 3, 0).value();
    // Both sides have refused, or both have charged.
    CHECK(decision.permitted == (host->command({"GET", "key"}).text != stored));
    return decision.retry_after;
  };
  const std::string soon = std::to_string(kToday), later = std::to_string(kToday + 1);
  CHECK(wait(soon + " 0 7") == Duration::zero());
  CHECK(wait(soon + " 1 7") == std::chrono::microseconds(1));
  CHECK(wait(later + " 1 7") == std::chrono::microseconds(2));
  CHECK(wait(soon + " 0 9") == std::chrono::microseconds(1));
  CHECK(wait(soon + " 1 9") == std::chrono::microseconds(1));
  CHECK(wait(later + " 8 9") == std::chrono::microseconds(2));
}

#if PENSTOCK_TEST_REDIS
TEST_CASE("a server and C++ keep all limits alike, in 5,000 random steps each") {
  for (std::size_t kind = 0; kind < 4; ++kind) walk_many<InRedis>(kind, 5000);
  walk_lists<InRedis>(5000);
}

TEST_CASE("a server and C++ keep all limits alike, in a million random steps each", "[.long]") {
  for (std::size_t kind = 0; kind < 4; ++kind) walk_many<InRedis>(kind, 1'000'000);
  walk_lists<InRedis>(1'000'000);
}
#endif

}  // namespace
}  // namespace penstock::redis
