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
  // Even and odd lanes: where ZIP is three operations, TRN is one.
  static BIFSMN_INLINE Shorts zip_low(Shorts a, Shorts b) {
    return Shorts(vtrn1q_s16(int16x8_t(a), int16x8_t(b)));
  }
  static BIFSMN_INLINE Shorts zip_high(Shorts a, Shorts b) {
    return Shorts(vtrn2q_s16(int16x8_t(a), int16x8_t(b)));
  }
  static constexpr uint32_t zipped(uint32_t k) { return k % 4 * 2 + k / 4; }
  template <int k>
  static BIFSMN_INLINE Bytes spread(Bytes a) {
    return Bytes(vdupq_laneq_u32(uint32x4_t(a), k));
  }
  static BIFSMN_INLINE Bytes narrow(Shorts a, Shorts b) {
    return Bytes(vuzp1q_u8(uint8x16_t(a), uint8x16_t(b)));
  }
  static BIFSMN_INLINE void widen(Bytes a, Bytes b, Shorts* low, Shorts* high) {
    const uint8x16_t x = uint8x16_t(a), y = uint8x16_t(b);
    *low = Shorts(vaddl_u8(vget_low_u8(x), vget_low_u8(y)));
    *high = Shorts(vaddl_high_u8(x, y));
  }
  static BIFSMN_INLINE Bytes look_up(Bytes table, Bytes weights) {
    return Bytes(vqtbl1q_u8(uint8x16_t(table), uint8x16_t(weights)));
  }

  using Code = int8_t;
  static constexpr int kPositions = 4;
  static constexpr size_t kWeights = 25 * 16;

  static void order_weights(const int8_t* weights, uint32_t n, uint8_t* to) {
    for (uint32_t k = 0; k < 25; ++k)
      for (uint32_t c = 0; c < 16; ++c) *to++ = c < n ? uint8_t(weights[25 * c + k]) : 0;
  }

  static BIFSMN_INLINE void convolve(const Code* codes, const uint8_t* weights,
                                     Shorts (&sums)[2][kBands][kPositions]) {
    int16x8_t totals[2][kBands][kPositions];
    for (auto& half : totals)
      for (auto& band : half)
        for (auto& total : band) total = vdupq_n_s16(0);
#pragma GCC unroll 1
    for (int b = 0; b < 5; ++b) {
      int8x16_t w[5];
      for (int a = 0; a < 5; ++a) w[a] = int8x16_t(load_bytes(weights + (5 * a + b) * 16));
#pragma GCC unroll 4
      for (int k = 0; k < kPositions; ++k) {
        int8x8_t in = vld1_s8(codes + (4 * k + b) * kInputRow);
        asm("" : "+w"(in));
        add_code<0>(in, w, k, totals);
        add_code<1>(in, w, k, totals);
        add_code<2>(in, w, k, totals);
        add_code<3>(in, w, k, totals);
        add_code<4>(in, w, k, totals);
        add_code<5>(in, w, k, totals);
        add_code<6>(in, w, k, totals);
      }
    }
    memcpy(sums, totals, sizeof sums);
  }

  // A code of a frame, for the bands that see it.
  template <int at>
  static BIFSMN_INLINE void add_code(int8x8_t in, const int8x16_t (&w)[5], int k,
                                     int16x8_t (&totals)[2][kBands][kPositions]) {
    const int8x16_t code = vdupq_lane_s8(in, at);
#pragma GCC unroll 2
    for (int i = 0; i < kBands; ++i) {
      const int a = at - 2 * i;
      if (a < 0 || a > 4) continue;
      totals[0][i][k] = vmlal_s8(totals[0][i][k], vget_low_s8(code), vget_low_s8(w[a]));
      totals[1][i][k] = vmlal_high_s8(totals[1][i][k], code, w[a]);
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
