#include "fault_proxy.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "loopback.h"

namespace penstock::redis {
namespace {

using namespace std::chrono_literals;

void unblock(int descriptor) {
  ::fcntl(descriptor, F_SETFL, O_NONBLOCK);
  const int one = 1;
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

}  // namespace

FaultProxy::FaultProxy(std::uint16_t server_port) : server_port_(server_port) {
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof(address);
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), size) != 0 || ::listen(listener_, 64) != 0 ||
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0 ||
      ::pipe2(stop_, O_CLOEXEC) != 0) {
    throw std::runtime_error("no proxy");
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { run(); });
}

FaultProxy::~FaultProxy() {
  (void)!::write(stop_[1], "", 1);
  thread_.join();
  for (const int descriptor : {listener_, stop_[0], stop_[1]}) ::close(descriptor);
}

void FaultProxy::run() {
  while (true) {
    std::vector<pollfd> polled = {{stop_[0], POLLIN, 0}, {listener_, POLLIN, 0}};
    const Time before = std::chrono::steady_clock::now();
    int timeout = -1;
    for (const Pair& pair : pairs_) {
      const bool due = !pair.to_client.empty() && pair.due <= before;
      polled.push_back({pair.client, static_cast<short>(POLLIN | (due || pair.flood ? POLLOUT : 0)), 0});
      polled.push_back({pair.server, static_cast<short>(POLLIN | (pair.to_server.empty() ? 0 : POLLOUT)), 0});
      if (!pair.to_client.empty() && !due) {
        const auto wait = static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(pair.due - before).count());
        timeout = timeout < 0 ? wait : std::min(timeout, wait);
      }
    }
    ::poll(polled.data(), polled.size(), timeout);
    if (polled[0].revents != 0) break;
    const Time now = std::chrono::steady_clock::now();
    std::size_t i = 2;
    for (Pair& pair : pairs_) {
      if (polled[i].revents != 0 && !pair.dead) from_client(pair);
      if (polled[i + 1].revents != 0 && !pair.dead) from_server(pair, now);
      if (!pair.dead) flush(pair, now);
      i += 2;
    }
    if (polled[1].revents != 0) accept();
    pairs_.remove_if([](const Pair& pair) { return pair.dead; });
  }
  for (Pair& pair : pairs_) reset(pair);
}

void FaultProxy::accept() {
  const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (client < 0) return;
  Pair& pair = pairs_.emplace_back();
  pair.client = client;
  pair.server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(server_port_);
  ++accepted_;
  if (::connect(pair.server, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) return reset(pair);
  unblock(pair.client);
  unblock(pair.server);
}

void FaultProxy::from_client(Pair& pair) {
  char bytes[16 * 1024];
  const ssize_t received = ::recv(pair.client, bytes, sizeof(bytes), 0);
  if (received < 0 && errno == EAGAIN) return;
  if (received <= 0) return reset(pair);
  const std::string_view chunk(bytes, static_cast<std::size_t>(received));
  const Fault fault = fault_.load();
  if (fault == Fault::swallow) return;
  if (fault == Fault::cut_some && dice_.one_in(16)) {
    pair.to_server += chunk.substr(0, dice_.upto(chunk.size()));
    (void)!::send(pair.server, pair.to_server.data(), pair.to_server.size(), MSG_NOSIGNAL);
    ++cuts_;
    return reset(pair);
  }
  pair.to_server += chunk;
}

void FaultProxy::from_server(Pair& pair, Time now) {
  char bytes[16 * 1024];
  const ssize_t received = ::recv(pair.server, bytes, sizeof(bytes), 0);
  if (received < 0 && errno == EAGAIN) return;
  if (received <= 0) return reset(pair);
  const std::string_view chunk(bytes, static_cast<std::size_t>(received));
  switch (fault_.load()) {
    case Fault::pass:
    case Fault::swallow:
      pair.to_client += chunk;
      break;
    case Fault::drop:
      break;
    case Fault::delay:
      if (pair.to_client.empty()) pair.due = now + std::chrono::milliseconds(delay_ms_.load());
      pair.to_client += chunk;
      break;
    case Fault::drip:
      pair.drip = true;
      pair.to_client += chunk;
      break;
    case Fault::cut:
      ++cuts_;
      return reset(pair);
    case Fault::cut_some:
      if (dice_.one_in(16)) {
        pair.to_client += chunk.substr(0, dice_.upto(chunk.size()));
        (void)!::send(pair.client, pair.to_client.data(), pair.to_client.size(), MSG_NOSIGNAL);
        ++cuts_;
        return reset(pair);
      }
      pair.to_client += chunk;
      break;
    case Fault::garbage:
      pair.to_client += "HTTP/1.1 418 I'm a teapot\r\n\r\n";
      break;
    case Fault::huge:
      pair.to_client += "$400000000\r\n";
      pair.flood = true;
      break;
  }
}

void FaultProxy::flush(Pair& pair, Time now) {
  if (!pair.to_server.empty()) {
    const ssize_t sent = ::send(pair.server, pair.to_server.data(), pair.to_server.size(), MSG_NOSIGNAL);
    if (sent > 0) pair.to_server.erase(0, static_cast<std::size_t>(sent));
  }
  if (pair.flood && pair.to_client.size() < 64 * 1024) pair.to_client.append(64 * 1024, 'x');
  if (pair.to_client.empty() || pair.due > now) return;
  const std::size_t most = pair.drip ? 1 : pair.to_client.size();
  const ssize_t sent = ::send(pair.client, pair.to_client.data(), most, MSG_NOSIGNAL);
  if (sent > 0) pair.to_client.erase(0, static_cast<std::size_t>(sent));
  if (pair.drip) pair.due = now + 10ms;
}

void FaultProxy::reset(Pair& pair) {
  const linger hard = {.l_onoff = 1, .l_linger = 0};
  ::setsockopt(pair.client, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
  ::close(pair.client);
  ::close(pair.server);
  pair.dead = true;
}

}  // namespace penstock::redis
