// What all layers of the fast backends have in common: tiles of 16 outputs, their
// epilogue, and where the bits of the next layer go.
//
// kFolded: where bits follow, neither affine nor PReLU is computed (threshold_folding.h).
//
// What an inner loop needs is in local variables: vectors are stored as bytes, which
// may alias all that a pointer reaches.
#pragma once
#include "network/isa.h"
#include "network/prepare.h"

namespace bifsmn {
namespace {  // see vector.h

template <class Isa, int kPlanes, bool kFolded>
struct FastLayer {
  static constexpr int kLanes = Isa::kLanes, kVectors = Isa::kVectors;
  static constexpr int kRows = kPlanes * int(kFrames);
  static constexpr size_t kUnit = Isa::kUnit;
  static constexpr size_t kFrame = kPlanes * kUnit;  // bytes from frame to frame
  using Floats = typename Isa::Floats;
  using Ints = typename Isa::Ints;
  using Count = typename Isa::Count;

  using Limits = typename Isa::Limits;

  // A binary layer, in tiles: each(o, first, halves [kFrames][plane][16]) for 16
  // outputs from `o` on and the frames from `first` on. Tiles are always whole, so
  // that loops over them are unrolled: buffers have room for frames that pad the last.
  template <size_t kRow, size_t kStep, class Each>
  static BIFSMN_INLINE void layer(const uint8_t* weights, uint32_t inputs, uint32_t outputs,
                                  const uint8_t* rows, uint32_t frames, uint8_t* tables,
                                  Each each) {
    const size_t n = units(inputs, kUnit);
    alignas(64) Count half[kRows][kTile];
    for (uint32_t first = 0; first < frames; first += kFrames, rows += n * kRows * kUnit) {
      const uint8_t* const in = Isa::template tables<kRows, kRow, kStep>(rows, inputs, tables);
      const uint8_t* tile = weights;
      for (uint32_t o = 0; o < outputs; o += kTile, tile += n * weights_of_unit(Isa::kOrder)) {
        Isa::template counts<kRows, kRow, kStep>(tile, in, inputs, half);
        each(o, first, half);
      }
    }
  }

  // From halves of dot products, negated, of 16 outputs from `o` on. kValues: v alone,
  // or u where `factors` has the signs of gains (threshold_folding.h).
  template <bool kValues>
  struct Epilogue {
    Floats gains[kVectors], shifts[kVectors], factors[kVectors], ratios[kVectors], slope;

    BIFSMN_INLINE Epilogue(const Quantiser& q, const Affine& affine, float prelu, uint32_t o,
                           const float* all_factors = nullptr, uint32_t at = 0)
        : slope(Isa::all(prelu)) {
      for (int v = 0; v < kVectors; ++v) {
        if (!kValues) {
          gains[v] = Isa::load(affine.gains + o + v * kLanes);
          shifts[v] = Isa::load(affine.shifts + o + v * kLanes);
        }
        factors[v] = kValues ? Isa::load(all_factors + at + v * kLanes) : Isa::all(-2);
        ratios[v] = factors[v] * q.ratio;
      }
    }

    BIFSMN_INLINE void operator()(const Count (*half)[kTile], Floats (&y)[kVectors]) const {
      for (int v = 0; v < kVectors; ++v) {
        const Floats first = Isa::floats(half[0] + v * kLanes);
        Floats value;
        if (kPlanes == 2) {
          const Floats second = Isa::floats(half[kPlanes - 1] + v * kLanes) * ratios[v];
          value = Isa::add_exact(second, first, factors[v]);
        } else {
          value = first * factors[v];
        }
        if (kValues) {
          y[v] = value;
          continue;
        }
        const Floats scaled = value * gains[v];
        y[v] = Isa::prelu(scaled + shifts[v], slope);
      }
    }
  };

  using ToFloats = Epilogue<false>;
  using ToLimits = Epilogue<kFolded>;  // what folded limits are for

  static BIFSMN_INLINE FoldedThresholds unfolded(const Quantiser& q) {
    return {q.theta1, q.high, q.low, nullptr};
  }

  static BIFSMN_INLINE Limits limits(const FoldedThresholds& q, uint32_t o) {
    Limits made;
    for (int v = 0; v < kVectors; ++v) {
      made.theta1[v] = Isa::load(q.theta1 + o + v * kLanes);
      if (kPlanes == 1) continue;
      made.high[v] = Isa::load(q.high + o + v * kLanes);
      made.low[v] = Isa::load(q.low + o + v * kLanes);
    }
    return made;
  }

  // The bits of 16 channels of a frame.
  static BIFSMN_INLINE void quantise(const Floats (&y)[kVectors], const Limits& limits,
                                     uint8_t* to) {
    uint32_t bits[kPlanes];
    Isa::template quantise<Isa, kPlanes>(y, limits, bits);
    for (int plane = 0; plane < kPlanes; ++plane) {
      const uint16_t both = uint16_t(bits[plane]);
      memcpy(to + plane * kUnit, &both, 2);
    }
  }

  // Where the bits of a frame's 16 channels from `o` on are, of its first plane; those
  // of the second are kUnit further, those of the next frame of the tile kFrame.
  static BIFSMN_INLINE uint8_t* bits_at(uint8_t* rows, uint32_t inputs, uint32_t t, uint32_t o) {
    const size_t n = units(inputs, kUnit), byte = o / 8;
    const size_t unit = t / kFrames * n + byte / kUnit;
    return rows + unit * kRows * kUnit + t % kFrames * kFrame + byte % kUnit;
  }

  // The last unit may have more bits than are written.
  static void clear_tails(uint8_t* rows, uint32_t inputs, uint32_t frames) {
    if (inputs % (8 * kUnit) == 0) return;
    for (uint32_t t = 0; t < frames; t += kFrames)
      memset(bits_at(rows, inputs, t, (units(inputs, kUnit) - 1) * kUnit * 8), 0, kRows * kUnit);
  }
};

}  // namespace
}  // namespace bifsmn
