// Stands between a client and a server and does what networks do, on demand.
//
//   FaultProxy proxy(server.port());
//   connect to proxy.port() ...
//   proxy.set(FaultProxy::Fault::drop);      // from now on, for old and new connections
//
// One thread of its own; set() may be called from any thread.

#ifndef PENSTOCK_TESTS_REDIS_FAULT_PROXY_H_
#define PENSTOCK_TESTS_REDIS_FAULT_PROXY_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <list>
#include <string>
#include <thread>

#include "dice.h"

namespace penstock::redis {

class FaultProxy {
 public:
  enum class Fault : std::uint8_t {
    pass,
    swallow,   // takes what the client sends, and nothing happens: half-open
    drop,      // the server gets it and runs it; its replies are lost
    delay,     // replies come late
    drip,      // replies come a byte at a time, 10 ms apart
    cut,       // the next reply is a reset
    cut_some,  // one chunk in 16, of either direction, comes in part and is followed by a reset
    garbage,   // a reply that is none, instead of the server's
    huge,      // $400000000 and then bytes without end, instead of the server's reply
  };

  explicit FaultProxy(std::uint16_t server_port);
  ~FaultProxy();
  FaultProxy(const FaultProxy&) = delete;
  FaultProxy& operator=(const FaultProxy&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string url() const { return "redis://127.0.0.1:" + std::to_string(port_); }
  void set(Fault fault) { fault_.store(fault); }
  void delay(std::chrono::milliseconds delay) { delay_ms_.store(static_cast<int>(delay.count())); }
  [[nodiscard]] int accepted() const { return accepted_.load(); }
  [[nodiscard]] int cuts() const { return cuts_.load(); }

 private:
  using Time = std::chrono::steady_clock::time_point;

  struct Pair {
    int client = -1;
    int server = -1;
    std::string to_server;
    std::string to_client;
    Time due{};          // not before this
    bool drip = false;   // one byte a time
    bool flood = false;  // to the client, for ever
    bool dead = false;
  };

  void run();
  void accept();
  void from_client(Pair& pair);
  void from_server(Pair& pair, Time now);
  void flush(Pair& pair, Time now);
  void reset(Pair& pair);

  const std::uint16_t server_port_;
  std::uint16_t port_ = 0;
  int listener_ = -1;
  int stop_[2] = {-1, -1};
  std::atomic<Fault> fault_ = Fault::pass;
  std::atomic<int> delay_ms_ = 100;
  std::atomic<int> accepted_ = 0;
  std::atomic<int> cuts_ = 0;
  Dice dice_{20261124};
  std::list<Pair> pairs_;
  std::thread thread_;
};

}  // namespace penstock::redis

#endif  // PENSTOCK_TESTS_REDIS_FAULT_PROXY_H_
