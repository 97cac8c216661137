#include "redis/url.h"

#include <string>
#include <type_traits>
#include <vector>

#include "absl/strings/str_cat.h"
#include "catch.h"

namespace penstock::redis {
namespace {

TEST_CASE("a URL is read into an address") {
  struct Row {
    const char* text;
    const char* host;
    int port;
    int database;
    const char* user;
    const char* password;
  };
  const Row row = GENERATE(values<Row>({
      {"redis://localhost", "localhost", 6379, 0, "", ""},
      {"redis://localhost/", "localhost", 6379, 0, "", ""},
      {"valkey://u:p@localhost:7000/1", "localhost", 7000, 1, "u", "p"},
      {"redis://localhost:7000", "localhost", 7000, 0, "", ""},
      {"redis://localhost:65535/15", "localhost", 65535, 15, "", ""},
      {"redis://10.0.0.7/3", "10.0.0.7", 6379, 3, "", ""},
      {"redis://[::1]", "::1", 6379, 0, "", ""},
      {"redis://[::1]:7001/1", "::1", 7001, 1, "", ""},
      {"redis://[fe80::1%25eth0]:7001", "fe80::1%eth0", 7001, 0, "", ""},
      {"redis://:hunter2@localhost", "localhost", 6379, 0, "", "hunter2"},
      {"redis://limiter:hunter2@localhost:1/2", "localhost", 1, 2, "limiter", "hunter2"},
      {"redis://limiter:@localhost", "localhost", 6379, 0, "limiter", ""},
      {"redis://:@localhost", "localhost", 6379, 0, "", ""},
      {"redis://a%40b:c%2Fd%3a%25%00@h", "h", 6379, 0, "a@b", "c/d:%"},
      {"redis://u:p@ss:w@rd@h:1", "h", 1, 0, "u", "p@ss:w@rd"},
      {"redis://u:p@[::1]:2/3", "::1", 2, 3, "u", "p"},
      {"redis://h/2147483647", "h", 6379, 2147483647, "", ""},
  }));
  CAPTURE(row.text);
  const absl::StatusOr<Address> address = parse_url(row.text);
  INFO(address.status().ToString());
  REQUIRE(address.ok());
  CHECK(address->kind == Address::Kind::tcp);
  CHECK(address->host == row.host);
  CHECK(address->port == row.port);
  CHECK(address->database == row.database);
  CHECK(address->user == row.user);
  std::string password = row.password;
  if (password == "c/d:%") password += '\0';
  CHECK(address->password.view() == password);
}

TEST_CASE("a URL of a unix socket is read into an address") {
  struct Row {
    const char* text;
    const char* path;
    int database;
    const char* user;
    const char* password;
  };
  const Row row = GENERATE(values<Row>({
      {"unix:///run/redis.sock", "/run/redis.sock", 0, "", ""},
      {"redis+unix:///run/redis.sock?db=4", "/run/redis.sock", 4, "", ""},
      {"unix:///tmp/with%20space%3F", "/tmp/with space?", 0, "", ""},
      {"unix:///tmp/a@b", "/tmp/a@b", 0, "", ""},
      {"unix://user:pass@/run/r?db=1", "/run/r", 1, "user", "pass"},
  }));
  CAPTURE(row.text);
  const absl::StatusOr<Address> address = parse_url(row.text);
  INFO(address.status().ToString());
  REQUIRE(address.ok());
  CHECK(address->kind == Address::Kind::unix_socket);
  CHECK(address->path == row.path);
  CHECK(address->database == row.database);
  CHECK(address->user == row.user);
  CHECK(address->password.view() == row.password);
}

TEST_CASE("an error names the part of the URL and its value") {
  struct Row {
    const char* text;
    const char* message;
  };
  const Row row = GENERATE(values<Row>({
      {"", "scheme is missing in \"\""},
      {"localhost:6379", "scheme is missing in \"localhost:6379\""},
      {"http://localhost", "unknown scheme \"http\""},
      {"rediss://localhost", "TLS, which is not in this version"},
      {"redis://", "host is missing"},
      {"redis://:6379", "host is missing"},
      {"redis:///1", "host is missing"},
      {"redis://h:", "port \"\""},
      {"redis://h:0", "port \"0\""},
      {"redis://h:65536", "port \"65536\""},
      {"redis://h:6379x", "port \"6379x\""},
      {"redis://h:-1", "port \"-1\""},
      {"redis://::1", "in brackets"},
      {"redis://[::1", "lacks a \"]\""},
      {"redis://[::1]x", "unexpected \"x\""},
      {"redis://h%zz", "host \"h%zz\""},
      {"redis://h/x", "database \"x\""},
      {"redis://h/-1", "database \"-1\""},
      {"redis://h/2147483648", "database \"2147483648\""},
      {"redis://h/1/2", "database \"1/2\""},
      {"redis://h?db=1", "unexpected \"?db=1\""},
      {"redis://h/1#x", "unexpected \"#x\""},
      {"unix://", "path of the unix socket is missing"},
      {"unix:///", "path of the unix socket is missing"},
      {"unix://host/path", "host \"host\" in a unix URL"},
      {"unix:///s?database=1", "unexpected \"?database=1\""},
      {"unix:///s?db=one", "database \"one\""},
      {"unix:///s%", "bad percent-encoding"},
      {"redis://user@host", "user is given without a password"},
      {"redis://us%er:x@host", "user has a bad percent-encoding"},
      {"redis://user:p%w@host", "password has a bad percent-encoding"},
  }));
  CAPTURE(row.text);
  const absl::StatusOr<Address> address = parse_url(row.text);
  REQUIRE(!address.ok());
  CHECK(address.status().code() == absl::StatusCode::kInvalidArgument);
  CHECK_THAT(address.status().ToString(), Catch::Contains(row.message));
  CHECK(!parse_url(absl::StrCat("unix:///", std::string(200, 'x'))).ok());
}

TEST_CASE("no error shows a password, wherever it stands and whatever is in it") {
  // Each is a password that somebody forgot to encode, or a URL with a mistake elsewhere.
  for (const std::string secret :
       {"hunter2", "hun/ter2", "hun?ter2", "hun#ter2", "hun@ter2", "hun:ter2", "hun%ter2", "/hunter2", "@hunter2",
        "6379hunter2", "hunter2/1", "[hunter2", "hun]ter2"}) {
    for (const std::string before :
         {"redis://", "rediss://", "http://", "unix://", "redis+unix://", "redis:", ""}) {
      for (const std::string user : {":", "user:", ""}) {
        for (const std::string after : {"@host:port", "@host/x", "@", "@host:1?db=2", "@[::1", "@h%zz", "@/",
                                        "@/s?db=x", "@host:99999", "@/s%"}) {
          const std::string text = before + user + secret + after;
          const absl::StatusOr<Address> address = parse_url(text);
          if (address.ok()) continue;
          CAPTURE(text);
          const std::string message = address.status().ToString();
          // The longest piece that is left of any of them.
          CHECK(message.find("ter2") == std::string::npos);
          CHECK(message.find("hun") == std::string::npos);
        }
      }
    }
  }
}

TEST_CASE("an address is shown without user and password") {
  CHECK(to_string(parse_url("redis://user:hunter2@h:1/2").value()) == "h:1");
  CHECK(to_string(parse_url("redis://:hunter2@[::1]").value()) == "[::1]:6379");
  CHECK(to_string(parse_url("unix://user:hunter2@/run/r").value()) == "unix:/run/r");
}

template <class T, class = void>
struct Printable : std::false_type {};
template <class T>
struct Printable<T, std::void_t<decltype(std::declval<std::ostream&>() << std::declval<const T&>())>>
    : std::true_type {};

TEST_CASE("a secret cannot be printed, and is overwritten") {
  static_assert(!Printable<Secret>::value);
  static_assert(!std::is_convertible_v<Secret, std::string_view>);
  Secret secret("hunter2");
  const Secret copy = secret;
  const Secret moved = std::move(secret);
  CHECK(copy.view() == "hunter2");
  CHECK(moved.view() == "hunter2");
  CHECK(secret.empty());
  secret = copy;
  CHECK(secret.view() == "hunter2");
  // What wipe() does; that the destructor calls it cannot be looked at without reading freed memory.
  std::string bytes = "hunter2";
  wipe(bytes.data(), bytes.size());
  CHECK(bytes == std::string(7, '\0'));
}

}  // namespace
}  // namespace penstock::redis
