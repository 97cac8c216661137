// The text form of limits: a reader that walks the grammar in limit.h from left to right and stops at the first
// word it cannot place.

#include <algorithm>
#include <initializer_list>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "penstock/limit.h"
#include "units.h"

namespace penstock {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t'; }
bool is_digit(char c) { return '0' <= c && c <= '9'; }
// What a wrong word is taken to end at, so that an error shows the whole word.
bool ends_word(char c) { return is_space(c) || c == ',' || c == '=' || c == '/'; }

// Printable, and no longer than a person would read.
std::string quoted(std::string_view word) {
  constexpr std::size_t kMost = 32;
  std::string text = "\"";
  for (const char c : word.substr(0, kMost)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte >= 0x7f || c == '"' || c == '\\') {
      absl::StrAppendFormat(&text, "\\x%02x", byte);
    } else {
      text += c;
    }
  }
  return text + (word.size() > kMost ? "...\"" : "\"");
}

// Levenshtein: the number of letters to change, add or drop.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t change = diagonal + (a[i] != b[j]);
      diagonal = std::exchange(row[j + 1], std::min({change, row[j] + 1, row[j + 1] + 1}));
    }
  }
  return row.back();
}

// `; did you mean "minute"?`, or nothing if no word is near.
std::string likely(std::string_view word, const std::vector<std::string_view>& known) {
  if (word.empty() || word.size() > 16) return "";
  std::string lower(word);
  for (char& c : lower) c = static_cast<char>('A' <= c && c <= 'Z' ? c - 'A' + 'a' : c);
  const auto near = [&lower](std::string_view candidate) { return distance(lower, candidate); };
  const std::string_view best =
      *std::min_element(known.begin(), known.end(), [&](auto a, auto b) { return near(a) < near(b); });
  // Half of the letters must be right.
  return near(best) * 2 <= best.size() ? absl::StrCat("; did you mean ", quoted(best), "?") : "";
}

std::vector<std::string_view> unit_words() {
  std::vector<std::string_view> words;
  for (const Unit& unit : kUnits) {
    words.emplace_back(unit.name);
    for (const std::string_view word : unit.words) {
      if (!word.empty()) words.push_back(word);
    }
  }
  return words;
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  absl::StatusOr<std::vector<Limit>> limits(std::size_t most) {
    std::vector<Limit> limits;
    while (true) {
      skip_space();
      absl::StatusOr<Limit> limit = one();
      if (!limit.ok()) return limit.status();
      limits.push_back(*limit);
      if (done()) break;
      // `one` stops at the end or at a comma.
      if (limits.size() == most) {
        return error(at_,
                     most == 1 ? "one limit was expected" : absl::StrCat("at most ", most, " limits for one key"));
      }
      ++at_;
    }
    return limits;
  }

 private:
  struct Params {
    std::optional<std::int64_t> burst;
    std::string_view algo;
  };

  absl::StatusOr<Limit> one() {
    const std::size_t start = at_;
    const absl::StatusOr<std::int64_t> permits = count("a count");
    if (!permits.ok()) return permits.status();
    if (absl::Status status = separator(); !status.ok()) return status;
    const absl::StatusOr<Duration> window = span();
    if (!window.ok()) return window.status();
    const absl::StatusOr<Params> params = parameters();
    if (!params.ok()) return params.status();

    const Limit limit = make(*permits, *window, *params);
    if (absl::Status status = validate(limit); !status.ok()) return error(start, std::string(status.message()));
    return limit;
  }

  static Limit make(std::int64_t permits, Duration window, const Params& params) {
    if (params.burst || params.algo == "token")
      return TokenBucket{{permits, window}, params.burst.value_or(permits)};
    if (params.algo == "fixed") return FixedWindow{permits, window};
    if (params.algo == "log") return SlidingLog{permits, window};
    return SlidingWindow{permits, window};
  }

  // "/" or "per".
  absl::Status separator() {
    const bool spaced = skip_space();
    if (take('/')) {
      skip_space();
      return absl::OkStatus();
    }
    const std::size_t start = at_;
    const std::string_view found = word();
    if (spaced && found == "per" && skip_space()) return absl::OkStatus();
    return error(start, absl::StrCat("expected \"/\" or \" per \" after the count, found ", shown(found)));
  }

  // A number of units; no number means one.
  absl::StatusOr<Duration> span() {
    std::int64_t number = 1;
    const std::size_t start = at_;
    if (!done() && is_digit(text_[at_])) {
      const absl::StatusOr<std::int64_t> given = count("a number of units");
      if (!given.ok()) return given.status();
      number = *given;
      skip_space();
    }
    const std::size_t unit_start = at_;
    const std::string_view name = word();
    for (const Unit& unit : kUnits) {
      if (name != unit.name && std::find(unit.words.begin(), unit.words.end(), name) == unit.words.end()) continue;
      if (name.empty()) break;
      if (number > kMaxWindow / unit.length) {
        return error(start,
                     absl::StrCat("window ", shown(text_.substr(start, at_ - start)), " is longer than 3660d"));
      }
      return number * unit.length;
    }
    return error(unit_start, absl::StrCat(name.empty() ? "expected a unit of time, found " : "unknown unit ",
                                          shown(name), likely(name, unit_words())));
  }

  absl::StatusOr<Params> parameters() {
    Params params;
    std::size_t burst_at = 0;
    while (true) {
      const bool spaced = skip_space();
      if (done() || text_[at_] == ',') break;
      const std::size_t start = at_;
      const std::string_view name = word();
      if (!spaced || name.empty()) return error(start, absl::StrCat("unexpected ", shown(rest_of_word(start))));
      if (name == "cost" || name == "name") {
        return error(start, absl::StrCat(shown(name), " belongs to a policy, not to a limit"));
      }
      if (name != "burst" && name != "algo") {
        return error(start, absl::StrCat("unknown parameter ", shown(name), likely(name, {"burst", "algo"})));
      }
      if (!take('=')) return error(at_, absl::StrCat("expected \"=\" after ", shown(name)));
      if (name == "burst") {
        if (params.burst) return error(start, "\"burst\" is given twice");
        burst_at = start;
        const absl::StatusOr<std::int64_t> burst = count("a count after \"burst=\"");
        if (!burst.ok()) return burst.status();
        params.burst = *burst;
      } else {
        if (!params.algo.empty()) return error(start, "\"algo\" is given twice");
        const std::size_t value_start = at_;
        params.algo = word();
        const std::vector<std::string_view> known = {"token", "fixed", "sliding", "log"};
        if (std::find(known.begin(), known.end(), params.algo) == known.end()) {
          return error(value_start, absl::StrCat("unknown algorithm ", shown(params.algo),
                                                 likely(params.algo, known), " (token, fixed, sliding, log)"));
        }
      }
    }
    if (params.burst && !params.algo.empty() && params.algo != "token") {
      return error(burst_at, absl::StrCat("\"burst\" goes with algo=token, not with ", shown(params.algo)));
    }
    return params;
  }

  // Digits, in groups if one likes: 1_000_000.
  absl::StatusOr<std::int64_t> count(const char* what) {
    const std::size_t start = at_;
    while (!done() && (is_digit(text_[at_]) || text_[at_] == '_')) ++at_;
    const std::string_view digits = text_.substr(start, at_ - start);
    if (digits.empty())
      return error(start, absl::StrCat("expected ", what, ", found ", shown(rest_of_word(start))));
    if (digits.front() == '_' || digits.back() == '_' || digits.find("__") != std::string_view::npos) {
      return error(start, absl::StrCat("misplaced \"_\" in ", quoted(digits)));
    }
    std::int64_t value = 0;
    for (const char c : digits) {
      if (c == '_') continue;
      const int digit = c - '0';
      if (value > (kMaxPermits - digit) / 10) {
        return error(start, absl::StrCat(quoted(digits), " is too large: at most ", kMaxPermits));
      }
      value = value * 10 + digit;
    }
    if (value == 0) return error(start, absl::StrCat(quoted(digits), " must be at least 1"));
    return value;
  }

  std::string_view word() {
    const std::size_t start = at_;
    while (!done() && !ends_word(text_[at_])) ++at_;
    return text_.substr(start, at_ - start);
  }

  std::string_view rest_of_word(std::size_t start) const {
    std::size_t end = start;
    while (end < text_.size() && !ends_word(text_[end])) ++end;
    return text_.substr(start, std::max<std::size_t>(end - start, start < text_.size() ? 1 : 0));
  }

  // A word as an error shows it; an empty one is the character that stands in its place.
  std::string shown(std::string_view word) const {
    if (!word.empty()) return quoted(word);
    return done() ? "the end" : quoted(text_.substr(at_, 1));
  }

  bool done() const { return at_ == text_.size(); }

  bool take(char c) {
    if (done() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  bool skip_space() {
    const std::size_t start = at_;
    while (!done() && is_space(text_[at_])) ++at_;
    return at_ > start;
  }

  absl::Status error(std::size_t at, std::string_view what) const {
    return absl::InvalidArgumentError(absl::StrFormat("limit %s, column %d: %s", quoted(text_), at + 1, what));
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

absl::StatusOr<Limit> parse_limit(std::string_view text) {
  absl::StatusOr<std::vector<Limit>> limits = Reader(text).limits(1);
  if (!limits.ok()) return limits.status();
  return limits->front();
}

absl::StatusOr<std::vector<Limit>> parse_limits(std::string_view text) {
  return Reader(text).limits(kMaxLimitsPerKey);
}

}  // namespace penstock
