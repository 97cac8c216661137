#include "redis/error_reply.h"

#include <string>

#include "catch.h"

namespace penstock::redis {
namespace {

struct Row {
  const char* line;
  Verdict verdict;
};

TEST_CASE("each error of a server has its verdict") {
  const Row row = GENERATE(values<Row>({
      {"NOSCRIPT No matching script. Please use EVAL.", Verdict::not_loaded},
      {"ERR Function not found", Verdict::not_loaded},
      {"MOVED 3999 127.0.0.1:6381", Verdict::moved},
      {"ASK 3999 127.0.0.1:6381", Verdict::ask},
      {"TRYAGAIN Multiple keys request during rehashing of slot", Verdict::try_again},
      {"READONLY You can't write against a read only replica.", Verdict::read_only},
      {"LOADING Redis is loading the dataset in memory", Verdict::unavailable},
      {"BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
       Verdict::unavailable},
      {"MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", Verdict::unavailable},
      {"CLUSTERDOWN Hash slot not served", Verdict::unavailable},
      {"CLUSTERDOWN The cluster is down", Verdict::unavailable},
      {"OOM command not allowed when used memory > 'maxmemory'.", Verdict::unavailable},
      {"MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.",
       Verdict::unavailable},
      {"NOREPLICAS Not enough good replicas to write.", Verdict::unavailable},
      {"ERR max number of clients reached", Verdict::unavailable},
      {"NOAUTH Authentication required.", Verdict::forbidden},
      {"WRONGPASS invalid username-password pair or user is disabled.", Verdict::forbidden},
      {"NOPERM this user has no permissions to run the 'evalsha' command", Verdict::forbidden},
      {"NOPERM this user has no permissions to access one of the keys used as arguments", Verdict::forbidden},
      {"ERR The user executing the script can't run this command or subcommand script: abc, on @user_script:1.",
       Verdict::half_allowed},
      {"DENIED Redis is running in protected mode because protected mode is enabled", Verdict::forbidden},
      {"ERR AUTH <password> called without any password configured for the default user.", Verdict::forbidden},
      {"ERR Client sent AUTH, but no password is set", Verdict::forbidden},
      {"ERR invalid password", Verdict::forbidden},
      {"CROSSSLOT Keys in request don't hash to the same slot", Verdict::defect},
      {"ERR Script attempted to access a non local key in a cluster node script: abc, on @user_script:1.",
       Verdict::defect},
      {"WRONGTYPE Operation against a key holding the wrong kind of value script: abc, on @user_script:1.",
       Verdict::defect},
      {"ERR value is not an integer or out of range script: abc, on @user_script:1.", Verdict::defect},
      {"ERR increment or decrement would overflow", Verdict::defect},
      {"ERR invalid expire time in 'set' command script: abc, on @user_script:1.", Verdict::defect},
      {"ERR user_script:1: Script attempted to access nonexistent global variable 'x' script: abc",
       Verdict::defect},
      {"ERR unknown command 'EVALSHA', with args beginning with: ", Verdict::defect},
  }));
  CAPTURE(row.line);
  CHECK(classify(row.line) == row.verdict);
  CHECK(classify(std::string("-") + row.line) == row.verdict);
  CHECK(ran_maybe(row.verdict) == (row.verdict == Verdict::defect || row.verdict == Verdict::half_allowed));
  CHECK(code(row.verdict) != absl::StatusCode::kOk);
}

TEST_CASE("the suffix of Redis 7 changes no verdict") {
  const std::string suffix = " script: 4ca238f611c9d0ae4e9a75a5dbac22aedc1e44e5, on @user_script:1.";
  CHECK(classify("READONLY You can't write against a read only replica." + suffix) == Verdict::read_only);
  CHECK(classify("OOM command not allowed when used memory > 'maxmemory'." + suffix) == Verdict::unavailable);
  CHECK(classify("NOREPLICAS Not enough good replicas to write." + suffix) == Verdict::unavailable);
}

TEST_CASE("what Redis 6 wraps is unwrapped") {
  const std::string wrap =
      "ERR Error running script (call to f_4ca238f611c9d0ae4e9a75a5dbac22aedc1e44e5): "
      "@user_script:8: @user_script: 8: ";
  CHECK(classify(wrap + "-READONLY You can't write against a read only replica.") == Verdict::read_only);
  CHECK(classify(wrap + "-OOM command not allowed when used memory > 'maxmemory'.") == Verdict::unavailable);
  CHECK(classify(wrap + "-MISCONF Redis is configured to save RDB snapshots") == Verdict::unavailable);
  CHECK(classify(wrap + "-NOREPLICAS Not enough good replicas to write.") == Verdict::unavailable);
  CHECK(classify(wrap + "-NOPERM User has no permissions") == Verdict::half_allowed);
  CHECK(classify(wrap + "The user executing the script can't run this command or subcommand") ==
        Verdict::half_allowed);
  CHECK(classify(wrap + "WRONGTYPE Operation against a key holding the wrong kind of value") == Verdict::defect);
  CHECK(classify(wrap + "-1 is not a number") == Verdict::defect);
  // A script is never told these of itself.
  CHECK(classify(wrap + "-NOSCRIPT No matching script.") == Verdict::defect);
  CHECK(classify(wrap + "-MOVED 1 h:1") == Verdict::defect);
}

TEST_CASE("what only looks like a known word is a defect") {
  for (const char* line : {"", "-", " ", "ERR", "ERR ", "BUSYKEY Target key name already exists.", "BUSYGROUP x",
                           "NOSCRIPTS x", "noscript x", "READONLYx", "OO", "ERR READONLY", "MOVEDX", "ASKING",
                           "ERR x max number of clients reached", "\xff\xfe", "NOAUTHx"}) {
    CAPTURE(line);
    CHECK(classify(line) == Verdict::defect);
  }
  CHECK(classify("OOM") == Verdict::unavailable);
  CHECK(classify(std::string_view("BUSY\0x", 6)) == Verdict::defect);
}

}  // namespace
}  // namespace penstock::redis
