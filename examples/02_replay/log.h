// The requests of one or more log files, in the order of their time, told apart by one field.

#ifndef PENSTOCK_EXAMPLES_REPLAY_LOG_H_
#define PENSTOCK_EXAMPLES_REPLAY_LOG_H_

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "moment.h"
#include "progress.h"
#include "record.h"

namespace replay {

// All that is kept of a record: 8 bytes, so that tens of millions fit.
struct Arrival {
  std::uint32_t second;  // since 1970
  std::uint32_t key;     // a position in Log::keys

  [[nodiscard]] Moment time() const { return Moment(std::chrono::seconds(second)); }
};

struct Log {
  std::vector<Arrival> arrivals;  // ascending in time; those of one second as they were in the files
  std::deque<std::string> keys;   // each value of the field once
  std::int64_t malformed = 0;
  std::int64_t out_of_order = 0;        // records earlier than one that was before them in the files
  std::vector<std::string> complaints;  // what was wrong with the first few malformed lines, and where
};

// Blank lines are passed over. The error names the file that could not be read.
absl::StatusOr<Log> read_log(const std::vector<std::string>& files, const Field& field, Progress& progress);

}  // namespace replay

#endif  // PENSTOCK_EXAMPLES_REPLAY_LOG_H_
