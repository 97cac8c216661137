#ifndef PENSTOCK_TESTS_SCHEDULE_CASES_H_
#define PENSTOCK_TESTS_SCHEDULE_CASES_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "schedule/table_world.h"

namespace penstock::schedule {

struct Case {
  std::string group;
  std::string name;
  std::function<std::unique_ptr<World>()> make;
};

class Cases {
 public:
  Cases() { hits(); }
  std::vector<Case> all;

 private:
  template <std::size_t kWays, class Word = std::uint64_t, class Limit>
  void add(const char* group, Story<Limit> story) {
    const std::string name = story.name;
    all.push_back({group, name, [story] { return std::make_unique<TableWorld<Limit, Word, kWays>>(story); }});
  }

  static TokenBucket bucket(std::int64_t burst, std::int64_t each) { return {{1, Duration(each)}, burst}; }

  void hits() {
    const auto K = acquire('K'), X = acquire('X'), Y = acquire('Y'), Z = acquire('Z');
    add<2>("fast", Story<TokenBucket>{.name = "a key is hit while its word is taken by another: K K | X X | K K",
                                      .limit = bucket(2, 2),
                                      .past = {{0, K}, {1, Y}},
                                      .threads = {{K, K}, {X, X}, {K, K}},
                                      .instants = {0, 1, 2, 3}});
    add<2>("fast", Story<TokenBucket>{.name = "two threads put in one key: K K | K K",
                                      .limit = bucket(1, 3),
                                      .past = {{0, X}},
                                      .threads = {{K, K}, {K, K}},
                                      .instants = {1, 2, 3, 4, 5, 6}});
    add<2>("fast", Story<TokenBucket>{.name = "a stale owner comes back: K K | X | K",
                                      .limit = bucket(1, 2),
                                      .past = {{0, K}, {1, Y}},
                                      .threads = {{K, K}, {X}, {K}},
                                      .instants = {0, 1, 2, 3, 4}});
    add<1>("fast", Story<TokenBucket>{.name = "a line of one word overflows: K K | K X",
                                      .limit = bucket(1, 3),
                                      .past = {{0, X}},
                                      .threads = {{K, K}, {K, X}},
                                      .instants = {0, 1, 2, 3, 4, 5, 6}});
    add<2>("fast", Story<TokenBucket>{.name = "an overflow is handed over: K | K | X K",
                                      .limit = bucket(1, 3),
                                      .past = {{1, X}, {2, Y}},
                                      .threads = {{K}, {K}, {X, K}},
                                      .instants = {3, 4, 5, 6, 7}});
    add<3>("fast", Story<TokenBucket>{.name = "three threads put in one key: K | K | K",
                                      .limit = bucket(1, 3),
                                      .past = {{3, X}, {2, Y}, {1, Z}},
                                      .threads = {{K}, {K}, {K}},
                                      .instants = {3, 4, 5, 6, 7}});
    add<2>("fast", Story<FixedWindow>{.name = "a fixed window turns: K K | K X | K",
                                      .limit = {1, Duration(2)},
                                      .past = {{0, X}, {1, Y}},
                                      .threads = {{K, K}, {K, X}, {K}},
                                      .instants = {1, 2, 3, 4}});
    add<2>("fast", Story<SlidingWindow>{.name = "a sliding window turns: K K | K X | K",
                                        .limit = {1, Duration(2)},
                                        .past = {{0, X}, {1, Y}},
                                        .threads = {{K, K}, {K, X}, {K}},
                                        .instants = {1, 4, 5, 6}});
    add<2>("fast", Story<TokenBucket>{.name = "a refund meets two that put in a key: back X | K | K",
                                      .limit = bucket(1, 3),
                                      .past = {{0, Y}, {2, X}},
                                      .threads = {{refund('X')}, {K, K}, {K}},
                                      .instants = {2, 3, 4, 5, 6}});
    add<3>("fast", Story<TokenBucket>{.name = "a reset meets a hit and another key: reset K | K K | X",
                                      .limit = bucket(1, 3),
                                      .past = {{0, K}},
                                      .threads = {{reset('K')}, {K, K}, {X}},
                                      .instants = {0, 1, 3, 4}});

    // The same with two calls a thread.
    add<2>("long", Story<TokenBucket>{.name = "two keys are put in by three threads: K K | K K | K X",
                                      .limit = bucket(1, 3),
                                      .past = {{0, X}},
                                      .threads = {{K, K}, {K, K}, {K, X}},
                                      .instants = {1, 2, 3, 4, 5, 6}});
    add<2>("long", Story<TokenBucket>{.name = "a stale owner comes back to three threads: K K | X X | K Y",
                                      .limit = bucket(1, 2),
                                      .past = {{0, K}, {1, Y}},
                                      .threads = {{K, K}, {X, X}, {K, Y}},
                                      .instants = {0, 1, 2, 3, 4}});
    add<1>("long", Story<TokenBucket>{.name = "a line of one word overflows for three threads: K K | K X | K K",
                                      .limit = bucket(1, 3),
                                      .past = {{0, X}},
                                      .threads = {{K, K}, {K, X}, {K, K}},
                                      .instants = {0, 1, 2, 3, 4, 5, 6}});
    add<2>("long", Story<TokenBucket>{.name = "an overflow is handed over between three threads: K K | K K | X K",
                                      .limit = bucket(1, 3),
                                      .past = {{1, X}, {2, Y}},
                                      .threads = {{K, K}, {K, K}, {X, K}},
                                      .instants = {3, 4, 5, 6, 7}});
    add<2>("long", Story<TokenBucket>{.name = "two permits a key, three threads: K K | K X | K K",
                                      .limit = bucket(2, 2),
                                      .past = {{2, X}, {1, Y}},
                                      .threads = {{K, K}, {K, X}, {K, K}},
                                      .instants = {2, 3, 4, 5}});
  }
};

}  // namespace penstock::schedule

#endif  // PENSTOCK_TESTS_SCHEDULE_CASES_H_
