// One word of memory that threads share, of 1, 8 or 16 bytes: it can be read, and exchanged if it is what one
// thinks it is. All accesses are sequentially consistent. A cell has no constructor: memory of zeros is cells of
// zero.
//
// This is all that the slot table asks of the hardware, so a test can put a cell of its own in the place of this
// one and decide who goes first.

#ifndef PENSTOCK_DETAIL_MEMORY_CELL_H_
#define PENSTOCK_DETAIL_MEMORY_CELL_H_

#include <atomic>
#include <cstdint>

#include "penstock/detail/algorithm/arithmetic.h"

#if defined(__SANITIZE_THREAD__)
#define PENSTOCK_DETAIL_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define PENSTOCK_DETAIL_TSAN 1
#endif
#endif

#if defined(__x86_64__) && !defined(PENSTOCK_DETAIL_TSAN)
#define PENSTOCK_DETAIL_CMPXCHG16B 1
#include <emmintrin.h>
#endif

namespace penstock::memory {

using algorithm::Wide;

template <class Word>
struct Cell {
  // Only what may be old or wrong without harm is read by this.
  Word hint() const { return ref().load(std::memory_order_relaxed); }
  Word load() const { return ref().load(); }
  void store(Word desired) { ref().store(desired); }
  // False if another word was there; it is then in `expected`.
  bool exchange(Word& expected, Word desired) { return ref().compare_exchange_strong(expected, desired); }

  Word word;

 private:
  std::atomic_ref<Word> ref() const { return std::atomic_ref<Word>(const_cast<Word&>(word)); }
};

#if defined(PENSTOCK_DETAIL_CMPXCHG16B)

// The compilers call a library for 16 bytes. An aligned vector load is one access on every processor that has AVX
// (Intel SDM 3A 9.1.1, AMD APM 2 7.3.2); older ones must exchange to read.
template <>
struct alignas(16) Cell<Wide> {
  Wide hint() const { return load(); }

  Wide load() const {
    if (!__builtin_expect(kVectorLoadIsAtomic, 1)) {
      Wide word_then = 0;
      const_cast<Cell*>(this)->exchange(word_then, 0);
      return word_then;
    }
    __m128i both;
    asm volatile("movdqa %1, %0" : "=x"(both) : "m"(word) : "memory");
    return Wide{static_cast<std::uint64_t>(_mm_cvtsi128_si64(_mm_unpackhi_epi64(both, both)))} << 64 |
           static_cast<std::uint64_t>(_mm_cvtsi128_si64(both));
  }

  bool exchange(Wide& expected, Wide desired) {
    auto low = static_cast<std::uint64_t>(expected);
    auto high = static_cast<std::uint64_t>(expected >> 64);
    bool exchanged;
    asm volatile("lock cmpxchg16b %1"
                 : "=@ccz"(exchanged), "+m"(word), "+a"(low), "+d"(high)
                 : "b"(static_cast<std::uint64_t>(desired)), "c"(static_cast<std::uint64_t>(desired >> 64))
                 : "memory");
    expected = Wide{high} << 64 | low;
    return exchanged;
  }

  Wide word;

 private:
  static inline const bool kVectorLoadIsAtomic = __builtin_cpu_supports("avx");
};

#else

template <>
struct alignas(16) Cell<Wide> {
  Wide hint() const { return load(); }
  Wide load() const { return __atomic_load_n(&word, __ATOMIC_SEQ_CST); }
  bool exchange(Wide& expected, Wide desired) {
    return __atomic_compare_exchange_n(&word, &expected, desired, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
  }

  Wide word;
};

#endif

}  // namespace penstock::memory

#endif  // PENSTOCK_DETAIL_MEMORY_CELL_H_
