// 64-bit ARM, any from ARMv8.0 on: popcounts of bytes, then trees of pairwise sums.
#include <arm_neon.h>

#include "network/forward.h"

namespace bifsmn {
namespace {

// Binary dot products of four rows with eight outputs, 128 inputs at a time.
//
// CNT gives 16 bytes' popcounts. Three levels of ADDP, which adds neighbouring bytes of
// two vectors, turn those of outputs 0 to 7 into one vector, and UADALP adds its
// neighbours to a row's sums. A digit is a byte that belongs to this output:
//
//   CNT     0000000000000000  1111111111111111  ...  7777777777777777
//   ADDP    0000000011111111  2222222233333333  ...                     bytes <= 16
//   ADDP    0000111122223333  4444555566667777                          bytes <= 32
//   ADDP    0011223344556677                                            bytes <= 64
//   UADALP  0 1 2 3 4 5 6 7 : 16 bits each, of this row
//
// These are 8 EOR, 8 CNT, 7 ADDP, 1 UADALP: 3 instructions for 128 products. (UDOT in
// place of the tree sums within 4 bytes only, and needs more.) 16 rows of sums, 8
// weights and 8 temporaries are all 32 registers. A compiler spills some of them, hence
// assembly; the temporaries are reused such that two rows are always under way and
// no instruction waits for the one before it, as in-order processors would.
#define LOAD(t, row) "ldr %q[t" #t "], [%[rows], %c[first] + " #row " * %c[next]]\n\t"
#define EOR(to, row, weight) "eor %[t" #to "].16b, %[t" #row "].16b, %[w" #weight "].16b\n\t"
#define CNT(t) "cnt %[t" #t "].16b, %[t" #t "].16b\n\t"
#define ADDP(to, a, b) "addp %[t" #to "].16b, %[t" #a "].16b, %[t" #b "].16b\n\t"
#define SUM(row, t) "uadalp %[sum" #row "].8h, %[t" #t "].16b\n\t"

// Rows kFirst to kFirst + 3, of those that are kRow bytes apart.
template <int kFirst, size_t kRow>
BIFSMN_INLINE void add_four_rows(const uint8_t* rows, const uint8x16_t (&w)[8], uint16x8_t* sums) {
  uint8x16_t t0, t1, t2, t3, t4, t5, t6, t7;
  // clang-format off
  asm(LOAD(0, 0) LOAD(1, 1) EOR(2, 0, 0) EOR(3, 0, 1) EOR(4, 0, 2) EOR(5, 0, 3) EOR(6, 0, 4)
      EOR(7, 0, 5) CNT(2) CNT(3) CNT(4) CNT(5) CNT(6) CNT(7) ADDP(3, 2, 3) EOR(2, 0, 6)
      EOR(0, 0, 7) ADDP(5, 4, 5) EOR(4, 1, 0) ADDP(7, 6, 7) EOR(6, 1, 1) CNT(2) CNT(0)
      ADDP(5, 3, 5) EOR(3, 1, 2) CNT(4) CNT(6) ADDP(0, 2, 0) EOR(2, 1, 3) CNT(3) ADDP(6, 4, 6)
      EOR(4, 1, 4) ADDP(0, 7, 0) EOR(7, 1, 5) CNT(2) CNT(4) ADDP(0, 5, 0) EOR(5, 1, 6)
      EOR(1, 1, 7) CNT(7) ADDP(2, 3, 2) SUM(0, 0) LOAD(0, 2) CNT(5) CNT(1) ADDP(7, 4, 7)
      ADDP(2, 6, 2) EOR(6, 0, 0) EOR(4, 0, 1) EOR(3, 0, 2) ADDP(1, 5, 1) EOR(5, 0, 3) CNT(6)
      CNT(4) CNT(3) ADDP(1, 7, 1) EOR(7, 0, 4) CNT(5) ADDP(4, 6, 4) EOR(6, 0, 5) ADDP(1, 2, 1)
      EOR(2, 0, 6) EOR(0, 0, 7) CNT(7) ADDP(5, 3, 5) CNT(6) SUM(1, 1) LOAD(1, 3) CNT(2) CNT(0)
      ADDP(5, 4, 5) ADDP(6, 7, 6) EOR(7, 1, 0) EOR(4, 1, 1) EOR(3, 1, 2) ADDP(0, 2, 0)
      EOR(2, 1, 3) CNT(7) CNT(4) CNT(3) ADDP(0, 6, 0) EOR(6, 1, 4) CNT(2) ADDP(4, 7, 4)
      EOR(7, 1, 5) ADDP(0, 5, 0) EOR(5, 1, 6) EOR(1, 1, 7) CNT(6) ADDP(2, 3, 2) CNT(7) SUM(2, 0)
      CNT(5) CNT(1) ADDP(2, 4, 2) ADDP(7, 6, 7) ADDP(1, 5, 1) ADDP(1, 7, 1) ADDP(1, 2, 1)
      SUM(3, 1)
      // clang-format on
      : [sum0] "+w"(sums[kFirst]), [sum1] "+w"(sums[kFirst + 1]), [sum2] "+w"(sums[kFirst + 2]),
        [sum3] "+w"(sums[kFirst + 3]), [t0] "=&w"(t0), [t1] "=&w"(t1), [t2] "=&w"(t2),
        [t3] "=&w"(t3), [t4] "=&w"(t4), [t5] "=&w"(t5), [t6] "=&w"(t6), [t7] "=&w"(t7)
      : [rows] "r"(rows), [first] "i"(kFirst * kRow), [next] "i"(kRow), [w0] "w"(w[0]),
        [w1] "w"(w[1]), [w2] "w"(w[2]), [w3] "w"(w[3]), [w4] "w"(w[4]), [w5] "w"(w[5]),
        [w6] "w"(w[6]), [w7] "w"(w[7])
      : "memory");
}

#undef LOAD
#undef EOR
#undef CNT
#undef ADDP
#undef SUM

struct Neon : VectorIsa<4, Order::kFile> {
  static constexpr const char* kName = "neon";
  static bool runs_here() { return true; }
  using Count = int16_t;

  template <int kRows, size_t kRow, size_t kStep>
  static void counts(const uint8_t* weights, const uint8_t* rows, uint32_t inputs,
                     Count (*out)[kTile]) {
    for (int n = 0; n < kTile; n += 8) {
      uint16x8_t sums[kRows];
#pragma GCC unroll 16
      for (auto& sum : sums) sum = vdupq_n_u16(uint16_t(-(inputs / 2)));
      const uint8_t* unit = rows;
      for (uint32_t k = 0; k < inputs; k += 128, unit += kStep, weights += 128) {
        uint8x16_t w[8];
#pragma GCC unroll 8
        for (int i = 0; i < 8; ++i) w[i] = vld1q_u8(weights + 16 * i);
        add_four_rows<0, kRow>(unit, w, sums);
        add_four_rows<4, kRow>(unit, w, sums);
        if constexpr (kRows == 16) {
          add_four_rows<8, kRow>(unit, w, sums);
          add_four_rows<12, kRow>(unit, w, sums);
        }
      }
#pragma GCC unroll 16
      for (int r = 0; r < kRows; ++r) vst1q_s16(out[r] + n, vreinterpretq_s16_u16(sums[r]));
    }
  }

  static BIFSMN_INLINE Floats add_exact(Floats sum, Floats exact, Floats factor) {
    return vfmaq_f32(sum, exact, factor);
  }

  static BIFSMN_INLINE Floats prelu(Floats y, Floats slope) {
    return vbslq_f32(vcgtzq_f32(y), y, y * slope);
  }

  static BIFSMN_INLINE Floats floats(const int16_t* counts) {
    return vcvtq_f32_s32(vmovl_s16(vld1_s16(counts)));
  }

  // 16 comparisons to 16 bytes: bit i % 8 of byte i.
  static BIFSMN_INLINE uint8x16_t places(const uint32x4_t (&lanes)[4]) {
    const uint16x8_t low = vuzp1q_u16(uint16x8_t(lanes[0]), uint16x8_t(lanes[1]));
    const uint16x8_t high = vuzp1q_u16(uint16x8_t(lanes[2]), uint16x8_t(lanes[3]));
    const uint8x16_t place = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    return vandq_u8(vuzp1q_u8(uint8x16_t(low), uint8x16_t(high)), place);
  }

  // The places of 8 channels add up to a byte: 2 bytes of each plane.
  template <class Isa, int kPlanes>
  static BIFSMN_INLINE void quantise(const Floats (&x)[4], const Limits& limits,
                                     uint32_t (&bits)[kPlanes]) {
    uint32x4_t below[4];
    for (int v = 0; v < 4; ++v) below[v] = vcltq_f32(x[v], limits.theta1[v]);
    uint8x16_t sums = places(below);
    if (kPlanes == 2) {
      for (int v = 0; v < 4; ++v)
        below[v] = vcltq_f32(x[v], vbslq_f32(below[v], limits.low[v], limits.high[v]));
      sums = vpaddq_u8(sums, places(below));
    } else {
      sums = vpaddq_u8(sums, sums);
    }
    sums = vpaddq_u8(sums, sums);
    sums = vpaddq_u8(sums, sums);
    const uint32_t all = vgetq_lane_u32(uint32x4_t(sums), 0);
    bits[0] = all & 0xffff;
    if (kPlanes == 2) bits[1] = all >> 16;
  }

  template <int kPlanes>
  static BIFSMN_INLINE Ints shift_in_bits(Ints seen, Ints mask, Floats x, Floats theta1,
                                          Floats high, Floats low) {
    const uint32x4_t below = vcltq_f32(x, theta1);
    const uint32x4_t kept = uint32x4_t(seen & (mask >> 1));
    const uint32x4_t all = vsliq_n_u32(below, kept, 1);  // bit 0: below
    if (kPlanes == 1) return Ints(all);
    const uint32x4_t second = vcltq_f32(x, vbslq_f32(below, low, high));
    return Ints(vbslq_u32(vdupq_n_u32(0x10000), second, all));
  }

  static BIFSMN_INLINE void popcounts(Ints bits, Ints* low, Ints* high) {
    const Ints halves = Ints(vpaddlq_u8(vcntq_u8(uint8x16_t(bits))));
    *low = halves & 0xffff;
    *high = halves >> 16;
  }

  static BIFSMN_INLINE int64_t dot(const int16_t* q, const int8_t* weights, size_t n) {
    int64x2_t total = vdupq_n_s64(0);
    for (size_t start = 0; start < n; start += 4096) {  // 4096 / 8 * 2^14 * 2^7 < 2^31
      const size_t end = start + 4096 < n ? start + 4096 : n;
      int32x4_t low = vdupq_n_s32(0), high = low;
      for (size_t i = start; i < end; i += 16) {
        const int8x16_t w = vld1q_s8(weights + i);
        const int16x8_t a = vld1q_s16(q + i), b = vld1q_s16(q + i + 8);
        const int16x8_t wa = vmovl_s8(vget_low_s8(w)), wb = vmovl_high_s8(w);
        low = vmlal_s16(low, vget_low_s16(a), vget_low_s16(wa));
        high = vmlal_high_s16(high, a, wa);
        low = vmlal_s16(low, vget_low_s16(b), vget_low_s16(wb));
        high = vmlal_high_s16(high, b, wb);
      }
      total = vpadalq_s32(vpadalq_s32(total, low), high);
    }
    return vaddvq_s64(total);
  }
};

}  // namespace

extern const Backend neon_backend;
const Backend neon_backend = Fast<Neon>::backend();

}  // namespace bifsmn
