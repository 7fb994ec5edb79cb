// WebAssembly with SIMD128: a swizzle looks up 16 weights at once.
#include <wasm_simd128.h>

#include "network/forward.h"

namespace bifsmn {
namespace {

struct Wasm : VectorIsa<1, 4> {
  static constexpr const char* kName = "wasm";
  using Tables = PairTables<Wasm>;

  static bool runs_here() { return true; }  // browsers refuse the whole module otherwise
  static constexpr int kRowsAtOnce = 2, kTilesAtOnce = 4;

  static BIFSMN_INLINE Shorts larger(Shorts a, Shorts b) {
    return Shorts(wasm_i16x8_max(v128_t(a), v128_t(b)));
  }
  static BIFSMN_INLINE Shorts add(Shorts a, Shorts b) {
    return Shorts(wasm_i16x8_add_sat(v128_t(a), v128_t(b)));
  }
  static BIFSMN_INLINE Shorts mul(Shorts a, Shorts b) {
    return Shorts(wasm_i16x8_q15mulr_sat(v128_t(a), v128_t(b)));
  }
  static BIFSMN_INLINE Shorts zip_low(Shorts a, Shorts b) {
    return Shorts(wasm_i16x8_shuffle(v128_t(a), v128_t(b), 0, 8, 1, 9, 2, 10, 3, 11));
  }
  static BIFSMN_INLINE Shorts zip_high(Shorts a, Shorts b) {
    return Shorts(wasm_i16x8_shuffle(v128_t(a), v128_t(b), 4, 12, 5, 13, 6, 14, 7, 15));
  }
  static BIFSMN_INLINE Bytes narrow(Shorts a, Shorts b) {
    return Bytes(wasm_i8x16_narrow_i16x8(v128_t(a), v128_t(b)));
  }
  static BIFSMN_INLINE void widen(Bytes a, Bytes b, Shorts* low, Shorts* high) {
    const v128_t x = v128_t(a), y = v128_t(b);
    *low = Shorts(wasm_i16x8_add(wasm_u16x8_extend_low_u8x16(x), wasm_u16x8_extend_low_u8x16(y)));
    *high =
        Shorts(wasm_i16x8_add(wasm_u16x8_extend_high_u8x16(x), wasm_u16x8_extend_high_u8x16(y)));
  }
  template <int k>
  static BIFSMN_INLINE Bytes spread(Bytes a) {
    return Bytes(wasm_i32x4_shuffle(v128_t(a), v128_t(a), k, k, k, k));
  }
  static BIFSMN_INLINE Bytes look_up(Bytes table, Bytes weights) {
    return Bytes(wasm_i8x16_swizzle(v128_t(table), v128_t(weights)));
  }

  static BIFSMN_INLINE void dots(const int8_t* codes, const int8_t* weights, size_t n,
                                 int32_t (&sums)[kClasses]) {
    v128_t totals[kClasses] = {};
    for (size_t i = 0; i < n; i += 16) {
      const v128_t c = wasm_v128_load(codes + i);
#pragma GCC unroll 4
      for (size_t k = 0; k < kClasses; ++k) {
        const v128_t w = wasm_v128_load(weights + k * n + i);
        const v128_t sum = wasm_i16x8_add(wasm_i16x8_extmul_low_i8x16(c, w),  // at most 128 * 7
                                          wasm_i16x8_extmul_high_i8x16(c, w));
        totals[k] = wasm_i32x4_add(totals[k], wasm_i32x4_extadd_pairwise_i16x8(sum));
      }
    }
    for (size_t k = 0; k < kClasses; ++k)
      sums[k] = wasm_i32x4_extract_lane(totals[k], 0) + wasm_i32x4_extract_lane(totals[k], 1) +
                wasm_i32x4_extract_lane(totals[k], 2) + wasm_i32x4_extract_lane(totals[k], 3);
  }
};

}  // namespace

extern const Backend wasm_backend;
const Backend wasm_backend = Fast<Wasm>::backend();

}  // namespace bifsmn
