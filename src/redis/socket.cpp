#include "redis/socket.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace penstock::redis {
namespace {

#ifdef MSG_NOSIGNAL
constexpr int kNoSignal = MSG_NOSIGNAL;
#else
constexpr int kNoSignal = 0;  // macOS: SO_NOSIGPIPE says it once for all
#endif

int open_socket(int family) {
#ifdef SOCK_CLOEXEC
  return ::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
#else
  const int descriptor = ::socket(family, SOCK_STREAM, 0);
  if (descriptor >= 0) {
    ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    ::fcntl(descriptor, F_SETFL, ::fcntl(descriptor, F_GETFL) | O_NONBLOCK);
  }
  return descriptor;
#endif
}

// None of these is worth a failure.
void set(int descriptor, int level, int option, int value) {
  (void)::setsockopt(descriptor, level, option, &value, sizeof(value));
}

void tune(int descriptor, int family) {
#ifdef SO_NOSIGPIPE
  set(descriptor, SOL_SOCKET, SO_NOSIGPIPE, 1);
#endif
  if (family == AF_UNIX) return;
  set(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
  // A silent peer is found by deadlines while there are questions; this finds it while there are none.
  set(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1);
#ifdef TCP_KEEPIDLE
  set(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, 30);
  set(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, 10);
  set(descriptor, IPPROTO_TCP, TCP_KEEPCNT, 3);
#endif
}

}  // namespace

Endpoint unix_endpoint(const std::string& path) {
  Endpoint endpoint;
  auto* const address = reinterpret_cast<sockaddr_un*>(&endpoint.address);
  address->sun_family = AF_UNIX;
  std::memcpy(address->sun_path, path.c_str(), std::min(path.size() + 1, sizeof(address->sun_path)));
  endpoint.size = sizeof(sockaddr_un);
  return endpoint;
}

Socket::~Socket() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

int Socket::connect(const Endpoint& endpoint) {
  close();
  descriptor_ = open_socket(endpoint.address.ss_family);
  if (descriptor_ < 0) return errno;
  tune(descriptor_, endpoint.address.ss_family);
  if (::connect(descriptor_, reinterpret_cast<const sockaddr*>(&endpoint.address), endpoint.size) == 0) return 0;
  return errno == EINTR ? EINPROGRESS : errno;
}

int Socket::connect_error() const {
  int error = 0;
  socklen_t size = sizeof(error);
  return ::getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

std::ptrdiff_t Socket::send(const char* bytes, std::size_t size) const {
  ssize_t sent;
  do {
    sent = ::send(descriptor_, bytes, size, kNoSignal);
  } while (sent < 0 && errno == EINTR);
  return sent < 0 ? -(errno == EWOULDBLOCK ? EAGAIN : errno) : sent;
}

std::ptrdiff_t Socket::receive(char* bytes, std::size_t size) const {
  ssize_t received;
  do {
    received = ::recv(descriptor_, bytes, size, 0);
  } while (received < 0 && errno == EINTR);
  return received < 0 ? -(errno == EWOULDBLOCK ? EAGAIN : errno) : received;
}

}  // namespace penstock::redis
