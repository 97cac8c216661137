// What a table looks like from outside, at one moment.

#ifndef PENSTOCK_DETAIL_MEMORY_OCCUPANCY_H_
#define PENSTOCK_DETAIL_MEMORY_OCCUPANCY_H_

#include <cstdint>

namespace penstock::memory {

struct Occupancy {
  std::uint64_t words = 0;          // in which keys live
  std::uint64_t owing = 0;          // of them; an estimate from a sample if the table is large
  std::uint64_t overflowed = 0;     // decisions that were charged to a shared word, ever
  std::uint64_t touched_bytes = 0;  // of the pages in which a word may have been used
};

}  // namespace penstock::memory

#endif  // PENSTOCK_DETAIL_MEMORY_OCCUPANCY_H_
