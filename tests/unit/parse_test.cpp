#include <random>

#include "catch.h"
#include "penstock/limit.h"

namespace penstock {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::nanoseconds;
using std::chrono::seconds;

TEST_CASE("a limit is read from text") {
  struct Row {
    const char* text;
    Limit limit;
  };
  const Row row = GENERATE(values<Row>({
      {"60/minute burst=10", TokenBucket{per_minute(60), 10}},
      {"60/minute algo=token", TokenBucket{per_minute(60), 60}},
      {"60/minute algo=token burst=10", TokenBucket{per_minute(60), 10}},
      {"60/minute burst=10 algo=token", TokenBucket{per_minute(60), 10}},
      {"100/minute", SlidingWindow{100, minutes(1)}},
      {"7/90s algo=sliding", SlidingWindow{7, seconds(90)}},
      {"10/100ms algo=fixed", FixedWindow{10, milliseconds(100)}},
      {"5/3600s algo=log", SlidingLog{5, seconds(3600)}},
      {"5 per minute", SlidingWindow{5, minutes(1)}},
      {"100 per 2 hours", SlidingWindow{100, hours(2)}},
      {"100\tper\t2hours", SlidingWindow{100, hours(2)}},
      {"10 / 5 s", SlidingWindow{10, seconds(5)}},
      {"1_000_000/day", SlidingWindow{1'000'000, hours(24)}},
      {"5000/15m", SlidingWindow{5000, minutes(15)}},
      {"1/1ns", SlidingWindow{1, nanoseconds(1)}},
      {"  10/s  ", SlidingWindow{10, seconds(1)}},
      {"10/s   burst=3", TokenBucket{per_second(10), 3}},
      {"4611686018427387904/s", SlidingWindow{kMaxPermits, seconds(1)}},
      {"1/3660d", SlidingWindow{1, kMaxWindow}},
      {"0010/010s", SlidingWindow{10, seconds(10)}},
  }));
  CAPTURE(row.text);
  const absl::StatusOr<Limit> limit = parse_limit(row.text);
  INFO(limit.status().ToString());
  REQUIRE(limit.ok());
  CHECK(to_string(*limit) == to_string(row.limit));
  CHECK(*limit == row.limit);
}

TEST_CASE("every unit is read by each of its names") {
  struct Row {
    Duration unit;
    std::vector<const char*> names;
  };
  for (const Row& row : std::vector<Row>{{nanoseconds(1), {"ns"}},
                                         {std::chrono::microseconds(1), {"us"}},
                                         {milliseconds(1), {"ms"}},
                                         {seconds(1), {"s", "sec", "secs", "second", "seconds"}},
                                         {minutes(1), {"m", "min", "mins", "minute", "minutes"}},
                                         {hours(1), {"h", "hour", "hours"}},
                                         {hours(24), {"d", "day", "days"}}}) {
    for (const std::string name : row.names) {
      CAPTURE(name);
      CHECK(parse_limit("3/" + name).value() == Limit(SlidingWindow{3, row.unit}));
      CHECK(parse_limit("3/2" + name).value() == Limit(SlidingWindow{3, 2 * row.unit}));
    }
  }
}

TEST_CASE("an error names the column, the word and the likely one") {
  struct Row {
    const char* text;
    const char* message;
  };
  const Row row = GENERATE(values<Row>({
      {"", "column 1: expected a count, found the end"},
      {"/s", "column 1: expected a count, found \"/\""},
      {"ten/s", "column 1: expected a count, found \"ten\""},
      {"-1/s", "column 1: expected a count, found \"-1\""},
      {"0/s", "column 1: \"0\" must be at least 1"},
      {"1__0/s", "column 1: misplaced \"_\" in \"1__0\""},
      {"_1/s", "column 1: misplaced \"_\" in \"_1\""},
      {"1_/s", "column 1: misplaced \"_\" in \"1_\""},
      {"4611686018427387905/s", "column 1: \"4611686018427387905\" is too large: at most 4611686018427387904"},
      {"99999999999999999999999/s",
       "column 1: \"99999999999999999999999\" is too large: at most 4611686018427387904"},
      {"10", "column 3: expected \"/\" or \" per \" after the count, found the end"},
      {"60 minute", "column 4: expected \"/\" or \" per \" after the count, found \"minute\""},
      {"60per minute", "column 3: expected \"/\" or \" per \" after the count, found \"per\""},
      {"10/", "column 4: expected a unit of time, found the end"},
      {"10/5", "column 5: expected a unit of time, found the end"},
      {"10/0s", "column 4: \"0\" must be at least 1"},
      {"60/minuet", "column 4: unknown unit \"minuet\"; did you mean \"minute\"?"},
      {"60/Minute", "column 4: unknown unit \"Minute\"; did you mean \"minute\"?"},
      {"60/month", "column 4: unknown unit \"month\""},
      {"60/5 fortnights", "column 6: unknown unit \"fortnights\""},
      {"1/3661d", "column 3: window \"3661d\" is longer than 3660d"},
      {"1/4000000000000000000d", "column 3: window \"4000000000000000000d\" is longer than 3660d"},
      {"60/s brust=3", "column 6: unknown parameter \"brust\"; did you mean \"burst\"?"},
      {"60/s colour=3", "column 6: unknown parameter \"colour\""},
      {"60/s burst", "column 11: expected \"=\" after \"burst\""},
      {"60/s burst=", "column 12: expected a count after \"burst=\", found the end"},
      {"60/s burst=0", "column 12: \"0\" must be at least 1"},
      {"60/s burst=3x", "column 13: unexpected \"x\""},
      {"60/s burst=3 burst=4", "column 14: \"burst\" is given twice"},
      {"60/s algo=log algo=log", "column 15: \"algo\" is given twice"},
      {"60/s algo=tokn",
       "column 11: unknown algorithm \"tokn\"; did you mean \"token\"? (token, fixed, sliding, log)"},
      {"60/s algo=", "column 11: unknown algorithm the end (token, fixed, sliding, log)"},
      {"60/s burst=3 algo=fixed", "column 6: \"burst\" goes with algo=token, not with \"fixed\""},
      {"60/s algo=sliding burst=3", "column 19: \"burst\" goes with algo=token, not with \"sliding\""},
      {"60/s cost=3", "column 6: \"cost\" belongs to a policy, not to a limit"},
      {"60/s name=x", "column 6: \"name\" belongs to a policy, not to a limit"},
      {"60/s,", "column 5: one limit was expected"},
      {"60/s, 10/h", "column 5: one limit was expected"},
      {"5000/s algo=log", "column 1: SlidingLog: limit = 5000: must be 1 to 4096"},
      {"2/ns algo=fixed", "column 1: FixedWindow: limit = 2: must be 1 to 1"},
      {"2/ns burst=1",
       "column 1: TokenBucket: rate = 2 permits per 1 ns: must be at most 1.46 permits a nanosecond"},
      {"60/s\x1b[2m", "column 4: unknown unit \"s\\x1b[2m\""},
      {"60/s;", "column 4: unknown unit \"s;\""},
  }));
  CAPTURE(row.text);
  const absl::Status status = parse_limit(row.text).status();
  CHECK(status.code() == absl::StatusCode::kInvalidArgument);
  const std::string message(status.message());
  CHECK(message.substr(0, 7) == "limit \"");
  const std::size_t column = message.find("column ");
  REQUIRE(column != std::string::npos);
  CHECK(message.substr(column) == row.message);
}

TEST_CASE("an error stays short and printable, whatever the text") {
  const std::string message(parse_limit(std::string(100'000, '\x01')).status().message());
  CHECK(message.size() < 400);
  for (const char c : message) CHECK((' ' <= c && c <= '~'));
}

TEST_CASE("several limits are separated by commas") {
  const auto limits = parse_limits("10/s, 1000/h burst=5 ,5/m algo=log");
  REQUIRE(limits.ok());
  CHECK(*limits == std::vector<Limit>{SlidingWindow{10, seconds(1)}, TokenBucket{per_hour(1000), 5},
                                      SlidingLog{5, minutes(1)}});
  CHECK(std::string(parse_limits("10/s,").status().message()) ==
        "limit \"10/s,\", column 6: expected a count, found the end");
  CHECK(std::string(parse_limits("10/s,,5/m").status().message()) ==
        "limit \"10/s,,5/m\", column 6: expected a count, found \",\"");
}

TEST_CASE("sixteen limits are the most for one key") {
  std::string text = "1/s";
  for (int i = 1; i < 16; ++i) text += ",1/s";
  CHECK(parse_limits(text).value().size() == 16);
  const std::string message(parse_limits(text + ", 1/s").status().message());
  CHECK(message.find("column 64: at most 16 limits for one key") != std::string::npos);
}

TEST_CASE("random words are refused or mean what they print") {
  // What is read, printed and read again is the same; and nothing crashes.
  const std::vector<std::string> words = {
      "1",  "10", "0", "/", "per", "s",  "minute", "burst=", "algo=", "token", "fixed", "sliding", "log", " ",
      "  ", ",",  "_", "=", "ms",  "\t", "7",      "d",      "\0",    "4096",  "99999", "ns",      "us",  "h"};
  std::mt19937 random(20'261'124);
  int read = 0;
  for (int i = 0; i < 300'000; ++i) {
    // Half of them start well, or hardly any would be read.
    std::string text = i % 2 == 0 ? "" : "10/s";
    for (std::size_t count = random() % 8; count > 0; --count) text += words[random() % words.size()];
    const auto limits = parse_limits(text);
    if (!limits.ok()) continue;
    ++read;
    const auto again = parse_limits(to_string(*limits));
    REQUIRE(again.ok());
    REQUIRE(*again == *limits);
  }
  CHECK(read > 10'000);
}

}  // namespace
}  // namespace penstock
