#include "redis/resolver.h"

#include <netdb.h>

#include <atomic>
#include <cstring>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "redis/signals.h"

namespace penstock::redis {
namespace {

absl::StatusOr<std::vector<Endpoint>> look_up(const std::string& host, std::uint16_t port, int flags) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  const int error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
  if (error != 0) {
    return absl::UnavailableError(absl::StrCat("host \"", host, "\" is not known: ", ::gai_strerror(error)));
  }
  std::vector<Endpoint> endpoints;
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    if (entry->ai_addrlen > sizeof(Endpoint::address)) continue;
    Endpoint& endpoint = endpoints.emplace_back();
    std::memcpy(&endpoint.address, entry->ai_addr, entry->ai_addrlen);
    endpoint.size = entry->ai_addrlen;
  }
  ::freeaddrinfo(list);
  return endpoints;
}

}  // namespace

struct Resolver::LookUp {
  absl::StatusOr<std::vector<Endpoint>> result = absl::UnavailableError("looking up the host");
  std::atomic<bool> done = false;  // release after `result` is written, acquire before it is read
};

void Resolver::start(const std::string& host, std::uint16_t port) {
  if (look_up_) return;
  look_up_ = std::make_shared<LookUp>();
  look_up_->result = look_up(host, port, AI_NUMERICHOST);
  if (look_up_->result.ok()) {
    look_up_->done.store(true, std::memory_order_release);
    return;
  }
  try {
    const SignalsBlocked blocked;
    std::thread([host, port, shared = look_up_, waker = waker_] {
      shared->result = look_up(host, port, 0);
      shared->done.store(true, std::memory_order_release);
      waker->wake();
    }).detach();
  } catch (const std::system_error&) {
    look_up_->result = absl::ResourceExhaustedError("no thread to look up the host");
    look_up_->done.store(true, std::memory_order_release);
  }
}

bool Resolver::done() const { return look_up_ && look_up_->done.load(std::memory_order_acquire); }

absl::StatusOr<std::vector<Endpoint>> Resolver::take() {
  const std::shared_ptr<LookUp> finished = std::exchange(look_up_, nullptr);
  return std::move(finished->result);
}

}  // namespace penstock::redis
