// What redis.h promises, on a real server and its own clock.

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "catch.h"
#include "detached.h"
#include "penstock/awaitable.h"
#include "penstock/penstock.h"
#include "penstock/redis.h"
#include "redis/asker.h"
#include "redis/redis_server.h"
#include "redis/scripts.h"
#include "redis/server.h"
#include "terminates.h"

namespace penstock::redis {
namespace {

using namespace std::chrono_literals;

// Long enough that a busy machine decides nothing; tests of the deadline have their own.
constexpr Duration kPatient = 30s;

std::shared_ptr<Redis> open(const RedisServer& server) {
  return open_redis({.url = server.url(), .deadline = kPatient}).value();
}

std::unique_ptr<Limiter> limiter(const RedisServer& server, const char* limits,
                                 const RedisLimiterOptions& options = {}) {
  return make_redis_limiter(parse_limits(limits).value(), open(server), options).value();
}

// Asks until the server answers again; false if it does not within ten seconds.
bool comes_back(Limiter& limiter) {
  const auto end = std::chrono::steady_clock::now() + 10s;
  while (std::chrono::steady_clock::now() < end) {
    if (limiter.peek("anybody").source == Source::redis) return true;
    std::this_thread::sleep_for(1ms);
  }
  return false;
}

// ---- exact over processes and threads ------------------------------------------------------------------

TEST_CASE("three processes that share a burst of 5,000 admit exactly 5,000") {
  const RedisServer server;
  std::vector<std::pair<pid_t, int>> children;
  for (int i = 0; i < 3; ++i) {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    const pid_t child = fork();
    if (child == 0) {
      std::atomic<int> admitted = 0;
      {
        const auto mine = limiter(server, "1/24h burst=5000");
        std::vector<std::thread> threads;
        for (int t = 0; t < 4; ++t) {
          threads.emplace_back([&] {
            for (int n = 0; n < 800; ++n) {
              const Decision decision = mine->try_acquire("shared");
              if (decision.source == Source::redis && decision.permitted) ++admitted;
              if (decision.source != Source::redis) admitted += 1'000'000;
            }
          });
        }
        for (std::thread& thread : threads) thread.join();
      }
      const int count = admitted;
      const ssize_t written = write(ends[1], &count, sizeof count);
      _exit(written == sizeof count ? 0 : 1);
    }
    close(ends[1]);
    children.emplace_back(child, ends[0]);
  }
  int admitted = 0;
  for (const auto& [child, end] : children) {
    int count = 0;
    CHECK(read(end, &count, sizeof count) == sizeof count);
    admitted += count;
    close(end);
    int status = 0;
    waitpid(child, &status, 0);
    CHECK(status == 0);
  }
  // The next one comes back in a day.
  CHECK(admitted == 5000);
}

TEST_CASE("threads that share a window admit exactly its limit") {
  const RedisServer server;
  const auto shared = limiter(server, "1000/24h algo=fixed, 700/24h algo=log");
  std::atomic<int> admitted = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      std::vector<Request> requests(50, Request{"key"});
      std::vector<Decision> decisions(requests.size());
      for (int n = 0; n < 10; ++n) {
        shared->try_acquire(requests, decisions);
        for (const Decision& decision : decisions) admitted += decision.permitted;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(admitted == 700);
}

// ---- what is stored --------------------------------------------------------------------------------------

TEST_CASE("every key expires when it owes nothing, rounded up to a millisecond") {
  const RedisServer server;
  for (const char* text : {"3/10s burst=3", "3/10s algo=fixed", "3/10s", "3/10s algo=log"}) {
    CAPTURE(text);
    server.command({"FLUSHALL"});
    const auto mine = limiter(server, text);
    const Decision decision = mine->try_acquire("key", 2);
    REQUIRE(decision.permitted);
    const std::string key = server.command({"KEYS", "*"});
    const std::int64_t left = std::stoll(server.command({"PTTL", key.substr(0, key.find_last_not_of(' ') + 1)}));
    const std::int64_t owes = (decision.reset_after + 999'999ns) / 1ms;
    CHECK(left <= owes);
    CHECK(left > owes - 5000);  // time goes on between the two commands
    CHECK(mine->reset("key").ok());
    CHECK(server.command({"DBSIZE"}) == "0");
  }
}

TEST_CASE("a refusal stores nothing") {
  const RedisServer server;
  const auto mine = limiter(server, "3/10s burst=3, 2/h algo=log");
  CHECK_FALSE(mine->try_acquire("key", 4).permitted);
  CHECK_FALSE(mine->try_acquire("key", 3).permitted);
  CHECK(mine->peek("key", 1).permitted);
  CHECK(server.command({"DBSIZE"}) == "0");
}

TEST_CASE("keys carry a hash tag of their own, so that all limits of one key share a slot") {
  const RedisServer server;
  const auto mine = limiter(server, "3/10s algo=fixed, 100/h algo=fixed", {.prefix = "mine"});
  for (const char* key : {"key", "", "}{", "a}b", "{a}"}) REQUIRE(mine->try_acquire(key).permitted);
  std::string keys = server.command({"KEYS", "*"});
  for (const char* expected :
       {"mine:{3:key}1f10000000000 ", "mine:{3:key}1f3600000000000 ", "mine:{0:}1f10000000000 ",
        "mine:{2:}{}1f10000000000 ", "mine:{3:a}b}1f10000000000 ", "mine:{3:{a}}1f10000000000 "}) {
    CAPTURE(expected, keys);
    CHECK((keys + " ").find(expected) != std::string::npos);
  }
}

TEST_CASE("what somebody else has put under a key is an error for that key alone") {
  const RedisServer server;
  for (const OnUnavailable policy : {OnUnavailable::deny, OnUnavailable::permit}) {
    for (const char* text : {"3/10s burst=3", "3/10s algo=fixed", "3/10s", "3/10s algo=log"}) {
      CAPTURE(text);
      server.command({"FLUSHALL"});
      const auto mine = limiter(server, text, {.on_unavailable = policy});
      REQUIRE(mine->try_acquire("key").permitted);
      std::string key = server.command({"KEYS", "*"});
      key = key.substr(0, key.find_last_not_of(' ') + 1);
      for (const std::vector<std::string>& foreign :
           {std::vector<std::string>{"SET", key, "not ours"}, {"SADD", key, "not ours"}}) {
        server.command({"DEL", key});
        server.command(foreign);
        std::vector<Request> requests = {{"before"}, {"key"}, {"after"}};
        std::vector<Decision> decisions(3);
        mine->try_acquire(requests, decisions);
        CHECK(decisions[1].error == absl::StatusCode::kDataLoss);
        CHECK(decisions[1].source == Source::policy);
        CHECK(decisions[1].permitted == (policy == OnUnavailable::permit));
        CHECK(decisions[0].source == Source::redis);
        CHECK(decisions[2].source == Source::redis);
      }
    }
  }
}

TEST_CASE("a limit that changes keeps what its keys owe") {
  const RedisServer server;
  SECTION("a bucket: the time until it is full, so more permits fill it sooner") {
    const auto before = limiter(server, "10/h burst=10");
    const auto after = limiter(server, "20/h burst=20");
    REQUIRE(before->try_acquire("key", 10).permitted);  // an hour's worth
    CHECK_FALSE(after->try_acquire("key").permitted);   // an hour's worth of 20, too
    REQUIRE(after->reset("key").ok());
    REQUIRE(after->try_acquire("key", 10).permitted);  // half an hour
    CHECK(before->peek("key").remaining == 5);
  }
  SECTION("a bucket whose permits are no whole microseconds: never more than before") {
    const auto before = limiter(server, "7000003/s burst=10");
    const auto after = limiter(server, "7000005/s burst=10");
    for (int i = 0; i < 100; ++i) {
      (void)before->try_acquire("key", 3);
      (void)after->try_acquire("key", 3);
    }
    CHECK(before->peek("key").error == absl::StatusCode::kOk);
    CHECK(after->peek("key").error == absl::StatusCode::kOk);
  }
  SECTION("windows: what is used in them") {
    for (const char* algorithm : {" algo=fixed", "", " algo=log"}) {
      CAPTURE(algorithm);
      server.command({"FLUSHALL"});
      const auto before = limiter(server, (std::string("10/24h") + algorithm).c_str());
      const auto after = limiter(server, (std::string("12/24h") + algorithm).c_str());
      REQUIRE(before->try_acquire("key", 8).permitted);
      CHECK(after->peek("key").remaining == 4);
      REQUIRE(after->try_acquire("key", 4).permitted);
      CHECK_FALSE(before->peek("key").permitted);
      CHECK(before->peek("key").remaining == 0);
    }
  }
  SECTION("another window is another limit") {
    const auto before = limiter(server, "1/h algo=fixed");
    const auto after = limiter(server, "1/2h algo=fixed");
    REQUIRE(before->try_acquire("key").permitted);
    CHECK(after->try_acquire("key").permitted);
  }
}

TEST_CASE("two limits of one kind and one window in one list have states of their own") {
  const RedisServer server;
  const auto mine = limiter(server, "5/h algo=fixed, 3/h algo=fixed");
  REQUIRE(mine->try_acquire("key", 3).permitted);
  CHECK_FALSE(mine->try_acquire("key").permitted);
  CHECK(server.command({"DBSIZE"}) == "2");
}

// ---- access ----------------------------------------------------------------------------------------------

TEST_CASE("a user with the documented rights can do all that a limiter does, and nothing else") {
  const RedisServer server;
  server.command({"ACL", "SETUSER", "limiter", "on", ">let me in", "~penstock:*", "+evalsha", "+script|load",
                  "+time", "+get", "+set", "+del", "+llen", "+lindex", "+ltrim", "+rpush", "+lset", "+pexpire"});
  const std::string url = "redis://limiter:let%20me%20in@127.0.0.1:" + std::to_string(server.port());
  const auto redis = open_redis({.url = url, .deadline = kPatient}).value();
  for (const char* text :
       {"3/10s burst=3", "3/10s algo=fixed", "3/10s", "3/10s algo=log", "9/1s, 3/10s algo=log"}) {
    CAPTURE(text);
    const auto mine = make_redis_limiter(parse_limits(text).value(), redis).value();
    CHECK(mine->try_acquire("key", 3).source == Source::redis);
    CHECK(mine->reserve("key", 1, 10s).source == Source::redis);
    CHECK(mine->refund("key", 2).ok());
    CHECK(mine->peek("key").source == Source::redis);
    CHECK(mine->reset("key").ok());
  }
  const auto other = make_redis_limiter(parse_limits("3/10s").value(), redis, {.prefix = "theirs"}).value();
  CHECK(other->try_acquire("key").error != absl::StatusCode::kOk);
  server.command({"ACL", "SETUSER", "limiter", "+select"});
  const auto elsewhere = open_redis({.url = url + "/2", .deadline = kPatient}).value();
  CHECK(make_redis_limiter(FixedWindow{3, 10s}, elsewhere).value()->try_acquire("key").source == Source::redis);
}

TEST_CASE("a user who may not load scripts can use those that the operator has loaded") {
  const RedisServer server;
  REQUIRE(server.command({"SCRIPT", "LOAD", std::string(kFixedWindowScript.text)}) == kFixedWindowScript.sha1);
  server.command({"ACL", "SETUSER", "limiter", "on", ">pw", "~penstock:*", "+evalsha", "+time", "+get", "+set"});
  const auto redis =
      open_redis({.url = "redis://limiter:pw@127.0.0.1:" + std::to_string(server.port()), .deadline = kPatient})
          .value();
  const auto loaded = make_redis_limiter(FixedWindow{3, 10s}, redis).value();
  CHECK(loaded->try_acquire("key").source == Source::redis);
  const auto missing = make_redis_limiter(SlidingWindow{3, 10s}, redis).value();
  CHECK(missing->try_acquire("key").error == absl::StatusCode::kPermissionDenied);
}

TEST_CASE("who waits for the connection learns that it is there, or why it is not") {
  // However long the machine takes to get there.
  const auto wait = [](const std::string& url) {
    const auto redis = open_redis({.url = url, .connect_timeout = kPatient}).value();
    absl::Status status = absl::DeadlineExceededError("");
    while (status.code() == absl::StatusCode::kDeadlineExceeded) {
      const auto deadline = std::chrono::steady_clock::now() + 100ms;
      status = wait_until_connected(*redis, deadline);
      CHECK((status.ok() || std::chrono::steady_clock::now() >= deadline));
      CHECK(redis_stats(*redis).connected == status.ok());
    }
    return status;
  };
  const RedisServer server({"--databases", "2"});
  CHECK(wait(server.url()).ok());
  server.command({"ACL", "SETUSER", "limiter", "on", ">right", "~*", "+@all"});
  const std::string host = "127.0.0.1:" + std::to_string(server.port());

  const absl::Status wrong = wait("redis://limiter:hunter2@" + host);
  CHECK(wrong.code() == absl::StatusCode::kPermissionDenied);
  CHECK_THAT(wrong.ToString(), Catch::Contains("WRONGPASS") && Catch::Contains(host));
  CHECK(wrong.ToString().find("hunter2") == std::string::npos);
  CHECK(wait(server.url() + "/2").code() == absl::StatusCode::kNotFound);

  const absl::Status nobody = wait("unix:///nobody/listens/here");
  CHECK(nobody.code() == absl::StatusCode::kUnavailable);
  CHECK_THAT(nobody.ToString(), Catch::Contains("/nobody/listens/here"));

  server.stop();  // it accepts connections and says nothing
  const auto slow = open_redis({.url = server.url(), .connect_timeout = 1min}).value();
  CHECK(wait_until_connected(*slow, std::chrono::steady_clock::now() + 10ms).code() ==
        absl::StatusCode::kDeadlineExceeded);
  server.cont();
  CHECK(wait_until_connected(*slow, std::chrono::steady_clock::now() + kPatient).ok());
}

TEST_CASE("who waits for the connection is woken when the server starts") {
  const std::uint16_t port = RedisServer::free_port();
  const auto redis = open_redis({.url = "redis://127.0.0.1:" + std::to_string(port)}).value();
  const auto deadline = std::chrono::steady_clock::now() + kPatient;
  std::promise<absl::StatusCode> waited;
  std::thread waiting([&] { waited.set_value(wait_until_connected(*redis, deadline).code()); });
  const RedisServer server({}, port);
  CHECK(waited.get_future().get() == absl::StatusCode::kOk);
  CHECK(std::chrono::steady_clock::now() < deadline);
  waiting.join();
}

TEST_CASE("what went wrong last is told in words, with its time, also when all is well again") {
  RedisServer server;
  const auto redis = open_redis({.url = server.url(), .deadline = kPatient, .connect_timeout = kPatient}).value();
  const auto mine = make_redis_limiter(FixedWindow{10, 1h}, redis).value();
  REQUIRE(mine->try_acquire("key").source == Source::redis);
  RedisStats stats = redis_stats(*redis);
  CHECK(stats.connected);
  CHECK_FALSE(stats.breaker_open);
  CHECK(stats.in_flight == 0);
  CHECK(stats.connects == 1);
  CHECK(stats.requests == 1);
  CHECK(stats.last_error.empty());

  const auto before = std::chrono::system_clock::now();
  server.kill9();
  for (int i = 0; i < 10; ++i) CHECK(mine->try_acquire("key").source == Source::fallback);
  stats = redis_stats(*redis);
  CHECK_FALSE(stats.connected);
  CHECK(stats.breaker_open);
  CHECK_FALSE(stats.last_error.empty());
  CHECK(stats.last_error_at >= before);
  CHECK(stats.last_error_at <= std::chrono::system_clock::now());
  // The last is sooner or later of the attempts to connect.
  const auto end = std::chrono::steady_clock::now() + 10s;
  while (stats.last_error.find("refused") == std::string::npos && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(1ms);
    stats = redis_stats(*redis);
  }
  CHECK_THAT(stats.last_error, Catch::Contains("Connection refused") && Catch::Contains("127.0.0.1"));

  server.restart();
  REQUIRE(comes_back(*mine));
  const RedisStats after = redis_stats(*redis);
  CHECK(after.connected);
  CHECK(after.connects == 2);
  CHECK_THAT(after.last_error, Catch::Contains("127.0.0.1"));
  CHECK(after.last_error_at >= before);
}

TEST_CASE("a wrong password is an error of each decision, and is told to nobody") {
  const RedisServer server;
  server.command({"ACL", "SETUSER", "limiter", "on", ">right", "~*", "+@all"});
  const auto redis =
      open_redis({.url = "redis://limiter:hunter2@127.0.0.1:" + std::to_string(server.port()), .deadline = 5s})
          .value();
  const auto mine = make_redis_limiter(SlidingLog{2, 1h}, redis).value();
  for (int i = 0; i < 3; ++i) {
    const Decision decision = mine->try_acquire("key");
    CHECK(decision.source == Source::fallback);
    CHECK(decision.permitted == (i < 2));
    CHECK(decision.error != absl::StatusCode::kOk);
  }
  CHECK(std::string(mine->refund("key", 1).message()).find("hunter2") == std::string::npos);
}

TEST_CASE("options out of range are refused by field and value, and never with the password") {
  const auto message = [](const RedisOptions& options) {
    return std::string(open_redis(options).status().message());
  };
  CHECK(message({.deadline = 0ns}) == "RedisOptions: deadline = 0 ns: must be 1000000 to 60000000000 ns");
  CHECK(message({.connect_timeout = -1ns}).find("connect_timeout = -1 ns") != std::string::npos);
  CHECK(message({.max_in_flight = 0}).find("max_in_flight = 0: must be 1 to 1048576") != std::string::npos);
  CHECK(message({.max_keys_per_call = 513}).find("max_keys_per_call = 513") != std::string::npos);
  CHECK(message({.max_reply_bytes = 1023}).find("max_reply_bytes = 1023") != std::string::npos);
  CHECK(message({.url = "rediss://x:hunter2@host"}).find("TLS") != std::string::npos);
  CHECK(message({.url = "rediss://x:hunter2@host"}).find("hunter2") == std::string::npos);
  CHECK(message({.url = "redis://x:hunter2@host:99999"}).find("hunter2") == std::string::npos);

  const auto redis = open_redis({}).value();
  const auto refused = [&](const Limit& limit, const RedisLimiterOptions& options) {
    return std::string(make_redis_limiter(limit, redis, options).status().message());
  };
  const Limit limit = SlidingWindow{3, 10s};
  CHECK(refused(limit, {.prefix = ""}) ==
        "RedisLimiterOptions: prefix = \"\": must be 1 to 64 bytes without braces");
  CHECK(refused(limit, {.prefix = "a{b"}).find("a{b") != std::string::npos);
  CHECK(refused(limit, {.prefix = std::string(65, 'p')}).find("64 bytes") != std::string::npos);
  CHECK(refused(limit, {.nodes = 0}) == "RedisLimiterOptions: nodes = 0: must be 1 to 1048576");
  CHECK(refused(limit, {.max_local_keys = 0}).find("max_local_keys = 0") != std::string::npos);
  CHECK(refused(limit, {.max_key_bytes = (1 << 20) + 1}).find("max_key_bytes = 1048577") != std::string::npos);
  CHECK(make_redis_limiter(limit, nullptr).status().code() == absl::StatusCode::kInvalidArgument);
  CHECK(make_redis_limiter(std::vector<Limit>{}, redis).status().code() == absl::StatusCode::kInvalidArgument);
}

TEST_CASE("what decides during an outage has a name") {
  CHECK(to_string(OnUnavailable::local) == "local");
  CHECK(to_string(OnUnavailable::deny) == "deny");
  CHECK(to_string(OnUnavailable::permit) == "permit");
  CHECK(to_string(static_cast<OnUnavailable>(3)).empty());
}

TEST_CASE("a key that is too long is an error that asks nobody") {
  const RedisServer server;
  const auto mine = limiter(server, "3/10s", {.max_key_bytes = 4});
  CHECK(mine->try_acquire("1234").permitted);
  const Decision decision = mine->try_acquire("12345");
  CHECK_FALSE(decision.permitted);
  CHECK(decision.error == absl::StatusCode::kInvalidArgument);
  CHECK(decision.retry_after == Decision::never);
  CHECK(mine->refund("12345", 1).code() == absl::StatusCode::kInvalidArgument);
  CHECK(server.command({"DBSIZE"}) == "1");
}

// ---- when the server cannot answer -----------------------------------------------------------------------

TEST_CASE("without a server a share of the limit is admitted, or nobody, or everybody") {
  RedisServer server;
  const auto local = limiter(server, "100/h burst=100", {.nodes = 4});
  const auto deny = limiter(server, "100/h burst=100", {.on_unavailable = OnUnavailable::deny});
  const auto permit = limiter(server, "100/h burst=100", {.on_unavailable = OnUnavailable::permit});
  REQUIRE(local->try_acquire("key", 10).source == Source::redis);
  server.kill9();
  int admitted = 0;
  for (int i = 0; i < 100; ++i) {
    const Decision decision = local->try_acquire("key");
    REQUIRE(decision.source == Source::fallback);
    REQUIRE(decision.error != absl::StatusCode::kOk);
    REQUIRE(decision.limit == 25);
    admitted += decision.permitted;
  }
  CHECK(admitted == 15);  // a quarter of 100; 10 of it were charged while the server was there
  CHECK(local->try_acquire("key", 101).retry_after == Decision::never);

  const Decision denied = deny->try_acquire("key");
  CHECK_FALSE(denied.permitted);
  CHECK(denied.source == Source::policy);
  CHECK(denied.error != absl::StatusCode::kOk);
  CHECK(denied.retry_after > 0s);
  CHECK(denied.retry_after < 10s);
  CHECK(deny->try_acquire("key", 0).permitted);

  const Decision permitted = permit->try_acquire("key", 100);
  CHECK(permitted.permitted);
  CHECK(permitted.source == Source::policy);
  CHECK(permitted.error != absl::StatusCode::kOk);
  CHECK_FALSE(permit->try_acquire("key", 101).permitted);
  CHECK(permit->try_acquire("key", 101).retry_after == Decision::never);
  CHECK(permit->refund("key", 1).code() != absl::StatusCode::kOk);
}

TEST_CASE("flapping gains nothing: a share is charged all the time") {
  RedisServer server;
  const auto mine = limiter(server, "40/24h algo=fixed", {.nodes = 4});
  int by_share = 0, by_server = 0;
  for (int flap = 0; flap < 3; ++flap) {
    for (int i = 0; i < 12; ++i) {
      const Decision decision = mine->try_acquire("key");
      (decision.source == Source::redis ? by_server : by_share) += decision.permitted;
    }
    server.kill9();
    for (int i = 0; i < 12; ++i) {
      const Decision decision = mine->try_acquire("key");
      REQUIRE(decision.source == Source::fallback);
      by_share += decision.permitted;
    }
    server.restart();
    REQUIRE(comes_back(*mine));
  }
  CHECK(by_share <= 10);
  CHECK(by_server <= 3 * 40);
}

TEST_CASE("when the server comes back it decides again, within two seconds and a pause") {
  RedisServer server;
  const auto mine = make_redis_limiter(parse_limit("100/h burst=100").value(),
                                       open_redis({.url = server.url(), .deadline = 1s}).value())
                        .value();
  REQUIRE(mine->try_acquire("key").source == Source::redis);
  server.kill9();
  for (int i = 0; i < 20; ++i) CHECK(mine->try_acquire("key").source == Source::fallback);
  server.restart();
  const auto since = std::chrono::steady_clock::now();
  CHECK(comes_back(*mine));
  CHECK(std::chrono::steady_clock::now() - since < 5s);
}

TEST_CASE("a new connection ends the breaker's pause") {
  const RedisServer server;
  const auto redis = open_redis({.url = server.url(), .deadline = kPatient}).value();
  const auto mine = make_redis_limiter(TokenBucket{per_hour(100), 100}, redis).value();
  REQUIRE(mine->try_acquire("key").source == Source::redis);
  // As if it had failed in an hour: the pause is longer than this test.
  for (int i = 0; i < 5; ++i) redis->breaker.failed(std::chrono::steady_clock::now() + 1h);
  REQUIRE(mine->try_acquire("key").source == Source::fallback);
  REQUIRE(server.command({"CLIENT", "KILL", "TYPE", "normal"}) == "1");
  CHECK(comes_back(*mine));
}

TEST_CASE("while the breaker is open a decision asks nobody and takes less than a microsecond") {
  RedisServer server;
  const auto redis = open_redis({.url = server.url(), .deadline = 1s}).value();
  const auto mine = make_redis_limiter(TokenBucket{per_hour(1000), 1000}, redis).value();
  REQUIRE(mine->try_acquire("key").source == Source::redis);
  server.kill9();
  for (int i = 0; i < 50; ++i) (void)mine->try_acquire("key");
  // The shortest of some runs: a pause of the machine is nobody's fault.
  double best = 1e9;
  for (int run = 0; run < 20; ++run) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < 1000; ++i) (void)mine->try_acquire("key");
    best = std::min(
        best, std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count() / 1000);
  }
  WARN("a decision with the breaker open: " << best << " ns");
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  CHECK(best < 1000);
#endif
}

TEST_CASE("a server that hangs costs each caller its deadline, and then nothing") {
  RedisServer server;
  const auto mine = make_redis_limiter(TokenBucket{per_hour(1000), 1000},
                                       open_redis({.url = server.url(), .deadline = 50ms}).value())
                        .value();
  while (mine->try_acquire("key").source != Source::redis) std::this_thread::yield();
  server.stop();
  bool unknown = false;
  for (int i = 0; i < 30; ++i) {
    const auto start = std::chrono::steady_clock::now();
    const Decision decision = mine->try_acquire("key");
    CHECK(std::chrono::steady_clock::now() - start < 1s);
    CHECK(decision.source == Source::fallback);
    unknown = unknown || decision.error == absl::StatusCode::kUnknown;
  }
  CHECK(unknown);  // it was sent, and nobody can tell
  server.cont();
  CHECK(comes_back(*mine));
}

TEST_CASE("a server without memory is unavailable, and refusals still come from it") {
  const RedisServer server;
  const auto mine = limiter(server, "1/h algo=fixed", {.on_unavailable = OnUnavailable::deny});
  REQUIRE(mine->try_acquire("known").permitted);
  REQUIRE(server.command({"CONFIG", "SET", "maxmemory", "1"}) == "OK");
  const Decision charged = mine->try_acquire("new");
  CHECK(charged.source == Source::policy);
  CHECK(charged.error == absl::StatusCode::kUnavailable);
  const Decision refused = mine->try_acquire("known");
  CHECK(refused.source == Source::redis);
  CHECK_FALSE(refused.permitted);
}

// A call that was too large for its reply was charged, and then cut its connection off.
TEST_CASE("no call is so large that its reply is above max_reply_bytes") {
  const RedisServer server;
  const auto redis = open_redis({.url = server.url(), .deadline = kPatient, .max_keys_per_call = 512}).value();
  std::vector<Limit> limits;  // as many as can be, whose values have a microsecond, a part and a unit
  for (std::int64_t i = 0; i < 8; ++i)
    limits.push_back(TokenBucket{{9'999'991, 24h + std::chrono::seconds(i)}, 1'000});
  const auto mine = make_redis_limiter(limits, redis).value();
  std::vector<std::string> names;
  for (int i = 0; i < 512; ++i) names.push_back(std::to_string(i));
  std::vector<Request> requests;
  for (const std::string& name : names) requests.push_back({name, 300});
  std::vector<Decision> decisions(requests.size());
  for (int i = 0; i < 3; ++i) {
    mine->try_acquire(requests, decisions);
    CHECK(std::all_of(decisions.begin(), decisions.end(),
                      [](const Decision& decision) { return decision.source == Source::redis; }));
  }
  CHECK(redis_stats(*redis).unknown == 0);
  CHECK(redis_stats(*redis).connects == 1);
}

// ---- without waiting ---------------------------------------------------------------------------------------

TEST_CASE("a caller that must not wait is called back with the same answers") {
  const RedisServer server;
  const auto mine = limiter(server, "100/24h algo=fixed");
  std::atomic<int> admitted = 0, left = 200;
  std::promise<void> all;
  for (int i = 0; i < 200; ++i) {
    mine->try_acquire_async("key", 1, [&](const Decision& decision) {
      admitted += decision.permitted;
      if (--left == 0) all.set_value();
    });
  }
  all.get_future().wait();
  CHECK(admitted == 100);
  Decision wrong;
  mine->try_acquire_async("key", -1, [&](const Decision& decision) { wrong = decision; });
  CHECK(wrong.error == absl::StatusCode::kInvalidArgument);
}

TEST_CASE("a limiter that goes away first calls back who waits") {
  const RedisServer server;
  std::atomic<int> called = 0;
  {
    const auto mine = limiter(server, "100/24h algo=fixed");
    for (int i = 0; i < 100; ++i) mine->try_acquire_async("key", 1, [&](const Decision&) { ++called; });
  }
  CHECK(called == 100);
}

// Where the answer was there at once it once came out of try_acquire_async, and the limiter then waited for ever.
TEST_CASE("what a callback throws ends the program, wherever it is called") {
  const std::string nobody = "redis://127.0.0.1:" + std::to_string(RedisServer::free_port());
  for (const std::int64_t cost : {-1, 1}) {
    CHECK(terminates([&] {
      const auto redis = open_redis({.url = nobody}).value();
      if (!eventually([&] { return !redis_stats(*redis).last_error.empty(); })) return;
      const auto mine = make_redis_limiter(FixedWindow{1, 24h}, redis).value();
      mine->try_acquire_async("key", cost, [](const Decision&) { throw 1; });
    }));
  }
}

// ---- coroutines ------------------------------------------------------------------------------------------

// How a crowd of coroutines fares.
struct Crowd {
  std::atomic<int> admitted = 0, by_redis = 0, elsewhere = 0, running = 0;

  void wait() {
    for (int left = running; left > 0; left = running) running.wait(left);
  }
};

Detached ask_in_turn(Limiter& limiter, int times, std::thread::id home, Crowd& crowd) {
  for (int i = 0; i < times; ++i) {
    const Decision decision = co_await try_acquire_awaitable(limiter, "key");
    crowd.admitted += decision.permitted;
    crowd.by_redis += decision.source == Source::redis;
    crowd.elsewhere += std::this_thread::get_id() != home;
  }
  --crowd.running;
  crowd.running.notify_all();
}

TEST_CASE("coroutines that share a limit admit exactly it, on the thread that does the input and output") {
  const RedisServer server;
  Crowd crowd;
  const auto mine = limiter(server, "1000/24h algo=fixed");
  crowd.running = 50;
  for (int i = 0; i < 50; ++i) ask_in_turn(*mine, 40, std::this_thread::get_id(), crowd);
  crowd.wait();
  CHECK(crowd.admitted == 1000);
  CHECK(crowd.by_redis == 2000);
  // What is asked there, too, cannot be answered before the suspension.
  CHECK(crowd.elsewhere > 0);
}

TEST_CASE("without a server a hundred thousand awaited answers in a row do not grow the stack") {
  RedisServer server;
  Crowd crowd;
  const auto mine = limiter(server, "1000/24h algo=fixed", {.nodes = 4});
  REQUIRE(mine->peek("key").source == Source::redis);
  server.kill9();
  crowd.running = 1;
  ask_in_turn(*mine, 100'000, std::this_thread::get_id(), crowd);
  crowd.wait();
  CHECK(crowd.admitted == 250);
  CHECK(crowd.by_redis == 0);
}

TEST_CASE("an awaited request that is wrong is answered where it was asked") {
  const RedisServer server;
  const auto mine = limiter(server, "3/10s", {.max_key_bytes = 4});
  const auto story = [](Limiter& its_limiter) -> Detached {
    const std::thread::id home = std::this_thread::get_id();
    const Decision negative = co_await try_acquire_awaitable(its_limiter, "key", -1);
    CHECK(negative.error == absl::StatusCode::kInvalidArgument);
    const Decision too_long = co_await try_acquire_awaitable(its_limiter, "12345");
    CHECK(too_long.error == absl::StatusCode::kInvalidArgument);
    CHECK(std::this_thread::get_id() == home);
  };
  story(*mine);
}

TEST_CASE("a limiter that goes away first lets those go on that wait in a coroutine") {
  RedisServer server;
  Crowd crowd;
  crowd.running = 100;
  // It outlives the limiter: else its own end would answer them.
  const auto redis = open_redis({.url = server.url(), .deadline = 200ms, .max_in_flight = 100}).value();
  {
    const auto mine =
        make_redis_limiter(FixedWindow{1000, 24h}, redis, {.on_unavailable = OnUnavailable::deny}).value();
    while (mine->peek("key").source != Source::redis) std::this_thread::yield();
    server.stop();  // nobody is answered before the deadline
    for (int i = 0; i < 100; ++i) ask_in_turn(*mine, 1, std::this_thread::get_id(), crowd);
  }
  CHECK(crowd.running == 0);
  CHECK(crowd.by_redis == 0);
  CHECK(crowd.admitted == 0);
}

TEST_CASE("in a child after fork a limiter answers as if the server were away") {
  const RedisServer server;
  const auto redis = open(server);
  const auto mine = make_redis_limiter(parse_limit("100/h burst=100").value(), redis).value();
  REQUIRE(mine->try_acquire("key").source == Source::redis);
  const pid_t child = fork();
  if (child == 0) {
    const bool told = wait_until_connected(*redis, std::chrono::steady_clock::now() + kPatient).code() ==
                          absl::StatusCode::kFailedPrecondition &&
                      !redis_stats(*redis).last_error.empty();
    _exit(told && mine->try_acquire("key").source == Source::fallback ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  CHECK(status == 0);
  CHECK(mine->try_acquire("key").remaining == 98);
}

// Its destructor once waited for callers that the child does not have, and what a child was told of the breaker
// came out of it with its lock, which some thread of the parent may hold.
TEST_CASE("in a child after fork a limiter waits for nobody and asks no breaker") {
  RedisServer server;
  const auto redis = open(server);
  auto mine = make_redis_limiter(parse_limit("100/h burst=100").value(), redis).value();
  REQUIRE(mine->try_acquire("key").source == Source::redis);
  server.stop();
  std::atomic<int> called = 0;
  for (int i = 0; i < 3; ++i) mine->try_acquire_async("key", 1, [&](const Decision&) { ++called; });
  for (int i = 0; i < 5; ++i) redis->breaker.failed(std::chrono::steady_clock::now());
  REQUIRE(redis_stats(*redis).breaker_open);
  const pid_t child = fork();
  if (child == 0) {
    alarm(10);
    const Decision decision = mine->try_acquire("key");
    const absl::Status refund = mine->refund("key", 1);
    mine.reset();
    _exit(decision.error == absl::StatusCode::kFailedPrecondition &&
                  refund.code() == absl::StatusCode::kFailedPrecondition && called == 0
              ? 0
              : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  CHECK(status == 0);
  server.cont();
  mine.reset();
  CHECK(called == 3);
}

}  // namespace
}  // namespace penstock::redis
