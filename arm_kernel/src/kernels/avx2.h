// x86-64 with AVX2: PSHUFB looks up 32 weights at once.
#pragma once
#include <immintrin.h>

#include "kernels/tap_pairs.h"
#include "network/forward.h"

namespace bifsmn {
namespace {

struct Avx2 : VectorIsa<2, 4> {
  static constexpr const char* kName = "avx2";
  static constexpr int kTablesAtOnce = 2;

  using Tables = PairTables<Avx2>;

  static bool runs_here() { return __builtin_cpu_supports("avx2"); }

  static BIFSMN_INLINE Shorts channels(const int16_t* from) {
    return Shorts(_mm256_broadcastsi128_si256(load_128(from)));
  }
  static BIFSMN_INLINE Bytes bytes(const uint8_t* from) {
    return Bytes(_mm256_broadcastsi128_si256(load_128(from)));
  }
  static BIFSMN_INLINE Shorts add(Shorts a, Shorts b) {
    return Shorts(_mm256_adds_epi16(__m256i(a), __m256i(b)));
  }
  static BIFSMN_INLINE Shorts mul(Shorts a, Shorts b) {
    return Shorts(_mm256_mulhrs_epi16(__m256i(a), __m256i(b)));
  }
  static BIFSMN_INLINE Shorts zip_low(Shorts a, Shorts b) {
    return Shorts(_mm256_unpacklo_epi16(__m256i(a), __m256i(b)));
  }
  static BIFSMN_INLINE Shorts zip_high(Shorts a, Shorts b) {
    return Shorts(_mm256_unpackhi_epi16(__m256i(a), __m256i(b)));
  }
  static BIFSMN_INLINE Bytes narrow(Shorts a, Shorts b) {
    return Bytes(_mm256_packs_epi16(__m256i(a), __m256i(b)));
  }
  static BIFSMN_INLINE void widen(Bytes a, Bytes b, Shorts* low, Shorts* high) {
    const __m256i one = _mm256_set1_epi8(1);
    *low = Shorts(_mm256_maddubs_epi16(_mm256_unpacklo_epi8(__m256i(a), __m256i(b)), one));
    *high = Shorts(_mm256_maddubs_epi16(_mm256_unpackhi_epi8(__m256i(a), __m256i(b)), one));
  }
  template <int k>
  static BIFSMN_INLINE Bytes spread(Bytes a) {
    return Bytes(_mm256_shuffle_epi32(__m256i(a), k * 0x55));
  }
  static BIFSMN_INLINE Bytes look_up(Bytes table, Bytes weights) {
    return Bytes(_mm256_shuffle_epi8(__m256i(table), __m256i(weights)));
  }

  using Code = uint8_t;
  using Pairs = TapPairs<Avx2>;
  static constexpr int kPositions = 1, kPairs = Pairs::kPairs;
  static constexpr size_t kWeights = Pairs::kBytes;

  static void order_weights(const int8_t* weights, uint32_t n, uint8_t* to) {
    Pairs::order(weights, n, to);
  }

  // Those of the frames of a vector.
  static BIFSMN_INLINE Bytes codes_of_frames(const Code* codes) {
    return Bytes(_mm256_inserti128_si256(_mm256_castsi128_si256(load_128(codes)),
                                         load_128(codes + 4 * kInputRow), 1));
  }

  static BIFSMN_INLINE void convolve(const Code* codes, const uint8_t* weights,
                                     Shorts (&sums)[2][kBands][kPositions]) {
    __m256i rows[5];
    for (int b = 0; b < 5; ++b) rows[b] = __m256i(codes_of_frames(codes + b * kInputRow));
    const __m256i from[3] = {_mm256_unpacklo_epi8(rows[0], rows[1]),
                             _mm256_unpacklo_epi8(rows[2], rows[3]), rows[4]};
    __m256i totals[2][kBands] = {};
#pragma GCC unroll 13
    for (int k = 0; k < kPairs; ++k)
#pragma GCC unroll 2
      for (int i = 0; i < kBands; ++i) {
        const __m256i places = _mm256_set1_epi16(Pairs::place(k, i));
        const __m256i pair = _mm256_shuffle_epi8(from[k / 5], places);
#pragma GCC unroll 2
        for (int half = 0; half < 2; ++half) {
          const __m256i w = __m256i(load_bytes(weights + (2 * k + half) * kVector));
          totals[half][i] = _mm256_add_epi16(totals[half][i], _mm256_maddubs_epi16(pair, w));
        }
      }
    memcpy(sums, totals, sizeof sums);
  }

  static BIFSMN_INLINE void dots(const int8_t* codes, const int8_t* weights, size_t n,
                                 int32_t (&sums)[kClasses]) {
    __m256i totals[kClasses] = {};
    for (size_t i = 0; i < n; i += kVector) {
      const __m256i c = __m256i(load_bytes(codes + i)), magnitudes = _mm256_abs_epi8(c);
#pragma GCC unroll 4
      for (size_t k = 0; k < kClasses; ++k) {
        const __m256i w = _mm256_sign_epi8(__m256i(load_bytes(weights + k * n + i)), c);
        const __m256i pairs = _mm256_maddubs_epi16(magnitudes, w);  // at most 2 * 128 * 7
        const __m256i fours = _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
        totals[k] = _mm256_add_epi32(totals[k], fours);
      }
    }
    const __m256i both[2] = {_mm256_hadd_epi32(totals[0], totals[1]),
                             _mm256_hadd_epi32(totals[2], totals[3])};
    const __m256i all = _mm256_hadd_epi32(both[0], both[1]);
    const __m128i made =
        _mm_add_epi32(_mm256_castsi256_si128(all), _mm256_extracti128_si256(all, 1));
    memcpy(sums, &made, sizeof made);
  }
};

}  // namespace
}  // namespace bifsmn
