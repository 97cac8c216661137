#include "log.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "source.h"

namespace replay {
namespace {

constexpr std::size_t kMaxComplaints = 5;

std::string shown(const std::string& file) { return file == "-" ? "standard input" : file; }

class Reader {
 public:
  Reader(const Field& field, Progress& progress) : field_(field), progress_(progress) {}

  absl::Status read(const std::string& file) {
    absl::StatusOr<Source> source = Source::open(file);
    if (!source.ok()) return unreadable(file, source.status());
    progress_.begin("reading " + shown(file), source->size());
    for (Line line; source->next(line);) {
      if (line.number % 4096 == 0) progress_.advance(source->position(), line.number);
      take(line, file);
    }
    progress_.end();
    return source->status().ok() ? absl::OkStatus() : unreadable(file, source->status());
  }

  Log finish() {
    std::stable_sort(log_.arrivals.begin(), log_.arrivals.end(),
                     [](const Arrival& a, const Arrival& b) { return a.second < b.second; });
    return std::move(log_);
  }

 private:
  void take(const Line& line, const std::string& file) {
    if (line.too_long) return complain(line, file, "longer than 64 KiB");
    if (line.text.find_first_not_of(" \t") == std::string_view::npos) return;
    const absl::StatusOr<Record> record = parse_record(line.text);
    if (!record.ok()) return complain(line, file, std::string(record.status().message()));
    const auto second = static_cast<std::uint32_t>(record->time.time_since_epoch().count());
    if (second < latest_) ++log_.out_of_order;
    latest_ = std::max(latest_, second);
    log_.arrivals.push_back({second, intern((*record).*field_.value)});
  }

  std::uint32_t intern(std::string_view key) {
    if (const auto known = ids_.find(key); known != ids_.end()) return known->second;
    const auto id = static_cast<std::uint32_t>(log_.keys.size());
    ids_.emplace(log_.keys.emplace_back(key), id);
    return id;
  }

  void complain(const Line& line, const std::string& file, const std::string& reason) {
    if (++log_.malformed > static_cast<std::int64_t>(kMaxComplaints)) return;
    log_.complaints.push_back(shown(file) + ':' + std::to_string(line.number) + ": " + reason);
  }

  static absl::Status unreadable(const std::string& file, const absl::Status& status) {
    return absl::UnavailableError(shown(file) + ": " + std::string(status.message()));
  }

  const Field& field_;
  Progress& progress_;
  Log log_;
  std::uint32_t latest_ = 0;
  std::unordered_map<std::string_view, std::uint32_t> ids_;  // of the strings in log_.keys, which never move
};

}  // namespace

absl::StatusOr<Log> read_log(const std::vector<std::string>& files, const Field& field, Progress& progress) {
  Reader reader(field, progress);
  for (const std::string& file : files) {
    if (const absl::Status status = reader.read(file); !status.ok()) return status;
  }
  return reader.finish();
}

}  // namespace replay
