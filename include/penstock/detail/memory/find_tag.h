// Where in a line a tag stands. It is a hint: what it reads may be torn or out of date, and whoever uses the place
// reads the word again, as a whole.

#ifndef PENSTOCK_DETAIL_MEMORY_FIND_TAG_H_
#define PENSTOCK_DETAIL_MEMORY_FIND_TAG_H_

#include <bit>
#include <cstddef>
#include <cstdint>

#include "penstock/detail/memory/cell.h"

// ThreadSanitizer would rightly call a vector load of cells a race.
#if defined(__SSE2__) && !defined(PENSTOCK_DETAIL_TSAN)
#define PENSTOCK_DETAIL_VECTOR_TAGS 1
#include <emmintrin.h>
#endif

namespace penstock::memory {

// The tag is in the top 24 bits of a word. -1 if it is in none.
template <std::size_t kWays, template <class> class CellOf, class Word>
int find_tag(const CellOf<Word>* line, Word tag) {
  for (std::size_t i = 0; i < kWays; ++i) {
    if (line[i].hint() >> (8 * sizeof(Word) - 24) == tag) return static_cast<int>(i);
  }
  return -1;
}

#if defined(PENSTOCK_DETAIL_VECTOR_TAGS)

// The top halves of four vectors' top halves.
inline __m128i top_quarters(__m128i a, __m128i b) {
  return _mm_castps_si128(_mm_shuffle_ps(_mm_castsi128_ps(a), _mm_castsi128_ps(b), 0xdd));
}

inline int first_equal(__m128i low, __m128i high, std::uint32_t tag) {
  const __m128i wanted = _mm_set1_epi32(static_cast<int>(tag));
  const __m128i equal = _mm_packs_epi32(_mm_cmpeq_epi32(_mm_srli_epi32(low, 8), wanted),
                                        _mm_cmpeq_epi32(_mm_srli_epi32(high, 8), wanted));
  const auto mask = static_cast<unsigned>(_mm_movemask_epi8(_mm_packs_epi16(equal, equal))) & 0xff;
  return mask == 0 ? -1 : std::countr_zero(mask);
}

template <>
inline int find_tag<8, Cell, std::uint64_t>(const Cell<std::uint64_t>* line, std::uint64_t tag) {
  const auto* words = reinterpret_cast<const __m128i*>(line);
  return first_equal(top_quarters(_mm_load_si128(words), _mm_load_si128(words + 1)),
                     top_quarters(_mm_load_si128(words + 2), _mm_load_si128(words + 3)),
                     static_cast<std::uint32_t>(tag));
}

template <>
inline int find_tag<8, Cell, Wide>(const Cell<Wide>* line, Wide tag) {
  const auto* words = reinterpret_cast<const __m128i*>(line);
  const auto tops = [words](int i) {
    const auto two = [words](int j) {
      return _mm_unpackhi_epi32(_mm_load_si128(words + j), _mm_load_si128(words + j + 1));  // a2 b2 a3 b3
    };
    return _mm_unpackhi_epi64(two(i), two(i + 2));
  };
  return first_equal(tops(0), tops(4), static_cast<std::uint32_t>(tag));
}

#endif

}  // namespace penstock::memory

#endif  // PENSTOCK_DETAIL_MEMORY_FIND_TAG_H_
