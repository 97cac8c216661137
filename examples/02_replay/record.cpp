#include "record.h"

#include <algorithm>
#include <optional>
#include <string>

namespace replay {
namespace {

absl::Status bad(const char* reason) { return absl::InvalidArgumentError(reason); }

// Takes what is before the first space off the front of `rest`, and the space.
std::string_view take_word(std::string_view& rest) {
  const std::size_t space = rest.find(' ');
  const std::string_view word = rest.substr(0, space);
  rest.remove_prefix(space == std::string_view::npos ? rest.size() : space + 1);
  return word;
}

// Takes a quoted field off the front of `rest`, and a space behind it. A backslash keeps the next character
// from closing the field.
std::optional<std::string_view> take_quoted(std::string_view& rest) {
  if (!rest.starts_with('"')) return std::nullopt;
  std::size_t end = rest.find_first_of("\"\\", 1);
  while (end != std::string_view::npos && rest[end] == '\\') {
    end = end + 2 < rest.size() ? rest.find_first_of("\"\\", end + 2) : std::string_view::npos;
  }
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view field = rest.substr(1, end - 1);
  rest.remove_prefix(end + 1);
  if (rest.starts_with(' ')) rest.remove_prefix(1);
  return field;
}

bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return '0' <= c && c <= '9'; });
}

// "GET /a?b=1 HTTP/1.1". Whatever else clients send in its place ("-", a TLS greeting) is a request all the
// same: it leaves the fields missing.
void read_request(std::string_view request, Record& record) {
  const std::size_t first = request.find(' ');
  if (first == std::string_view::npos || first == 0) return;
  std::string_view url = request.substr(first + 1);
  if (const std::size_t last = url.rfind(" HTTP/"); last != std::string_view::npos) {
    record.protocol = url.substr(last + 1);
    url = url.substr(0, last);
  }
  if (url.empty()) return;
  record.method = request.substr(0, first);
  record.url = url;
  record.path = url.substr(0, url.find('?'));
}

}  // namespace

absl::StatusOr<Record> parse_record(std::string_view line) {
  if (line.find('\0') != std::string_view::npos) return bad("a NUL byte");
  Record record;
  std::string_view rest = line;
  record.client = take_word(rest);
  const std::string_view identity = take_word(rest);
  if (record.client.empty() || identity.empty()) return bad("no client, identity and user at the start");

  // A user name may have spaces in it, so it ends where the time begins.
  const std::size_t bracket = rest.find(" [");
  if (bracket == std::string_view::npos) return bad("no '[' before a time");
  record.user = rest.substr(0, bracket);
  if (record.user.empty()) return bad("no user");
  rest.remove_prefix(bracket + 2);
  const std::size_t close = rest.find(']');
  if (close == std::string_view::npos) return bad("no ']' after the time");
  const absl::StatusOr<Moment> time = parse_moment(rest.substr(0, close));
  if (!time.ok()) return time.status();
  record.time = *time;
  rest.remove_prefix(close + 1);

  if (!rest.starts_with(" \"")) return bad("no quoted request after the time");
  rest.remove_prefix(1);
  const std::optional<std::string_view> request = take_quoted(rest);
  if (!request) return bad("the quoted request does not end");
  read_request(*request, record);

  record.status = take_word(rest);
  if (record.status != "-" && (record.status.size() != 3 || !all_digits(record.status))) {
    return bad("the status is not three digits");
  }
  const std::string_view size = take_word(rest);
  if (size != "-" && !all_digits(size)) return bad("the size is not a number");

  for (std::string_view Record::*field : {&Record::referer, &Record::agent}) {
    if (!rest.starts_with('"')) break;
    // Real logs have lines cut off in here, of requests that were served nonetheless: it ends with the line.
    const std::string_view cut_off = rest.substr(1);
    const std::optional<std::string_view> value = take_quoted(rest);
    record.*field = value.value_or(cut_off);
    if (!value) break;
  }
  return record;
}

}  // namespace replay
