// 64-bit ARM, any from ARMv8.0 on: TBL looks up 16 weights at once.
#include <arm_neon.h>

#include "network/forward.h"

namespace bifsmn {
namespace {

struct Neon : VectorIsa<1, 4> {
  static constexpr const char* kName = "neon";
  using Tables = PairTables<Neon>;

  static bool runs_here() { return true; }

  // Compilers would load constants anew in every turn of a loop.
  static BIFSMN_INLINE Bytes kept(Bytes v) {
    asm("" : "+w"(v));
    return v;
  }
  static BIFSMN_INLINE Shorts larger(Shorts a, Shorts b) {
    return Shorts(vmaxq_s16(int16x8_t(a), int16x8_t(b)));
  }
  static BIFSMN_INLINE Shorts add(Shorts a, Shorts b) {
    return Shorts(vqaddq_s16(int16x8_t(a), int16x8_t(b)));
  }
  static BIFSMN_INLINE Shorts mul(Shorts a, Shorts b) {
    return Shorts(vqrdmulhq_s16(int16x8_t(a), int16x8_t(b)));
  }
  static BIFSMN_INLINE Shorts zip_low(Shorts a, Shorts b) {
    return Shorts(vzip1q_s16(int16x8_t(a), int16x8_t(b)));
  }
  static BIFSMN_INLINE Shorts zip_high(Shorts a, Shorts b) {
    return Shorts(vzip2q_s16(int16x8_t(a), int16x8_t(b)));
  }
  static BIFSMN_INLINE Bytes narrow(Shorts a, Shorts b) {
    return Bytes(vuzp1q_u8(uint8x16_t(a), uint8x16_t(b)));
  }
  static BIFSMN_INLINE void widen(Bytes a, Bytes b, Shorts* low, Shorts* high) {
    const uint8x16_t x = uint8x16_t(a), y = uint8x16_t(b);
    *low = Shorts(vaddl_u8(vget_low_u8(x), vget_low_u8(y)));
    *high = Shorts(vaddl_high_u8(x, y));
  }
  static BIFSMN_INLINE void widen_up(Bytes a, Shorts* low, Shorts* high) {
    *low = Shorts(vshll_n_s8(vget_low_s8(int8x16_t(a)), 8));
    *high = Shorts(vshll_high_n_s8(int8x16_t(a), 8));
  }
  static BIFSMN_INLINE Bytes look_up(Bytes table, Bytes weights) {
    return Bytes(vqtbl1q_u8(uint8x16_t(table), uint8x16_t(weights)));
  }

  static BIFSMN_INLINE void convolve(const Code* codes, const uint8_t* weights,
                                     Shorts (&sums)[2][kBands][kPositions]) {
    int16x8_t totals[2][kBands][kPositions];
    for (auto& half : totals)
      for (auto& band : half)
        for (auto& total : band) total = vdupq_n_s16(0);
#pragma GCC unroll 5
    for (int b = 0; b < 5; ++b) {
      int16x8_t in[kPositions];
      for (int k = 0; k < kPositions; ++k) in[k] = vld1q_s16(codes + (4 * k + b) * kInputRow);
      add_tap<0>(in, weights + b * 32, totals);
      add_tap<1>(in, weights + b * 32, totals);
      add_tap<2>(in, weights + b * 32, totals);
      add_tap<3>(in, weights + b * 32, totals);
      add_tap<4>(in, weights + b * 32, totals);
    }
    memcpy(sums, totals, sizeof sums);
  }

  // Band a of a frame.
  template <int a>
  static BIFSMN_INLINE void add_tap(const int16x8_t (&in)[kPositions], const uint8_t* weights,
                                    int16x8_t (&totals)[2][kBands][kPositions]) {
#pragma GCC unroll 2
    for (int half = 0; half < 2; ++half) {
      const int16x8_t w = int16x8_t(load(weights + a * 160 + half * 16));
#pragma GCC unroll 4
      for (int k = 0; k < kPositions; ++k) {
        totals[half][0][k] = vmlaq_laneq_s16(totals[half][0][k], w, in[k], a);
        totals[half][1][k] = vmlaq_laneq_s16(totals[half][1][k], w, in[k], a + 2);
      }
    }
  }

  static BIFSMN_INLINE void dots(const int8_t* codes, const int8_t* weights, size_t n,
                                 int32_t (&sums)[kClasses]) {
    int32x4_t totals[kClasses];
    for (auto& total : totals) total = vdupq_n_s32(0);
    for (size_t i = 0; i < n; i += 16) {
      const int8x16_t c = vld1q_s8(codes + i);
#pragma GCC unroll 4
      for (size_t k = 0; k < kClasses; ++k) {
        const int8x16_t w = vld1q_s8(weights + k * n + i);
        const int16x8_t low = vmull_s8(vget_low_s8(c), vget_low_s8(w));  // at most 128 * 7
        totals[k] = vpadalq_s16(totals[k], vmlal_high_s8(low, c, w));
      }
    }
    for (size_t k = 0; k < kClasses; ++k) sums[k] = vaddvq_s32(totals[k]);
  }
};

}  // namespace

extern const Backend neon_backend;
const Backend neon_backend = Fast<Neon>::backend();

}  // namespace bifsmn
