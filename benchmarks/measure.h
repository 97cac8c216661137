// What `contend` and `scale` share: how they measure, and how they tell. Google Benchmark does neither of what they
// need: to keep all subjects alive, with millions of keys each, and let them take turns, repetition by repetition;
// and to run threads for a time, instead of for a count, of which the slowest thread would do the rest alone.
//
// They print lines of CSV: what `decide` prints is turned into the same by benchmarks/run.
//
//   situation,at,unit,subject,repetition,value
//   # a remark

#ifndef PENSTOCK_BENCHMARKS_MEASURE_H_
#define PENSTOCK_BENCHMARKS_MEASURE_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <thread>

namespace bench {

using Seconds = std::chrono::duration<double>;
using Nanoseconds = std::chrono::duration<double, std::nano>;

struct Place {
  std::string situation;
  std::int64_t at;  // threads, or keys
};

inline void tell(const Place& place, const char* unit, const std::string& subject, int repetition, double value) {
  std::printf("%s,%lld,%s,%s,%d,%.4f\n", place.situation.c_str(), static_cast<long long>(place.at), unit,
              subject.c_str(), repetition, value);
  std::fflush(stdout);
}

inline void remark(const std::string& text) { std::printf("# %s\n", text.c_str()); }

[[noreturn]] inline void fail(const std::string& text) {
  std::fprintf(stderr, "error: %s\n", text.c_str());
  std::exit(1);
}

// A fast wrong answer is an error, not a result.
inline void check(const Place& place, const std::string& subject, std::int64_t permitted, std::int64_t expected) {
  if (permitted == expected) return;
  fail(subject + ", " + place.situation + ": " + std::to_string(permitted) + " were permitted, not " +
       std::to_string(expected));
}

// Every server has threads, and glibc's mutex takes no bus lock in a process that never had one. So measuring on
// one thread begins with this.
inline void have_had_threads() {
  std::thread([] {}).join();
}

// For how long the calling thread has had a core.
inline Nanoseconds processor_time() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

// Nothing that follows begins before all that precedes has ended.
inline void settle() {
#if defined(__x86_64__)
  __builtin_ia32_lfence();
#elif defined(__aarch64__)
  asm volatile("dsb sy\n\tisb" ::: "memory");
#else
  std::atomic_thread_fence(std::memory_order_seq_cst);
#endif
}

inline int positive(const char* text) {
  const int number = std::atoi(text);
  if (number < 1) fail(std::string("not a positive number: ") + text);
  return number;
}

inline Seconds duration(const char* text) {
  const Seconds seconds(std::atof(text));
  if (seconds <= Seconds::zero()) fail(std::string("not a time in seconds: ") + text);
  return seconds;
}

}  // namespace bench

#endif  // PENSTOCK_BENCHMARKS_MEASURE_H_
