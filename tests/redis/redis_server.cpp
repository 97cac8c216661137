#include "redis_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <thread>

#include "loopback.h"
#include "redis/command.h"

#ifdef __linux__
#include <sys/prctl.h>
#endif

namespace penstock::redis {
namespace {

using namespace std::chrono_literals;

std::string shown(const Reply& reply) {
  switch (reply.kind) {
    case Reply::Kind::nil:
      return "(nil)";
    case Reply::Kind::integer:
      return std::to_string(reply.integer);
    case Reply::Kind::string:
    case Reply::Kind::status:
      return std::string(reply.text);
    case Reply::Kind::error:
      return std::string("-").append(reply.text);
    case Reply::Kind::array:
      break;
  }
  std::string text;
  for (const Reply& child : reply.children) text += shown(child) + " ";
  return text;
}

}  // namespace

// ---- Wire ----------------------------------------------------------------------------------------------

Wire::Wire(std::uint16_t port) {
  const sockaddr_in address = loopback(port);
  descriptor_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int one = 1;
  ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
  if (::connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    ::close(descriptor_);
    descriptor_ = -1;
  }
}

Wire::~Wire() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void Wire::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;  // read() will tell
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::string Wire::read() {
  char bytes[16 * 1024];
  while (true) {
    const absl::StatusOr<const Reply*> reply = reader_.next();
    if (!reply.ok()) return "(garbage)";
    if (*reply != nullptr) return shown(**reply);
    const ssize_t received = ::recv(descriptor_, bytes, sizeof(bytes), 0);
    if (received <= 0) return "(closed)";
    reader_.feed({bytes, static_cast<std::size_t>(received)});
  }
}

std::string Wire::command(const std::vector<std::string>& words) {
  std::string out;
  append_header(out, '*', words.size());
  for (const std::string& word : words) append_argument(out, word);
  write(out);
  return read();
}

// ---- RedisServer ---------------------------------------------------------------------------------------

RedisServer::RedisServer(std::vector<std::string> arguments, std::uint16_t port)
    : arguments_(std::move(arguments)) {
  std::string folder = (std::filesystem::temp_directory_path() / "penstock-redis-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) throw std::runtime_error("no temporary folder");
  folder_ = folder;
  socket_ = folder_ + "/redis.sock";
  // Between the asking and the using somebody else may take the port.
  for (int attempt = 0; attempt < 5; ++attempt) {
    port_ = port != 0 ? port : free_port();
    if (start()) return;
  }
  std::filesystem::remove_all(folder_);
  throw std::runtime_error("redis-server does not start: is it installed? ($PENSTOCK_REDIS_SERVER)");
}

RedisServer::~RedisServer() {
  kill9();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

bool RedisServer::start() {
  const char* const given = std::getenv("PENSTOCK_REDIS_SERVER");  // NOLINT: no thread changes the environment
  std::vector<std::string> words = {given != nullptr ? given : "redis-server",
                                    "--port",
                                    std::to_string(port_),
                                    "--bind",
                                    "127.0.0.1",
                                    "--unixsocket",
                                    socket_,
                                    "--dir",
                                    folder_,
                                    "--save",
                                    "",
                                    "--appendonly",
                                    "no",
                                    "--loglevel",
                                    "warning"};
  words.insert(words.end(), arguments_.begin(), arguments_.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  pid_ = ::fork();
  if (pid_ == 0) {
#ifdef __linux__
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
    const int nowhere = ::open("/dev/null", O_RDWR);
    for (const int standard : {0, 1, 2}) ::dup2(nowhere, standard);
    ::execvp(argv[0], argv.data());
    ::_exit(127);
  }
  for (int wait = 0; wait < 2000; ++wait) {
    if (::waitpid(pid_, nullptr, WNOHANG) == pid_) {
      pid_ = -1;
      return false;
    }
    Wire wire(port_);
    if (wire.ok()) {
      const std::string pong = wire.command({"PING"});
      if (pong == "PONG" || pong.substr(0, 7) == "-NOAUTH" || pong.substr(0, 8) == "-LOADING") return true;
    }
    std::this_thread::sleep_for(5ms);
  }
  kill9();
  return false;
}

std::string RedisServer::command(const std::vector<std::string>& words) const {
  Wire wire(port_);
  return wire.ok() ? wire.command(words) : "(not reachable)";
}

void RedisServer::kill9() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void RedisServer::restart() {
  if (pid_ > 0) kill9();
  for (int attempt = 0; attempt < 20; ++attempt) {
    if (start()) return;
    std::this_thread::sleep_for(50ms);
  }
  throw std::runtime_error("redis-server does not start again");
}

void RedisServer::stop() const { ::kill(pid_, SIGSTOP); }
void RedisServer::cont() const { ::kill(pid_, SIGCONT); }

std::uint16_t RedisServer::free_port() {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof(address);
  if (::bind(descriptor, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    ::close(descriptor);
    throw std::runtime_error("no free port");
  }
  ::close(descriptor);
  return ntohs(address.sin_port);
}

}  // namespace penstock::redis
