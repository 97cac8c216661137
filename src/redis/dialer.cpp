#include "redis/dialer.h"

#include <cerrno>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"

namespace penstock::redis {

void Dialer::start(Instant now, Instant deadline) {
  deadline_ = turn_deadline_ = deadline;
  socket_.close();
  endpoints_.clear();
  next_ = 0;
  last_error_ = 0;
  error_ = absl::OkStatus();
  if (address_.kind == Address::Kind::unix_socket) {
    endpoints_.push_back(unix_endpoint(address_.path));
  } else {
    resolver_.start(address_.host, address_.port);
  }
  turn_deadline_ = now;  // proceed() at once: much is known without waiting
}

Dialer::Progress Dialer::proceed(Instant now, bool ready) {
  if (endpoints_.empty()) {
    if (!resolver_.done()) {
      turn_deadline_ = deadline_;
      if (now < deadline_) return Progress::busy;
      error_ = absl::UnavailableError(absl::StrCat("host \"", address_.host, "\" was not found in time"));
      return Progress::failed;
    }
    absl::StatusOr<std::vector<Endpoint>> found = resolver_.take();
    if (!found.ok()) {
      error_ = found.status();
      return Progress::failed;
    }
    endpoints_ = *std::move(found);
  }
  if (socket_.descriptor() < 0) return try_next(now);
  if (ready) {
    last_error_ = socket_.connect_error();
    if (last_error_ == 0) return Progress::connected;
    return try_next(now);
  }
  if (now < turn_deadline_) return Progress::busy;
  last_error_ = ETIMEDOUT;
  return try_next(now);
}

Dialer::Progress Dialer::try_next(Instant now) {
  for (; next_ < endpoints_.size() && now < deadline_; ++next_) {
    const int error = socket_.connect(endpoints_[next_]);
    if (error == 0) return Progress::connected;
    if (error == EINPROGRESS) {
      // An address that swallows everything must leave time for the others.
      const auto left = static_cast<Instant::rep>(endpoints_.size() - next_);
      turn_deadline_ = now + (deadline_ - now) / left;
      ++next_;
      return Progress::busy;
    }
    last_error_ = error;
  }
  socket_.close();
  return failed(last_error_ == 0 ? ETIMEDOUT : last_error_);
}

Dialer::Progress Dialer::failed(int error) {
  error_ = absl::UnavailableError(
      absl::StrCat("connect to ", to_string(address_), ": ", std::generic_category().message(error)));
  return Progress::failed;
}

}  // namespace penstock::redis
