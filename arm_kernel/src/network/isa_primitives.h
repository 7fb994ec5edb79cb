// An instruction set's primitives as primitives.h has them.
#pragma once
#include "network/epilogue.h"
#include "network/primitives.h"

namespace bifsmn {
namespace {  // see isa.h

template <class Isa>
struct IsaPrimitives {
  using Shorts = typename Isa::Shorts;
  using Bytes = typename Isa::Bytes;
  static constexpr uint32_t kTimes = Isa::kTimes;

  static size_t counts_bytes(const Bits& weights) {
    Arena a(nullptr);
    ordered<Isa>(a, weights, 1, weights.inputs, 1);
    a.take<uint8_t>(tables_size<Isa>(round_up(weights.inputs, kTile)));
    return a.used();
  }

  static void counts(const Bits& weights, int top, const uint8_t* ranks, void* memory,
                     int32_t* out) {
    Arena a(memory);
    const uint32_t inputs = weights.inputs, padded = round_up(inputs, kTile);
    const uint8_t* const w = ordered<Isa>(a, weights, 1, inputs, top);
    uint8_t* const tables = a.take<uint8_t>(tables_size<Isa>(padded));
    const typename Isa::Tables maker{int16_t(top)};
    for (uint32_t c = 0; c < padded; c += kTile)
      for (uint32_t t = 0; t < kFrames; t += kTimes) {
        int16_t negated[2][kTimes][8];
        for (uint32_t i = 0; i < kTile * kTimes; ++i) {
          const uint32_t channel = c + i % kTile, frame = t + i / kTile;
          const uint8_t rank = channel < inputs ? ranks[frame * inputs + channel] : 0;
          memset(&negated[i % kTile / 8][i / kTile][i % 8], -rank, sizeof(int16_t));
        }
        maker.put(tables + tables_size<Isa>(c) + t * kTable, kStep, Isa::load_bytes(negated[0]),
                  Isa::load_bytes(negated[1]));
      }
    layer<Isa>(w, InARow{tables}, padded / Isa::kInputs, weights.outputs,
               [&](uint32_t o, const auto& counts) {
                 for (uint32_t t = 0; t < kFrames; ++t) {
                   const Counts<Isa> row = counts(t / kTimes);
                   for (uint32_t i = 0; i < kTile; ++i)
                     out[t * weights.outputs + o + i] = row.at[i / 8][t % kTimes * 8 + i % 8];
                 }
               });
  }

  static void ranks(bool of_counts, const int16_t* values, const int16_t* limits, uint8_t* out) {
    const TileLimits<Isa> all({kTile, limits}, 0);
    Bytes below[2];
    for (int half = 0; half < 2; ++half) {
      const Shorts x = Isa::channels(values + 8 * half);
      below[half] = of_counts ? all.of_count(x, half) : all.of_value(x, half);
    }
    const Bytes made = Bytes{} - Isa::weave(below[0], below[1]);
    for (uint32_t i = 0; i < kTile; ++i) out[i] = made[woven(i)];
  }

  template <class Of>
  static void each(const int16_t* a, const int16_t* b, int16_t* out, Of of) {
    for (int half = 0; half < 2; ++half) {
      const Shorts made = of(Isa::channels(a + 8 * half), Isa::channels(b + 8 * half));
      memcpy(out + 8 * half, &made, 16);
    }
  }

  static void mul(const int16_t* a, const int16_t* b, int16_t* out) {
    each(a, b, out, [](Shorts x, Shorts y) { return Isa::mul(x, y); });
  }

  static void add(const int16_t* a, const int16_t* b, int16_t* out) {
    each(a, b, out, [](Shorts x, Shorts y) { return Isa::add(x, y); });
  }

  // At the last of all positions that are made at once.
  static void convolve(const uint8_t* codes, const int8_t* weights, int16_t* out) {
    constexpr int kLast = Isa::kPositions * Isa::kTimes - 1;
    typename Isa::Code input[(4 * kLast + 6) * kInputRow] = {};
    for (int i = 0; i < 25; ++i)
      input[(4 * kLast + i / 5) * kInputRow + 2 * (Isa::kBands - 1) + i % 5] = codes[i];
    alignas(64) uint8_t ordered[Isa::kWeights];
    Isa::order_weights(weights, 16, ordered);
    Shorts sums[2][Isa::kBands][Isa::kPositions];
    Isa::convolve(input, ordered, sums);
    for (int c = 0; c < 16; ++c)
      out[c] = sums[c / 8][Isa::kBands - 1][Isa::kPositions - 1][(kTimes - 1) * 8 + c % 8];
  }

  static void dots(const int8_t* codes, const int8_t* weights, size_t n, int32_t* sums) {
    int32_t made[kClasses];
    Isa::dots(codes, weights, n, made);
    memcpy(sums, made, sizeof made);
  }

  static constexpr Primitives kAll{counts_bytes, counts, ranks, mul, add, convolve, dots};
};

}  // namespace
}  // namespace bifsmn
