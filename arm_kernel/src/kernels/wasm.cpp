// WebAssembly with SIMD128: popcounts of bytes, 4 outputs are 4 lanes.
#include <wasm_simd128.h>

#include "network/forward.h"

namespace bifsmn {
namespace {

struct Wasm : VectorIsa<4, Order::kWords> {
  static constexpr const char* kName = "wasm";
  static bool runs_here() { return true; }  // browsers refuse the whole module otherwise
  using Count = int32_t;

  template <int kRows, size_t kRow, size_t kStep>
  static void counts(const uint8_t* weights, const uint8_t* rows, uint32_t inputs,
                     Count (*out)[kTile]) {
    for (int first = 0; first < kRows; first += kAtOnce)
      for (int n = 0; n < kTile; n += 4)
        counts_of_4<kRow, kStep>(weights + n * 4, rows + first * kRow, inputs, out + first, n);
  }

  // kAtOnce rows, 4 outputs from `n` on.
  static constexpr int kAtOnce = 4;
  template <size_t kRow, size_t kStep>
  static BIFSMN_INLINE void counts_of_4(const uint8_t* weights, const uint8_t* rows,
                                        uint32_t inputs, Count (*out)[kTile], int n) {
    constexpr uint32_t kMax = 31;  // words before a byte may overflow
    const uint32_t words = units(inputs, kUnit);
    v128_t total[kAtOnce];
    for (auto& sum : total) sum = wasm_i32x4_splat(-int32_t(inputs / 2));
    for (uint32_t start = 0; start < words; start += kMax) {
      const uint32_t end = words - start < kMax ? words : start + kMax;
      v128_t bytes[kAtOnce] = {};
      for (uint32_t k = start; k < end; ++k) {
        const v128_t w = wasm_v128_load(weights + k * kTile * 4);
#pragma clang loop unroll(full)
        for (int r = 0; r < kAtOnce; ++r) {
          const v128_t row = wasm_v128_load32_splat(rows + r * kRow + k * kStep);
          bytes[r] = wasm_i8x16_add(bytes[r], wasm_i8x16_popcnt(wasm_v128_xor(w, row)));
        }
      }
      for (int r = 0; r < kAtOnce; ++r)
        total[r] = wasm_i32x4_add(
            total[r], wasm_u32x4_extadd_pairwise_u16x8(wasm_u16x8_extadd_pairwise_u8x16(bytes[r])));
    }
    for (int r = 0; r < kAtOnce; ++r) wasm_v128_store(out[r] + n, total[r]);
  }

  static BIFSMN_INLINE uint32_t pack(const Ints (&lanes)[4]) {
    const v128_t low = wasm_i16x8_narrow_i32x4(v128_t(lanes[0]), v128_t(lanes[1]));
    const v128_t high = wasm_i16x8_narrow_i32x4(v128_t(lanes[2]), v128_t(lanes[3]));
    return wasm_i8x16_bitmask(wasm_i8x16_narrow_i16x8(low, high));
  }

  static BIFSMN_INLINE void popcounts(Ints bits, Ints* low, Ints* high) {
    const Ints halves = Ints(wasm_u16x8_extadd_pairwise_u8x16(wasm_i8x16_popcnt(v128_t(bits))));
    *low = halves & 0xffff;
    *high = halves >> 16;
  }

  static BIFSMN_INLINE int64_t dot(const int16_t* q, const int8_t* weights, size_t n) {
    int64_t total = 0;
    for (size_t start = 0; start < n; start += 2048) {  // 2048 / 4 * 2^14 * 2^7 < 2^31
      const size_t end = start + 2048 < n ? start + 2048 : n;
      Ints sums = {};
      for (size_t i = start; i < end; i += 8)
        sums += Ints(wasm_i32x4_dot_i16x8(wasm_v128_load(q + i), wasm_i16x8_load8x8(weights + i)));
      for (int lane = 0; lane < 4; ++lane) total += sums[lane];
    }
    return total;
  }
};

}  // namespace

extern const Backend wasm_backend;
const Backend wasm_backend = Fast<Wasm>::backend();

}  // namespace bifsmn
