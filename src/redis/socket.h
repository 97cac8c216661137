// Sockets as we want them: non-blocking, closed on exec, silent about a peer that went away. Owned by one object.

#ifndef PENSTOCK_REDIS_SOCKET_H_
#define PENSTOCK_REDIS_SOCKET_H_

#include <sys/socket.h>

#include <cstddef>
#include <string>
#include <utility>

namespace penstock::redis {

// Where to connect: what getaddrinfo gives, or the path of a unix socket.
struct Endpoint {
  sockaddr_storage address{};
  socklen_t size = 0;
};

[[nodiscard]] Endpoint unix_endpoint(const std::string& path);

class Socket {
 public:
  Socket() = default;
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~Socket();

  // Begins to connect. Returns 0 when connected, EINPROGRESS when it will be writable once it is known, else the
  // errno of what failed.
  [[nodiscard]] int connect(const Endpoint& endpoint);
  // How the connecting ended: 0, or an errno.
  [[nodiscard]] int connect_error() const;

  // Like send and recv: bytes moved, 0 at the end of the stream, or minus the errno (EAGAIN: would block).
  [[nodiscard]] std::ptrdiff_t send(const char* bytes, std::size_t size) const;
  [[nodiscard]] std::ptrdiff_t receive(char* bytes, std::size_t size) const;

  [[nodiscard]] int descriptor() const { return descriptor_; }
  void close() { *this = Socket(); }

 private:
  int descriptor_ = -1;
};

}  // namespace penstock::redis

#endif  // PENSTOCK_REDIS_SOCKET_H_
