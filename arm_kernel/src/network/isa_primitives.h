// An instruction set's primitives as kernels.h has them.
#pragma once
#include "network/isa.h"
#include "network/prepare.h"
#include "network/primitives.h"

namespace bifsmn {
namespace {  // see vector.h

template <class Isa>
struct IsaPrimitives {
  static constexpr int kLanes = Isa::kLanes, kVectors = Isa::kVectors;
  static constexpr size_t kUnit = Isa::kUnit;
  using Floats = typename Isa::Floats;
  using Ints = typename Isa::Ints;

  template <int kRows, size_t kRow, size_t kStep>
  static void counts_of(const uint8_t* weights, const uint8_t* bits, uint32_t inputs,
                        int32_t* out) {
    constexpr size_t kMaxBytes = 512;  // of inputs
    alignas(64) uint8_t made[kRows * kMaxBytes * table_bytes(Isa::kOrder) + 1];
    alignas(64) typename Isa::Count half[kRows][kTile];
    const uint8_t* const in = Isa::template tables<kRows, kRow, kStep>(bits, inputs, made);
    Isa::template counts<kRows, kRow, kStep>(weights, in, inputs, half);
    for (int i = 0; i < kRows * kTile; ++i) out[i] = half[i / kTile][i % kTile];
  }

  template <int kRows>
  static void counts_in(bool by_turns, const uint8_t* weights, const uint8_t* bits, uint32_t inputs,
                        int32_t* out) {
    by_turns ? counts_of<kRows, kUnit, kRows * kUnit>(weights, bits, inputs, out)
             : counts_of<kRows, kColumnRow, kUnit>(weights, bits, inputs, out);
  }

  static void counts(int rows, bool by_turns, const uint8_t* weights, const uint8_t* bits,
                     uint32_t inputs, int32_t* out) {
    rows == 8 ? counts_in<8>(by_turns, weights, bits, inputs, out)
              : counts_in<16>(by_turns, weights, bits, inputs, out);
  }

  template <int kPlanes>
  static void quantise_in(const float* x, const float* theta1, const float* high, const float* low,
                          uint32_t* out) {
    Floats values[kVectors];
    typename Isa::Limits limits;
    for (int v = 0; v < kVectors; ++v) {
      values[v] = Isa::load(x + v * kLanes);
      limits.theta1[v] = Isa::load(theta1 + v * kLanes);
      limits.high[v] = Isa::load(high + v * kLanes);
      limits.low[v] = Isa::load(low + v * kLanes);
    }
    uint32_t bits[kPlanes];
    Isa::template quantise<Isa, kPlanes>(values, limits, bits);
    for (int plane = 0; plane < kPlanes; ++plane) out[plane] = bits[plane];
  }

  static void quantise(int planes, const float* x, const float* theta1, const float* high,
                       const float* low, uint32_t* bits) {
    planes == 2 ? quantise_in<2>(x, theta1, high, low, bits)
                : quantise_in<1>(x, theta1, high, low, bits);
  }

  static void popcounts(const int32_t* words, int32_t* low, int32_t* high) {
    for (int i = 0; i < kTile; i += kLanes) {
      Ints in, lower, upper;
      memcpy(&in, words + i, sizeof in);
      Isa::popcounts(in, &lower, &upper);
      memcpy(low + i, &lower, sizeof lower);
      memcpy(high + i, &upper, sizeof upper);
    }
  }

  static void prelu(const float* y, float slope, float* out) {
    for (int i = 0; i < kTile; i += kLanes)
      Isa::store(out + i, Isa::prelu(Isa::load(y + i), Isa::all(slope)));
  }

  static int64_t dot(const int16_t* q, const int8_t* weights, size_t n) {
    return Isa::dot(q, weights, n);
  }

  static constexpr Primitives kAll{
      kUnit, Isa::kOrder == Order::kNibbles, counts, quantise, popcounts, prelu, dot};
};

}  // namespace
}  // namespace bifsmn
