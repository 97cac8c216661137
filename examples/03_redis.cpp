// Two processes, one limit: what they admit together while Redis is there, while it is away, and when it is back.
//
// `serve` is what a server of yours does. The rest runs two of them, and does to Redis what outages do:
//   main --- socket ---> two processes     end when main's end of their socket closes, and remove the folder
//     '----------------> redis-server      is killed by Linux when main is gone
// So nothing stays behind, however it ends. (Only a kill -9 in the first instant leaves an empty folder.)

#include <fcntl.h>
#include <penstock/penstock.h>
#include <penstock/redis.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <thread>

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

struct Order {
  char user[16];
  int calls;
};
struct Report {
  int permitted = 0, by_redis = 0, by_fallback = 0;
};
struct Process {
  pid_t pid;
  int socket;
};
using Both = std::array<Process, 2>;

[[noreturn]] void give_up(const char* why) {
  std::fprintf(stderr, "%s\n", why);
  std::exit(1);
}

bool send(int socket, const auto& value) {
  return ::send(socket, &value, sizeof value, MSG_NOSIGNAL) == sizeof value;
}
bool receive(int socket, auto& value) { return ::recv(socket, &value, sizeof value, MSG_WAITALL) == sizeof value; }

absl::Status serve(const std::string& url, int socket) {
  Order order;
  if (!receive(socket, order)) return absl::OkStatus();
  // A deadline of 2 s, not 20 ms as by default: what is shown must not depend on how busy this machine is.
  const auto redis = penstock::open_redis({.url = url, .deadline = 2s});
  if (!redis.ok()) return redis.status();
  const auto limiter =
      penstock::make_redis_limiter(penstock::SlidingWindow{.limit = 100, .window = 24h}, *redis, {.nodes = 2});
  if (!limiter.ok()) return limiter.status();
  Report report;
  do {
    report = {};
    for (int i = 0; i < order.calls; ++i) {
      const penstock::Decision d = (*limiter)->try_acquire(order.user);
      report.permitted += d.permitted;
      report.by_redis += d.source == penstock::Source::redis;
      report.by_fallback += d.source == penstock::Source::fallback;
    }
  } while (send(socket, report) && receive(socket, order));
  return absl::OkStatus();
}

Process start_process(const std::string& folder) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) give_up("no socket");
  const pid_t pid = ::fork();
  if (pid < 0) give_up("no process");
  if (pid == 0) {
    ::close(ends[0]);
    const absl::Status status = serve("unix://" + folder + "/redis.sock", ends[1]);
    if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
    ::_exit(0);
  }
  ::close(ends[1]);
  return {pid, ends[0]};
}

// Returns when it is on its way; 0 if it is not installed. It keeps nothing on disk.
pid_t start_redis(const std::string& folder) {
  const std::string socket = folder + "/redis.sock";
  std::filesystem::remove(socket);  // of one that was killed
  const pid_t parent = ::getpid(), pid = ::fork();
  if (pid < 0) give_up("no process");
  if (pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);  // main was gone before that
    for (const int standard : {0, 1, 2}) ::dup2(::open("/dev/null", O_RDWR | O_CLOEXEC), standard);
    for (const char* program : {"redis-server", "valkey-server"}) {
      ::execlp(program, program, "--port", "0", "--unixsocket", socket.c_str(), "--dir", folder.c_str(), "--save",
               "", nullptr);
    }
    ::_exit(127);
  }
  for (int status = 0; !std::filesystem::exists(socket); std::this_thread::sleep_for(1ms)) {
    if (::waitpid(pid, &status, WNOHANG) == 0) continue;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127) return 0;
    give_up("redis-server does not start");
  }
  return pid;
}

void stop(pid_t pid) {
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
}

// Lets both processes call at the same time.
std::array<Report, 2> ask(const Both& both, std::string_view user, int calls) {
  Order order{{}, calls};
  user.copy(order.user, sizeof order.user - 1);
  std::array<Report, 2> reports;
  const bool sent = send(both[0].socket, order) && send(both[1].socket, order);
  if (!sent || !receive(both[0].socket, reports[0]) || !receive(both[1].socket, reports[1])) give_up("broken off");
  return reports;
}

// True if both together were permitted the limit.
bool show(const Both& both, std::string_view user) {
  const auto reports = ask(both, user, 100);
  for (char name = 'A'; const Report& r : reports) {
    std::printf("   process %c  %3d of 100 permitted; decided by redis %3d, by fallback %3d\n", name++, r.permitted,
                r.by_redis, r.by_fallback);
  }
  std::printf("   together   %3d of 200 permitted\n", reports[0].permitted + reports[1].permitted);
  return reports[0].permitted + reports[1].permitted == 100;
}

// Waits until Redis has decided everything for so long. One that comes back is asked by few calls at first.
void await_redis(const Both& both, Clock::duration how_long) {
  const auto start = Clock::now();
  auto since = start;
  for (bool all = false; !all || Clock::now() - since < how_long; std::this_thread::sleep_for(10ms)) {
    if (Clock::now() - start > 60s) give_up("Redis does not decide");
    const auto reports = ask(both, "anybody", 1);
    all = reports[0].by_redis + reports[1].by_redis == 2;
    if (!all) since = Clock::now();
  }
}

}  // namespace

int main() {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  // Until those are there who clean up nothing may interrupt this, and nothing may ever interrupt those.
  sigset_t signals, before;
  ::sigemptyset(&signals);
  for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGTERM}) ::sigaddset(&signals, signal);
  ::sigprocmask(SIG_BLOCK, &signals, &before);
  std::string folder = (std::filesystem::temp_directory_path() / "penstock-example-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) give_up("no temporary folder");
  const Both both = {start_process(folder), start_process(folder)};
  ::sigprocmask(SIG_SETMASK, &before, nullptr);

  bool exact = true;
  if (pid_t redis = start_redis(folder); redis == 0) {
    std::puts("skipped: neither redis-server nor valkey-server is there (Debian: apt-get install redis-server)");
  } else {
    await_redis(both, 0s);
    std::puts("100 a day for each user, shared by two processes through a Redis of this example's own.");
    std::puts("\n1. Alice calls 100 times in each process, both at once:");
    exact = show(both, "alice");
    std::puts("\n2. Redis is killed. Bob does the same, and each process admits its half:");
    stop(redis);
    exact = show(both, "bob") && exact;
    std::puts("\n3. Redis is started again. When it decides everything once more, Carol does the same:");
    redis = start_redis(folder);
    await_redis(both, 1s);
    exact = show(both, "carol") && exact;
    stop(redis);
  }
  for (const Process& one : both) ::close(one.socket);
  for (const Process& one : both) ::waitpid(one.pid, nullptr, 0);
  return exact ? 0 : 1;
}
