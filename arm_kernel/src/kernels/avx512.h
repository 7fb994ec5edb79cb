// x86-64 with AVX-512: PSHUFB looks up 64 weights at once.
#pragma once
#include <immintrin.h>

#include "kernels/tap_pairs.h"
#include "network/forward.h"

namespace bifsmn {
namespace {

struct Avx512 : VectorIsa<4, 4> {
  static constexpr const char* kName = "avx512";
  static constexpr int kTilesAtOnce = 4;

  using Tables = PairTables<Avx512>;

  static bool runs_here() {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  }

  static BIFSMN_INLINE Shorts channels(const int16_t* from) {
    return Shorts(_mm512_maskz_broadcast_i32x4(0xffff, load_128(from)));
  }
  static BIFSMN_INLINE Bytes bytes(const uint8_t* from) {
    return Bytes(_mm512_maskz_broadcast_i32x4(0xffff, load_128(from)));
  }
  // A comparison gives a mask here, so there are two and not three: the one with the middle
  // decides on the other, as FORMAT.md has it.
  static BIFSMN_INLINE Bytes below(Shorts x, Shorts low, Shorts middle, Shorts high) {
    const __mmask32 first = _mm512_cmplt_epi16_mask(__m512i(x), __m512i(middle));
    const __m512i limit = _mm512_mask_blend_epi16(first, __m512i(high), __m512i(low));
    return count(first, _mm512_cmplt_epi16_mask(__m512i(x), limit));
  }
  static BIFSMN_INLINE Bytes above(Shorts x, Shorts low, Shorts middle, Shorts high) {
    const __mmask32 first = _mm512_cmpgt_epi16_mask(__m512i(x), __m512i(middle));
    const __m512i limit = _mm512_mask_blend_epi16(first, __m512i(high), __m512i(low));
    return count(first, _mm512_cmpgt_epi16_mask(__m512i(x), limit));
  }
  static BIFSMN_INLINE Bytes count(__mmask32 twice, __mmask32 once) {
    return Bytes(_mm512_maskz_mov_epi16(twice, _mm512_set1_epi8(-2))) +
           Bytes(_mm512_movm_epi16(once));
  }
  static BIFSMN_INLINE Shorts larger(Shorts a, Shorts b) {
    return Shorts(_mm512_max_epi16(__m512i(a), __m512i(b)));
  }
  static BIFSMN_INLINE Shorts add(Shorts a, Shorts b) {
    return Shorts(_mm512_adds_epi16(__m512i(a), __m512i(b)));
  }
  static BIFSMN_INLINE Shorts mul(Shorts a, Shorts b) {
    return Shorts(_mm512_mulhrs_epi16(__m512i(a), __m512i(b)));
  }
  static BIFSMN_INLINE Shorts zip_low(Shorts a, Shorts b) {
    return Shorts(_mm512_unpacklo_epi16(__m512i(a), __m512i(b)));
  }
  static BIFSMN_INLINE Shorts zip_high(Shorts a, Shorts b) {
    return Shorts(_mm512_unpackhi_epi16(__m512i(a), __m512i(b)));
  }
  static BIFSMN_INLINE Bytes narrow(Shorts a, Shorts b) {
    return Bytes(_mm512_packs_epi16(__m512i(a), __m512i(b)));
  }
  static BIFSMN_INLINE void widen(Bytes a, Bytes b, Shorts* low, Shorts* high) {
    const __m512i one = _mm512_set1_epi8(1);
    *low = Shorts(_mm512_maddubs_epi16(_mm512_unpacklo_epi8(__m512i(a), __m512i(b)), one));
    *high = Shorts(_mm512_maddubs_epi16(_mm512_unpackhi_epi8(__m512i(a), __m512i(b)), one));
  }
  template <int k>
  static BIFSMN_INLINE Bytes spread(Bytes a) {
    return Bytes(_mm512_maskz_shuffle_epi32(0xffff, __m512i(a), _MM_PERM_ENUM(k * 0x55)));
  }
  static BIFSMN_INLINE Bytes look_up(Bytes table, Bytes weights) {
    return Bytes(_mm512_shuffle_epi8(__m512i(table), __m512i(weights)));
  }

  using Code = uint8_t;
  using Pairs = TapPairs<Avx512>;
  static constexpr int kPositions = 1, kPairs = Pairs::kPairs;
  static constexpr size_t kWeights = Pairs::kBytes;

  static void order_weights(const int8_t* weights, uint32_t n, uint8_t* to) {
    Pairs::order(weights, n, to);
  }

  // Those of the frames of a vector.
  static BIFSMN_INLINE Bytes codes_of_frames(const Code* codes) {
    const __m512i first = _mm512_castsi128_si512(load_128(codes));
    const __m512i two = _mm512_inserti32x4(first, load_128(codes + 4 * kInputRow), 1);
    const __m512i three = _mm512_inserti32x4(two, load_128(codes + 8 * kInputRow), 2);
    return Bytes(_mm512_inserti32x4(three, load_128(codes + 12 * kInputRow), 3));
  }

  static BIFSMN_INLINE void convolve(const Code* codes, const uint8_t* weights,
                                     Shorts (&sums)[2][kBands][kPositions]) {
    __m512i rows[5];
    for (int b = 0; b < 5; ++b) rows[b] = __m512i(codes_of_frames(codes + b * kInputRow));
    const __m512i from[3] = {_mm512_unpacklo_epi8(rows[0], rows[1]),
                             _mm512_unpacklo_epi8(rows[2], rows[3]), rows[4]};
    __m512i totals[2][kBands];
    for (auto& half : totals)
      for (auto& total : half) total = _mm512_setzero_si512();
#pragma GCC unroll 13
    for (int k = 0; k < kPairs; ++k)
#pragma GCC unroll 2
      for (int i = 0; i < kBands; ++i) {
        const __m512i places = _mm512_set1_epi16(Pairs::place(k, i));
        const __m512i pair = _mm512_shuffle_epi8(from[k / 5], places);
#pragma GCC unroll 2
        for (int half = 0; half < 2; ++half) {
          const __m512i w = __m512i(load_bytes(weights + (2 * k + half) * kVector));
          totals[half][i] = _mm512_add_epi16(totals[half][i], _mm512_maddubs_epi16(pair, w));
        }
      }
    memcpy(sums, totals, sizeof sums);
  }

  static BIFSMN_INLINE void dots(const int8_t* codes, const int8_t* weights, size_t n,
                                 int32_t (&sums)[kClasses]) {
    const __m512i zero = _mm512_setzero_si512();
    __m512i totals[kClasses];
    for (auto& total : totals) total = zero;
    for (size_t i = 0; i < n; i += kVector) {
      const __m512i c = __m512i(load_bytes(codes + i)), magnitudes = _mm512_abs_epi8(c);
      const __mmask64 negative = _mm512_movepi8_mask(c);
#pragma GCC unroll 4
      for (size_t k = 0; k < kClasses; ++k) {
        const __m512i w = __m512i(load_bytes(weights + k * n + i));
        const __m512i pairs =  // at most 2 * 128 * 7
            _mm512_maddubs_epi16(magnitudes, _mm512_mask_sub_epi8(w, negative, zero, w));
        const __m512i fours = _mm512_madd_epi16(pairs, _mm512_set1_epi16(1));
        totals[k] = _mm512_add_epi32(totals[k], fours);
      }
    }
    for (size_t k = 0; k < kClasses; ++k) {
      int32_t lanes[16];
      memcpy(lanes, &totals[k], sizeof lanes);
      sums[k] = 0;
      for (const int32_t lane : lanes) sums[k] += lane;
    }
  }
};

}  // namespace
}  // namespace bifsmn
