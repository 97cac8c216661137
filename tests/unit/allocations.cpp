// Apart from the tests, whose optimiser would find that what is freed here was not allocated by the language.

#include "unit/allocations.h"

#include <cstdlib>
#include <new>

namespace penstock {
namespace {
thread_local std::int64_t count = 0;
}  // namespace

std::int64_t allocations() { return count; }

}  // namespace penstock

void* operator new(std::size_t size) {
  ++penstock::count;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++penstock::count;
  return std::malloc(size);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
