// What would this limit have done to my traffic? See usage() in options.cpp.

#include <exception>
#include <iostream>
#include <utility>

#include "file.h"
#include "options.h"
#include "progress.h"
#include "report.h"
#include "terminal.h"
#include "text.h"

namespace {

using namespace replay;

constexpr int kFailure = 1, kUsage = 2;

int fail(int code, const absl::Status& status) {
  std::cerr << "replay: " << for_terminal(std::string(status.message())) << '\n';
  if (code == kUsage) std::cerr << "See 'replay --help'.\n";
  return code;
}

void warn_of_malformed(const Log& log) {
  for (const std::string& complaint : log.complaints) std::cerr << for_terminal(complaint) << '\n';
  const std::int64_t more = log.malformed - static_cast<std::int64_t>(log.complaints.size());
  if (more > 0) std::cerr << "and " << counted(more, "more malformed line", "more malformed lines") << '\n';
}

absl::StatusOr<Section> replay_section(const Log& log, const Limits& limits, const Options& options,
                                       Progress& progress) {
  absl::StatusOr<Outcome> outcome = replay_log(log, limits, options.replay, progress);
  if (!outcome.ok()) return outcome.status();
  Section section{*std::move(outcome), {}};
  if (options.html.empty()) return section;
  for (Alternative& alternative : alternatives(limits)) {
    outcome = section.outcome;
    if (alternative.limits != limits) outcome = replay_log(log, alternative.limits, options.replay, progress);
    if (!outcome.ok()) return outcome.status();
    section.comparison.push_back({std::move(alternative), *std::move(outcome)});
  }
  return section;
}

int run(const Options& options) {
  Progress progress(options.progress);
  const absl::StatusOr<Log> log = read_log(options.files, *options.field, progress);
  if (!log.ok()) return fail(kFailure, log.status());
  warn_of_malformed(*log);

  Report report{*log, *options.field, options.files, options.default_limits, {}};
  for (const Limits& limits : options.limits) {
    absl::StatusOr<Section> section = replay_section(*log, limits, options, progress);
    if (!section.ok()) return fail(kFailure, section.status());
    report.sections.push_back(*std::move(section));
  }

  options.json ? write_json(std::cout, report) : write_text(std::cout, report, output_width());
  if (!std::cout.flush()) return fail(kFailure, absl::UnavailableError("standard output: cannot be written"));
  if (options.html.empty()) return 0;
  const absl::Status written = replace_file(options.html, [&](std::ostream& out) { write_html(out, report); });
  return written.ok() ? 0 : fail(kFailure, written);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const absl::StatusOr<Options> options = parse_options(argc, argv);
    if (!options.ok()) return fail(kUsage, options.status());
    if (options->help) {
      std::cout << usage();
      return 0;
    }
    return run(*options);
  } catch (const std::exception& error) {
    return fail(kFailure, absl::InternalError(error.what()));
  }
}
