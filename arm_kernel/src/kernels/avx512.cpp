// x86-64 with AVX-512 and its population counts: 16 outputs are the 16 lanes of a vector.
#include <immintrin.h>

#include "network/forward.h"

namespace bifsmn {
namespace {

struct Avx512 : VectorIsa<16, Order::kWords> {
  static constexpr const char* kName = "avx512";
  using Count = int32_t;

  // VNNI and BITALG are in all processors that have the rest.
  static bool runs_here() {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512vpopcntdq") && __builtin_cpu_supports("avx512vnni") &&
           __builtin_cpu_supports("avx512bitalg");
  }

  template <int kRows, size_t kRow, size_t kStep>
  static BIFSMN_INLINE void counts(const uint8_t* weights, const uint8_t* rows, uint32_t inputs,
                                   Count (*out)[kTile]) {
    __m512i total[kRows];
#pragma GCC unroll 16
    for (auto& t : total) t = _mm512_set1_epi32(-int32_t(inputs / 2));
    for (uint32_t k = 0; k < units(inputs, kUnit); ++k) {
      const __m512i w = _mm512_load_si512(weights + k * sizeof w);
#pragma GCC unroll 16
      for (int r = 0; r < kRows; ++r) {
        int32_t word;
        memcpy(&word, rows + r * kRow + k * kStep, sizeof word);
        const __m512i differing = _mm512_xor_si512(w, _mm512_set1_epi32(word));
        total[r] = _mm512_add_epi32(total[r], _mm512_popcnt_epi32(differing));
      }
    }
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) _mm512_store_si512(out[r], total[r]);
  }

  static BIFSMN_INLINE Floats prelu(Floats y, Floats slope) {
    const __mmask16 not_positive = _mm512_cmp_ps_mask(y, _mm512_setzero_ps(), _CMP_NGT_UQ);
    return _mm512_mask_mul_ps(y, not_positive, y, slope);
  }

  static BIFSMN_INLINE Floats add_exact(Floats sum, Floats exact, Floats factor) {
    return _mm512_fmadd_ps(exact, factor, sum);
  }

  template <class Isa, int kPlanes>
  static BIFSMN_INLINE void quantise(const Floats (&x)[1], const Limits& limits,
                                     uint32_t (&bits)[kPlanes]) {
    const __mmask16 below = _mm512_cmp_ps_mask(x[0], limits.theta1[0], _CMP_LT_OQ);
    bits[0] = below;
    if (kPlanes == 1) return;
    const Floats limit = _mm512_mask_blend_ps(below, limits.high[0], limits.low[0]);
    bits[kPlanes - 1] = _mm512_cmp_ps_mask(x[0], limit, _CMP_LT_OQ);
  }

  template <int kPlanes>
  static BIFSMN_INLINE Ints shift_in_bits(Ints seen, Ints mask, Floats x, Floats theta1,
                                          Floats high, Floats low) {
    const __mmask16 below = _mm512_cmp_ps_mask(x, theta1, _CMP_LT_OQ);
    __m512i added = _mm512_maskz_set1_epi32(below, 1);
    if (kPlanes == 2) {
      const Floats limit = _mm512_mask_blend_ps(below, high, low);
      const __mmask16 second = _mm512_cmp_ps_mask(x, limit, _CMP_LT_OQ);
      added = _mm512_mask_or_epi32(added, second, added, _mm512_set1_epi32(0x10000));
    }
    return (Ints(_mm512_add_epi32(__m512i(seen), __m512i(seen))) & mask) | Ints(added);
  }

  static BIFSMN_INLINE void popcounts(Ints bits, Ints* low, Ints* high) {
    const Ints halves = Ints(_mm512_popcnt_epi16(__m512i(bits)));
    *low = halves & 0xffff;
    *high = halves >> 16;
  }

  // There are at most 15 taps: what their counts stand for is in tables of 16, which look
  // at four bits of a lane.
  template <class Isa, int kPlanes>
  static BIFSMN_INLINE Floats memory_dot(Ints differing, Floats taps, Floats ratio) {
    const Floats counts{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    const Floats d = taps - counts * 2, scaled = ratio * d;
    const Ints halves = Ints(_mm512_popcnt_epi16(__m512i(differing)));
    const Floats d1 = look_up(d, halves);
    return kPlanes == 2 ? d1 + look_up(scaled, halves >> 16) : d1;
  }

  static BIFSMN_INLINE Floats look_up(Floats table, Ints at) {
    return _mm512_maskz_permutexvar_ps(0xffff, __m512i(at), table);
  }

  template <class Isa>
  static BIFSMN_INLINE void dots(const int16_t* q, const int8_t* weights, size_t n,
                                 int64_t (&sums)[kClasses]) {
    constexpr size_t kMax = 8192;  // 8192 / 16 * 2^14 * 2^7 < 2^31
    for (auto& sum : sums) sum = 0;
    for (size_t start = 0; start < n; start += kMax) {
      __m512i part[2 * kClasses];  // two each: one would wait for itself
#pragma GCC unroll 8
      for (auto& p : part) p = _mm512_setzero_si512();
      const size_t end = n - start < kMax ? n : start + kMax;
      size_t i = start;
      for (; i + 64 <= end; i += 64) {
        add_dots(q + i, weights + i, n, ~0u, part);
        add_dots(q + i + 32, weights + i + 32, n, ~0u, part + kClasses);
      }
      for (; i < end; i += 32) add_dots(q + i, weights + i, n, end - i < 32 ? 0xffff : ~0u, part);
#pragma GCC unroll 4
      for (int k = 0; k < kClasses; ++k)
        sums[k] += sum(_mm512_add_epi32(part[k], part[kClasses + k]));
    }
  }

  static BIFSMN_INLINE int32_t sum(__m512i x) {
    const __m256i lower = _mm512_maskz_extracti64x4_epi64(0xff, x, 0);
    const __m256i eight = _mm256_add_epi32(lower, _mm512_maskz_extracti64x4_epi64(0xff, x, 1));
    const __m128i next = _mm256_extracti128_si256(eight, 1);
    const __m128i four = _mm_add_epi32(_mm256_castsi256_si128(eight), next);
    const __m128i two = _mm_add_epi32(four, _mm_unpackhi_epi64(four, four));
    return _mm_cvtsi128_si32(_mm_add_epi32(two, _mm_shuffle_epi32(two, 1)));
  }

  // 32 inputs of each class, those of the mask.
  static BIFSMN_INLINE void add_dots(const int16_t* q, const int8_t* weights, size_t n,
                                     __mmask32 mask, __m512i* sums) {
    const __m512i in = _mm512_maskz_loadu_epi16(mask, q);
#pragma GCC unroll 4
    for (int k = 0; k < kClasses; ++k) {
      const __m512i w = _mm512_cvtepi8_epi16(_mm256_maskz_loadu_epi8(mask, weights + k * n));
      sums[k] = _mm512_dpwssd_epi32(sums[k], in, w);
    }
  }
};

}  // namespace

extern const Backend avx512_backend;
const Backend avx512_backend = Fast<Avx512>::backend();

}  // namespace bifsmn
