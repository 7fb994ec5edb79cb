// What follows a layer's counts: ranks, or the affine and its PReLU.
#pragma once
#include "network/prepare.h"
#include "network/tables.h"

namespace bifsmn {
namespace {  // see isa.h

// Of 16 channels from `o` on. (No loops here: compilers keep in registers what they need
// not unroll first.)
template <class Isa>
struct Halves {
  typename Isa::Shorts at[2];

  BIFSMN_INLINE Halves(const int16_t* from, size_t o)
      : at{Isa::channels(from + o), Isa::channels(from + o + 8)} {}
};

// Limits of 16 channels.
template <class Isa>
struct TileLimits {
  using Shorts = typename Isa::Shorts;
  using Bytes = typename Isa::Bytes;
  Halves<Isa> low, middle, high;

  BIFSMN_INLINE TileLimits(const OrderedLimits& all, size_t o)
      : low(all.limits, o), middle(all.limits + all.n, o), high(all.limits + 2 * all.n, o) {}

  // Ranks, negated, of values: how many limits are above them.
  BIFSMN_INLINE Bytes of_value(Shorts x, int half) const {
    return Isa::below(x, low.at[half], middle.at[half], high.at[half]);
  }

  // Of counts, which fall as values rise: the limits are those of counts.
  BIFSMN_INLINE Bytes of_count(Shorts x, int half) const {
    return Isa::above(x, low.at[half], middle.at[half], high.at[half]);
  }
};

// Counts of a tile to the tables of the next layer. (Two rows at a time: processors that
// do not look ahead need not wait for each step of either.)
template <class Isa, class CountsOf>
BIFSMN_INLINE void pass_on(const CountsOf& counts, const TileLimits<Isa>& next,
                           const typename Isa::Tables& maker, uint8_t* to) {
  for (uint32_t r = 0; r < Isa::kRows; r += 2, to += 2 * Isa::kVector) {
    typename Isa::Bytes ranks[2][2];
    for (int i = 0; i < 2; ++i) {
      const Counts<Isa> row = counts(int(r) + i);
      for (int half = 0; half < 2; ++half) ranks[i][half] = next.of_count(row.at[half], half);
    }
    for (int i = 0; i < 2; ++i) maker.put(to + i * Isa::kVector, kStep, ranks[i][0], ranks[i][1]);
  }
}

// The affine and its PReLU for 16 channels.
template <class Isa>
struct TileAffine {
  using Shorts = typename Isa::Shorts;
  using Words = typename Isa::Words;
  Halves<Isa> gains, shifts;
  Shorts slope, base, factor;

  BIFSMN_INLINE TileAffine(const OrderedAffine& a, size_t o)
      : gains(a.gains, o),
        shifts(a.shifts, o),
        slope(Isa::all(a.slope)),
        base(Isa::all(a.base)),
        factor(Isa::all(a.factor)) {}

  // Of a count.
  BIFSMN_INLINE Shorts operator()(Shorts count, int half) const {
    return of_dot(Shorts(Words(base) - Words(count) * Words(factor)), half);
  }

  // Of P << k.
  BIFSMN_INLINE Shorts of_dot(Shorts dot, int half) const {
    const Shorts y = Isa::add(Isa::mul(dot, gains.at[half]), shifts.at[half]);
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
