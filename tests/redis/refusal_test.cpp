// A server that lives and says no, in each of the ways it has: loading, full, read only, without a disk, without
// its replicas or its primary, busy, or with another idea of our rights. Everywhere the same promises, which
// `Outage` checks: the decision says why and is the share's; who was refused was not charged; the breaker opens;
// nobody waits longer than the deadline; and when the server says yes again it decides again, within two seconds.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "asker.h"
#include "catch.h"
#include "pauses.h"
#include "penstock/penstock.h"
#include "penstock/redis.h"
#include "redis/server.h"
#include "redis_server.h"

namespace penstock::redis {
namespace {

using namespace std::chrono_literals;
using absl::StatusCode;

constexpr Duration kDeadline = 20ms;
constexpr int kCallers = 2;

double milliseconds(std::chrono::steady_clock::duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

class Outage {
 public:
  explicit Outage(const std::string& url) : redis_(open_redis({.url = url, .deadline = kDeadline}).value()) {
    // Years until it is full: what is gone has been charged.
    limiter_ = make_redis_limiter(TokenBucket{per_hour(1), kBurst}, redis_).value();
    for (int i = 0; i < kCallers; ++i) {
      callers_.emplace_back([this](const std::stop_token& stop) { call(stop); });
    }
    REQUIRE(eventually([&] { return answered_ >= 50; }));
  }

  // `begin` returns when the server refuses, `end` when it does no longer.
  void check(StatusCode expected, const std::function<void()>& begin, const std::function<void()>& end) {
    begin();
    REQUIRE(eventually([&] { return redis_->breaker.open(); }));
    const std::uint64_t asked_before = redis_->reactor.state().questions;
    const auto since = std::chrono::steady_clock::now();
    refused_.store(true);
    std::this_thread::sleep_for(400ms);
    refused_.store(false);
    const double lasted_ms = milliseconds(std::chrono::steady_clock::now() - since);
    // Open: a probe after each pause or for each new connection, which come 10 ms apart at least; and who was on
    // the way.
    const std::uint64_t asked = redis_->reactor.state().questions - asked_before;
    CHECK(static_cast<double>(asked) <= lasted_ms / 10 + kCallers);
    CAPTURE(redis_->reactor.last_error().ToString());

    end();
    const int before = answered_;
    const auto ended = std::chrono::steady_clock::now();
    CHECK(eventually([&] { return answered_ > before; }));
    CHECK(milliseconds(std::chrono::steady_clock::now() - ended) <= 2000 + 100 + 10 * pauses_.worst_ms());

    callers_.clear();
    CHECK(wrong_ == 0);
    CHECK(while_refused_ == 0);
    CHECK(codes_[expected] > 0);
    // A connection that is cut leaves a few callers without an answer, and so does a machine that pauses; then the
    // breaker opens.
    for (const auto& [code, times] : codes_) {
      CAPTURE(code, times);
      const bool late = code == StatusCode::kUnknown || code == StatusCode::kDeadlineExceeded;
      if (code == expected || code == StatusCode::kUnavailable) continue;
      CHECK(late);
      if (pauses_.worst_ms() < 5) CHECK(times <= 5 + kCallers);
    }
    std::sort(late_ms_.begin(), late_ms_.end());
    CHECK(late_ms_[late_ms_.size() * 999 / 1000] <= 5 + pauses_.worst_ms());
    CHECK(late_ms_.back() <= 50 + pauses_.worst_ms());
  }

  // How much the server has charged, and how much it has told of.
  void check_charges() {
    Decision now;
    REQUIRE(eventually([&] { return (now = limiter_->peek("key")).source == Source::redis; }));
    const std::int64_t charged = kBurst - now.remaining;
    CHECK(charged >= answered_);
    CHECK(charged <= answered_ + unknown_);
  }
  // A server that has lost what it had not saved has charged less.
  void check_charges_at_most() {
    Decision now;
    REQUIRE(eventually([&] { return (now = limiter_->peek("key")).source == Source::redis; }));
    CHECK(kBurst - now.remaining <= answered_ + unknown_);
  }

 private:
  static constexpr std::int64_t kBurst = 500'000;

  void call(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      const bool refused_before = refused_;
      const auto start = std::chrono::steady_clock::now();
      const Decision decision = limiter_->try_acquire("key");
      const double late_ms = milliseconds(std::chrono::steady_clock::now() - start - kDeadline);
      const bool answered = decision.source == Source::redis;
      if (!decision.permitted || (!answered && decision.source != Source::fallback)) ++wrong_;
      if (answered != (decision.error == StatusCode::kOk)) ++wrong_;
      if (answered && refused_before && refused_) ++while_refused_;
      if (answered) ++answered_;
      if (decision.error == StatusCode::kUnknown) ++unknown_;
      {
        const std::lock_guard lock(mutex_);
        if (!answered) ++codes_[decision.error];
        late_ms_.push_back(late_ms);
      }
      std::this_thread::sleep_for(200us);
    }
  }

  const std::shared_ptr<Redis> redis_;
  std::unique_ptr<Limiter> limiter_;
  const Pauses pauses_;
  std::atomic<bool> refused_ = false;  // the server refuses all the time that this is true
  std::atomic<int> answered_ = 0, unknown_ = 0, wrong_ = 0, while_refused_ = 0;
  std::mutex mutex_;
  std::map<StatusCode, int> codes_;
  std::vector<double> late_ms_;
  std::vector<std::jthread> callers_;  // the last member: they use all others
};

std::string config(const RedisServer& server, const std::string& name, const std::string& value) {
  return server.command({"CONFIG", "SET", name, value});
}

// ---- the server as a whole -------------------------------------------------------------------------------

TEST_CASE("LOADING: a server that reads its data is unavailable until it has read them", "[refusal]") {
  // Half a millisecond for each key, and a look at the clients after every 50.
  RedisServer server({"--key-load-delay", "500", "--loading-process-events-interval-bytes", "1024"});
  Wire wire(server.port());
  for (int i = 0; i < 3000; ++i) {
    REQUIRE(wire.command({"SET", "filler" + std::to_string(i), "something to read"}) == "OK");
  }
  Outage outage(server.url());
  outage.check(
      StatusCode::kUnavailable,
      [&] {
        REQUIRE(server.command({"SAVE"}) == "OK");
        server.restart();
        REQUIRE(server.command({"PING"}).substr(0, 8) == "-LOADING");
      },
      [&] { REQUIRE(eventually([&] { return server.command({"PING"}) == "PONG"; })); });
  outage.check_charges_at_most();
}

TEST_CASE("MISCONF: a server that cannot save is unavailable until it can", "[refusal]") {
  const RedisServer server({"--save", "3600 1"});
  // A folder where the file should be stops root, too.
  const std::string in_the_way = server.folder() + "/dump.rdb";
  const auto save = [&](const std::string& status) {
    // While one save ends the next may be refused.
    REQUIRE(eventually([&] {
      (void)server.command({"BGSAVE"});
      return server.command({"INFO", "persistence"}).find("rdb_last_bgsave_status:" + status) != std::string::npos;
    }));
  };
  Outage outage(server.url());
  outage.check(
      StatusCode::kUnavailable,
      [&] {
        std::filesystem::create_directories(in_the_way + "/full");
        save("err");
      },
      [&] {
        std::filesystem::remove_all(in_the_way);
        save("ok");
      });
  outage.check_charges();
}

TEST_CASE("OOM: a server without memory is unavailable until it has some", "[refusal]") {
  const RedisServer server;
  Outage outage(server.url());
  outage.check(
      StatusCode::kUnavailable, [&] { REQUIRE(config(server, "maxmemory", "1") == "OK"); },
      [&] { REQUIRE(config(server, "maxmemory", "0") == "OK"); });
  outage.check_charges();
}

TEST_CASE("BUSY: a server that runs somebody's script for ever is unavailable until it is killed", "[refusal]") {
  const RedisServer server({"--busy-reply-threshold", "1"});
  Outage outage(server.url());
  std::jthread busy;
  outage.check(
      StatusCode::kUnavailable,
      [&] {
        busy = std::jthread([&] { (void)server.command({"EVAL", "while true do end", "0"}); });
        REQUIRE(eventually([&] { return server.command({"PING"}).substr(0, 5) == "-BUSY"; }));
      },
      [&] {
        REQUIRE(server.command({"SCRIPT", "KILL"}) == "OK");
      });
  outage.check_charges();
}

// ---- replicas and primaries ------------------------------------------------------------------------------

TEST_CASE("NOREPLICAS: a primary that misses its replicas is unavailable until it has them", "[refusal]") {
  const RedisServer server;
  Outage outage(server.url());
  outage.check(
      StatusCode::kUnavailable, [&] { REQUIRE(config(server, "min-replicas-to-write", "1") == "OK"); },
      [&] { REQUIRE(config(server, "min-replicas-to-write", "0") == "OK"); });
  outage.check_charges();
}

TEST_CASE("MASTERDOWN: a replica whose primary is dead is unavailable until it is promoted", "[refusal]") {
  const RedisServer server({"--replica-serve-stale-data", "no"});
  Outage outage(server.url());
  outage.check(
      StatusCode::kUnavailable,
      [&] {
        REQUIRE(server.command({"REPLICAOF", "127.0.0.1", std::to_string(RedisServer::free_port())}) == "OK");
        REQUIRE(server.command({"GET", "k"}).substr(0, 11) == "-MASTERDOWN");
      },
      [&] {
        REQUIRE(server.command({"REPLICAOF", "NO", "ONE"}) == "OK");
      });
  outage.check_charges();
}

TEST_CASE("READONLY: a primary that was demoted is unavailable until it is promoted", "[refusal]") {
  const RedisServer server;
  Outage outage(server.url());
  outage.check(
      StatusCode::kUnavailable,
      [&] {
        REQUIRE(server.command({"REPLICAOF", "127.0.0.1", std::to_string(RedisServer::free_port())}) == "OK");
      },
      [&] {
        REQUIRE(server.command({"REPLICAOF", "NO", "ONE"}) == "OK");
      });
  outage.check_charges();
}

TEST_CASE("CLUSTERDOWN: a node of a cluster with holes is unavailable until they are filled", "[refusal]") {
  const RedisServer server(
      {"--cluster-enabled", "yes", "--cluster-port", std::to_string(RedisServer::free_port())});
  const auto state_is = [&](const std::string& state) {
    return eventually([&] {
      return server.command({"CLUSTER", "INFO"}).find("cluster_state:" + state) != std::string::npos;
    });
  };
  REQUIRE(server.command({"CLUSTER", "ADDSLOTSRANGE", "0", "16383"}) == "OK");
  REQUIRE(state_is("ok"));
  Outage outage(server.url());
  outage.check(
      StatusCode::kUnavailable,
      [&] {
        REQUIRE(server.command({"CLUSTER", "DELSLOTSRANGE", "0", "16383"}) == "OK");
        REQUIRE(state_is("fail"));
      },
      [&] {
        REQUIRE(server.command({"CLUSTER", "ADDSLOTSRANGE", "0", "16383"}) == "OK");
        REQUIRE(state_is("ok"));
      });
  outage.check_charges();
}

// ---- a slot that moves -----------------------------------------------------------------------------------

// A cluster of two nodes, of which `here` has all slots. What is limited by the name of "key" has a slot that can
// move.
struct TwoNodes {
  const RedisServer here{arguments()}, there{arguments()};
  std::string slot = here.command({"CLUSTER", "KEYSLOT", "penstock:{3:key}"});

  TwoNodes() {
    REQUIRE(here.command({"CLUSTER", "ADDSLOTSRANGE", "0", "16383"}) == "OK");
    REQUIRE(here.command({"CLUSTER", "MEET", "127.0.0.1", std::to_string(there.port()), bus_port(there)}) == "OK");
    for (const RedisServer* node : {&here, &there}) {
      REQUIRE(eventually([&] {
        const std::string info = node->command({"CLUSTER", "INFO"});
        return info.find("cluster_state:ok") != std::string::npos &&
               info.find("cluster_known_nodes:2") != std::string::npos;
      }));
    }
  }

  static std::vector<std::string> arguments() {
    // A node that gives a slot to one that had none would become its replica.
    return {"--cluster-enabled",
            "yes",
            "--cluster-allow-replica-migration",
            "no",
            "--cluster-port",
            std::to_string(RedisServer::free_port())};
  }
  static std::string bus_port(const RedisServer& server) {
    // "127.0.0.1:<port>@<bus port>[,name]"
    const std::string nodes = server.command({"CLUSTER", "NODES"});
    const std::size_t at = nodes.find('@') + 1;
    return nodes.substr(at, nodes.find_first_of(", ", at) - at);
  }
  static std::string id(const RedisServer& node) { return node.command({"CLUSTER", "MYID"}); }

  void set_slot(const RedisServer& node, std::vector<std::string> what) const {
    what.insert(what.begin(), {"CLUSTER", "SETSLOT", slot});
    REQUIRE(node.command(what) == "OK");
  }
  std::vector<std::string> keys(const RedisServer& node) const {
    std::vector<std::string> names;
    std::istringstream words(node.command({"CLUSTER", "GETKEYSINSLOT", slot, "100"}));
    for (std::string name; words >> name;) names.push_back(name);
    return names;
  }
  static void move(const std::string& key, const RedisServer& from, const RedisServer& to) {
    REQUIRE(from.command({"MIGRATE", "127.0.0.1", std::to_string(to.port()), key, "0", "5000"}) == "OK");
  }

  // As redis-cli --cluster reshard does: open the slot on both sides, move its keys, close it.
  void open(const RedisServer& from, const RedisServer& to) const {
    set_slot(to, {"IMPORTING", id(from)});
    set_slot(from, {"MIGRATING", id(to)});
  }
  void move_all(const RedisServer& from, const RedisServer& to) const {
    for (const std::string& key : keys(from)) move(key, from, to);
  }
  void close(const RedisServer& owner, const RedisServer& other) const {
    for (const RedisServer* node : {&owner, &other}) set_slot(*node, {"NODE", id(owner)});
  }
};

TEST_CASE("ASK: a key that has moved before its slot is unavailable until it is back", "[refusal]") {
  const TwoNodes nodes;
  Outage outage(nodes.here.url());
  outage.check(
      StatusCode::kUnavailable,
      [&] {
        nodes.open(nodes.here, nodes.there);
        nodes.move_all(nodes.here, nodes.there);
      },
      [&] {
        nodes.set_slot(nodes.here, {"STABLE"});
        nodes.move_all(nodes.there, nodes.here);
        nodes.set_slot(nodes.there, {"STABLE"});
      });
  outage.check_charges();
}

TEST_CASE("MOVED: a key whose slot is another node's is refused, the others of this node are decided",
          "[refusal]") {
  const TwoNodes nodes;
  const auto redis = open_redis({.url = nodes.here.url(), .deadline = 5s}).value();
  const auto limiter = make_redis_limiter(TokenBucket{per_hour(1), 100}, redis).value();
  REQUIRE(limiter->try_acquire("key", 4).source == Source::redis);
  const auto reshard = [&](const RedisServer& from, const RedisServer& to) {
    nodes.open(from, to);
    nodes.move_all(from, to);
    nodes.close(to, from);
  };
  reshard(nodes.here, nodes.there);
  // As often as would open the breaker if the server were to blame.
  for (int i = 0; i < 50; ++i) {
    const Decision refused = limiter->try_acquire("key");
    REQUIRE(refused.error == StatusCode::kFailedPrecondition);
    REQUIRE(refused.source == Source::fallback);
  }
  CHECK_FALSE(redis_stats(*redis).breaker_open);
  CHECK(redis_stats(*redis).last_error.find("MOVED") != std::string::npos);
  CHECK(limiter->try_acquire("another key").source == Source::redis);

  reshard(nodes.there, nodes.here);
  const Decision after = limiter->peek("key");
  CHECK(after.source == Source::redis);
  CHECK(after.remaining == 96);
}

TEST_CASE("TRYAGAIN: a list whose keys are on two nodes is charged to none of its limits", "[refusal]") {
  const TwoNodes nodes;
  const auto redis = open_redis({.url = nodes.here.url(), .deadline = 5s}).value();
  const auto limiter =
      make_redis_limiter(std::vector<Limit>{TokenBucket{per_hour(1), 10}, FixedWindow{100, std::chrono::hours(1)}},
                         redis, {.on_unavailable = OnUnavailable::deny})
          .value();
  REQUIRE(limiter->try_acquire("key", 4).source == Source::redis);
  nodes.open(nodes.here, nodes.there);
  REQUIRE(nodes.keys(nodes.here).size() == 2);
  const std::string moved = nodes.keys(nodes.here).front();
  TwoNodes::move(moved, nodes.here, nodes.there);
  const Decision refused = limiter->try_acquire("key", 3);
  CHECK(refused.error == StatusCode::kUnavailable);
  CHECK(refused.source == Source::policy);
  CHECK(redis_stats(*redis).last_error.find("TRYAGAIN") != std::string::npos);

  nodes.set_slot(nodes.here, {"STABLE"});
  TwoNodes::move(moved, nodes.there, nodes.here);
  const Decision after = limiter->peek("key", 1);
  CHECK(after.source == Source::redis);
  CHECK(after.remaining == 6);
}

// ---- rights ----------------------------------------------------------------------------------------------

// A server with a user `limiter`, whose password is `right`.
struct Guarded {
  RedisServer server;
  Guarded() {
    REQUIRE(set({"on", ">right", "~penstock:*", "+evalsha", "+script|load", "+time", "+get", "+set", "+del"}) ==
            "OK");
  }
  std::string set(std::vector<std::string> rules) const {
    rules.insert(rules.begin(), {"ACL", "SETUSER", "limiter"});
    return server.command(rules);
  }
  std::string url() const { return "redis://limiter:right@127.0.0.1:" + std::to_string(server.port()); }
};

TEST_CASE("NOAUTH: a server that wants a password from now on is asked again when it wants none", "[refusal]") {
  const RedisServer server;
  Outage outage(server.url());
  Wire wire(server.port());
  outage.check(
      StatusCode::kPermissionDenied,
      [&] {
        REQUIRE(wire.command({"CONFIG", "SET", "requirepass", "new"}) == "OK");
        REQUIRE(wire.command({"CLIENT", "KILL", "TYPE", "normal"}) == "1");
      },
      [&] {
        REQUIRE(wire.command({"CONFIG", "SET", "requirepass", ""}) == "OK");
      });
  outage.check_charges();
}

TEST_CASE("WRONGPASS: a password that was changed is tried again, for it may be changed back", "[refusal]") {
  const Guarded guarded;
  Outage outage(guarded.url());
  outage.check(
      StatusCode::kPermissionDenied,
      [&] {
        REQUIRE(guarded.set({"resetpass", ">rotated"}) == "OK");
        REQUIRE(guarded.server.command({"CLIENT", "KILL", "USER", "limiter"}) == "1");
      },
      [&] { REQUIRE(guarded.set({">right"}) == "OK"); });
  outage.check_charges();
}

TEST_CASE("WRONGPASS: a user who was deleted is met again when there is one of that name", "[refusal]") {
  const Guarded guarded;
  Outage outage(guarded.url());
  outage.check(
      StatusCode::kPermissionDenied,
      [&] {
        REQUIRE(guarded.server.command({"ACL", "DELUSER", "limiter"}) == "1");
      },
      [&] {
        REQUIRE(guarded.set({"on", ">right", "~penstock:*", "+evalsha", "+script|load", "+time", "+get", "+set",
                             "+del"}) == "OK");
      });
  outage.check_charges();
}

TEST_CASE("NOPERM: a user who may call no script has charged nothing", "[refusal]") {
  const Guarded guarded;
  Outage outage(guarded.url());
  outage.check(
      StatusCode::kPermissionDenied, [&] { REQUIRE(guarded.set({"-evalsha"}) == "OK"); },
      [&] { REQUIRE(guarded.set({"+evalsha"}) == "OK"); });
  outage.check_charges();
}

TEST_CASE("NOPERM: a user who may not touch the key has charged nothing", "[refusal]") {
  const Guarded guarded;
  Outage outage(guarded.url());
  outage.check(
      StatusCode::kPermissionDenied,
      [&] {
        REQUIRE(guarded.set({"resetkeys", "~other:*"}) == "OK");
      },
      [&] { REQUIRE(guarded.set({"~penstock:*"}) == "OK"); });
  outage.check_charges();
}

TEST_CASE("NOPERM: whether a user has charged who may do a part of it, nobody knows", "[refusal]") {
  const std::string right = GENERATE("get", "set", "time");
  CAPTURE(right);
  const Guarded guarded;
  Outage outage(guarded.url());
  outage.check(
      StatusCode::kUnknown, [&] { REQUIRE(guarded.set({"-" + right}) == "OK"); },
      [&] { REQUIRE(guarded.set({"+" + right}) == "OK"); });
  outage.check_charges();
}

TEST_CASE("NOPERM: a user without a right that only one limit of a list needs has charged the others",
          "[refusal]") {
  const Guarded guarded;
  REQUIRE(guarded.set({"+llen", "+lindex"}) == "OK");
  const auto redis = open_redis({.url = guarded.url(), .deadline = 30s}).value();
  const auto mine = make_redis_limiter(parse_limits("5/h algo=fixed, 5/24h algo=log").value(), redis).value();
  CHECK(mine->peek("key").source == Source::redis);
  CHECK(mine->try_acquire("key").error == StatusCode::kUnknown);
  CHECK(guarded.server.command({"DBSIZE"}) == "1");
}

}  // namespace
}  // namespace penstock::redis
