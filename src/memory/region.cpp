#include "penstock/detail/memory/region.h"

#if __has_include(<sys/mman.h>)
#include <sys/mman.h>
#else
#include <cstring>
#include <new>
#endif

namespace penstock::memory {

#if __has_include(<sys/mman.h>)

Region::Region(std::size_t bytes, bool huge_pages) : data_(nullptr), bytes_(bytes) {
#if defined(MAP_NORESERVE)
  constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
#else
  constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS;
#endif
  void* const memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, kFlags, -1, 0);
  if (memory == MAP_FAILED) return;
#if defined(MADV_HUGEPAGE)
  // Said either way: where huge pages are the rule, a table of a thousand keys would be resident as a whole.
  // It is a wish; a kernel without them serves small ones.
  (void)madvise(memory, bytes, huge_pages ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
#else
  (void)huge_pages;
#endif
  data_ = static_cast<std::byte*>(memory);
}

Region::~Region() {
  if (data_ != nullptr) munmap(data_, bytes_);
}

#else

Region::Region(std::size_t bytes, bool)
    : data_(static_cast<std::byte*>(::operator new (bytes, std::align_val_t{4096}, std::nothrow))), bytes_(bytes) {
  if (data_ != nullptr) std::memset(data_, 0, bytes);
}

Region::~Region() { ::operator delete (data_, std::align_val_t{4096}); }

#endif

}  // namespace penstock::memory
