#include "file.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace replay {

absl::Status replace_file(const std::string& name, const std::function<void(std::ostream&)>& write) {
  const auto failure = [&](const std::string& reason) { return absl::UnavailableError(name + ": " + reason); };
  std::error_code ignored;
  // A rename would put a plain file in the place of a device.
  if (const auto there = std::filesystem::status(name, ignored);
      std::filesystem::exists(there) && !std::filesystem::is_regular_file(there)) {
    return failure("not a regular file");
  }
  const std::string part = name + ".part";
  errno = 0;
  std::ofstream out(part, std::ios::binary);
  if (out) write(out);
  out.close();
  if (!out) {
    const int reason = errno;
    std::filesystem::remove(part, ignored);
    return failure(reason != 0 ? std::strerror(reason) : "cannot be written");
  }
  std::error_code error;
  std::filesystem::rename(part, name, error);
  if (!error) return absl::OkStatus();
  std::filesystem::remove(part, ignored);
  return failure(error.message());
}

}  // namespace replay
