// Bytes that nobody should see: a password.
//
//   Secret password("hunter2");
//   send(password.view());             // the one way out; there is no stream operator and no StrCat
//
// Its memory is overwritten when it is destroyed or assigned to. What was copied out by view() is the reader's to
// wipe.

#ifndef PENSTOCK_REDIS_SECRET_H_
#define PENSTOCK_REDIS_SECRET_H_

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

namespace penstock::redis {

// Overwrites what a compiler may take for dead.
inline void wipe(char* bytes, std::size_t size) {
  for (volatile char* byte = bytes; size > 0; --size) *byte++ = 0;
}

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string_view bytes)
      : bytes_(bytes.empty() ? nullptr : std::make_unique<char[]>(bytes.size())), size_(bytes.size()) {
    std::copy(bytes.begin(), bytes.end(), bytes_.get());
  }
  Secret(const Secret& other) : Secret(other.view()) {}
  Secret(Secret&& other) noexcept : bytes_(std::move(other.bytes_)), size_(std::exchange(other.size_, 0)) {}
  Secret& operator=(Secret other) noexcept {
    bytes_.swap(other.bytes_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Secret() {
    if (bytes_) wipe(bytes_.get(), size_);
  }

  [[nodiscard]] std::string_view view() const { return {bytes_.get(), size_}; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

 private:
  std::unique_ptr<char[]>
      bytes_;  // never a std::string: a short one lives in the object and is left behind by moves
  std::size_t size_ = 0;
};

}  // namespace penstock::redis

#endif  // PENSTOCK_REDIS_SECRET_H_
