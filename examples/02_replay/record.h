// One line of a web access log, in the common or the combined format of Apache and nginx:
//
//   2001:db8::7 - ann [17/May/2015:10:05:03 +0200] "GET /a?b=1 HTTP/1.1" 200 5120 "https://example.org/" "curl/8"
//   \_client_/    \user       \_time_/              \__request_/        status size   \_referer_/      \_agent_/
//
// Further fields at the end of the line are passed over. Values are kept as the server wrote them: an escaped
// quote keeps its backslash.

#ifndef PENSTOCK_EXAMPLES_REPLAY_RECORD_H_
#define PENSTOCK_EXAMPLES_REPLAY_RECORD_H_

#include <array>
#include <string_view>

#include "absl/status/statusor.h"
#include "moment.h"

namespace replay {

// Parts of the line it was read from, which must outlive it. What is missing is "-", as the server writes it.
struct Record {
  Moment time;
  std::string_view client;
  std::string_view user;
  std::string_view method = "-";
  std::string_view url = "-";
  std::string_view path = "-";  // the url up to its "?"
  std::string_view protocol = "-";
  std::string_view status;
  std::string_view referer = "-";
  std::string_view agent = "-";
};

// The record in `line`, which is without its end of line; or InvalidArgument with the reason why there is none.
absl::StatusOr<Record> parse_record(std::string_view line);

// What requests can be told apart by.
struct Field {
  std::string_view name;
  std::string_view Record::*value;
  std::string_view singular, plural;
};

inline constexpr std::array<Field, 10> kFields = {{
    {"ip", &Record::client, "client", "clients"},
    {"host", &Record::client, "client", "clients"},
    {"user", &Record::user, "user", "users"},
    {"method", &Record::method, "method", "methods"},
    {"path", &Record::path, "path", "paths"},
    {"url", &Record::url, "URL", "URLs"},
    {"protocol", &Record::protocol, "protocol", "protocols"},
    {"status", &Record::status, "status", "statuses"},
    {"referer", &Record::referer, "referer", "referers"},
    {"agent", &Record::agent, "agent", "agents"},
}};

}  // namespace replay

#endif  // PENSTOCK_EXAMPLES_REPLAY_RECORD_H_
