// Where a server is and who we are there, from the text of a URL.
//
//   redis://[[user]:password@]host[:port][/database]        user and password percent-encoded, host may be [::1]
//   redis://:password@host
//   unix:///path/to.sock[?db=N]                             or redis+unix://, with user and password as above
//
//   absl::StatusOr<Address> address = parse_url("redis://limiter:secret@10.0.0.7/2");
//
// An error names the part that is wrong and shows its value, but never a user, a password, or anything that could
// be a piece of one.

#ifndef PENSTOCK_REDIS_URL_H_
#define PENSTOCK_REDIS_URL_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "redis/secret.h"

namespace penstock::redis {

struct Address {
  enum class Kind : std::uint8_t { tcp, unix_socket };
  Kind kind = Kind::tcp;
  std::string host = "127.0.0.1";
  std::uint16_t port = 6379;
  std::string path;  // of the unix socket
  int database = 0;
  std::string user;  // empty: the server's default user
  Secret password;
};

// InvalidArgument if the text is no such URL, or asks for TLS (rediss://), which this version does not have.
[[nodiscard]] absl::StatusOr<Address> parse_url(std::string_view text);

// "10.0.0.7:6379", "[::1]:6379" or "unix:/path/to.sock": for messages, without user and password.
[[nodiscard]] std::string to_string(const Address& address);

}  // namespace penstock::redis

#endif  // PENSTOCK_REDIS_URL_H_
