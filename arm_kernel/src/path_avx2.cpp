// x86-64 with AVX2: popcounts of nibbles by table, 8 outputs are 8 lanes.
#include <immintrin.h>

#include "fast.h"

namespace bifsmn {
namespace {

struct Avx2 : VectorIsa<8> {
  static constexpr const char* kName = "avx2";
  static constexpr size_t kUnit = 4;
  using Count = int32_t;

  static bool runs_here() {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt");
  }

  // Of each byte.
  static BIFSMN_INLINE __m256i popcount(__m256i x) {
    const __m256i table = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1,
                                           2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
    const __m256i nibble = _mm256_set1_epi8(15);
    const __m256i low = _mm256_and_si256(x, nibble);
    const __m256i high = _mm256_and_si256(_mm256_srli_epi16(x, 4), nibble);
    return _mm256_add_epi8(_mm256_shuffle_epi8(table, low), _mm256_shuffle_epi8(table, high));
  }

  template <int kRows, size_t kRow, size_t kStep>
  static void counts(const uint8_t* weights, const uint8_t* rows, uint32_t inputs,
                     Count (*out)[kTile]) {
    for (int first = 0; first < kRows; first += kAtOnce)
      for (int n = 0; n < kTile; n += 8)
        counts_of_8<kRow, kStep>(weights + n * 4, rows + first * kRow, inputs, out + first, n);
  }

  // kAtOnce rows, 8 outputs from `n` on.
  static constexpr int kAtOnce = 8;
  template <size_t kRow, size_t kStep>
  static BIFSMN_INLINE void counts_of_8(const uint8_t* weights, const uint8_t* rows,
                                        uint32_t inputs, Count (*out)[kTile], int n) {
    constexpr uint32_t kMost = 31;  // words before a byte may overflow
    const uint32_t words = units(inputs, kUnit);
    for (int r = 0; r < kAtOnce; ++r)
      _mm256_store_si256(reinterpret_cast<__m256i*>(out[r] + n),
                         _mm256_set1_epi32(-int32_t(inputs / 2)));
    for (uint32_t start = 0; start < words; start += kMost) {
      const uint32_t end = words - start < kMost ? words : start + kMost;
      __m256i bytes[kAtOnce] = {};
      for (uint32_t k = start; k < end; ++k) {
        const __m256i w =
            _mm256_load_si256(reinterpret_cast<const __m256i*>(weights + k * kTile * 4));
#pragma GCC unroll 8
        for (int r = 0; r < kAtOnce; ++r) {
          int32_t word;
          memcpy(&word, rows + r * kRow + k * kStep, sizeof word);
          const __m256i differing = _mm256_xor_si256(w, _mm256_set1_epi32(word));
          bytes[r] = _mm256_add_epi8(bytes[r], popcount(differing));
        }
      }
      for (int r = 0; r < kAtOnce; ++r) {
        const __m256i pairs = _mm256_maddubs_epi16(bytes[r], _mm256_set1_epi8(1));
        __m256i* const total = reinterpret_cast<__m256i*>(out[r] + n);
        *total = _mm256_add_epi32(*total, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
      }
    }
  }

  static BIFSMN_INLINE void popcounts(Ints bits, Ints* low, Ints* high) {
    const Ints halves = Ints(_mm256_maddubs_epi16(popcount(__m256i(bits)), _mm256_set1_epi8(1)));
    *low = halves & 0xffff;
    *high = halves >> 16;
  }

  static BIFSMN_INLINE uint32_t pack(const Ints (&lanes)[2]) {
    return uint32_t(_mm256_movemask_ps(__m256(lanes[0]))) |
           uint32_t(_mm256_movemask_ps(__m256(lanes[1]))) << 8;
  }
};

}  // namespace

extern const Path avx2_path;
const Path avx2_path = Fast<Avx2>::path();

}  // namespace bifsmn
