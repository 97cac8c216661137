#include "redis/error_reply.h"

#include <array>

namespace penstock::redis {
namespace {

struct Row {
  std::string_view words;
  Verdict verdict;
};

// The first word says it.
constexpr std::array<Row, 19> kCodes = {{
    {"NOSCRIPT", Verdict::not_loaded},
    {"MOVED", Verdict::moved},
    {"ASK", Verdict::ask},
    {"TRYAGAIN", Verdict::try_again},
    {"READONLY", Verdict::read_only},
    {"LOADING", Verdict::unavailable},
    {"BUSY", Verdict::unavailable},
    {"MASTERDOWN", Verdict::unavailable},
    {"CLUSTERDOWN", Verdict::unavailable},
    {"OOM", Verdict::unavailable},
    {"MISCONF", Verdict::unavailable},
    {"NOREPLICAS", Verdict::unavailable},
    {"NOAUTH", Verdict::forbidden},
    {"WRONGPASS", Verdict::forbidden},
    {"NOPERM", Verdict::forbidden},
    {"DENIED", Verdict::forbidden},
    {"CROSSSLOT", Verdict::defect},
    {"WRONGTYPE", Verdict::defect},
    {"EXECABORT", Verdict::defect},
}};

// What has no word of its own begins like this, after "ERR ".
constexpr std::array<Row, 7> kSentences = {{
    {"max number of clients", Verdict::unavailable},
    {"Function not found", Verdict::not_loaded},
    {"The user executing the script", Verdict::half_allowed},
    {"invalid password", Verdict::forbidden},  // Redis 5
    {"AUTH <password> called without", Verdict::forbidden},
    {"Client sent AUTH", Verdict::forbidden},
    {"operation not permitted", Verdict::forbidden},
}};

constexpr std::string_view kWrapped = "Error running script";

bool begins(std::string_view text, std::string_view words) { return text.substr(0, words.size()) == words; }

Verdict of_word(std::string_view line) {
  const std::string_view word = line.substr(0, line.find_first_of(" \r\n"));
  for (const Row& row : kCodes) {
    if (row.words == word) return row.verdict;
  }
  return Verdict::defect;
}

// What a command within a script can say of itself. A script is never told that it is not loaded or elsewhere: such
// words would be somebody's data.
Verdict of_inner(std::string_view line) {
  for (std::size_t at = line.find(" -"); at != std::string_view::npos; at = line.find(" -", at + 1)) {
    const Verdict verdict = of_word(line.substr(at + 2));
    if (verdict == Verdict::read_only || verdict == Verdict::unavailable) return verdict;
    if (verdict == Verdict::forbidden) return Verdict::half_allowed;
  }
  constexpr std::string_view kNotAllowed = "The user executing the script can't run this command";
  return line.find(kNotAllowed) != std::string_view::npos ? Verdict::half_allowed : Verdict::defect;
}

}  // namespace

Verdict classify(std::string_view error_line) {
  if (begins(error_line, "-")) error_line.remove_prefix(1);
  if (!begins(error_line, "ERR ")) return of_word(error_line);
  const std::string_view sentence = error_line.substr(4);
  if (begins(sentence, kWrapped)) return of_inner(sentence);
  for (const Row& row : kSentences) {
    if (begins(sentence, row.words)) return row.verdict;
  }
  return Verdict::defect;
}

absl::StatusCode code(Verdict verdict) {
  switch (verdict) {
    case Verdict::not_loaded:
    case Verdict::moved:
      return absl::StatusCode::kFailedPrecondition;
    case Verdict::ask:
    case Verdict::try_again:
    case Verdict::read_only:
    case Verdict::unavailable:
      return absl::StatusCode::kUnavailable;
    case Verdict::forbidden:
    case Verdict::half_allowed:
      return absl::StatusCode::kPermissionDenied;
    case Verdict::defect:
      break;
  }
  return absl::StatusCode::kInternal;
}

bool ran_maybe(Verdict verdict) { return verdict == Verdict::defect || verdict == Verdict::half_allowed; }

}  // namespace penstock::redis
