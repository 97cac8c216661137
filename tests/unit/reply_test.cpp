#include "redis/reply.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "catch.h"
#include "dice.h"

namespace penstock::redis {
namespace {

// A reply in one line, with lengths so that no two replies look alike.
std::string shown(const Reply& reply) {
  const std::string text(reply.text);
  switch (reply.kind) {
    case Reply::Kind::nil:
      return "nil";
    case Reply::Kind::integer:
      return absl::StrCat("i", reply.integer);
    case Reply::Kind::string:
      return absl::StrCat("s", text.size(), ":", text);
    case Reply::Kind::status:
      return absl::StrCat("+", text.size(), ":", text);
    case Reply::Kind::error:
      return absl::StrCat("-", text.size(), ":", text);
    case Reply::Kind::array:
      break;
  }
  std::string children = "[";
  for (const Reply& child : reply.children) absl::StrAppend(&children, shown(child), " ");
  return children + "]";
}

// All replies that the pieces make, or the error that ends them.
std::vector<std::string> read(const std::vector<std::string_view>& pieces, const ReplyLimits& limits = {}) {
  ReplyReader reader(limits);
  std::vector<std::string> replies;
  for (const std::string_view piece : pieces) {
    reader.feed(piece);
    while (true) {
      const absl::StatusOr<const Reply*> reply = reader.next();
      if (!reply.ok()) {
        replies.emplace_back(reply.status().message());
        CHECK(reader.next().status() == reply.status());
        return replies;
      }
      if (*reply == nullptr) break;
      replies.push_back(shown(**reply));
    }
  }
  return replies;
}

std::vector<std::string> read(std::string_view bytes, const ReplyLimits& limits = {}) {
  return read(std::vector{bytes}, limits);
}

using Replies = std::vector<std::string>;

TEST_CASE("every kind of reply is read") {
  CHECK(read("+OK\r\n") == Replies{"+2:OK"});
  CHECK(read("+\r\n") == Replies{"+0:"});
  CHECK(read("-ERR no\r\n") == Replies{"-6:ERR no"});
  CHECK(read(":0\r\n:-7\r\n:9223372036854775807\r\n") == Replies{"i0", "i-7", "i9223372036854775807"});
  CHECK(read("$0\r\n\r\n") == Replies{"s0:"});
  CHECK(read(std::string_view("$5\r\na\r\n\0b\r\n", 11)) == Replies{std::string("s5:a\r\n\0b", 8)});
  CHECK(read("$-1\r\n*-1\r\n") == Replies{"nil", "nil"});
  CHECK(read("*0\r\n") == Replies{"[]"});
  CHECK(read("*2\r\n:1\r\n*3\r\n$1\r\nx\r\n$-1\r\n-E\r\n") == Replies{"[i1 [s1:x nil -1:E ] ]"});
  CHECK(read("*2\r\n*0\r\n*1\r\n:1\r\n") == Replies{"[[] [i1 ] ]"});
  CHECK(read("+a\rb\nc\r\r\n") == Replies{"+6:a\rb\nc\r"});
}

const std::string& many_replies() {
  static const std::string bytes =
      "+OK\r\n*3\r\n:1790000000000000\r\n$3\r\na\r\n\r\n*2\r\n:-1\r\n$-1\r\n"
      "-NOSCRIPT No matching script.\r\n$10\r\n0123456789\r\n*-1\r\n*0\r\n"
      "*2\r\n*1\r\n+\r\n*1\r\n-X y\r\n:12\r\n";
  return bytes;
}

TEST_CASE("where the stream is cut makes no difference") {
  const std::string_view bytes = many_replies();
  const Replies whole = read(bytes);
  CHECK(whole.size() == 8);
  for (std::size_t i = 0; i <= bytes.size(); ++i) {
    for (std::size_t j = i; j <= bytes.size(); ++j) {
      if (read({bytes.substr(0, i), bytes.substr(i, j - i), bytes.substr(j)}) != whole) FAIL(i << ", " << j);
    }
  }
  std::vector<std::string_view> single;
  for (std::size_t i = 0; i < bytes.size(); ++i) single.push_back(bytes.substr(i, 1));
  CHECK(read(single) == whole);
}

TEST_CASE("what is no reply is an error") {
  for (const std::string_view bytes : {"x\r\n",
                                       "\r\n",
                                       "%1\r\n",
                                       ">1\r\n",
                                       "_\r\n",
                                       ":\r\n",
                                       ":x\r\n",
                                       ":1x\r\n",
                                       ":--1\r\n",
                                       ":1\rx",
                                       ":1 \r\n",
                                       ":99999999999999999999\r\n",
                                       ":9223372036854775808\r\n",
                                       "$\r\n",
                                       "$-2\r\n",
                                       "*-2\r\n",
                                       "$-0\r\n",
                                       "$3\r\nabcd\r\n",
                                       "$3\r\nabc\rx",
                                       "*1\r\nx\r\n",
                                       "*1\r\n%1\r\n",
                                       "HTTP/1.1 400 Bad Request\r\n"}) {
    const Replies replies = read(bytes);
    CAPTURE(bytes);
    REQUIRE(replies.size() == 1);
    CHECK_THAT(replies[0], Catch::StartsWith("protocol error"));
  }
}

TEST_CASE("nothing follows an error") {
  CHECK(read("+OK\r\nx\r\n+OK\r\n").size() == 2);
  ReplyReader reader;
  reader.feed("x");
  CHECK(!reader.next().ok());
  reader.feed("+OK\r\n");
  CHECK(!reader.next().ok());
}

TEST_CASE("the byte limit is kept to the byte") {
  constexpr std::size_t kLimit = 100;
  struct Row {
    const char* name;
    std::string fits;
    std::string breaks;
  };
  const auto x = [](int n) { return std::string(static_cast<std::size_t>(n), 'x'); };
  std::string ones;
  for (int i = 0; i < 23; ++i) ones += ":1\r\n";
  for (const Row& row : std::vector<Row>{
           {"status", "+" + x(97) + "\r\n", "+" + x(98)},
           {"error", "-" + x(97) + "\r\n", "-" + x(98)},
           {"string", "$93\r\n" + x(93) + "\r\n", "$94\r\n"},
           {"array", "*23\r\n" + ones.substr(4) + "+" + x(4) + "\r\n", "*23\r\n" + ones.substr(4) + "+" + x(5)},
           {"array header", "*31\r\n", "*32\r\n"},
           {"nested", "*2\r\n*29\r\n", "*2\r\n*30\r\n"},
           {"string in array", "*2\r\n$86\r\n", "*2\r\n$87\r\n"},
       }) {
    CAPTURE(row.name, row.fits, row.breaks);
    const Replies fits = read(row.fits, {.bytes = kLimit});
    if (!fits.empty()) CHECK_THAT(fits[0], !Catch::StartsWith("protocol error"));
    const Replies breaks = read(row.breaks, {.bytes = kLimit});
    REQUIRE(breaks.size() == 1);
    CHECK_THAT(breaks[0], Catch::Contains("above the byte limit"));
  }
  // Each of many replies has the whole of it.
  std::string two = "+" + x(97) + "\r\n";
  two += two;
  CHECK(read(two, {.bytes = kLimit}).size() == 2);
}

TEST_CASE("a header that promises too much is refused before what it promises comes") {
  for (const char* header :
       {"$400000000\r\n", "*2147483647\r\n", "*1\r\n$400000000\r\n", "*9223372036854775807\r\n",
        "$9999999999999999999\r\n", "*1\r\n*2147483647\r\n", "$65537\r\n"}) {
    const Replies replies = read(header);
    CAPTURE(header);
    REQUIRE(replies.size() == 1);
    CHECK_THAT(replies[0], Catch::Contains("limit"));
  }
}

TEST_CASE("arrays are nested as deep as allowed, and no deeper") {
  CHECK(read("*1\r\n*1\r\n:1\r\n") == Replies{"[[i1 ] ]"});
  for (const char* deep : {"*1\r\n*1\r\n*1\r\n", "*1\r\n*1\r\n*0\r\n", "*2\r\n:1\r\n*2\r\n:1\r\n*1\r\n"}) {
    const Replies replies = read(deep);
    REQUIRE(replies.size() == 1);
    CHECK_THAT(replies[0], Catch::Contains("nested too deep"));
  }
  std::string abyss;
  for (int i = 0; i < 100'000; ++i) abyss += "*1\r\n";
  CHECK(read(abyss).size() == 1);
  CHECK(read("*1\r\n", {.depth = 0}).size() == 1);
}

TEST_CASE("no bytes whatever do harm") {
  Dice dice(20261124);
  std::string base = many_replies();
  for (int round = 0; round < 100'000; ++round) {
    std::string bytes;
    if (dice.one_in(2)) {
      // Nearly right: more of it gets through to hiredis.
      bytes = base.substr(dice.upto(base.size() - 1));
      for (std::uint64_t changes = dice.upto(4); changes > 0 && !bytes.empty(); --changes) {
        bytes[dice.upto(bytes.size() - 1)] = static_cast<char>(dice.one_in(2) ? "+-:$*0123456789\r\n"[dice.upto(16)]
                                                                              : static_cast<char>(dice.upto(255)));
      }
    } else {
      const std::uint64_t size = dice.upto(64);
      for (std::uint64_t i = 0; i < size; ++i) {
        bytes += dice.one_in(4) ? static_cast<char>(dice.upto(255)) : "+-:$*0123456789\r\n"[dice.upto(16)];
      }
    }
    ReplyReader reader({.bytes = 1 + dice.upto(200), .depth = dice.upto(3)});
    const std::size_t cut = dice.upto(bytes.size());
    std::size_t replies = 0;
    for (const std::string_view piece :
         {std::string_view(bytes).substr(0, cut), std::string_view(bytes).substr(cut)}) {
      reader.feed(piece);
      while (true) {
        const absl::StatusOr<const Reply*> reply = reader.next();
        if (!reply.ok() || *reply == nullptr) break;
        ++replies;
        (void)shown(**reply);
      }
    }
    if (replies > bytes.size()) FAIL("more replies than bytes");
  }
}

}  // namespace
}  // namespace penstock::redis
