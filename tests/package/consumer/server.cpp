// What a stranger writes on the first day: a server with a limit before it. It answers four requests of a client in
// its own process, of which the last is one too many, and says what the client was told.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <thread>

#include "gate.h"

namespace {

constexpr int kRequests = 4;

void serve(int listener, penstock::Limiter& gate) {
  for (int i = 0; i < kRequests; ++i) {
    const int peer = accept(listener, nullptr, nullptr);
    char request[512];
    if (read(peer, request, sizeof request) > 0) {
      const penstock::Decision decision = gate.try_acquire("client");
      const auto wait = std::chrono::ceil<std::chrono::seconds>(decision.retry_after).count();
      const std::string answer =
          decision ? "HTTP/1.0 200 OK\r\n\r\n"
                   : "HTTP/1.0 429 Too Many Requests\r\nRetry-After: " + std::to_string(wait) + "\r\n\r\n";
      if (write(peer, answer.data(), answer.size()) < 0) std::perror("write");
    }
    close(peer);
  }
}

std::string ask(const sockaddr_in& address) {
  std::string answer;
  const int server = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      write(server, "GET / HTTP/1.0\r\n\r\n", 18) == 18) {
    char part[512];
    for (ssize_t got; (got = read(server, part, sizeof part)) > 0;)
      answer.append(part, static_cast<std::size_t>(got));
  }
  close(server);
  return answer;
}

}  // namespace

int main() {
  const auto gate = make_gate();
  if (!gate) return 1;

  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener, kRequests) != 0 ||
      getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    std::perror("loopback");
    return 1;
  }
  std::thread server(serve, listener, std::ref(*gate));

  std::string told;
  std::string last;
  for (int i = 0; i < kRequests; ++i) {
    last = ask(address);
    told += last.substr(9, 3) + ' ';
  }
  server.join();
  close(listener);
  // The bucket refills one permit in 20 minutes; the requests took some of that.
  const bool told_when = last.find("Retry-After: 1200\r") != std::string::npos ||
                         last.find("Retry-After: 1199\r") != std::string::npos;
  std::printf("%s%s\n", told.c_str(), told_when ? "come back in 20 minutes" : last.c_str());
  return told == "200 200 200 429 " && told_when ? 0 : 1;
}
