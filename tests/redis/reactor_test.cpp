// The reactor against a real server: what it does when all is well, and when the server says no.

#include "redis/reactor.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "asker.h"
#include "catch.h"
#include "pauses.h"
#include "redis_server.h"

namespace penstock::redis {
namespace {

using namespace std::chrono_literals;

ReactorOptions at(const std::string& url) { return {.address = parse_url(url).value()}; }

bool connected(const Reactor& reactor) {
  return eventually([&] { return reactor.state().connected; });
}

// Asks until a server answers again. Returns how many questions that took.
int recovered(Reactor& reactor) {
  for (int i = 1; i < 20'000; ++i) {
    Asked asked("recovery");
    reactor.ask(asked);
    if (asked.wait().fate == Fate::answered) return i;
    std::this_thread::sleep_for(1ms);
  }
  return 0;
}

std::vector<Question*> pointers(std::deque<Asked>& asked) {
  std::vector<Question*> all;
  for (Asked& one : asked) all.push_back(&one);
  return all;
}

TEST_CASE("the script's digest is the server's") {
  const RedisServer server;
  CHECK(server.command({"SCRIPT", "LOAD", std::string(kCountScript.text)}) == kCountScript.sha1);
}

TEST_CASE("a question is answered with what the script says") {
  const RedisServer server;
  Reactor reactor(at(server.url()));
  for (int i = 1; i <= 3; ++i) {
    Asked asked;
    reactor.ask(asked);
    asked.wait();
    CHECK(asked.fate == Fate::answered);
    CHECK(asked.error == absl::StatusCode::kOk);
    CHECK(asked.value == i);
    CHECK(asked.server_time > 1'500'000'000'000'000);
  }
  const ReactorState state = reactor.state();
  CHECK(state.connected);
  CHECK(state.outstanding == 0);
  CHECK(state.connects == 1);
  CHECK(state.script_loads == 1);
  CHECK(state.calls == 4);  // the first was resent
  CHECK(state.questions == 3);
  CHECK(state.unknown == 0);
  CHECK(reactor.last_error().ok());
}

TEST_CASE("a unix socket and a database are used as asked") {
  const RedisServer server;
  for (const std::string& url : {"unix://" + server.socket() + "?db=3", server.url() + "/4"}) {
    Reactor reactor(at(url));
    Asked asked("where");
    reactor.ask(asked);
    CHECK(asked.wait().fate == Fate::answered);
    CHECK(asked.value == 1);
  }
  CHECK(server.command({"GET", "where"}) == "(nil)");
  Wire wire(server.port());
  for (const char* database : {"3", "4"}) {
    CHECK(wire.command({"SELECT", database}) == "OK");
    CHECK(wire.command({"GET", "where"}) == "1");
  }
}

TEST_CASE("a host is found by its name") {
  const RedisServer server;
  Reactor reactor(at("redis://localhost:" + std::to_string(server.port())));
  Asked asked;
  reactor.ask(asked);
  CHECK(asked.wait().fate == Fate::answered);
}

TEST_CASE("a host that does not exist is an error in the background") {
  ReactorOptions options = at("redis://no-such-host.invalid");
  Reactor reactor(options);
  CHECK(eventually([&] { return !reactor.last_error().ok(); }));
  Asked asked;
  reactor.ask(asked);
  CHECK(asked.wait().error == absl::StatusCode::kUnavailable);
  CHECK_THAT(reactor.last_error().ToString(), Catch::Contains("no-such-host.invalid"));
}

TEST_CASE("any bytes are a key") {
  const RedisServer server;
  Reactor reactor(at(server.url()));
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  for (const std::string& key :
       std::vector<std::string>{"", std::string("\0", 1), "\r\n", "$3\r\nabc", "{", "}", "%s%n",
                                "*1\r\n$8\r\nFLUSHALL\r\n", all, std::string(60'000, 'x')}) {
    Asked asked(key, "echo");
    reactor.ask(asked);
    CHECK(asked.wait().fate == Fate::answered);
    CHECK((asked.text == key));
  }
}

TEST_CASE("many threads share few calls, and the sum is exact") {
  const RedisServer server;
  constexpr int kThreads = 64;
  constexpr int kEach = 1000;
  Reactor reactor(at(server.url()));
  std::atomic<int> wrong = 0;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&] {
        std::int64_t last = 0;
        for (int i = 0; i < kEach; ++i) {
          Asked asked("sum");
          reactor.ask(asked);
          asked.wait();
          if (asked.fate != Fate::answered || asked.value <= last) ++wrong;
          last = asked.value;
        }
      });
    }
  }
  CHECK(wrong == 0);
  CHECK(server.command({"GET", "sum"}) == std::to_string(kThreads * kEach));
  const ReactorState state = reactor.state();
  CHECK(state.questions == kThreads * kEach);
  CHECK(state.calls < kThreads * kEach / 4);
  CHECK(state.connects == 1);
}

TEST_CASE("a batch keeps its order, over several calls") {
  const RedisServer server;
  Reactor reactor(at(server.url()));
  std::deque<Asked> batch(500);
  reactor.ask(pointers(batch));
  std::int64_t expected = 0;
  for (Asked& asked : batch) {
    CHECK(asked.wait().value == ++expected);
    CHECK(asked.fate == Fate::answered);
  }
  CHECK(reactor.state().calls >= 8);
}

TEST_CASE("what is more than may be in flight is refused, from the end of a batch") {
  const RedisServer server;
  ReactorOptions options = at(server.url());
  options.max_in_flight = 100;
  Reactor reactor(options);
  REQUIRE(connected(reactor));
  server.stop();
  std::deque<Asked> batch(150);
  reactor.ask(pointers(batch));
  Asked one;
  reactor.ask(one);
  CHECK(one.answers == 1);
  server.cont();
  for (std::size_t i = 0; i < batch.size(); ++i) {
    batch[i].wait();
    CHECK(batch[i].fate == (i < 100 ? Fate::answered : Fate::not_run));
    CHECK(batch[i].error == (i < 100 ? absl::StatusCode::kOk : absl::StatusCode::kResourceExhausted));
  }
  CHECK(one.error == absl::StatusCode::kResourceExhausted);
  CHECK(server.command({"GET", "k"}) == "100");
  CHECK(reactor.state().outstanding == 0);
}

TEST_CASE("a malformed question is refused, and its neighbours are not") {
  const RedisServer server;
  ReactorOptions options = at(server.url());
  options.max_question_bytes = 10;
  Reactor reactor(options);
  std::deque<Asked> batch(5);
  batch[1].keys.clear();
  batch[2].program = nullptr;
  batch[3].keys = {"12345678901"};
  batch[4].keys = {"1234567890"};
  reactor.ask(pointers(batch));
  for (Asked& asked : batch) asked.wait();
  CHECK(batch[0].fate == Fate::answered);
  for (const int i : {1, 2, 3})
    CHECK(batch[static_cast<std::size_t>(i)].error == absl::StatusCode::kInvalidArgument);
  CHECK(batch[4].fate == Fate::answered);
}

TEST_CASE("a question whose deadline has passed is not sent") {
  const RedisServer server;
  Reactor reactor(at(server.url()));
  REQUIRE(connected(reactor));
  Asked asked("late", "advance", -1ms);
  reactor.ask(asked);
  CHECK(asked.wait().fate == Fate::not_run);
  CHECK(asked.error == absl::StatusCode::kDeadlineExceeded);
  CHECK(server.command({"GET", "late"}) == "(nil)");
}

TEST_CASE("one caller's short deadline is no other's: the connection stays, and nobody gets another's answer") {
  const RedisServer server({"--enable-debug-command", "yes"});
  Reactor reactor(at(server.url()));
  REQUIRE(recovered(reactor) > 0);
  for (const int round : {0, 1, 2, 3}) {
    CAPTURE(round);
    // A call that waits behind a server that sleeps, with hasty and patient questions in all places.
    std::jthread sleeper([&] { (void)server.command({"DEBUG", "SLEEP", "0.2"}); });
    std::this_thread::sleep_for(20ms);
    std::deque<Asked> batch;
    for (int i = 0; i < 16; ++i) {
      const bool hasty = round == 0 || (round == 1 ? i < 8 : round == 2 ? i >= 8 : i % 3 != 0);
      batch.emplace_back("key" + std::to_string(i), "echo", hasty ? 20ms : 5s);
    }
    reactor.ask(pointers(batch));
    for (int i = 0; i < 16; ++i) {
      Asked& asked = batch[static_cast<std::size_t>(i)];
      asked.wait();
      if (asked.fate == Fate::answered) CHECK(asked.text == asked.keys[0]);
      if (asked.fate == Fate::unknown) CHECK(asked.error == absl::StatusCode::kDeadlineExceeded);
      const bool hasty = round == 0 || (round == 1 ? i < 8 : round == 2 ? i >= 8 : i % 3 != 0);
      if (!hasty) CHECK(asked.fate == Fate::answered);
    }
  }
  CHECK(recovered(reactor) == 1);
  const ReactorState state = reactor.state();
  CHECK(state.connects == 1);
  CHECK(state.outstanding == 0);
  CHECK(state.unknown > 0);
}

TEST_CASE("a call without an answer in time closes the connection for all") {
  const RedisServer server;
  ReactorOptions options = at(server.url());
  options.answer_timeout = 100ms;
  Reactor reactor(options);
  REQUIRE(recovered(reactor) > 0);
  server.stop();
  Asked patient("k", "advance", 30s);
  reactor.ask(patient);
  CHECK(patient.wait().fate == Fate::unknown);
  CHECK(patient.error == absl::StatusCode::kUnavailable);
  CHECK(patient.answered_at < patient.deadline - 20s);
  server.cont();
  CHECK(recovered(reactor) > 0);
  CHECK(reactor.state().connects == 2);
}

TEST_CASE("a script that is not loaded is called again for those who still wait") {
  const RedisServer server({"--enable-debug-command", "yes"});
  Reactor reactor(at(server.url()));
  REQUIRE(recovered(reactor) > 0);
  CHECK(server.command({"SCRIPT", "FLUSH"}) == "OK");
  std::jthread sleeper([&] { (void)server.command({"DEBUG", "SLEEP", "0.2"}); });
  std::this_thread::sleep_for(20ms);
  std::deque<Asked> batch;
  for (int i = 0; i < 9; ++i) batch.emplace_back("again" + std::to_string(i), "advance", i % 3 == 1 ? 5s : 20ms);
  reactor.ask(pointers(batch));
  int unknown = 0;
  for (int i = 0; i < 9; ++i) {
    Asked& asked = batch[static_cast<std::size_t>(i)];
    asked.wait();
    if (i % 3 == 1) {
      CHECK(asked.fate == Fate::answered);
      CHECK(asked.value == 1);
    } else if (asked.fate == Fate::unknown) {
      ++unknown;
    }
  }
  CHECK(unknown > 0);
  CHECK(reactor.state().connects == 1);
  CHECK(reactor.state().outstanding == 0);
}

struct Chain final : Asked {
  explicit Chain(Reactor& r) : reactor(r) {}
  void answered(const Answer& answer) override {
    const bool more = --left > 0;
    Asked::answered(answer);
    if (more) reactor.ask(*this);
  }
  Reactor& reactor;
  int left = 100;
};

TEST_CASE("an answer may ask the next question") {
  const RedisServer server;
  Reactor reactor(at(server.url()));
  Chain chain(reactor);
  reactor.ask(chain);
  chain.wait(100);
  CHECK(chain.value == 100);
}

TEST_CASE("a script that fails may have run, and the connection stays") {
  const RedisServer server;
  Reactor reactor(at(server.url()));
  Asked failing("k", "fail");
  reactor.ask(failing);
  CHECK(failing.wait().fate == Fate::unknown);
  CHECK(failing.error == absl::StatusCode::kInternal);
  Asked good;
  reactor.ask(good);
  CHECK(good.wait().fate == Fate::answered);
  CHECK(reactor.state().connects == 1);
  CHECK_THAT(reactor.last_error().ToString(), Catch::Contains("on purpose"));
}

TEST_CASE("an answer of another shape closes the connection") {
  const RedisServer server;
  Reactor reactor(at(server.url()));
  Asked good;
  reactor.ask(good);
  CHECK(good.wait().fate == Fate::answered);
  Asked odd("k", "misshape");
  reactor.ask(odd);
  CHECK(odd.wait().fate == Fate::unknown);
  CHECK(odd.error == absl::StatusCode::kInternal);
  CHECK(recovered(reactor) > 0);
  CHECK(reactor.state().connects == 2);
}

TEST_CASE("a caller who waits alone does the I/O himself, and calls nobody else back") {
  const RedisServer server;
  Reactor reactor(at(server.url()));
  REQUIRE(recovered(reactor) > 0);
  Asked first;
  reactor.ask(first);
  const std::thread::id reactors = first.wait().answered_on;
  int himself = 0;
  for (int i = 0; i < 1000; ++i) {
    Asked asked("alone");
    himself += ask_and_wait(reactor, asked).answered_on == std::this_thread::get_id();
    CHECK(asked.value == i + 1);
  }
  CHECK(himself > 0);  // nearly always, on a quiet machine

  std::atomic<int> wrong = 0, elsewhere = 0;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 3; ++thread) {
      threads.emplace_back([&] {
        for (int i = 0; i < 3000; ++i) {
          Asked asked("waits");
          if (ask_and_wait(reactor, asked).fate != Fate::answered) ++wrong;
          if (i % 100 == 0) std::this_thread::sleep_for(1ms);  // alone at times
        }
      });
    }
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) {
        Asked asked("goes on");
        reactor.ask(asked);
        if (asked.wait().answered_on != reactors) ++elsewhere;
        std::this_thread::sleep_for(50us);
      }
    });
  }
  CHECK(wrong == 0);
  CHECK(elsewhere == 0);
  CHECK(server.command({"GET", "waits"}) == "9000");
  CHECK(server.command({"GET", "goes on"}) == "1000");
  CHECK(reactor.state().connects == 1);
  CHECK(reactor.state().outstanding == 0);
}

TEST_CASE("a server that goes away while nobody asks is missed at once") {
  RedisServer server;
  Reactor reactor(at(server.url()));
  REQUIRE(recovered(reactor) > 0);
  Asked asked;
  ask_and_wait(reactor, asked);
  server.kill9();
  CHECK(eventually([&] { return !reactor.state().connected; }));
  server.restart();
  CHECK(eventually([&] { return reactor.state().connected; }));
  Asked again;
  CHECK(ask_and_wait(reactor, again).value == 1);
}

// ---- scripts -------------------------------------------------------------------------------------------

TEST_CASE("scripts that are flushed under load are loaded once, and nothing is unknown") {
  const RedisServer server;
  ReactorOptions options = at(server.url());
  options.max_calls_in_flight = 8;
  Reactor reactor(options);
  constexpr int kFlushes = 30;
  std::atomic<bool> stop = false;
  std::atomic<std::int64_t> answered = 0;
  std::atomic<int> unknown = 0, refused = 0;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 8; ++thread) {
      threads.emplace_back([&] {
        while (!stop) {
          Asked asked("flushed");
          reactor.ask(asked);
          const Fate fate = asked.wait().fate;
          if (fate == Fate::answered) ++answered;
          if (fate == Fate::unknown) ++unknown;
          if (fate == Fate::not_run) ++refused;
        }
      });
    }
    for (int flush = 0; flush < kFlushes; ++flush) {
      const std::int64_t before = answered;
      CHECK(server.command({"SCRIPT", "FLUSH"}) == "OK");
      CHECK(eventually([&] { return answered > before + 100; }));
    }
    stop = true;
  }
  CHECK(unknown == 0);
  // A call goes again once: one that two flushes have met is refused.
  CHECK(refused <= 8);
  CHECK(server.command({"GET", "flushed"}) == std::to_string(answered));
  CHECK(reactor.state().connects == 1);
  CHECK(reactor.state().script_loads <= 1 + kFlushes);
}

TEST_CASE("who may not load scripts uses those that the operator has loaded") {
  const RedisServer server;
  CHECK(server.command({"ACL", "SETUSER", "limiter", "on", ">hunter2", "~*", "+evalsha", "+time", "+incrby"}) ==
        "OK");
  Reactor reactor(at("redis://limiter:hunter2@127.0.0.1:" + std::to_string(server.port())));
  for (int i = 0; i < 3; ++i) {
    Asked asked;
    reactor.ask(asked);
    CHECK(asked.wait().fate == Fate::not_run);
    CHECK(asked.error == absl::StatusCode::kPermissionDenied);
  }
  CHECK(reactor.state().script_loads == 1);  // it does not try again and again
  CHECK_THAT(reactor.last_error().ToString(), Catch::Contains("NOPERM"));
  (void)server.command({"SCRIPT", "LOAD", std::string(kCountScript.text)});
  Asked asked;
  reactor.ask(asked);
  CHECK(asked.wait().fate == Fate::answered);
  CHECK(asked.value == 1);
  CHECK(reactor.state().connects == 1);
}

// ---- who we are ----------------------------------------------------------------------------------------

TEST_CASE("user and password are shown to the server") {
  const RedisServer server({"--requirepass", "hun ter/2"});
  for (const std::string password : {"hun ter/2", "hun%20ter%2F2"}) {
    const auto url = "redis://:" + password + "@127.0.0.1:" + std::to_string(server.port());
    const absl::StatusOr<Address> address = parse_url(url);
    if (password.find('%') == std::string::npos) {
      CHECK(!address.ok());
      continue;
    }
    Reactor reactor({.address = *address});
    Asked asked;
    reactor.ask(asked);
    CHECK(asked.wait().fate == Fate::answered);
  }
}

TEST_CASE("a wrong password refuses at once, tells nobody, and is not tried again soon") {
  const RedisServer server({"--requirepass", "right"});
  for (const std::string userinfo : {":hunter2", "nobody:hunter2", ""}) {
    CAPTURE(userinfo);
    Reactor reactor(
        at("redis://" + userinfo + (userinfo.empty() ? "" : "@") + "127.0.0.1:" + std::to_string(server.port())));
    Asked first;
    reactor.ask(first);
    CHECK(first.wait().fate == Fate::not_run);
    CHECK(first.error == absl::StatusCode::kPermissionDenied);
    const auto start = std::chrono::steady_clock::now();
    Asked second;
    reactor.ask(second);
    CHECK(second.answers == 1);
    CHECK(second.error == absl::StatusCode::kPermissionDenied);
    CHECK(reactor.last_error().code() == absl::StatusCode::kPermissionDenied);
    const std::string message = reactor.last_error().ToString();
    CHECK_THAT(message, Catch::Contains(userinfo.empty() ? "NOAUTH" : "WRONGPASS"));
    CHECK(message.find("hunter2") == std::string::npos);
    std::this_thread::sleep_for(300ms);
    if (std::chrono::steady_clock::now() - start < 900ms) CHECK(reactor.state().attempts == 1);
  }
}

TEST_CASE("a server that repeats a command that it does not know does not spread what is in it") {
  const std::string lengthy(300, 'x');  // of which the server repeats the beginning
  for (const std::string& password : {std::string("hunter2"), lengthy}) {
    const RedisServer server({"--rename-command", "AUTH", ""});
    Reactor reactor(at("redis://somebody:" + password + "@127.0.0.1:" + std::to_string(server.port())));
    CHECK(eventually([&] { return !reactor.last_error().ok(); }));
    const std::string message = reactor.last_error().ToString();
    CHECK_THAT(message, Catch::Contains("unknown command"));
    CHECK(message.find("somebody") == std::string::npos);
    CHECK(message.find(password.substr(0, 7)) == std::string::npos);
  }
}

TEST_CASE("a database that does not exist is an error") {
  const RedisServer server({"--databases", "2"});
  Reactor reactor(at(server.url() + "/2"));
  Asked asked;
  reactor.ask(asked);
  CHECK(asked.wait().fate == Fate::not_run);
  CHECK(asked.error == absl::StatusCode::kNotFound);
  CHECK_THAT(reactor.last_error().ToString(), Catch::Contains("SELECT"));
}

// ---- what servers refuse -------------------------------------------------------------------------------

TEST_CASE("a server without memory has charged nothing") {
  const RedisServer server;
  Reactor reactor(at(server.url()));
  CHECK(recovered(reactor) > 0);
  CHECK(server.command({"CONFIG", "SET", "maxmemory", "1"}) == "OK");
  Asked asked("oom");
  reactor.ask(asked);
  CHECK(asked.wait().fate == Fate::not_run);
  CHECK(asked.error == absl::StatusCode::kUnavailable);
  CHECK(server.command({"CONFIG", "SET", "maxmemory", "0"}) == "OK");
  CHECK(server.command({"GET", "oom"}) == "(nil)");
  CHECK(recovered(reactor) == 1);
}

TEST_CASE("a primary that became a replica is left, and found again when it is one no longer") {
  const RedisServer server;
  Reactor reactor(at(server.url()));
  CHECK(recovered(reactor) > 0);
  CHECK(server.command({"REPLICAOF", "127.0.0.1", std::to_string(RedisServer::free_port())}) == "OK");
  Asked asked("replica");
  reactor.ask(asked);
  CHECK(asked.wait().fate == Fate::not_run);
  CHECK(asked.error == absl::StatusCode::kUnavailable);
  // Each new connection finds out again.
  CHECK(eventually([&] {
    Asked again("replica");
    reactor.ask(again);
    CHECK(again.wait().fate == Fate::not_run);
    return reactor.last_error().ToString().find("READONLY") != std::string::npos;
  }));
  CHECK(eventually([&] { return reactor.state().connects >= 2; }));
  CHECK(server.command({"REPLICAOF", "NO", "ONE"}) == "OK");
  CHECK(recovered(reactor) > 0);
}

TEST_CASE("a server that is full of clients is asked again later") {
  const RedisServer server;
  CHECK(server.command({"CONFIG", "SET", "maxclients", "1"}) == "OK");
  auto wire = std::make_unique<Wire>(server.port());
  CHECK(eventually([&] {
    wire = std::make_unique<Wire>(server.port());
    return wire->ok() && wire->command({"PING"}) == "PONG";
  }));
  Reactor reactor(at(server.url()));
  Asked asked;
  reactor.ask(asked);
  CHECK(asked.wait().fate == Fate::not_run);
  CHECK(asked.error == absl::StatusCode::kUnavailable);
  wire->command({"CONFIG", "SET", "maxclients", "1000"});
  CHECK(recovered(reactor) > 0);
}

TEST_CASE("a busy server has charged nothing") {
  const RedisServer server({"--busy-reply-threshold", "1"});
  Reactor reactor(at(server.url()));
  CHECK(recovered(reactor) > 0);
  std::jthread busy([&] { (void)server.command({"EVAL", "while true do end", "0"}); });
  // The script is killed below, so this ends. A call that comes before the script is answered; one that comes
  // while it runs is told to go away.
  CHECK(eventually([&] {
    Asked asked("busy");
    reactor.ask(asked);
    return asked.wait().fate == Fate::not_run && asked.error == absl::StatusCode::kUnavailable;
  }));
  CHECK(eventually([&] { return server.command({"SCRIPT", "KILL"}) == "OK"; }));
  CHECK(recovered(reactor) > 0);
}

// ---- servers that die ----------------------------------------------------------------------------------

TEST_CASE("without a server questions are refused at once, until there is one") {
  const std::uint16_t port = RedisServer::free_port();
  Reactor reactor(at("redis://127.0.0.1:" + std::to_string(port)));
  CHECK(eventually([&] { return !reactor.last_error().ok(); }));
  for (int i = 0; i < 1000; ++i) {
    Asked asked;
    reactor.ask(asked);
    REQUIRE(asked.answers == 1);
    CHECK(asked.fate == Fate::not_run);
    CHECK(asked.error == absl::StatusCode::kUnavailable);
  }
  CHECK(reactor.last_error().code() == absl::StatusCode::kUnavailable);
  const RedisServer server({}, port);
  CHECK(recovered(reactor) > 0);
  CHECK(server.command({"GET", "recovery"}) == "1");
}

TEST_CASE("a server that is killed and comes back is used again") {
  RedisServer server;
  Reactor reactor(at(server.url()));
  std::atomic<bool> stop = false;
  std::atomic<int> answered = 0;
  std::atomic<int> impossible = 0;
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&] {
      while (!stop) {
        Asked asked("k", "advance", 50ms);
        reactor.ask(asked);
        asked.wait();
        if (asked.fate == Fate::answered) {
          ++answered;
        } else if (asked.error != absl::StatusCode::kUnavailable &&
                   asked.error != absl::StatusCode::kDeadlineExceeded) {
          ++impossible;
        }
      }
    });
  }
  for (int round = 0; round < 3; ++round) {
    int before = answered;
    CHECK(eventually([&] { return answered > before + 100; }));
    server.kill9();
    CHECK(eventually([&] { return !reactor.state().connected; }));
    server.restart();
    const auto since = std::chrono::steady_clock::now();
    before = answered;
    CHECK(eventually([&] { return answered > before; }));
    CHECK(std::chrono::steady_clock::now() - since < 3s);  // the longest back-off, and some
  }
  stop = true;
  threads.clear();
  CHECK(impossible == 0);
  CHECK(reactor.state().connects == 4);
  CHECK(reactor.state().script_loads <= 8);
}

TEST_CASE("those who were cut off together do not come back together, and come back soon") {
  const RedisServer server;
  constexpr std::size_t kReactors = 20;
  std::deque<Reactor> reactors;
  for (std::size_t i = 0; i < kReactors; ++i) reactors.emplace_back(at(server.url()));
  for (Reactor& reactor : reactors) REQUIRE(recovered(reactor) > 0);
  const auto cut = std::chrono::steady_clock::now();
  CHECK(server.command({"CLIENT", "KILL", "TYPE", "normal"}) == std::to_string(kReactors));
  std::vector<double> back_ms(kReactors, 0);
  CHECK(eventually([&] {
    const auto now = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < kReactors; ++i) {
      if (back_ms[i] == 0 && reactors[i].state().connects == 2) {
        back_ms[i] = std::chrono::duration<double, std::milli>(now - cut).count();
      }
    }
    return std::find(back_ms.begin(), back_ms.end(), 0) == back_ms.end();
  }));
  const auto [first, last] = std::minmax_element(back_ms.begin(), back_ms.end());
  INFO("from " << *first << " to " << *last << " ms");
  CHECK(*first >= 10);
  CHECK(*last - *first > 5);  // 20 draws from 10 to 30 ms
  CHECK(*last < 2000);
}

TEST_CASE("a server that stands still costs no caller more than the deadline") {
  const RedisServer server;
  ReactorOptions options = at(server.url());
  options.answer_timeout = 20ms;
  Reactor reactor(options);
  CHECK(recovered(reactor) > 0);
  server.stop();
  const Pauses pauses;
  std::mutex mutex;
  std::vector<double> lateness_ms;
  std::atomic<int> answered = 0;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&] {
        for (int i = 0; i < 300; ++i) {
          Asked asked("k", "advance", 20ms);
          reactor.ask(asked);
          asked.wait();
          if (asked.fate == Fate::answered) ++answered;
          const double late = std::chrono::duration<double, std::milli>(asked.answered_at - asked.deadline).count();
          {
            const std::lock_guard lock(mutex);
            lateness_ms.push_back(late);
          }
          std::this_thread::sleep_for(1ms);  // else the refusals at once would be all there is
        }
      });
    }
  }
  server.cont();
  CHECK(answered == 0);
  std::sort(lateness_ms.begin(), lateness_ms.end());
  const double worst = lateness_ms.back();
  const double p999 = lateness_ms[lateness_ms.size() * 999 / 1000];
  UNSCOPED_INFO("late by " << worst << " ms at most, p99.9 " << p999);
  CHECK(p999 <= 5 + pauses.worst_ms());
  CHECK(worst <= 50 + pauses.worst_ms());
  CHECK(recovered(reactor) > 0);
  CHECK(reactor.state().timeouts > 0);
}

// He once did the I/O until the call was given up as well: a batch of two calls could take two deadlines.
TEST_CASE("a caller who does the I/O himself goes on at his deadline, whatever the server still owes") {
  const RedisServer server;
  ReactorOptions options = at(server.url());
  options.answer_timeout = 30s;
  Reactor reactor(options);
  CHECK(recovered(reactor) > 0);
  const auto alone = [&] {
    Asked asked("alone");
    return ask_and_wait(reactor, asked).answered_on == std::this_thread::get_id();
  };
  REQUIRE(eventually(alone));
  server.stop();
  Asked asked("alone", "advance", 50ms);
  ask_and_wait(reactor, asked);
  CHECK(asked.fate == Fate::unknown);
  CHECK(Asked::Clock::now() - asked.deadline < 10s);
  server.cont();
  CHECK(recovered(reactor) > 0);
  CHECK(reactor.state().connects == 1);
}

// ---- the process ---------------------------------------------------------------------------------------

TEST_CASE("a child process asks nothing and breaks nothing") {
  const RedisServer server;
  auto reactor = std::make_unique<Reactor>(at(server.url()));
  CHECK(recovered(*reactor) > 0);
  const pid_t child = ::fork();
  if (child == 0) {
    Asked asked("child");
    reactor->ask(asked);
    const bool refused = asked.answers == 1 && asked.fate == Fate::not_run &&
                         asked.error == absl::StatusCode::kFailedPrecondition && !reactor->last_error().ok();
    reactor.reset();
    ::_exit(refused ? 0 : 1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  CHECK(status == 0);
  CHECK(recovered(*reactor) == 1);
  CHECK(reactor->state().connects == 1);
  CHECK(server.command({"GET", "child"}) == "(nil)");
}

TEST_CASE("a reactor that is destroyed answers everything") {
  const RedisServer server;
  std::deque<Asked> batch(200);
  {
    ReactorOptions options = at(server.url());
    options.max_calls_in_flight = 2;
    options.max_keys_per_call = 10;
    Reactor reactor(options);
    CHECK(recovered(reactor) > 0);
    server.stop();
    const std::uint64_t calls = reactor.state().calls;
    reactor.ask(pointers(batch));
    CHECK(eventually([&] { return reactor.state().calls == calls + 2; }));
  }
  server.cont();
  int unknown = 0;
  for (Asked& asked : batch) {
    CHECK(asked.answers == 1);
    CHECK(asked.error == absl::StatusCode::kCancelled);
    CHECK(asked.fate != Fate::answered);
    unknown += asked.fate == Fate::unknown;
  }
  CHECK(unknown == 20);
  // What was not sent was not charged.
  const std::string sum = server.command({"GET", "k"});
  CHECK((sum == "(nil)" ? 0 : std::stoi(sum)) <= unknown);
}

TEST_CASE("reactors come and go") {
  const RedisServer server;
  for (int i = 0; i < 50; ++i) {
    Asked asked;
    Reactor reactor(at(server.url()));
    if (i % 2 == 0) reactor.ask(asked);
    if (i % 4 == 0) asked.wait();
  }
  CHECK(eventually([&] {
    return server.command({"INFO", "clients"}).find("connected_clients:1\r") != std::string::npos;
  }));
}

}  // namespace
}  // namespace penstock::redis
