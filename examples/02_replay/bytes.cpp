#include "bytes.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

#ifdef PENSTOCK_REPLAY_GZIP
#include <unistd.h>
#include <zlib.h>
#endif

namespace replay {
namespace {

absl::Status failure(const char* reason) { return absl::UnavailableError(reason); }

std::int64_t size_of(const std::string& name) {
  std::error_code error;
  const std::uintmax_t size = name == "-" ? 0 : std::filesystem::file_size(name, error);
  return error ? 0 : static_cast<std::int64_t>(size);
}

}  // namespace

#ifdef PENSTOCK_REPLAY_GZIP

// zlib reads plain files too, and gzip files of several members.
struct Bytes::Handle {
  gzFile file;
};

void Bytes::Close::operator()(Handle* handle) const {
  gzclose_r(handle->file);
  delete handle;
}

absl::StatusOr<Bytes> Bytes::open(const std::string& name) {
  errno = 0;
  const gzFile file = name == "-" ? gzdopen(::dup(STDIN_FILENO), "rb") : gzopen(name.c_str(), "rb");
  if (file == nullptr) return failure(errno != 0 ? std::strerror(errno) : "out of memory");
  gzbuffer(file, 256 * 1024);
  return Bytes(std::unique_ptr<Handle, Close>(new Handle{file}), size_of(name));
}

absl::StatusOr<std::size_t> Bytes::read(std::span<char> into) {
  const int count = gzread(handle_->file, into.data(), static_cast<unsigned>(into.size()));
  int error = Z_OK;
  const char* const reason = gzerror(handle_->file, &error);
  if (error == Z_ERRNO) return failure(std::strerror(errno));
  // A file that stops in the middle of a member first gives what it has.
  if (count < 0 || (count == 0 && error != Z_OK && error != Z_STREAM_END)) return failure(reason);
  return static_cast<std::size_t>(count);
}

std::int64_t Bytes::position() const { return gzoffset(handle_->file); }

#else

struct Bytes::Handle {
  std::FILE* file;
  bool started = false;
};

void Bytes::Close::operator()(Handle* handle) const {
  if (handle->file != stdin) std::fclose(handle->file);
  delete handle;
}

absl::StatusOr<Bytes> Bytes::open(const std::string& name) {
  std::FILE* const file = name == "-" ? stdin : std::fopen(name.c_str(), "rb");
  if (file == nullptr) return failure(std::strerror(errno));
  return Bytes(std::unique_ptr<Handle, Close>(new Handle{file}), size_of(name));
}

absl::StatusOr<std::size_t> Bytes::read(std::span<char> into) {
  const std::size_t count = std::fread(into.data(), 1, into.size(), handle_->file);
  if (count == 0 && std::ferror(handle_->file) != 0) return failure(std::strerror(errno));
  if (!std::exchange(handle_->started, true) && count >= 2 && into[0] == '\x1f' && into[1] == '\x8b') {
    return failure("this is gzip, and replay was built without zlib: unpack it first, as in 'zcat FILE | replay'");
  }
  return count;
}

std::int64_t Bytes::position() const { return std::ftell(handle_->file); }

#endif

}  // namespace replay
