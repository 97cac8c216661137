// How much of a piece of memory is there, and of the whole process.

#ifndef PENSTOCK_TESTS_RESIDENT_H_
#define PENSTOCK_TESTS_RESIDENT_H_

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

namespace penstock {

inline std::size_t page_size() { return static_cast<std::size_t>(sysconf(_SC_PAGESIZE)); }

// Of `bytes` at `memory`, which is the start of a page.
inline std::size_t resident_bytes(void* memory, std::size_t bytes) {
  std::vector<unsigned char> pages((bytes - 1) / page_size() + 1);
  if (mincore(memory, bytes, pages.data()) != 0) return ~std::size_t{0};
  return page_size() *
         static_cast<std::size_t>(std::count_if(pages.begin(), pages.end(), [](auto page) { return page & 1; }));
}

// Sanitizers keep notes on the memory that is used, in memory of the process.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define PENSTOCK_TESTS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define PENSTOCK_TESTS_SANITIZED 1
#endif
#endif
#if defined(PENSTOCK_TESTS_SANITIZED)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

// Of the process, page by page (/proc/self/statm counts in batches of up to 256 KiB a core), but for what it reads
// from files, such as its code.
inline std::size_t resident_bytes() {
  std::ifstream rollup("/proc/self/smaps_rollup");
  std::string word;
  std::size_t kilobytes = 0;
  while (rollup >> word) {
    if (word == "Anonymous:" && rollup >> kilobytes) break;
  }
  return kilobytes * 1024;
}

}  // namespace penstock

#endif  // PENSTOCK_TESTS_RESIDENT_H_
