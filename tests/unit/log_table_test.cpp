#include "memory/log_table.h"

#include "catch.h"

namespace penstock::memory {
namespace {

// Two permits in ten nanoseconds.
const algorithm::Rule<SlidingLog> kRule({2, Duration(10)});

Fingerprint key(std::uint64_t number) { return {.high = number * 0x9e3779b97f4a7c15, .low = number}; }

std::int64_t admitted(LogTable& table, const Fingerprint& key, Time now, int tries) {
  std::int64_t count = 0;
  for (int i = 0; i < tries; ++i) count += table.advance(key, now, 1, {}).permitted;
  return count;
}

TEST_CASE("every key has a state of its own while there is room") {
  LogTable table(kRule, 100);
  for (std::uint64_t i = 0; i < 100; ++i) CHECK(admitted(table, key(i), 0, 5) == 2);
  for (std::uint64_t i = 0; i < 100; ++i) CHECK(admitted(table, key(i), 9, 5) == 0);
}

TEST_CASE("keys beyond the cap share one state and can only be refused too much") {
  LogTable table(kRule, 3);
  for (std::uint64_t i = 0; i < 3; ++i) CHECK(admitted(table, key(i), 0, 5) == 2);
  CHECK(admitted(table, key(3), 0, 5) + admitted(table, key(4), 0, 5) == 2);
  for (std::uint64_t i = 0; i < 3; ++i) CHECK(admitted(table, key(i), 0, 5) == 0);
}

TEST_CASE("a key that owes nothing makes room for another") {
  LogTable table(kRule, 1);
  for (std::uint64_t i = 0; i < 50; ++i) CHECK(admitted(table, key(i), 20 * i, 5) == 2);
  // The last one stays for as long as it owes.
  CHECK(admitted(table, key(49), 20 * 49, 5) == 0);
}

TEST_CASE("a key that was forgotten does not gain by it when the clock steps back") {
  LogTable table(kRule, 1);
  CHECK(admitted(table, key(1), 0, 5) == 2);
  CHECK(admitted(table, key(2), 20, 5) == 2);  // takes the place of key 1, which owes nothing by now
  CHECK(admitted(table, key(1), 9, 5) == 0);
  CHECK(admitted(table, key(2), 40, 5) == 2);
}

TEST_CASE("a key that comes to a place starts from what it may have been charged without one") {
  LogTable table(kRule, 1);
  CHECK(admitted(table, key(1), 0, 5) == 2);
  CHECK(admitted(table, key(2), 0, 5) == 2);  // no room: charged to the shared state
  table.reset(key(1));
  CHECK(admitted(table, key(2), 9, 5) == 0);  // has a place now, and brings its debt
  CHECK(admitted(table, key(2), 10, 5) == 2);
}

TEST_CASE("a refused or asking key takes no place") {
  LogTable table(kRule, 1);
  CHECK_FALSE(table.advance(key(1), 0, 3, {}).permitted);
  CHECK(table.advance(key(1), 0, 0, {}).permitted);
  CHECK(table.peek(key(1), 0, 1, {}).permitted);
  CHECK(admitted(table, key(2), 0, 5) == 2);
  CHECK(table.peek(key(2), 0, 1, {}).retry_after == Duration(10));
  CHECK(admitted(table, key(1), 0, 5) == 2);  // the shared state
  CHECK(table.peek(key(3), 0, 1, {}).retry_after == Duration(10));
}

TEST_CASE("refund and reset act on a listed key and on no other") {
  LogTable table(kRule, 1);
  CHECK(admitted(table, key(1), 0, 5) == 2);
  CHECK(admitted(table, key(2), 0, 5) == 2);
  table.refund(key(2), 0, 2);
  CHECK(admitted(table, key(2), 0, 5) == 0);
  table.refund(key(1), 0, 1);
  CHECK(admitted(table, key(1), 0, 5) == 1);
  table.reset(key(1));
  table.reset(key(1));
  CHECK(admitted(table, key(1), 0, 5) == 0);  // from the shared state
  CHECK(admitted(table, key(1), 20, 5) == 2);
}

TEST_CASE("entries keep their keys when one in the middle goes") {
  LogTable table(kRule, 10);
  for (std::uint64_t i = 0; i < 10; ++i) (void)table.advance(key(i), i, 1, {});
  table.reset(key(0));
  table.reset(key(5));
  table.reset(key(9));
  for (std::uint64_t i = 0; i < 10; ++i) {
    CAPTURE(i);
    CHECK(table.peek(key(i), 9, 1, {}).remaining == (i == 0 || i == 5 || i == 9 ? 2 : 1));
  }
}

TEST_CASE("places are counted over all shards") {
  // 64 shards; whoever comes first gets a place, wherever it hashes to.
  LogTable table(kRule, 64 * 1024);
  for (std::uint64_t i = 0; i < 64 * 1024; ++i) CHECK(table.advance(key(i), 0, 2, {}).permitted);
  std::int64_t more = 0;
  for (std::uint64_t i = 64 * 1024; i < 74 * 1024; ++i) more += admitted(table, key(i), 0, 2);
  CHECK(more <= 64 * 2);
}

TEST_CASE("a log in a full table is as exact") {
  LogTable table(kRule, 1);
  CHECK(admitted(table, key(1), 0, 5) == 2);
  CHECK(admitted(table, key(2), 5, 5) == 2);
  CHECK(admitted(table, key(3), 9, 5) == 0);
  CHECK(admitted(table, key(3), 10, 5) == 0);  // takes key 1's place, and the shared state's moments at 5
  CHECK(admitted(table, key(3), 15, 5) == 2);
}

}  // namespace
}  // namespace penstock::memory
