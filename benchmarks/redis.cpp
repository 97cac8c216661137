// What does Redis cost? On a server of its own, over TCP on the loopback and over a unix socket, with 1, 8 and 64
// callers, each of which asks for the next decision when it has the last: one permit of a bucket that never runs
// dry, of one of 1,000 keys.
//
//   penstock               threads that call try_acquire(): many keys a script call
//   penstock_single        the same, max_keys_per_call = 1
//   penstock_async         one chain of try_acquire_async() a caller, which need no threads: many keys a call
//   penstock_async_single  the same, max_keys_per_call = 1
//   hiredis_loop           what one would write without a library: a connection a thread, and EVALSHA on it
//   hiredis_ping           the same with PING: what a round trip costs
//   benchmark_script       redis-benchmark with the same EVALSHA, one connection, as many in a pipeline as callers
//   benchmark_ping         the same with PING
//
// Figures are thousands of decisions a second; what a caller waits, median and 99th percentile; and what client and
// server compute for a decision: threads, system calls and all. redis-benchmark's start is too much of its own time
// to tell its computing. That each decision was charged once is counted by the server.
//
//   redis REPETITIONS SECONDS [CALLERS...]       run it by `benchmarks/run redis`

#include <hiredis/hiredis.h>
#include <penstock/penstock.h>
#include <penstock/redis.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <barrier>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <latch>
#include <map>
#include <memory>
#include <numeric>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "../tests/redis/redis_server.h"
#include "absl/strings/str_cat.h"
#include "keys.h"
#include "measure.h"
#include "redis/rulebook.h"

namespace {

using bench::Place;
using bench::Seconds;
using Clock = std::chrono::steady_clock;
using Microseconds = std::chrono::duration<double, std::micro>;

constexpr int kKeys = 1000;

// Fills in thirty years, so that keys live and owe, as they do in earnest.
const penstock::TokenBucket kLimit = {.rate = penstock::per_second(1), .burst = 1'000'000'000};

// 20 bytes, such as redis-benchmark can make.
std::string key_of(const char* twelve_digits) { return absl::StrCat("user0000", twelve_digits); }

const std::vector<std::string>& keys() {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> made;
    for (int i = 0; i < kKeys; ++i) {
      std::array<char, 13> digits;
      std::snprintf(digits.data(), digits.size(), "%012d", i);
      made.push_back(key_of(digits.data()));
    }
    return made;
  }();
  return all;
}

// The words of the EVALSHA that a limiter sends for one request.
std::vector<std::string> call_for(const std::string& key) {
  static const auto book = penstock::redis::Rulebook::make({kLimit}).value();
  std::vector<std::string> words = {"EVALSHA", std::string(book.script().sha1), "1",
                                    absl::StrCat("penstock:{", key.size(), ":", key, "}", book.suffixes().front())};
  words.push_back(penstock::redis::call_argument("advance", "", 0, book.terms()));
  words.push_back("1");
  return words;
}

// ---- the server ----------------------------------------------------------------------------------------

struct Transport {
  std::string name;
  std::string url;
  std::vector<std::string> arguments;  // of redis-benchmark
};

struct Server {
  std::vector<Transport> transports() const {
    return {{"tcp", server.url(), {"-h", "127.0.0.1", "-p", std::to_string(server.port())}},
            {"unix", "unix://" + server.socket(), {"-s", server.socket()}}};
  }

  redisContext* connect(const Transport& transport) const {
    redisContext* const context = transport.name == "unix" ? redisConnectUnix(server.socket().c_str())
                                                           : redisConnect("127.0.0.1", server.port());
    if (context == nullptr || context->err != 0) bench::fail("no connection to the benchmark's own server");
    return context;
  }

  // `name=` or `name:` and a number, of an INFO.
  double info(const char* section, const std::string& name) const {
    const std::string text = server.command({"INFO", section});
    const std::size_t at = text.find(name);
    return at == std::string::npos ? 0 : std::atof(text.c_str() + at + name.size());
  }
  double computed_us() const { return 1e6 * (info("cpu", "used_cpu_user:") + info("cpu", "used_cpu_sys:")); }
  // Each permit writes its key once, and so does nothing else.
  std::int64_t charged() const { return std::llround(info("commandstats", "cmdstat_set:calls=")); }

  penstock::redis::RedisServer server;
};

// ---- callers -------------------------------------------------------------------------------------------

struct Tally {
  std::int64_t asked = 0;  // the first, untimed requests included
  double rate = 0;         // a second
  double p50_us = 0, p99_us = 0;
  double client_us = 0;  // computed for a decision; 0: not known
};

double computed_us() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  const auto us = [](const timeval& time) { return static_cast<double>(1'000'000 * time.tv_sec + time.tv_usec); };
  return us(usage.ru_utime) + us(usage.ru_stime);
}

// What one caller saw.
class Caller {
 public:
  void begin() { begun_ = asked_ = Clock::now(); }
  void answered() {
    const auto now = Clock::now();
    waits_us_.push_back(Microseconds(now - std::exchange(asked_, now)).count());
  }

  static Tally sum(const std::vector<Caller>& callers, double computed_us) {
    Tally tally;
    std::vector<double> waits;
    for (const Caller& caller : callers) {
      const auto count = static_cast<double>(caller.waits_us_.size());
      tally.rate += count / Seconds(caller.asked_ - caller.begun_).count();
      waits.insert(waits.end(), caller.waits_us_.begin(), caller.waits_us_.end());
    }
    std::sort(waits.begin(), waits.end());
    tally.asked = static_cast<std::int64_t>(waits.size());
    tally.client_us = computed_us / static_cast<double>(waits.size());
    tally.p50_us = waits[waits.size() / 2];
    tally.p99_us = waits[waits.size() * 99 / 100];
    return tally;
  }

 private:
  Clock::time_point begun_, asked_;
  std::vector<double> waits_us_;
};

// Asks with the next key, and waits.
using Ask = std::function<void(const std::string& key)>;

// A thread a caller; `make` is called on it.
Tally on_threads(int count, Seconds seconds, const std::function<Ask()>& make) {
  std::vector<Caller> callers(static_cast<std::size_t>(count));
  std::atomic<bool> stop = false;
  std::barrier ready(count + 1);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < callers.size(); ++i) {
    threads.emplace_back([&, i] {
      bench::Walk walk(i, kKeys);
      const Ask ask = make();
      ask(keys()[walk.next()]);
      ready.arrive_and_wait();
      callers[i].begin();
      do {
        ask(keys()[walk.next()]);
        callers[i].answered();
      } while (!stop.load(std::memory_order_relaxed));
    });
  }
  ready.arrive_and_wait();
  const double before = computed_us();
  std::this_thread::sleep_for(seconds);
  stop = true;
  for (std::thread& thread : threads) thread.join();
  Tally tally = Caller::sum(callers, computed_us() - before);
  tally.asked += count;
  return tally;
}

void expect_permit(const penstock::Decision& decision) {
  if (decision.permitted && decision.source == penstock::Source::redis && decision.error == absl::StatusCode::kOk)
    return;
  bench::fail("a request was not permitted by the server; error " +
              std::to_string(static_cast<int>(decision.error)));
}

// A chain a caller: the answer asks the next question.
class Chain {
 public:
  Chain(penstock::Limiter& limiter, std::size_t number, const std::atomic<bool>& stop, std::latch& ended)
      : limiter_(limiter), walk_(number, kKeys), stop_(stop), ended_(ended) {}

  void ask() {
    limiter_.try_acquire_async(keys()[walk_.next()], 1, [this](const penstock::Decision& decision) {
      expect_permit(decision);
      caller.answered();
      if (stop_.load(std::memory_order_relaxed)) return ended_.count_down();
      ask();
    });
  }

  Caller caller;

 private:
  penstock::Limiter& limiter_;
  bench::Walk walk_;
  const std::atomic<bool>& stop_;
  std::latch& ended_;
};

Tally in_chains(int count, Seconds seconds, penstock::Limiter& limiter) {
  std::atomic<bool> stop = false;
  std::latch ended(count);
  std::vector<std::unique_ptr<Chain>> chains;
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    chains.push_back(std::make_unique<Chain>(limiter, i, stop, ended));
  }
  const double before = computed_us();
  for (const auto& chain : chains) {
    chain->caller.begin();
    chain->ask();
  }
  std::this_thread::sleep_for(seconds);
  stop = true;
  ended.wait();
  const double computed = computed_us() - before;
  std::vector<Caller> callers;
  for (const auto& chain : chains) callers.push_back(std::move(chain->caller));
  return Caller::sum(callers, computed);
}

// ---- redis-benchmark -----------------------------------------------------------------------------------

std::string output_of(std::vector<std::string> words) {
  int ends[2];
  if (::pipe(ends) != 0) bench::fail("no pipe");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
  posix_spawn_file_actions_addclose(&actions, ends[0]);
  posix_spawn_file_actions_addclose(&actions, ends[1]);
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_t pid;
  const int error = ::posix_spawnp(&pid, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  if (error != 0) bench::fail("no " + words[0] + " (Debian: redis-tools)");
  std::string output;
  std::array<char, 4096> bytes;
  for (ssize_t size; (size = ::read(ends[0], bytes.data(), bytes.size())) > 0;) {
    output.append(bytes.data(), static_cast<std::size_t>(size));
  }
  ::close(ends[0]);
  int status = 0;
  if (::waitpid(pid, &status, 0) != pid || status != 0) bench::fail(words[0] + " failed: " + output);
  return output;
}

// It is told how many to ask for, not for how long: so as many as take the time, by the last rate.
class RedisBenchmark {
 public:
  explicit RedisBenchmark(std::vector<std::string> command) : command_(std::move(command)) {}

  Tally run(const Transport& transport, int callers, Seconds seconds) {
    double& rate = rates_[{transport.name, callers}];
    std::int64_t untimed = 0;
    if (rate == 0) {
      const Tally first = run(transport, callers, 500 + 50 * callers);
      rate = first.rate;
      untimed = first.asked;
    }
    Tally tally = run(transport, callers, std::max<std::int64_t>(std::llround(rate * seconds.count()), 1000));
    rate = tally.rate;
    tally.asked += untimed;
    return tally;
  }

 private:
  Tally run(const Transport& transport, int callers, std::int64_t at_least) {
    const std::int64_t requests =
        (at_least + callers - 1) / callers * callers;  // whole pipelines, or it gets confused
    std::vector<std::string> words = {"redis-benchmark",
                                      "--csv",
                                      "-c",
                                      "1",
                                      "-P",
                                      std::to_string(callers),
                                      "-r",
                                      std::to_string(kKeys),
                                      "-n",
                                      std::to_string(requests)};
    words.insert(words.end(), transport.arguments.begin(), transport.arguments.end());
    words.insert(words.end(), command_.begin(), command_.end());
    const std::string output = output_of(words);
    // "the command","a second","mean ms","least","p50","p95","p99","most"
    std::array<double, 7> numbers;
    std::size_t end = output.size();
    for (std::size_t i = numbers.size(); i-- > 0;) {
      const std::size_t begin = output.rfind(",\"", end - 1);
      if (begin == std::string::npos) bench::fail("redis-benchmark printed: " + output);
      numbers[i] = std::atof(output.c_str() + begin + 2);
      end = begin;
    }
    if (numbers[0] <= 0 || !std::isfinite(numbers[0])) bench::fail("redis-benchmark printed: " + output);
    return {.asked = requests, .rate = numbers[0], .p50_us = 1e3 * numbers[3], .p99_us = 1e3 * numbers[5]};
  }

  const std::vector<std::string> command_;
  std::map<std::pair<std::string, int>, double> rates_;
};

// ---- subjects ------------------------------------------------------------------------------------------

struct Subject {
  std::string name;
  bool decides;
  std::function<Tally(const Transport& transport, int callers, Seconds seconds)> run;
};

// A deadline so late that the server decides everything, however busy the machine.
std::shared_ptr<penstock::Limiter> make_limiter(const std::string& url, std::int64_t keys_per_call) {
  const auto redis =
      penstock::open_redis({.url = url, .deadline = std::chrono::minutes(1), .max_keys_per_call = keys_per_call});
  return penstock::make_redis_limiter(kLimit, redis.value()).value();
}

Subject on_limiter(const std::string& name, std::int64_t keys_per_call, bool is_async) {
  const auto made = std::make_shared<std::map<std::string, std::shared_ptr<penstock::Limiter>>>();
  return {name, true, [=](const Transport& transport, int callers, Seconds seconds) {
            auto& limiter = (*made)[transport.name];
            if (!limiter) {
              limiter = make_limiter(transport.url, keys_per_call);
            }
            if (is_async) return in_chains(callers, seconds, *limiter);
            return on_threads(callers, seconds, [&]() -> Ask {
              return [&](const std::string& key) { expect_permit(limiter->try_acquire(key)); };
            });
          }};
}

Subject on_hiredis(const std::string& name, bool decides, const Server& server) {
  return {name, decides, [decides, &server](const Transport& transport, int callers, Seconds seconds) {
            return on_threads(callers, seconds, [&]() -> Ask {
              const std::shared_ptr<redisContext> context(server.connect(transport), redisFree);
              return [decides, context](const std::string& key) {
                const std::vector<std::string> words = decides ? call_for(key) : std::vector<std::string>{"PING"};
                std::vector<const char*> argv;
                std::vector<std::size_t> sizes;
                for (const std::string& word : words) {
                  argv.push_back(word.data());
                  sizes.push_back(word.size());
                }
                void* const got =
                    redisCommandArgv(context.get(), static_cast<int>(words.size()), argv.data(), sizes.data());
                const std::unique_ptr<void, decltype(&freeReplyObject)> reply(got, freeReplyObject);
                const int wanted = decides ? REDIS_REPLY_ARRAY : REDIS_REPLY_STATUS;
                if (!got || static_cast<redisReply*>(got)->type != wanted) bench::fail("hiredis: no answer");
              };
            });
          }};
}

Subject on_redis_benchmark(const std::string& name, bool decides) {
  const auto command = decides ? call_for(key_of("__rand_int__")) : std::vector<std::string>{"PING"};
  const auto benchmark = std::make_shared<RedisBenchmark>(command);
  return {name, decides, [benchmark](const Transport& transport, int callers, Seconds seconds) {
            return benchmark->run(transport, callers, seconds);
          }};
}

std::vector<Subject> subjects(const Server& server) {
  return {on_limiter("penstock", penstock::RedisOptions().max_keys_per_call, false),
          on_redis_benchmark("benchmark_script", true),
          on_limiter("penstock_single", 1, false),
          on_hiredis("hiredis_loop", true, server),
          on_limiter("penstock_async", penstock::RedisOptions().max_keys_per_call, true),
          on_hiredis("hiredis_ping", false, server),
          on_limiter("penstock_async_single", 1, true),
          on_redis_benchmark("benchmark_ping", false)};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) bench::fail("usage: redis REPETITIONS SECONDS [CALLERS...]");
  const int repetitions = bench::positive(argv[1]);
  const Seconds seconds = bench::duration(argv[2]);
  std::vector<int> counts;
  for (int i = 3; i < argc; ++i) counts.push_back(bench::positive(argv[i]));
  if (counts.empty()) counts = {1, 8, 64};

  const Server server;
  (void)make_limiter(server.server.url(), 1)->peek("", 0);  // loads the script for everybody
  const std::vector<Subject> all = subjects(server);
  for (int repetition = 1; repetition <= repetitions; ++repetition) {
    for (const Transport& transport : server.transports()) {
      for (const int count : counts) {
        for (const Subject& subject : all) {
          const double computed = server.computed_us();
          const std::int64_t charged = server.charged();
          const Tally tally = subject.run(transport, count, seconds);
          const double server_us = (server.computed_us() - computed) / static_cast<double>(tally.asked);
          bench::check({transport.name, count}, subject.name, server.charged() - charged,
                       subject.decides ? tally.asked : 0);
          const auto tell = [&](const char* what, const char* unit, double value) {
            bench::tell({std::string(what) + "/" + transport.name, count}, unit, subject.name, repetition, value);
          };
          tell("rate", "k/s", tally.rate / 1000);
          tell("p50", "us", tally.p50_us);
          tell("p99", "us", tally.p99_us);
          if (tally.client_us > 0) tell("client_cpu", "us", tally.client_us);
          tell("server_cpu", "us", server_us);
        }
      }
    }
  }
}
