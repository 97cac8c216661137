// Questions that remember their answers, and a script that answers them.

#ifndef PENSTOCK_TESTS_REDIS_ASKER_H_
#define PENSTOCK_TESTS_REDIS_ASKER_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <thread>

#include "redis/question.h"
#include "redis/reactor.h"

namespace penstock::redis {

// `advance` adds the cost to the key and answers with the sum; `echo` answers with the key and changes nothing;
// `fail` and `misshape` are what they say.
inline constexpr Script kCountScript = {"count",
                                        R"lua(local keys = #KEYS
local time = redis.call('TIME')
local reply = {time[1] * 1000000 + time[2]}
local operation = ARGV[1]:match('^%l+')
if operation == 'fail' then error('on purpose') end
if operation == 'misshape' then return 'misshape' end
for i = 1, keys do
  if operation == 'echo' then
    reply[i + 1] = KEYS[i]
  else
    reply[i + 1] = redis.call('INCRBY', KEYS[i], ARGV[1 + i] or ARGV[2])
  end
end
return reply
)lua",
                                        "293cede002214263e3f5f51519bc8ecce231225f"};

inline const Program& count_program() {
  static const Program program = {&kCountScript, "a term", 1};
  return program;
}

// May be asked again once it is answered.
class Asked : public Question {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Asked(std::string key = "k", std::string_view operation = "advance",
                 Clock::duration patience_of_caller = std::chrono::seconds(5)) {
    program = &count_program();
    keys = {std::move(key)};
    cost = 1;
    op = operation;
    deadline = Clock::now() + patience_of_caller;
  }

  void answered(const Answer& answer) override {
    const std::lock_guard lock(mutex_);
    ++answers;
    fate = answer.fate;
    error = answer.error;
    server_time = answer.now;
    value = 0;
    text.clear();
    if (answer.fate == Fate::answered && answer.values.size() == 1) {
      value = answer.values[0].integer;
      text = answer.values[0].text;
    }
    answered_at = Clock::now();
    answered_on = std::this_thread::get_id();
    // Within the lock: as soon as it is free, this may be gone.
    changed_.notify_all();
  }

  // Waits until it was answered `times`.
  Asked& wait(int times = 1) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return answers >= times; });
    return *this;
  }

  int answers = 0;
  Fate fate = Fate::not_run;
  absl::StatusCode error = absl::StatusCode::kOk;
  std::int64_t server_time = 0;
  std::int64_t value = 0;
  std::string text;
  Clock::time_point answered_at{};
  std::thread::id answered_on{};

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
};

// As a caller who waits: the I/O may be done here.
inline Asked& ask_and_wait(Reactor& reactor, Asked& asked) {
  Question* const one = &asked;
  reactor.ask(std::span(&one, 1), Asker::waits);
  return asked.wait();
}

// Waits for what happens in the background, without counting on how long it takes.
inline bool eventually(const std::function<bool()>& is_so) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!is_so()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

}  // namespace penstock::redis

#endif  // PENSTOCK_TESTS_REDIS_ASKER_H_
