// Zeroed memory that becomes resident a page at a time, as it is written.

#ifndef PENSTOCK_DETAIL_MEMORY_REGION_H_
#define PENSTOCK_DETAIL_MEMORY_REGION_H_

#include <cstddef>

#include "penstock/export.h"

namespace penstock::memory {

class PENSTOCK_EXPORT Region {
 public:
  // `huge_pages`: of 2 MiB each, if the system has them. Empty if the system has no such room.
  Region(std::size_t bytes, bool huge_pages);
  Region(const Region&) = delete;
  Region& operator=(const Region&) = delete;
  ~Region();

  [[nodiscard]] std::byte* data() const { return data_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  std::byte* data_;
  std::size_t bytes_;
};

}  // namespace penstock::memory

#endif  // PENSTOCK_DETAIL_MEMORY_REGION_H_
