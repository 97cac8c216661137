#include "options.h"

#include <getopt.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

namespace replay {
namespace {

constexpr std::array<std::string_view, 2> kDefaultLimits = {"60/minute burst=60", "10/minute burst=10"};

absl::Status bad(std::string_view option, std::string_view value, const std::string& reason) {
  return absl::InvalidArgumentError("--" + std::string(option) + " '" + std::string(value) + "': " + reason);
}

absl::Status set_number(std::string_view option, std::string_view value, std::int64_t least, std::int64_t most,
                        std::int64_t& number) {
  const char* const end = value.data() + value.size();
  const auto [stop, error] = std::from_chars(value.data(), end, number);
  if (error != std::errc() || stop != end || number < least || number > most) {
    return bad(option, value, "not a number from " + std::to_string(least) + " to " + std::to_string(most));
  }
  return absl::OkStatus();
}

absl::Status add_limit(std::string_view text, Options& options) {
  const absl::StatusOr<Limits> limits = penstock::parse_limits(text);
  // The message quotes the text already.
  if (!limits.ok()) return absl::InvalidArgumentError("--limit: " + std::string(limits.status().message()));
  options.limits.push_back(*limits);
  return absl::OkStatus();
}

absl::Status set_field(std::string_view name, Options& options) {
  options.field = std::find_if(kFields.begin(), kFields.end(), [&](const Field& f) { return f.name == name; });
  if (options.field != kFields.end()) return absl::OkStatus();
  std::string names;
  for (const Field& field : kFields) names += (names.empty() ? "" : ", ") + std::string(field.name);
  return bad("key", name, "not one of " + names);
}

absl::Status set(std::string_view option, std::string_view value, Options& options) {
  if (option == "limit") return add_limit(value, options);
  if (option == "key") return set_field(value, options);
  if (option == "html") {
    options.html = value;
    return value.empty() || value == "-" ? bad(option, value, "not the name of a file") : absl::OkStatus();
  }
  if (option == "max-keys") return set_number(option, value, 1, penstock::kMaxKeys, options.replay.max_keys);
  if (option == "top") {
    std::int64_t top = 0;
    const absl::Status status = set_number(option, value, 0, 1'000'000, top);
    options.replay.top = static_cast<std::size_t>(top);
    return status;
  }
  if (option == "json") options.json = true;
  if (option == "no-progress") options.progress = false;
  if (option == "help") options.help = true;
  return absl::OkStatus();
}

}  // namespace

std::string_view usage() {
  return R"(What would this limit have done to my traffic?

usage: replay [--limit LIMIT]... [--key FIELD] [options] [LOG]...

LOG is a web access log in the common or combined format of Apache and nginx, plain or gzip. Without LOG, or
for "-", it is standard input. Every request is put to the limit at the time that the log says.

  --limit LIMIT   "60/minute burst=10" is a token bucket, "100/hour" a sliding window; also algo=fixed and
                  algo=log. "10/s, 1000/h" is one limit of two parts: both must permit. Give --limit again
                  to compare; without it there are two examples, 60/minute burst=60 and 10/minute burst=10.
  --key FIELD     what has a limit of its own: ip (the default; also called host), user, method, path, url,
                  protocol, status, referer or agent
  --top N         how many of the most denied to name (10)
  --json          one JSON object a limit on standard output, and nothing else there
  --html FILE     also write a page with plots and a comparison of the algorithms
  --max-keys N    how many keys the limiter remembers one by one (more than the log has)
  --no-progress   no progress bar, not even on a terminal
  --help          this text

Exit status: 0, also where lines of the log are malformed; 1 if a file cannot be read or written; 2 if the
command line is wrong.
)";
}

absl::StatusOr<Options> parse_options(int argc, char** argv) {
  static constexpr std::array<option, 9> kOptions = {{{"limit", required_argument, nullptr, 'v'},
                                                      {"key", required_argument, nullptr, 'v'},
                                                      {"html", required_argument, nullptr, 'v'},
                                                      {"max-keys", required_argument, nullptr, 'v'},
                                                      {"top", required_argument, nullptr, 'v'},
                                                      {"json", no_argument, nullptr, 'v'},
                                                      {"no-progress", no_argument, nullptr, 'v'},
                                                      {"help", no_argument, nullptr, 'v'},
                                                      {nullptr, 0, nullptr, 0}}};
  Options options;
  int index = 0;
  // The leading ':' keeps getopt silent and tells a missing value from an unknown option.
  for (int found; (found = ::getopt_long(argc, argv, ":", kOptions.data(), &index)) != -1;) {
    const std::string word = argv[optind - 1];
    if (found == ':') return absl::InvalidArgumentError(word + ": a value is missing");
    if (found == '?' && optopt == 'v') return absl::InvalidArgumentError(word + ": this option takes no value");
    if (found == '?' && optopt != 0)
      return absl::InvalidArgumentError(std::string("-") + static_cast<char>(optopt) + ": there is no such option");
    if (found == '?') return absl::InvalidArgumentError(word + ": there is no such option");
    const absl::Status status =
        set(kOptions[static_cast<std::size_t>(index)].name, optarg != nullptr ? optarg : "", options);
    if (!status.ok()) return status;
  }
  options.files.assign(argv + optind, argv + argc);
  if (options.files.empty()) options.files = {"-"};
  options.default_limits = options.limits.empty();
  for (std::size_t i = 0; options.default_limits && i < kDefaultLimits.size(); ++i) {
    if (const absl::Status status = add_limit(kDefaultLimits[i], options); !status.ok()) return status;
  }
  return options;
}

}  // namespace replay
