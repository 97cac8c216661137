// One word of memory that threads share, of 1, 8 or 16 bytes: it can be read, and exchanged if it is what one
// thinks it is. All accesses but hints are sequentially consistent. A cell has no constructor: memory of zeros is
// cells of zero.
//
// 16 bytes take no lock on x86-64 and AArch64, with any compiler: the instructions are ours. Elsewhere they are the
// compiler's, which calls a library that may lock (link with -latomic).
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

// ThreadSanitizer does not see what assembler does.
#if defined(__x86_64__) && !defined(PENSTOCK_DETAIL_TSAN)
#define PENSTOCK_DETAIL_CMPXCHG16B 1
#include <emmintrin.h>
#elif defined(__AARCH64EL__) && !defined(PENSTOCK_DETAIL_TSAN)
#define PENSTOCK_DETAIL_EXCLUSIVE_PAIR 1
#endif

#if defined(PENSTOCK_DETAIL_TSAN) && defined(__clang__)
extern "C" {
penstock::algorithm::Wide __tsan_atomic128_load(const volatile penstock::algorithm::Wide*, int) noexcept;
int __tsan_atomic128_compare_exchange_strong(volatile penstock::algorithm::Wide*, penstock::algorithm::Wide*,
                                             penstock::algorithm::Wide, int, int) noexcept;
}
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

#elif defined(PENSTOCK_DETAIL_EXCLUSIVE_PAIR)

// g++ calls a library here, too, and that of g++ 12 takes a lock. Every processor has these two instructions. Two
// registers are read at once only if what was read can be written back (Arm ARM B2.2.1), which both do.
template <>
struct alignas(16) Cell<Wide> {
  // Each half by itself, without writing: a search for a tag reads eight cells, and looks at one half of each.
  Wide hint() const {
    std::uint64_t low, high;
    asm volatile("ldp %0, %1, %2" : "=r"(low), "=r"(high) : "Q"(word) : "memory");
    return Wide{high} << 64 | low;
  }

  Wide load() const {
    std::uint64_t low, high;
    std::uint32_t failed;
    do {
      asm volatile(
          "ldaxp %0, %1, %3\n\t"
          "stlxp %w2, %0, %1, %3"
          : "=&r"(low), "=&r"(high), "=&r"(failed), "+Q"(const_cast<Wide&>(word))
          :
          : "memory");
    } while (failed != 0);
    return Wide{high} << 64 | low;
  }

  bool exchange(Wide& expected, Wide desired) {
    const auto expected_low = static_cast<std::uint64_t>(expected);
    const auto expected_high = static_cast<std::uint64_t>(expected >> 64);
    std::uint64_t low, high, new_low, new_high;
    std::uint32_t failed;
    do {
      asm volatile(
          "ldaxp %0, %1, %5\n\t"
          "cmp %0, %6\n\t"
          "ccmp %1, %7, #0, eq\n\t"
          "csel %2, %8, %0, eq\n\t"
          "csel %3, %9, %1, eq\n\t"
          "stlxp %w4, %2, %3, %5"
          : "=&r"(low), "=&r"(high), "=&r"(new_low), "=&r"(new_high), "=&r"(failed), "+Q"(word)
          : "r"(expected_low), "r"(expected_high), "r"(static_cast<std::uint64_t>(desired)),
            "r"(static_cast<std::uint64_t>(desired >> 64))
          : "cc", "memory");
    } while (failed != 0);
    expected = Wide{high} << 64 | low;
    return low == expected_low && high == expected_high;
  }

  Wide word;
};

#elif defined(PENSTOCK_DETAIL_TSAN) && defined(__clang__)

// For 16 bytes clang calls a library that ThreadSanitizer knows nothing of, where g++ calls ThreadSanitizer's own.
template <>
struct alignas(16) Cell<Wide> {
  Wide hint() const { return load(); }
  Wide load() const { return __tsan_atomic128_load(&word, __ATOMIC_SEQ_CST); }
  bool exchange(Wide& expected, Wide desired) {
    return __tsan_atomic128_compare_exchange_strong(&word, &expected, desired, __ATOMIC_SEQ_CST,
                                                    __ATOMIC_SEQ_CST) != 0;
  }

  Wide word;
};

#else

#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Watomic-alignment"  // that it calls a library is said above
#endif

template <>
struct alignas(16) Cell<Wide> {
  Wide hint() const { return load(); }
  Wide load() const { return __atomic_load_n(&word, __ATOMIC_SEQ_CST); }
  bool exchange(Wide& expected, Wide desired) {
    return __atomic_compare_exchange_n(&word, &expected, desired, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
  }

  Wide word;
};

#if defined(__clang__)
#pragma clang diagnostic pop
#endif

#endif

}  // namespace penstock::memory

#endif  // PENSTOCK_DETAIL_MEMORY_CELL_H_
