// The lines of a log file.

#ifndef PENSTOCK_EXAMPLES_REPLAY_SOURCE_H_
#define PENSTOCK_EXAMPLES_REPLAY_SOURCE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bytes.h"

namespace replay {

// A longer line is not a record of any server, and is never held in memory as a whole.
inline constexpr std::size_t kMaxLineBytes = 64 * 1024;

struct Line {
  std::string_view text;    // without its "\n" or "\r\n"; gone when the next line is read
  std::int64_t number = 0;  // from 1
  bool too_long = false;    // then `text` is a part of it
};

class Source {
 public:
  static absl::StatusOr<Source> open(const std::string& name);

  // False at the end, or where reading failed: see status().
  bool next(Line& line);
  [[nodiscard]] const absl::Status& status() const { return status_; }

  [[nodiscard]] std::int64_t position() const { return bytes_.position(); }
  [[nodiscard]] std::int64_t size() const { return bytes_.size(); }

 private:
  explicit Source(Bytes bytes) : bytes_(std::move(bytes)), buffer_(4 * kMaxLineBytes, '\0') {}
  void refill();

  Bytes bytes_;
  std::string buffer_;  // [begin_, end_) is what is read and not yet given out
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool ended_ = false;
  std::int64_t number_ = 0;
  absl::Status status_;
};

}  // namespace replay

#endif  // PENSTOCK_EXAMPLES_REPLAY_SOURCE_H_
