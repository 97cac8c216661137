#include "redis/waker.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace penstock::redis {

Waker::Waker() {
#ifdef __linux__
  if (::pipe2(ends_, O_CLOEXEC | O_NONBLOCK) != 0) ends_[0] = ends_[1] = -1;
#else
  if (::pipe(ends_) != 0) {
    ends_[0] = ends_[1] = -1;
    return;
  }
  for (const int end : ends_) {
    ::fcntl(end, F_SETFD, FD_CLOEXEC);
    ::fcntl(end, F_SETFL, O_NONBLOCK);
  }
#endif
}

Waker::~Waker() {
  for (const int end : ends_) {
    if (end >= 0) ::close(end);
  }
}

void Waker::wake() const {
  const char byte = 0;
  // A full pipe wakes as well.
  while (::write(ends_[1], &byte, 1) < 0 && errno == EINTR) {
  }
}

void Waker::drain() const {
  char bytes[64];
  while (::read(ends_[0], bytes, sizeof(bytes)) == sizeof(bytes)) {
  }
}

}  // namespace penstock::redis
