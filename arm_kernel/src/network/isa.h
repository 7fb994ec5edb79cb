// What the fast backends need of an instruction set, with defaults in the vectors of GCC
// and Clang. An instruction set is a struct that derives from `VectorIsa<lanes>`, adds what is
// missing, and hides those defaults that it can do better:
//
//   struct Neon : VectorIsa<4, Order::kFile> {
//     static constexpr const char* kName = "neon";
//     static bool runs_here();
//     using Count = int16_t;  // int16_t or int32_t
//     template <int kRows, size_t kRow, size_t kStep>  // kRows is 8 or 16
//     static void counts(const uint8_t* weights, const uint8_t* rows, uint32_t inputs,
//                        Count (*out)[kTile]);
//   };
//   const Backend neon_backend = Fast<Neon>::backend();
//
// The unit of work is a tile: 16 outputs of a binary layer for kRows rows of bits.
// All numbers of outputs are multiples of 16 (the first convolution's channels are
// padded), so there are no ragged tiles, and `inputs` is always even.
//
// counts(): out[r][n] = popcount(row r XOR weights of output n) - inputs / 2, which
// is half the dot product, negated. (A start value of -inputs / 2 costs nothing.)
// Inputs come in units of kUnit bytes, the last one padded with zeros.
//   rows     unit u of row r is at rows + r * kRow + u * kStep, aligned to kUnit:
//            the rows' units by turns, or one row after the other. With kNibbles, what
//            tables() made of them.
//   out      aligned to 64 bytes.
//   weights  of the tile, aligned to 16 bytes, in its order.
//   inputs   at most 4096.
//
// Everything in floating point is elementwise and in the order of FORMAT.md; no
// default or replacement may fuse a product with a sum, unless the product is exact.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "core/vector.h"
#include "network/network.h"

#define BIFSMN_INLINE inline __attribute__((always_inline))
// A function of its own, lest compilers run out of registers.
#define BIFSMN_STAGE __attribute__((noinline))

namespace bifsmn {
namespace {  // see vector.h

constexpr int kTile = 16;           // outputs
constexpr uint32_t kFrames = 8;     // of a tile; it has kFrames * planes rows
constexpr size_t kColumnRow = 256;  // bytes of a row of the second convolution's input

// Of a tile's weights.
enum class Order {
  kFile,    // [2 groups][units][8 outputs][16 bytes] (FORMAT.md); units of 16 bytes
  kWords,   // [units][16 outputs][4 bytes]; units of 4 bytes
  kNibbles  // [bytes][low, high][16 outputs], half a byte in each; units of 4 bytes
};

// Bytes.
constexpr size_t unit_of(Order order) { return order == Order::kFile ? 16 : 4; }

// Bytes of a tile's weights for a unit of inputs.
constexpr size_t weights_of_unit(Order order) {
  return kTile * unit_of(order) * (order == Order::kNibbles ? 2 : 1);
}

// What tables() needs for the inputs of a byte in one row.
constexpr size_t table_bytes(Order order) { return order == Order::kNibbles ? 16 : 0; }

template <int W>
struct ShortVectors;
template <>
struct ShortVectors<4> {
  typedef int16_t Shorts __attribute__((vector_size(8)));
};
template <>
struct ShortVectors<8> {
  typedef int16_t Shorts __attribute__((vector_size(16)));
};
template <>
struct ShortVectors<16> {
  typedef int16_t Shorts __attribute__((vector_size(32)));
};

template <int kLanes_, Order kOrder_>
struct VectorIsa {
  static constexpr Order kOrder = kOrder_;
  static constexpr size_t kUnit = unit_of(kOrder);
  static constexpr int kLanes = kLanes_;
  static constexpr int kVectors = kTile / kLanes;  // of 16 channels
  using Floats = Vec<kLanes>;
  using Ints = IntVec<kLanes>;
  using Shorts = typename ShortVectors<kLanes>::Shorts;

  static BIFSMN_INLINE Floats load(const float* from) { return bifsmn::load<kLanes>(from); }
  static BIFSMN_INLINE void store(float* to, Floats v) { bifsmn::store<kLanes>(to, v); }
  static BIFSMN_INLINE Floats all(float value) { return broadcast<kLanes>(value); }

  static BIFSMN_INLINE Floats prelu(Floats y, Floats slope) { return y > Floats{} ? y : y * slope; }

  // sum + exact * factor, where the product needs no rounding: may be fused.
  static BIFSMN_INLINE Floats add_exact(Floats sum, Floats exact, Floats factor) {
    return sum + exact * factor;
  }

  static BIFSMN_INLINE Floats floats(const int32_t* counts) {
    Ints v;
    memcpy(&v, counts, sizeof v);
    return __builtin_convertvector(v, Floats);
  }
  static BIFSMN_INLINE Floats floats(const int16_t* counts) {
    Shorts v;
    memcpy(&v, counts, sizeof v);
    return __builtin_convertvector(__builtin_convertvector(v, Ints), Floats);
  }

  // What counts() takes for these rows; `made` has table_bytes() for each row and byte.
  template <int kRows, size_t kRow, size_t kStep>
  static BIFSMN_INLINE const uint8_t* tables(const uint8_t* rows, uint32_t /*inputs*/,
                                             uint8_t* /*made*/) {
    return rows;
  }

  // Bit i: lane i of the 16, which are 0 or -1.
  static BIFSMN_INLINE uint32_t pack(const Ints (&lanes)[kVectors]) {
    Ints all{};
    for (int v = 0; v < kVectors; ++v) {
      Ints place{};
      for (int i = 0; i < kLanes; ++i) place[i] = 1 << (v * kLanes + i);
      all |= lanes[v] & place;
    }
    uint32_t bits = 0;
    for (int i = 0; i < kLanes; ++i) bits |= uint32_t(all[i]);
    return bits;
  }

  // Thresholds of 16 channels; high, low: only with two planes.
  struct Limits {
    Floats theta1[kVectors], high[kVectors], low[kVectors];
  };

  // The quantiser on 16 channels: bits[plane], lane i in bit i.
  template <class Isa, int kPlanes>
  static BIFSMN_INLINE void quantise(const Floats (&x)[kVectors], const Limits& limits,
                                     uint32_t (&bits)[kPlanes]) {
    Ints below[kVectors];
    for (int v = 0; v < kVectors; ++v) below[v] = x[v] < limits.theta1[v];
    bits[0] = Isa::pack(below);
    if (kPlanes == 1) return;
    for (int v = 0; v < kVectors; ++v)
      below[v] = x[v] < (below[v] ? limits.low[v] : limits.high[v]);
    bits[kPlanes - 1] = Isa::pack(below);
  }

  // What a memory has seen, in lanes of channels: bit i is the first plane's bit of i
  // frames ago, bit 16 + i the second plane's. At most 15 frames: `mask` has the bits
  // that remain of those that were there before x came.
  template <int kPlanes>
  static BIFSMN_INLINE Ints shift_in_bits(Ints seen, Ints mask, Floats x, Floats theta1,
                                          Floats high, Floats low) {
    const Ints below = x < theta1;
    seen = ((seen & (mask >> 1)) << 1) | (below & 1);
    if (kPlanes == 1) return seen;
    const Ints second = x < (below ? low : high);
    return seen | (second & 0x10000);
  }

  // Popcounts of the lower and the upper 15 of 16 bits.
  static BIFSMN_INLINE void popcounts(Ints bits, Ints* low, Ints* high) {
    bits = bits - (bits >> 1 & 0x55555555);
    bits = (bits & 0x33333333) + (bits >> 2 & 0x33333333);
    bits = (bits + (bits >> 4)) & 0x0f0f0f0f;
    bits = bits + (bits >> 8);
    *low = bits & 0xff;
    *high = bits >> 16 & 0xff;
  }

  // v of a memory of so many taps, of which `differing` has those that are not as their
  // weights, in the places of shift_in_bits().
  template <class Isa, int kPlanes>
  static BIFSMN_INLINE Floats memory_dot(Ints differing, Floats taps, Floats ratio) {
    Ints first, second;
    Isa::popcounts(differing, &first, &second);
    const Floats d1 = Isa::add_exact(taps, __builtin_convertvector(first, Floats), Isa::all(-2));
    if (kPlanes == 1) return d1;
    const Floats d2 = Isa::add_exact(taps, __builtin_convertvector(second, Floats), Isa::all(-2));
    const Floats scaled = ratio * d2;
    return d1 + scaled;
  }

  // The classifier's exact sum; |q| <= 16383, n a multiple of 16.
  static BIFSMN_INLINE int64_t dot(const int16_t* q, const int8_t* weights, size_t n) {
    int64_t total = 0;
    for (size_t start = 0; start < n; start += 1024) {  // their sum is < 2^31
      const size_t end = start + 1024 < n ? start + 1024 : n;
      int32_t sum = 0;
      for (size_t i = start; i < end; ++i) sum += q[i] * int16_t(weights[i]);
      total += sum;
    }
    return total;
  }

  // The same of several classes.
  static constexpr int kClasses = 4;
  template <class Isa>
  static BIFSMN_INLINE void dots(const int16_t* q, const int8_t* weights, size_t n,
                                 int64_t (&sums)[kClasses]) {
    for (int k = 0; k < kClasses; ++k) sums[k] = Isa::dot(q, weights + k * n, n);
  }
};

// Units of so many bytes that so many bits take.
constexpr uint32_t units(uint32_t inputs, size_t unit) {
  return (inputs + uint32_t(unit) * 8 - 1) / (uint32_t(unit) * 8);
}

}  // namespace
}  // namespace bifsmn
