// Where tests listen, and nowhere else.

#ifndef PENSTOCK_TESTS_REDIS_LOOPBACK_H_
#define PENSTOCK_TESTS_REDIS_LOOPBACK_H_

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstdint>

namespace penstock::redis {

inline sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

}  // namespace penstock::redis

#endif  // PENSTOCK_TESTS_REDIS_LOOPBACK_H_
