#include "redis/rulebook.h"

#include <string>

#include "catch.h"

namespace penstock::redis {
namespace {

using namespace std::chrono_literals;

std::string refused(const Limit& limit) { return std::string(Rulebook::make({limit}).status().message()); }
bool kept(const Limit& limit) { return Rulebook::make({limit}).ok(); }

constexpr std::int64_t kMost = 9'007'199'254'740'991;

TEST_CASE("what Redis cannot count exactly is refused by field, value and the largest allowed") {
  CHECK(kept(FixedWindow{kMost, kMaxWindow}));
  CHECK(refused(FixedWindow{kMost + 1, kMaxWindow}) ==
        "FixedWindow: limit = 9007199254740992: in Redis it must be at most 9007199254740991");
  CHECK(kept(SlidingWindow{kMost / 3'600'000'000, 1h}));
  CHECK(
      refused(SlidingWindow{kMost / 3'600'000'000 + 1, 1h}) ==
      "SlidingWindow: limit = 2502000: in Redis a limit for a window of 3600000000000 ns must be at most 2501999");
  CHECK(kept(TokenBucket{per_second(1), kMost / 1'000'000 / 3}));
  CHECK(refused(TokenBucket{per_second(1), kMost / 1'000'000 + 1}) ==
        "TokenBucket: burst = 9007199255: in Redis a burst at 1 permits per 1000000000 ns must be at most "
        "9007199254");
  CHECK(refused(TokenBucket{per_second(1), kMost / 1'000'000}).find("within a hundred years") != std::string::npos);
  CHECK(refused(FixedWindow{3, 1500ns}) ==
        "FixedWindow: window = 1500 ns: in Redis it must be a whole number of microseconds");
  CHECK(refused(SlidingWindow{3, 1ns}).find("window = 1 ns") != std::string::npos);
  CHECK(refused(SlidingLog{3, 999ns}).find("window = 999 ns") != std::string::npos);
  CHECK(kept(SlidingLog{4096, 1us}));
  CHECK(kept(TokenBucket{{7, Duration(13)}, 1000}));  // a rate of any sort
  CHECK(refused(TokenBucket{per_second(0), 1}) == std::string(validate(TokenBucket{per_second(0), 1}).message()));
}

TEST_CASE("limits of one kind and one window have states of one name") {
  const auto suffix = [](const Limit& limit) { return Rulebook::make({limit}).value().suffixes().at(0); };
  CHECK(suffix(TokenBucket{per_minute(60), 60}) == "1t60000000000");
  CHECK(suffix(TokenBucket{per_minute(50), 7}) == "1t60000000000");
  CHECK(suffix(FixedWindow{1, 1s}) == "1f1000000000");
  CHECK(suffix(SlidingWindow{1, 1s}) == "1s1000000000");
  CHECK(suffix(SlidingLog{1, 1s}) == "1l1000000000");
  const Rulebook twins = Rulebook::make({FixedWindow{5, 1s}, FixedWindow{3, 1s}, FixedWindow{9, 1s}}).value();
  CHECK(twins.suffixes() == std::vector<std::string>{"1f1000000000", "1f1000000000.1", "1f1000000000.2"});
}

TEST_CASE("one kind of limit takes its own script, several take the one with all") {
  CHECK(&Rulebook::make({FixedWindow{5, 1s}}).value().script() == &kFixedWindowScript);
  CHECK(&Rulebook::make({FixedWindow{5, 1s}, FixedWindow{5, 2s}}).value().script() == &kFixedWindowScript);
  CHECK(&Rulebook::make({FixedWindow{5, 1s}, SlidingLog{5, 2s}}).value().script() == &kListScript);
}

TEST_CASE("what no script writes is understood as nothing") {
  const auto understood = [](const Limit& limit, const Reply& value) {
    return Rulebook::make({limit}).value().decide(1'795'000'000'000'000, std::span(&value, 1), 1, 0).has_value();
  };
  const auto text = [](std::string_view bytes) { return Reply{.kind = Reply::Kind::string, .text = bytes}; };
  const Limit bucket = TokenBucket{per_second(1), 3}, fixed = FixedWindow{3, 1s}, sliding = SlidingWindow{3, 1s},
              log = SlidingLog{3, 1s};
  for (const Limit& limit : {bucket, fixed, sliding}) {
    CHECK(understood(limit, Reply{}));
    CHECK(understood(limit, text("0")));
    CHECK(understood(limit, text("9007199254740991")));
    for (const char* wrong : {"", " ", "-1", "+1", "1 ", " 1", "1.5", "1e3", "0x1", "nan", "9007199254740992",
                              "99999999999999999999999", "1  2 0", "1 2", "1 2 3 4 5", "one"}) {
      CAPTURE(wrong, to_string(limit));
      CHECK_FALSE(understood(limit, text(wrong)));
    }
    CHECK_FALSE(understood(limit, text(std::string_view("1\0", 2))));
    CHECK_FALSE(understood(limit, {.kind = Reply::Kind::integer, .integer = 1}));
    CHECK_FALSE(understood(limit, {.kind = Reply::Kind::error, .text = "ERR"}));
    CHECK_FALSE(understood(limit, {.kind = Reply::Kind::array}));
  }
  CHECK(understood(bucket, text("5 1 7")));
  CHECK(understood(fixed, text("5 1 1")));
  CHECK_FALSE(understood(fixed, text("5 1 2")));
  CHECK(understood(sliding, text("5 1 1 1")));
  CHECK_FALSE(understood(sliding, text("5 1 1 2")));
  const auto numbers = [&](std::int64_t a, std::int64_t b, std::int64_t c) {
    const Reply three[] = {{.kind = Reply::Kind::integer, .integer = a},
                           {.kind = Reply::Kind::integer, .integer = b},
                           {.kind = Reply::Kind::integer, .integer = c}};
    return understood(log, {.kind = Reply::Kind::array, .children = three});
  };
  CHECK(numbers(0, 3, 0));
  CHECK_FALSE(numbers(-1, 3, 0));
  CHECK_FALSE(numbers(0, 4, 0));
  CHECK_FALSE(understood(log, Reply{}));
  CHECK_FALSE(understood(log, {.kind = Reply::Kind::array}));
}

TEST_CASE("a reply of another number of values, or from beyond the end of time, is understood as nothing") {
  const Rulebook book = Rulebook::make({FixedWindow{3, 1s}}).value();
  const Reply two[2];
  CHECK_FALSE(book.decide(1, std::span(two, 2), 1, 0).has_value());
  CHECK_FALSE(book.decide(1, {}, 1, 0).has_value());
  CHECK(book.decide(kLastNow, std::span(two, 1), 1, 0).has_value());
  CHECK_FALSE(book.decide(kLastNow + 1, std::span(two, 1), 1, 0).has_value());
}

}  // namespace
}  // namespace penstock::redis
