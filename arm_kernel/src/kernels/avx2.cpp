// x86-64 with AVX2, which has no population count of vectors, but looks up 32 bytes at
// once: a table of 16 has in how many bits a row's half byte differs from any weights'.
#include <immintrin.h>

#include "network/forward.h"

namespace bifsmn {
namespace {

struct Avx2 : VectorIsa<8, Order::kNibbles> {
  static constexpr const char* kName = "avx2";
  using Count = int16_t;

  static bool runs_here() {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt");
  }

  // Population counts of half bytes.
  static BIFSMN_INLINE __m256i table() {
    return _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3,
                            1, 2, 2, 3, 2, 3, 3, 4);
  }

  static BIFSMN_INLINE __m256i half(__m256i x) { return _mm256_and_si256(x, _mm256_set1_epi8(15)); }

  // Of each byte.
  static BIFSMN_INLINE __m256i popcount(__m256i x) {
    const __m256i low = _mm256_shuffle_epi8(table(), half(x));
    return _mm256_add_epi8(low, _mm256_shuffle_epi8(table(), half(_mm256_srli_epi16(x, 4))));
  }

  // [bytes][rows / 2][2 halves of a byte][16 half bytes]: in how many bits these two
  // differ; of a row in the lower four bits, of the next one in the upper.
  template <int kRows, size_t kRow, size_t kStep>
  static const uint8_t* tables(const uint8_t* rows, uint32_t inputs, uint8_t* made) {
    const __m256i any = _mm256_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1,
                                         2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const __m256i upper = _mm256_slli_epi16(table(), 4);
    uint8_t* to = made;
    for (uint32_t unit = 0; unit < units(inputs, kUnit); ++unit, to += 4 * kRows * 16)
      for (int r = 0; r < kRows; r += 2) {
        const uint8_t* const row = rows + r * kRow + unit * kStep;
        const __m256i first = halves(row), second = halves(row + kRow);
#pragma GCC unroll 4
        for (int byte = 0; byte < 4; ++byte) {
          const __m256i all = _mm256_set1_epi8(char(byte));
          const __m256i low = _mm256_xor_si256(_mm256_shuffle_epi8(first, all), any);
          const __m256i high = _mm256_xor_si256(_mm256_shuffle_epi8(second, all), any);
          const __m256i both =
              _mm256_or_si256(_mm256_shuffle_epi8(table(), low), _mm256_shuffle_epi8(upper, high));
          store_bytes(to + byte * kRows * 16 + r * 16, both);
        }
      }
    return made;
  }

  // The lower halves of four bytes, and the upper ones.
  static BIFSMN_INLINE __m256i halves(const uint8_t* from) {
    int32_t word;
    memcpy(&word, from, sizeof word);
    const __m256i shift = _mm256_setr_epi32(0, 0, 0, 0, 4, 4, 4, 4);
    return half(_mm256_srlv_epi32(_mm256_set1_epi32(word), shift));
  }

  template <int kRows, size_t kRow, size_t kStep>
  static void counts(const uint8_t* weights, const uint8_t* tables, uint32_t inputs,
                     Count (*out)[kTile]) {
    for (int first = 0; first < kRows; first += kAtOnce)
      counts_of_rows<kRows>(weights, tables + first * 16, inputs, out + first);
  }

  static constexpr int kAtOnce = 8;
  template <int kRows>
  static BIFSMN_INLINE void counts_of_rows(const uint8_t* weights, const uint8_t* tables,
                                           uint32_t inputs, Count (*out)[kTile]) {
    constexpr uint32_t kMax = 63;  // bytes of inputs before a count may overflow a byte
    for (int r = 0; r < kAtOnce; ++r)
      store_counts(out[r], _mm256_set1_epi16(int16_t(-int32_t(inputs / 2))));
    for (uint32_t left = units(inputs, kUnit) * 4, n; left; left -= n) {
      n = left < kMax ? left : kMax;
      __m256i sums[kAtOnce] = {};
      uint32_t k = n;
      for (; k >= 3; k -= 3) add<3, kRows>(weights, tables, sums);  // three fit into half a byte
      for (; k; --k) add<1, kRows>(weights, tables, sums);
#pragma GCC unroll 8
      for (int r = 0; r < kAtOnce; ++r) {
        const __m256i low = _mm256_cvtepu8_epi16(_mm256_castsi256_si128(sums[r]));
        const __m256i high = _mm256_cvtepu8_epi16(_mm256_extracti128_si256(sums[r], 1));
        const __m256i before = load_bytes(reinterpret_cast<const uint8_t*>(out[r]));
        store_counts(out[r], _mm256_add_epi16(before, _mm256_add_epi16(low, high)));
      }
    }
  }

  // Adds the counts of kBytes bytes, and goes on behind them.
  template <int kBytes, int kRows>
  static BIFSMN_INLINE void add(const uint8_t*& weights, const uint8_t*& tables,
                                __m256i (&sums)[kAtOnce]) {
    __m256i pairs[kAtOnce / 2];
#pragma GCC unroll 3
    for (int byte = 0; byte < kBytes; ++byte, weights += 32, tables += kRows * 16) {
      const __m256i w = load_bytes(weights);
#pragma GCC unroll 4
      for (int p = 0; p < kAtOnce / 2; ++p) {
        const __m256i counts = _mm256_shuffle_epi8(load_bytes(tables + p * 32), w);
        pairs[p] = byte ? _mm256_add_epi8(pairs[p], counts) : counts;
      }
    }
#pragma GCC unroll 4
    for (int p = 0; p < kAtOnce / 2; ++p) {
      sums[2 * p] = _mm256_add_epi8(sums[2 * p], half(pairs[p]));
      sums[2 * p + 1] = _mm256_add_epi8(sums[2 * p + 1], half(_mm256_srli_epi16(pairs[p], 4)));
    }
  }

  static BIFSMN_INLINE __m256i load_bytes(const uint8_t* from) {
    return _mm256_load_si256(reinterpret_cast<const __m256i*>(from));
  }

  static BIFSMN_INLINE void store_bytes(uint8_t* to, __m256i bytes) {
    _mm256_store_si256(reinterpret_cast<__m256i*>(to), bytes);
  }

  static BIFSMN_INLINE void store_counts(Count* to, __m256i counts) {
    _mm256_store_si256(reinterpret_cast<__m256i*>(to), counts);
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

extern const Backend avx2_backend;
const Backend avx2_backend = Fast<Avx2>::backend();

}  // namespace bifsmn
