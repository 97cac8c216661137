// The reactor behind a network that does what networks do. Everywhere the same promises: an answer by the deadline,
// nobody gets another's answer, and the server never ran more than was asked.

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <fstream>
#include <functional>
#include <thread>
#include <vector>

#include "asker.h"
#include "catch.h"
#include "fault_proxy.h"
#include "loopback.h"
#include "pauses.h"
#include "redis/reactor.h"
#include "redis_server.h"

namespace penstock::redis {
namespace {

using namespace std::chrono_literals;
using Fault = FaultProxy::Fault;

struct World {
  RedisServer server;
  FaultProxy proxy{server.port()};
  Reactor reactor;

  explicit World(Duration answer_timeout = 50ms, Duration backoff_min = 10ms)
      : reactor({.address = parse_url(proxy.url()).value(),
                 .answer_timeout = answer_timeout,
                 .backoff_min = backoff_min}) {
    REQUIRE(recovers());
  }

  bool recovers() {
    return eventually([&] {
      Asked asked("recovery", "echo");
      reactor.ask(asked);
      return asked.wait().fate == Fate::answered;
    });
  }

  std::int64_t count(const std::string& key) {
    const std::string text = server.command({"GET", key});
    return text == "(nil)" ? 0 : std::stoll(text);
  }
};

// Every promise about time, for a fault that lets no answer through.
void check_silence(World& world, Fault fault) {
  world.proxy.set(fault);
  const Pauses pauses;
  std::vector<double> late_ms;
  int unknown = 0;
  int asked_in_all = 0;
  // While the last attempt to connect failed all is refused at once, so there must be a question in flight to see
  // anything: the first is.
  for (int i = 0; i < 300; ++i) {
    Asked asked("silence", "advance", 20ms);
    if (i % 2 == 0) {
      world.reactor.ask(asked);
      asked.wait();
    } else {
      ask_and_wait(world.reactor, asked);
    }
    ++asked_in_all;
    CHECK(asked.fate != Fate::answered);
    unknown += asked.fate == Fate::unknown;
    late_ms.push_back(std::chrono::duration<double, std::milli>(asked.answered_at - asked.deadline).count());
    std::this_thread::sleep_for(1ms);
  }
  std::sort(late_ms.begin(), late_ms.end());
  CHECK(late_ms[late_ms.size() * 99 / 100] <= 5 + pauses.worst_ms());
  CHECK(late_ms.back() <= 50 + pauses.worst_ms());
  CHECK(unknown >= 1);
  world.proxy.set(Fault::pass);
  CHECK(world.recovers());
  // What was unknown may have run, and nothing else.
  CHECK(world.count("silence") <= unknown);
}

TEST_CASE("replies that come a byte at a time are not waited for") {
  World world;
  check_silence(world, Fault::drip);
}

TEST_CASE("a peer that takes everything and says nothing is left") {
  World world;
  check_silence(world, Fault::swallow);
}

TEST_CASE("replies that are lost leave questions unknown, never sent twice") {
  World world;
  check_silence(world, Fault::drop);
}

TEST_CASE("replies that come too late are nobody's") {
  World world;
  world.proxy.delay(100ms);
  check_silence(world, Fault::delay);
}

TEST_CASE("a reset leaves what was sent unknown, at once") {
  World world;
  world.proxy.set(Fault::cut);
  Asked asked("cut");
  world.reactor.ask(asked);
  CHECK(asked.wait().fate == Fate::unknown);
  CHECK(asked.error == absl::StatusCode::kUnavailable);
  CHECK(asked.answered_at < asked.deadline - 2s);
  world.proxy.set(Fault::pass);
  CHECK(world.recovers());
  CHECK(world.count("cut") == 1);
}

TEST_CASE("garbage closes the connection at once") {
  World world;
  world.proxy.set(Fault::garbage);
  Asked asked("garbage");
  world.reactor.ask(asked);
  CHECK(asked.wait().fate == Fate::unknown);
  CHECK(asked.answered_at < asked.deadline - 2s);
  // Connections that begin with garbage do not count as connected.
  const std::uint64_t connects = world.reactor.state().connects;
  CHECK(eventually([&] { return world.reactor.state().attempts >= 4; }));
  CHECK(world.reactor.state().connects == connects);
  Asked refused;
  world.reactor.ask(refused);
  CHECK(refused.wait().fate == Fate::not_run);
  CHECK_THAT(world.reactor.last_error().ToString(), Catch::Contains("protocol error"));
  world.proxy.set(Fault::pass);
  CHECK(world.recovers());
}

// A server that answers each call with 1 and, a while later, once more with 666.
class Babbler {
 public:
  Babbler() {
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof(address);
    REQUIRE(::bind(listener_, reinterpret_cast<const sockaddr*>(&address), size) == 0);
    REQUIRE(::listen(listener_, 8) == 0);
    REQUIRE(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { run(); });
  }
  ~Babbler() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  std::uint16_t port() const { return port_; }

 private:
  void run() {
    for (int peer; (peer = ::accept(listener_, nullptr, nullptr)) >= 0; ::close(peer)) {
      char bytes[4096];
      for (ssize_t size; (size = ::recv(peer, bytes, sizeof(bytes), 0)) > 0;) {
        const std::string_view said(bytes, static_cast<std::size_t>(size));
        if (said.find("LOAD") != said.npos) say(peer, "$40\r\n" + std::string(40, 'a') + "\r\n");
        if (said.find("PING") != said.npos) say(peer, "+PONG\r\n");
        if (said.find("EVALSHA") == said.npos) continue;
        say(peer, "*2\r\n:1\r\n:1\r\n");
        std::this_thread::sleep_for(30ms);
        say(peer, "*2\r\n:1\r\n:666\r\n");
      }
    }
  }
  static void say(int peer, const std::string& text) { (void)::send(peer, text.data(), text.size(), MSG_NOSIGNAL); }

  int listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::uint16_t port_ = 0;
  std::thread thread_;
};

TEST_CASE("what comes unasked is nobody's answer") {
  Babbler server;
  Reactor reactor({.address = parse_url("redis://127.0.0.1:" + std::to_string(server.port())).value()});
  for (int i = 0; i < 20; ++i) {
    Asked asked;
    if (i % 2 == 0) {
      ask_and_wait(reactor, asked);
    } else {
      reactor.ask(asked);
      asked.wait();
    }
    CHECK(asked.value != 666);
    std::this_thread::sleep_for(60ms);  // it has come by then
  }
  CHECK(reactor.state().connects >= 19);
}

std::int64_t resident_kb() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word == "VmRSS:") {
      std::int64_t kb = 0;
      status >> kb;
      return kb;
    }
  }
  return 0;
}

TEST_CASE("a reply of 400 MB is refused at its header") {
  World world;
  const std::int64_t before = resident_kb();
  world.proxy.set(Fault::huge);
  Asked asked("huge");
  world.reactor.ask(asked);
  CHECK(asked.wait().fate == Fate::unknown);
  CHECK(asked.answered_at < asked.deadline - 2s);
  CHECK(resident_kb() - before < 8 * 1024);  // the proxy's buffers are in it
  world.proxy.set(Fault::pass);
  CHECK(world.recovers());
}

#if defined(__SANITIZE_THREAD__)
constexpr int kManyCalls = 100'000;
#else
constexpr int kManyCalls = 1'000'000;
#endif

TEST_CASE("a network that cuts at random crosses no answers and runs nothing twice, in a million calls") {
  World world(500ms, 1ms);  // there will be hundreds of connections
  world.proxy.set(Fault::cut_some);
  const int threads_at_once = GENERATE(8, 1);  // who waits alone does the I/O himself
  constexpr int kBatch = 50;
  std::atomic<int> crossed = 0, miscounted = 0, answered = 0, unknown = 0, late = 0;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < threads_at_once; ++thread) {
      threads.emplace_back([&, thread] {
        std::int64_t mine_least = 0;  // runs of my key, as far as they are known
        std::int64_t mine_most = 0;
        const std::string key = "mine" + std::to_string(thread);
        for (int i = 0, called = 0; called < kManyCalls / threads_at_once; i += kBatch) {
          const bool echo = i % (2 * kBatch) < kBatch;
          std::deque<Asked> batch;
          std::vector<Question*> questions;
          for (int n = 0; n < kBatch; ++n) {
            // One in 32 waits for a moment only: the others are answered around it.
            const auto patience = (i + n) % 32 == 0 ? std::chrono::microseconds((i + n) % 2048) : 500ms;
            questions.push_back(
                &batch.emplace_back(echo ? std::to_string(thread) + ":" + std::to_string(i + n) : key,
                                    echo ? "echo" : "advance", patience));
          }
          const bool goes_on = threads_at_once > 1 && i % (4 * kBatch) < 2 * kBatch;
          world.reactor.ask(questions, goes_on ? Asker::goes_on : Asker::waits);
          const int called_before = called;
          for (Asked& asked : batch) {
            asked.wait();
            if (asked.error == absl::StatusCode::kDeadlineExceeded) ++late;
            if (asked.fate == Fate::not_run) continue;
            ++called;
            if (asked.fate == Fate::unknown) {
              ++unknown;
              if (!echo) ++mine_most;
            } else if (echo) {
              ++answered;
              if (asked.text != asked.keys[0]) ++crossed;
            } else {
              ++answered;
              // Between what is known to have run and what may have.
              ++mine_least;
              ++mine_most;
              if (asked.value < mine_least || asked.value > mine_most) ++miscounted;
            }
          }
          // While there is no connection every refusal comes at once.
          if (called == called_before) std::this_thread::sleep_for(1ms);
        }
      });
    }
  }
  world.proxy.set(Fault::pass);
  CHECK(crossed == 0);
  CHECK(miscounted == 0);
  CHECK(answered + unknown >= kManyCalls);
  CHECK(answered > kManyCalls / 4);
  CHECK(unknown > 0);
  CHECK(late > 0);
  CHECK(world.proxy.cuts() > 50);
  WARN(answered << " answered, " << unknown << " unknown, " << late << " late, " << world.proxy.cuts() << " cuts, "
                << world.reactor.state().connects << " connections");
}

TEST_CASE("a flapping network is not stormed") {
  World world;
  const auto start = std::chrono::steady_clock::now();
  const int before = world.proxy.accepted();
  std::atomic<bool> stop = false;
  std::jthread asking([&] {
    while (!stop) {
      Asked asked("flap", "advance", 20ms);
      world.reactor.ask(asked);
      asked.wait();
      std::this_thread::sleep_for(200us);
    }
  });
  for (int flap = 0; flap < 50; ++flap) {
    world.proxy.set(flap % 2 == 0 ? Fault::cut : Fault::pass);
    std::this_thread::sleep_for(20ms);
  }
  stop = true;
  asking.join();
  const double windows = std::chrono::duration<double>(std::chrono::steady_clock::now() - start) / 100ms;
  CHECK(world.proxy.accepted() - before <= 10 * (windows + 1));
}

TEST_CASE("the longest reply that is allowed is read, and no longer one") {
  RedisServer server;
  ReactorOptions options{.address = parse_url(server.url()).value()};
  options.max_reply_bytes = 1000;
  Reactor reactor(options);
  // *2 (4), the time (3 + 16), the header of the text ($9xx: 6), the text, its end (2).
  const std::size_t most = 1000 - 4 - 19 - 6 - 2;
  Asked fits(std::string(most, 'x'), "echo");
  reactor.ask(fits);
  CHECK(fits.wait().fate == Fate::answered);
  Asked breaks(std::string(most + 1, 'x'), "echo");
  reactor.ask(breaks);
  CHECK(breaks.wait().fate == Fate::unknown);
  CHECK(breaks.error == absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace penstock::redis
