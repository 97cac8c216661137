// A Redis server of the test's own: on a free port of 127.0.0.1 and a unix socket, in a temporary folder, without
// persistence. It dies with the test.
//
//   RedisServer server;
//   server.command({"SET", "k", "1"});            // "OK"
//   server.kill9();
//   server.restart();                             // empty, on the same port
//
// $PENSTOCK_REDIS_SERVER names the program, if it is not redis-server.

#ifndef PENSTOCK_TESTS_REDIS_REDIS_SERVER_H_
#define PENSTOCK_TESTS_REDIS_REDIS_SERVER_H_

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "redis/reply.h"

namespace penstock::redis {

// A connection that blocks: what the tests themselves say to a server. Fails the test if the server is gone.
class Wire {
 public:
  explicit Wire(std::uint16_t port);
  ~Wire();
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  [[nodiscard]] bool ok() const { return descriptor_ >= 0; }
  void write(std::string_view bytes);
  // The next reply as text: "7", "OK", "(nil)", "-ERR ...", and the elements of an array with a space after each.
  // "(closed)" if the server hung up.
  std::string read();
  std::string command(const std::vector<std::string>& words);

 private:
  int descriptor_ = -1;
  ReplyReader reader_{{.bytes = 16 << 20, .depth = 8}};
};

class RedisServer {
 public:
  // On `port`, or on a free one.
  explicit RedisServer(std::vector<std::string> arguments = {}, std::uint16_t port = 0);
  ~RedisServer();
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] const std::string& socket() const { return socket_; }
  [[nodiscard]] const std::string& folder() const { return folder_; }
  [[nodiscard]] std::string url() const { return "redis://127.0.0.1:" + std::to_string(port_); }

  std::string command(const std::vector<std::string>& words) const;

  void kill9();
  void restart();  // with what it has saved, and perhaps still reading it
  void stop() const;
  void cont() const;

  // A port that nobody listens on just now.
  static std::uint16_t free_port();

 private:
  bool start();

  std::vector<std::string> arguments_;
  std::string folder_;
  std::string socket_;
  std::uint16_t port_ = 0;
  pid_t pid_ = -1;
};

}  // namespace penstock::redis

#endif  // PENSTOCK_TESTS_REDIS_REDIS_SERVER_H_
