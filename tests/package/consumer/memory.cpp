#include "gate.h"

std::unique_ptr<penstock::Limiter> make_gate() {
  auto limiter = penstock::make_memory_limiter(kGateLimit);
  return limiter.ok() ? *std::move(limiter) : nullptr;
}
