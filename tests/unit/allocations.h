// Counts what is allocated, in the program that links allocations.cpp.

#ifndef PENSTOCK_TESTS_UNIT_ALLOCATIONS_H_
#define PENSTOCK_TESTS_UNIT_ALLOCATIONS_H_

#include <cstdint>

namespace penstock {

// By this thread, ever.
std::int64_t allocations();

}  // namespace penstock

#endif  // PENSTOCK_TESTS_UNIT_ALLOCATIONS_H_
