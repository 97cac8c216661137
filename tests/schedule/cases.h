// What is tried: what happened before, what each thread asks for (a case is named by that), and what the clock
// shows.

#ifndef PENSTOCK_TESTS_SCHEDULE_CASES_H_
#define PENSTOCK_TESTS_SCHEDULE_CASES_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
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
  Cases() {
    hits();
    wide();
    sweeps<TokenBucket>("a bucket", bucket(1, 2));
    sweeps<FixedWindow>("a fixed window", {1, Duration(2)});
    sweeps<SlidingWindow>("a sliding window", {1, Duration(2)});
  }
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
    add<2>("fast", Story<TokenBucket>{.name = "a key is hit while its word is taken by another: K K | X | K K",
                                      .limit = bucket(2, 2),
                                      .past = {{0, K}, {1, Y}},
                                      .threads = {{K, K}, {X}, {K, K}},
                                      .instants = {0, 1, 2, 3}});
    add<2>("fast", Story<TokenBucket>{.name = "the same, by hints that are read word by word: K | X K | K",
                                      .limit = bucket(1, 2),
                                      .past = {{0, K}, {1, Y}},
                                      .threads = {{K}, {X, K}, {K}},
                                      .instants = {1, 2, 3, 4},
                                      .hints_are_steps = true});
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

    // More of the same.
    add<2>("long", Story<TokenBucket>{.name = "a key is hit while its word is taken twice: K K | X X | K K",
                                      .limit = bucket(2, 2),
                                      .past = {{0, K}, {1, Y}},
                                      .threads = {{K, K}, {X, X}, {K, K}},
                                      .instants = {0, 1, 2, 3}});
    add<2>("long", Story<TokenBucket>{.name = "two keys are put in by three threads: K K | K K | K X",
                                      .limit = bucket(1, 3),
                                      .past = {{0, X}},
                                      .threads = {{K, K}, {K, K}, {K, X}},
                                      .instants = {1, 2, 3, 4, 5, 6}});
    add<2>("long", Story<TokenBucket>{.name = "a stale owner comes back to three threads: K K | X X | K Y",
                                      .limit = bucket(1, 2),
                                      .past = {{0, K}, {1, Y}},
                                      .threads = {{K, K}, {X, X}, {K, Y}},
                                      .instants = {1, 2, 3, 4}});
    add<1>("long", Story<TokenBucket>{.name = "a line of one word overflows for three threads: K K | K X | K K",
                                      .limit = bucket(1, 3),
                                      .past = {{0, X}},
                                      .threads = {{K, K}, {K, X}, {K, K}},
                                      .instants = {1, 3, 4, 6}});
    add<2>("long", Story<TokenBucket>{.name = "an overflow is handed over between three threads: K K | K K | X K",
                                      .limit = bucket(1, 3),
                                      .past = {{1, X}, {2, Y}},
                                      .threads = {{K, K}, {K, K}, {X, K}},
                                      .instants = {3, 4, 5, 6}});
    add<2>("long", Story<TokenBucket>{.name = "two permits a key, three threads: K K | K X | K K",
                                      .limit = bucket(2, 2),
                                      .past = {{2, X}, {1, Y}},
                                      .threads = {{K, K}, {K, X}, {K, K}},
                                      .instants = {2, 3, 4}});
  }

  // Words of 16 bytes, which have no wheel.
  void wide() {
    const auto K = acquire('K'), X = acquire('X'), Y = acquire('Y');
    add<2, Wide>("fast", Story<TokenBucket>{.name = "(16 bytes) a word is taken from its key: K K | X | K",
                                            .limit = bucket(2, 2),
                                            .past = {{0, K}, {1, Y}},
                                            .threads = {{K, K}, {X}, {K}},
                                            .instants = {0, 1, 2, 3}});
    add<1, Wide>("fast", Story<TokenBucket>{.name = "(16 bytes) a line of one word overflows: K K | K X",
                                            .limit = bucket(1, 3),
                                            .past = {{0, X}},
                                            .threads = {{K, K}, {K, X}},
                                            .instants = {1, 2, 3, 4, 6}});
    // These keep each position of a refund; words of 8 bytes round it up to a burst.
    add<2, Wide>("fast",
                 Story<TokenBucket>{.name = "(16 bytes) a refund meets two that put in a key: back X | K K | K",
                                    .limit = bucket(1, 3),
                                    .past = {{0, Y}, {2, X}},
                                    .threads = {{refund('X')}, {K, K}, {K}},
                                    .instants = {2, 3, 4, 5, 6}});
  }

  // ---- the hand that goes round the pages ----

  // While nobody calls, the clock leaps by most of a turn of the wheel. Then old words look as if they were of the
  // future; and to who still stands at the moment before, those that were raised look as if they were old. (But no
  // two words have the same bits a turn apart: what that does to a thread that was stopped is no fault.)
  template <class Limit>
  void sweeps(const std::string& kind, const Limit& limit) {
    const auto K = acquire('K'), X = acquire('X'), k = acquire('k');
    const memory::Layout<Limit, std::uint64_t> layout(limit);
    const Time window = layout.rule().refill();
    const Time quarter = layout.rule().span(layout.quarter());
    const Time turn = quarter * (std::is_same_v<Limit, TokenBucket> ? 16 : 4);
    const Time now = turn, later = turn + turn / 4 * 3;
    const auto story = [&](const char* name, std::vector<Past> past, std::vector<std::vector<Call>> threads,
                           std::vector<Time> instants, int lines = 1) {
      return Story<Limit>{.name = kind + " " + name,
                          .limit = limit,
                          .past = std::move(past),
                          .threads = std::move(threads),
                          .instants = std::move(instants),
                          .lines = lines};
    };
    add<1>("fast",
           story("is hit across a silence: K K | K K", {{now, K}}, {{K, K}, {K, K}}, {now, later, later + window}));
    add<2>("fast", story("is put in across a silence: K | K X", {{now, X}}, {{K}, {K, X}}, {now, later}));
    // The line is raised to where the wheel begins: its words must not look as if they were never used.
    add<2>("fast",
           story("is put in a turn later: K | K X", {{now, X}}, {{K}, {K, X}}, {now, now + turn + quarter}));
    add<1>("fast", story("is the first in its page: K | k k", {{now, k}}, {{K}, {k, k}}, {now, later}, 2));
    add<1>("fast", story("overflows across a silence: K K | X", {{now, X}}, {{K, K}, {X}}, {now, later}));
    add<1>("fast", story("is reserved across a silence: reserve K | K K", {{now, K}},
                         {{reserve('K', window)}, {K, K}}, {now, later}));
    add<1>("fast", story("is given back across a silence: back K | K K", {{now, K}}, {{refund('K')}, {K, K}},
                         {now, later}));
    add<2>("fast",
           story("is reset across a silence: reset K | K K", {{now, K}}, {{reset('K')}, {K, K}}, {now, later}));
    add<1>("fast",
           story("is asked about across a silence: ask K | K K", {{now, K}}, {{peek('K')}, {K, K}}, {now, later}));
    // The hand goes a page on; X gets older than a quarter meanwhile.
    const Time page = quarter / 32;
    add<2>("fast", story("is put in while a page is swept: K | K X", {{now - quarter, X}, {now, k}}, {{K}, {K, X}},
                         {now, now + page, now + 2 * page}, 2));

    add<1>("long", story("is hit across a silence: K | K | K", {{now, K}}, {{K}, {K}, {K}}, {now, later}));
    add<1>("long", story("is given back across a silence: back K | K | K", {{now, K}}, {{refund('K')}, {K}, {K}},
                         {now, later}));
    add<1>("long", story("is asked about across a silence: ask K | K | K", {{now, K}}, {{peek('K')}, {K}, {K}},
                         {now, later}));
  }
};

}  // namespace penstock::schedule

#endif  // PENSTOCK_TESTS_SCHEDULE_CASES_H_
