#include "redis/url.h"

#include <sys/un.h>

#include <charconv>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace penstock::redis {
namespace {

// Printable, and no longer than a person would read.
std::string quoted(std::string_view value) {
  constexpr std::size_t kMost = 64;
  std::string text = "\"";
  for (const char c : value.substr(0, kMost)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte >= 0x7f || c == '"' || c == '\\') {
      absl::StrAppendFormat(&text, "\\x%02x", byte);
    } else {
      text += c;
    }
  }
  return text + (value.size() > kMost ? "...\"" : "\"");
}

absl::Status error(const std::string& what) { return absl::InvalidArgumentError("redis URL: " + what); }

int hex(char c) {
  if ('0' <= c && c <= '9') return c - '0';
  if ('a' <= c && c <= 'f') return c - 'a' + 10;
  if ('A' <= c && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Nothing if a percent sign is not followed by two hexadecimal digits.
std::optional<std::string> decoded(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      bytes += text[i];
      continue;
    }
    if (i + 2 >= text.size() || hex(text[i + 1]) < 0 || hex(text[i + 2]) < 0) return std::nullopt;
    bytes += static_cast<char>(hex(text[i + 1]) * 16 + hex(text[i + 2]));
    i += 2;
  }
  return bytes;
}

template <class Number>
bool read_number(std::string_view digits, Number& number) {
  if (digits.empty() || digits.front() == '-' || digits.front() == '+') return false;
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return code == std::errc{} && end == digits.data() + digits.size();
}

class Reader {
 public:
  explicit Reader(std::string_view text) : whole_(text), rest_(text) {}

  absl::StatusOr<Address> address() {
    const std::size_t colon = rest_.find("://");
    if (colon == std::string_view::npos) {
      return error(absl::StrCat("scheme is missing in ", shown(whole_), ": write redis://host:port"));
    }
    const std::string_view scheme = rest_.substr(0, colon);
    rest_.remove_prefix(colon + 3);
    if (scheme == "redis" || scheme == "valkey") return tcp();
    if (scheme == "unix" || scheme == "redis+unix") return unix_socket();
    if (scheme == "rediss" || scheme == "valkeys") {
      return error(absl::StrCat("scheme ", shown(scheme),
                                " asks for TLS, which is not in this version: use redis:// through a local "
                                "tunnel, or a unix socket"));
    }
    return error(absl::StrCat("unknown scheme ", shown(scheme), " (redis, valkey, unix, redis+unix)"));
  }

 private:
  absl::StatusOr<Address> tcp() {
    Address address;
    std::string_view authority = rest_.substr(0, rest_.find_first_of("/?#"));
    rest_.remove_prefix(authority.size());
    // An '@' further on says that the password holds a '/', '?' or '#', and that what looks like a host is a piece
    // of it. From here on what follows user and password may be shown.
    if (rest_.find('@') != std::string_view::npos) return misplaced();
    if (absl::Status status = userinfo(authority, address); !status.ok()) return status;
    if (absl::Status status = host_and_port(authority, address); !status.ok()) return status;
    if (rest_.find_first_of("?#") != std::string_view::npos) {
      return error(absl::StrCat("unexpected ", quoted(rest_.substr(rest_.find_first_of("?#")))));
    }
    if (rest_.size() > 1 && !read_number(rest_.substr(1), address.database)) return bad_database(rest_.substr(1));
    return address;
  }

  absl::StatusOr<Address> unix_socket() {
    Address address;
    address.kind = Address::Kind::unix_socket;
    std::string_view authority = rest_.substr(0, rest_.find_first_of("/?#"));
    rest_.remove_prefix(authority.size());
    if (!authority.empty()) {
      if (authority.back() != '@') {
        return rest_.find('@') != std::string_view::npos
                   ? misplaced()
                   : error(absl::StrCat("host ", shown(authority), " in a unix URL: write unix:///path/to.sock"));
      }
      if (absl::Status status = userinfo(authority, address); !status.ok()) return status;
    }
    const std::string_view path = rest_.substr(0, rest_.find_first_of("?#"));
    rest_.remove_prefix(path.size());
    const std::optional<std::string> bytes = decoded(path);
    if (!bytes) return error(absl::StrCat("path ", shown(path), " has a bad percent-encoding"));
    if (bytes->size() < 2) return error("path of the unix socket is missing: write unix:///path/to.sock");
    if (bytes->size() >= sizeof(sockaddr_un{}.sun_path) || bytes->find('\0') != std::string::npos) {
      return error(absl::StrCat("path ", shown(path), " is no path of a unix socket: at most ",
                                sizeof(sockaddr_un{}.sun_path) - 1, " bytes"));
    }
    address.path = *bytes;
    if (rest_.empty()) return address;
    if (rest_.substr(0, 4) != "?db=") return error(absl::StrCat("unexpected ", shown(rest_), " (?db=N)"));
    if (!read_number(rest_.substr(4), address.database)) return bad_database(rest_.substr(4));
    return address;
  }

  // Takes user and password off the front of `authority`. A raw '@' is allowed in a password: the last one counts.
  static absl::Status userinfo(std::string_view& authority, Address& address) {
    const std::size_t at = authority.rfind('@');
    if (at == std::string_view::npos) return absl::OkStatus();
    const std::string_view info = authority.substr(0, at);
    authority.remove_prefix(at + 1);
    const std::size_t colon = info.find(':');
    if (colon == std::string_view::npos) {
      return error(
          "user is given without a password: write user:password@, user:@ for an empty password, or "
          ":password@ for the default user");
    }
    std::optional<std::string> user = decoded(info.substr(0, colon));
    if (!user) return error("user has a bad percent-encoding");
    std::optional<std::string> password = decoded(info.substr(colon + 1));
    if (!password) return error("password has a bad percent-encoding");
    address.user = *std::move(user);
    address.password = Secret(*password);
    wipe(password->data(), password->size());  // NOLINT(clang-analyzer-cplusplus.InnerPointer)
    return absl::OkStatus();
  }

  static absl::Status host_and_port(std::string_view authority, Address& address) {
    std::string_view host = authority.substr(0, authority.rfind(':'));
    std::string_view port = authority.substr(host.size());
    if (!authority.empty() && authority.front() == '[') {
      const std::size_t bracket = authority.find(']');
      if (bracket == std::string_view::npos)
        return error(absl::StrCat("host ", quoted(authority), " lacks a \"]\""));
      host = authority.substr(1, bracket - 1);
      port = authority.substr(bracket + 1);
      if (!port.empty() && port.front() != ':')
        return error(absl::StrCat("unexpected ", quoted(port), " after \"]\""));
    } else if (host.find(':') != std::string_view::npos) {
      return error(
          absl::StrCat("host ", quoted(authority), ": write an IPv6 address in brackets, as in [::1]:6379"));
    }
    const std::optional<std::string> name = decoded(host);
    if (!name || name->find('\0') != std::string::npos) {
      return error(absl::StrCat("host ", quoted(host), " has a bad percent-encoding"));
    }
    if (name->empty()) return error("host is missing");
    address.host = *name;
    if (!port.empty() && (!read_number(port.substr(1), address.port) || address.port == 0)) {
      return error(absl::StrCat("port ", quoted(port.substr(1)), " is not a number from 1 to 65535"));
    }
    return absl::OkStatus();
  }

  absl::Status bad_database(std::string_view value) const {
    return error(absl::StrCat("database ", quoted(value), " is not a number from 0 to 2147483647"));
  }

  static absl::Status misplaced() {
    return error("user or password: write \"/\" as %2F, \"?\" as %3F, \"#\" as %23, and \"@\" as %40");
  }

  // For what comes before the place where a password would end.
  std::string shown(std::string_view value) const {
    return whole_.find('@') == std::string_view::npos ? quoted(value) : "(not shown: it may hold a password)";
  }

  std::string_view whole_;
  std::string_view rest_;
};

}  // namespace

absl::StatusOr<Address> parse_url(std::string_view text) { return Reader(text).address(); }

std::string to_string(const Address& address) {
  if (address.kind == Address::Kind::unix_socket) return "unix:" + address.path;
  const bool brackets = address.host.find(':') != std::string::npos;
  return absl::StrCat(brackets ? "[" : "", address.host, brackets ? "]:" : ":", address.port);
}

}  // namespace penstock::redis
