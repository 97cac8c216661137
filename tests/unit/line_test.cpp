#include "redis/line.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "catch.h"
#include "redis/backoff.h"
#include "redis/inbox.h"

namespace penstock::redis {
namespace {

using namespace std::string_view_literals;
using std::chrono::milliseconds;

struct Asked final : Question {
  void answered(const Answer&) override {}
};

const Script kScript = {"test", "return 1", "e0e1f9fabfc9d4800c877a703b823ac0578ff8db"};
const Instant kStart{};

struct World {
  Program a{&kScript, "x 10 60 1", 1};
  Program b{&kScript, "y 1 2 3", 2};
  std::vector<std::unique_ptr<Asked>> questions;

  Asked& ask(const Program& program, const std::string& key, std::string_view op = "advance",
             int deadline_ms = 100) {
    Asked& question = *questions.emplace_back(std::make_unique<Asked>());
    question.program = &program;
    question.keys.assign(program.keys, key);
    question.op = op;
    question.cost = static_cast<std::int64_t>(questions.size());
    question.deadline = kStart + milliseconds(deadline_ms);
    return question;
  }
};

std::string keys(const Group& group) {
  std::string text;
  for_each(group, [&](const Question& question) { text += question.keys.front() + " "; });
  return text;
}

TEST_CASE("a call is one command with everything in it") {
  World world;
  Line line({.questions = 64, .bytes = 1000});
  Asked& first = world.ask(world.b, std::string("k\0\r\n", 4));
  first.patience = 7;
  first.now = "123";
  Asked& second = world.ask(world.b, "");
  second.patience = 7;
  second.now = "123";
  line.add(first);
  line.add(second);
  std::string out;
  append_call(out, line.take());
  CHECK(out ==
        "*10\r\n$7\r\nEVALSHA\r\n$40\r\ne0e1f9fabfc9d4800c877a703b823ac0578ff8db\r\n$1\r\n4\r\n"
        "$4\r\nk\0\r\n\r\n$4\r\nk\0\r\n\r\n$0\r\n\r\n$0\r\n\r\n"
        "$21\r\nadvance 123 7 y 1 2 3\r\n$1\r\n1\r\n$1\r\n2\r\n"sv);
  CHECK(line.empty());

  line.add(world.ask(world.a, "x"));
  out.clear();
  append_call(out, line.take());
  CHECK(out ==
        "*6\r\n$7\r\nEVALSHA\r\n$40\r\ne0e1f9fabfc9d4800c877a703b823ac0578ff8db\r\n$1\r\n1\r\n$1\r\nx\r\n"
        "$21\r\nadvance - 0 x 10 60 1\r\n$1\r\n3\r\n");

  // Costs that are all the same are told once.
  for (const char* key : {"x", "y"}) {
    Asked& question = world.ask(world.a, key);
    question.cost = 8;
    line.add(question);
  }
  out.clear();
  append_call(out, line.take());
  CHECK(out.ends_with("$1\r\n2\r\n$1\r\nx\r\n$1\r\ny\r\n$21\r\nadvance - 0 x 10 60 1\r\n$1\r\n8\r\n"));
}

TEST_CASE("questions of one program go together and keep their order") {
  World world;
  Line line({.questions = 3, .bytes = 1000});
  for (const char* key : {"1", "2", "3", "4"}) {
    line.add(world.ask(world.a, key));
    line.add(world.ask(world.b, key));
  }
  CHECK(keys(line.take()) == "1 2 3 ");
  CHECK(keys(line.take()) == "1 2 3 ");
  line.add(world.ask(world.a, "5"));
  CHECK(keys(line.take()) == "4 5 ");
  line.add(world.ask(world.a, "6"));
  CHECK(keys(line.take()) == "4 ");
  CHECK(keys(line.take()) == "6 ");
  CHECK(line.empty());
}

TEST_CASE("another op, patience or clock begins another call, and nobody overtakes it") {
  World world;
  Line line({.questions = 64, .bytes = 1000});
  line.add(world.ask(world.a, "1"));
  line.add(world.ask(world.a, "2", "reset"));
  line.add(world.ask(world.a, "3"));
  Asked& patient = world.ask(world.a, "4");
  patient.patience = 1;
  line.add(patient);
  Asked& dated = world.ask(world.a, "5");
  dated.patience = 1;
  dated.now = "9";
  line.add(dated);
  for (const char* expected : {"1 ", "2 ", "3 ", "4 ", "5 "}) CHECK(keys(line.take()) == expected);
}

TEST_CASE("a call holds so many bytes of keys, or one question") {
  World world;
  Line line({.questions = 64, .bytes = 10});
  for (const char* key : {"12345", "12345", "1", "123456789012345", "2"}) line.add(world.ask(world.a, key));
  CHECK(keys(line.take()) == "12345 12345 ");
  CHECK(keys(line.take()) == "1 ");
  CHECK(keys(line.take()) == "123456789012345 ");
  CHECK(keys(line.take()) == "2 ");
}

TEST_CASE("a call holds so many keys, or one question") {
  World world;
  Line line({.questions = 64, .bytes = 1000, .keys = 5});
  for (const char* key : {"1", "2", "3", "4", "5", "6"}) line.add(world.ask(world.a, key));
  for (const char* key : {"1", "2", "3"}) line.add(world.ask(world.b, key));
  CHECK(keys(line.take()) == "1 2 3 4 5 ");
  CHECK(keys(line.take()) == "6 ");
  CHECK(keys(line.take()) == "1 2 ");
  CHECK(keys(line.take()) == "3 ");
  Line narrow({.questions = 64, .bytes = 1000, .keys = 1});
  for (const char* key : {"1", "2"}) narrow.add(world.ask(world.b, key));
  CHECK(keys(narrow.take()) == "1 ");
  CHECK(keys(narrow.take()) == "2 ");
}

TEST_CASE("who has waited too long leaves the line") {
  World world;
  Line line({.questions = 2, .bytes = 1000});
  CHECK(line.deadline() == Instant::max());
  int ms = 0;
  for (const int deadline : {10, 30, 20, 10, 10, 10, 40}) {
    ++ms;
    line.add(world.ask(world.a, std::to_string(ms), "advance", deadline));
  }
  CHECK(line.deadline() == kStart + milliseconds(10));
  CHECK(line.take_expired(kStart + milliseconds(9)).questions == 0);
  CHECK(keys(line.take_expired(kStart + milliseconds(10))) == "1 4 5 6 ");
  CHECK(line.deadline() == kStart + milliseconds(20));
  CHECK(keys(line.take()) == "2 ");
  CHECK(keys(line.take()) == "3 ");
  CHECK(keys(line.take_expired(kStart + milliseconds(40))) == "7 ");
  CHECK(line.empty());
  CHECK(line.deadline() == Instant::max());
  // A program that left the line is forgotten with it.
  line.add(world.ask(world.a, "8"));
  CHECK(keys(line.take()) == "8 ");
}

TEST_CASE("what is left in the inbox is picked up in order, and wakes who sleeps") {
  World world;
  Inbox inbox;
  CHECK(inbox.take() == nullptr);
  Asked& a = world.ask(world.a, "a");
  Asked& b = world.ask(world.a, "b");
  Asked& c = world.ask(world.a, "c");
  CHECK(!inbox.push(a, a));
  c.next = &b;
  CHECK(!inbox.push(c, b));
  CHECK(!inbox.sleep());
  Question* list = inbox.take();
  REQUIRE(list == &a);
  REQUIRE(list->next == &b);
  REQUIRE(list->next->next == &c);
  CHECK(c.next == nullptr);
  CHECK(inbox.sleep());
  CHECK(inbox.sleep());
  CHECK(inbox.push(a, a));
  CHECK(!inbox.push(b, b));
  CHECK(inbox.take() == &a);
  CHECK(inbox.sleep());
  CHECK(inbox.take() == nullptr);
  CHECK(!inbox.push(a, a));
}

TEST_CASE("waits between attempts grow, within bounds, and start again after a success") {
  Backoff backoff(milliseconds(10), milliseconds(2000), 7);
  Duration last = milliseconds(10);
  Duration longest{};
  for (int i = 0; i < 1000; ++i) {
    const Duration wait = backoff.next();
    CHECK(wait >= milliseconds(10));
    CHECK(wait <= std::min<Duration>(milliseconds(2000), 3 * last));
    last = wait;
    longest = std::max(longest, wait);
  }
  CHECK(longest > milliseconds(1000));
  backoff.reset();
  CHECK(backoff.next() <= milliseconds(30));
}

}  // namespace
}  // namespace penstock::redis
