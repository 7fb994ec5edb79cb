// What follows a layer's counts: ranks, or the affine and its PReLU.
#pragma once
#include "network/prepare.h"
#include "network/tables.h"

namespace bifsmn {
namespace {  // see isa.h

// Limits of 16 channels.
template <class Isa>
struct TileLimits {
  using Shorts = typename Isa::Shorts;
  Shorts limits[3][2];

  BIFSMN_INLINE TileLimits(const OrderedLimits& all, size_t o) {
    for (int k = 0; k < 3; ++k)
      for (int half = 0; half < 2; ++half)
        limits[k][half] = Isa::channels(all.limits + k * all.n + o + 8 * half);
  }

  // Ranks, negated, of values: how many limits are above them.
  BIFSMN_INLINE Shorts of_value(Shorts x, int half) const {
    return (x < limits[0][half]) + (x < limits[1][half]) + (x < limits[2][half]);
  }

  // Of counts, which fall as values rise: the limits are those of counts.
  BIFSMN_INLINE Shorts of_count(Shorts x, int half) const {
    return (x > limits[0][half]) + (x > limits[1][half]) + (x > limits[2][half]);
  }
};

// The affine and its PReLU for 16 channels.
template <class Isa>
struct TileAffine {
  using Shorts = typename Isa::Shorts;
  using Words = typename Isa::Words;
  Shorts gains[2], shifts[2], slope, base, factor;

  BIFSMN_INLINE TileAffine(const OrderedAffine& a, size_t o)
      : slope(Isa::all(a.slope)), base(Isa::all(a.base)), factor(Isa::all(a.factor)) {
    for (int half = 0; half < 2; ++half) {
      gains[half] = Isa::channels(a.gains + o + 8 * half);
      shifts[half] = Isa::channels(a.shifts + o + 8 * half);
    }
  }

  // Of a count.
  BIFSMN_INLINE Shorts operator()(Shorts count, int half) const {
    return of_dot(Shorts(Words(base) - Words(count) * Words(factor)), half);
  }

  // Of P << k.
  BIFSMN_INLINE Shorts of_dot(Shorts dot, int half) const {
    const Shorts y = Isa::add(Isa::mul(dot, gains[half]), shifts[half]);
    return Isa::larger(y, Isa::mul(y, slope));
  }
};

// Where x of frame t (a multiple of kTimes) and 16 channels from `o` on is, of [U][C]: 8
// channels of kTimes frames follow one another.
template <class Isa>
BIFSMN_INLINE int16_t* x_at(int16_t* x, size_t channels, size_t t, size_t o) {
  return x + t * channels + o * Isa::kTimes;
}

}  // namespace
}  // namespace bifsmn
