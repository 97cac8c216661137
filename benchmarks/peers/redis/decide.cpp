// The workloads of benchmarks/peers/redis/run on Penstock.
//
//   decide SOCKET THREADS_OR_CALLBACKS WORKLOAD CALLERS SECONDS

#include <penstock/penstock.h>
#include <penstock/redis.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <latch>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using Microseconds = std::chrono::duration<double, std::micro>;

struct Workload {
  std::int64_t keys;
  std::int64_t limit;
};

Workload workload_of(std::string_view name) {
  if (name == "admitted") return {1000, 1'000'000'000};
  if (name == "refused") return {1000, 1};
  return {100, 10};
}

std::vector<std::string> make_names(std::int64_t count) {
  std::vector<std::string> names;
  for (std::int64_t i = 0; i < count; ++i) {
    char text[32];
    std::snprintf(text, sizeof(text), "user:%015lld", static_cast<long long>(i));
    names.push_back(text);
  }
  return names;
}

// Asks for one decision after the other, and notes what came of it.
class Caller {
 public:
  // For `least` decisions, and longer until `end`.
  Caller(penstock::Limiter& limiter, std::size_t number, const std::vector<std::string>& names, std::int64_t least,
         Clock::time_point end)
      : limiter_(limiter), number_(number), names_(names), left_(least), end_(end) {}

  void on_this_thread() {
    asked_ = Clock::now();
    while (note(limiter_.try_acquire(next_key()))) {
    }
  }

  void by_callbacks(std::latch& done) {
    asked_ = Clock::now();
    ask(done);
  }

  std::vector<double> waits_us;
  std::int64_t permitted = 0;

 private:
  void ask(std::latch& done) {
    limiter_.try_acquire_async(next_key(), 1, [this, &done](const penstock::Decision& decision) {
      note(decision) ? ask(done) : done.count_down();
    });
  }

  // Whether there is time for another.
  bool note(const penstock::Decision& decision) {
    if (decision.source != penstock::Source::redis || decision.error != absl::StatusCode::kOk) {
      std::fputs("decide: the server did not decide\n", stderr);
      std::exit(1);
    }
    const auto now = Clock::now();
    waits_us.push_back(Microseconds(now - asked_).count());
    permitted += decision.permitted;
    asked_ = now;
    return --left_ > 0 || now < end_;
  }

  // Comes by all of them.
  const std::string& next_key() { return names_[number_ = (number_ + 389) % names_.size()]; }

  penstock::Limiter& limiter_;
  std::size_t number_;
  const std::vector<std::string>& names_;
  std::int64_t left_;
  const Clock::time_point end_;
  Clock::time_point asked_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    std::fputs("usage: decide SOCKET threads|callbacks WORKLOAD CALLERS SECONDS\n", stderr);
    return 2;
  }
  const bool is_exact = std::string_view(argv[3]) == "exact";
  const Workload workload = workload_of(argv[3]);
  const int count = std::max(std::atoi(argv[4]), 1);
  const std::int64_t least = is_exact ? workload.keys * ((workload.limit + count - 1) / count) : 1;
  const auto redis =
      penstock::open_redis({.url = std::string("unix://") + argv[1], .deadline = std::chrono::seconds(10)});
  const auto limiter = penstock::make_redis_limiter(
      penstock::FixedWindow{.limit = workload.limit, .window = std::chrono::hours(30 * 24)}, redis.value());
  const std::vector<std::string> names = make_names(workload.keys);
  if (!is_exact) {
    for (const std::string& name : names) (void)limiter.value()->try_acquire(name);
  }

  const auto start = Clock::now();
  const auto end =
      start + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(std::atof(argv[5])));
  std::deque<Caller> callers;
  for (int i = 0; i < count; ++i) callers.emplace_back(**limiter, static_cast<std::size_t>(i), names, least, end);
  if (std::string_view(argv[2]) == "threads") {
    std::vector<std::jthread> threads;
    for (Caller& caller : callers) threads.emplace_back([&caller] { caller.on_this_thread(); });
  } else {
    std::latch done(count);
    for (Caller& caller : callers) caller.by_callbacks(done);
    done.wait();
  }
  const std::chrono::duration<double> elapsed = Clock::now() - start;

  std::vector<double> waits;
  std::int64_t permitted = 0;
  for (const Caller& caller : callers) {
    waits.insert(waits.end(), caller.waits_us.begin(), caller.waits_us.end());
    permitted += caller.permitted;
  }
  std::sort(waits.begin(), waits.end());
  const auto decisions = static_cast<std::int64_t>(waits.size());
  std::printf("%.2f %.1f %lld %lld\n", static_cast<double>(decisions) / elapsed.count() / 1000,
              waits[waits.size() / 2], static_cast<long long>(permitted),
              static_cast<long long>(decisions - permitted));
}
