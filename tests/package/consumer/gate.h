// The limit before the server: three requests in the first hour. memory.cpp and redis.cpp each have one.

#ifndef PENSTOCK_TESTS_PACKAGE_GATE_H_
#define PENSTOCK_TESTS_PACKAGE_GATE_H_

#include <penstock/penstock.h>

#include <memory>

inline constexpr penstock::TokenBucket kGateLimit{.rate = penstock::per_hour(3), .burst = 3};

// Null if it could not be made.
std::unique_ptr<penstock::Limiter> make_gate();

#endif  // PENSTOCK_TESTS_PACKAGE_GATE_H_
