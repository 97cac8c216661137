// The bytes of a file or of standard input, unpacked if they are gzip.

#ifndef PENSTOCK_EXAMPLES_REPLAY_BYTES_H_
#define PENSTOCK_EXAMPLES_REPLAY_BYTES_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace replay {

class Bytes {
 public:
  // "-" is standard input. Gzip is told by its first bytes, not by its name.
  static absl::StatusOr<Bytes> open(const std::string& name);

  // How many bytes it put into `into`: 0 at the end, else at least 1.
  absl::StatusOr<std::size_t> read(std::span<char> into);

  // How far into the file, before unpacking; and how long the file is, or 0 where that is unknown.
  [[nodiscard]] std::int64_t position() const;
  [[nodiscard]] std::int64_t size() const { return size_; }

 private:
  struct Handle;
  struct Close {
    void operator()(Handle* handle) const;
  };
  explicit Bytes(std::unique_ptr<Handle, Close> handle, std::int64_t size)
      : handle_(std::move(handle)), size_(size) {}

  std::unique_ptr<Handle, Close> handle_;
  std::int64_t size_;
};

}  // namespace replay

#endif  // PENSTOCK_EXAMPLES_REPLAY_BYTES_H_
