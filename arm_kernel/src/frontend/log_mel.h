// One frame of the front end, in vectors of W floats.
#pragma once
#include "frontend/columns.h"
#include "frontend/frontend.h"
#include "frontend/spectrum.h"

namespace bifsmn {
namespace {

// The scratch of a frame: arrays x and y of the transform, then the powers. They are
// longer than their content for what the vectors read beyond.
inline size_t transform_floats(size_t n_fft) { return n_fft + 16 * kLanes; }
inline size_t power_floats(size_t n_fft) { return n_fft / 2 + 32; }
inline size_t frame_scratch_floats(size_t n_fft) {
  return 2 * transform_floats(n_fft) + power_floats(n_fft);
}

// What the triangles over a segment have of it, in 8 sums, each of every 8th bin.
template <int W>
struct Shares {
  Row<W> rising, falling;

  Shares(const Segment& segment, const float* powers) {
    using T = Row<W>;
    const float *p = powers + segment.first, *w = segment.weights;
    rising = T::at(p) * T::at(w);
    falling = T::at(p) * T::at(w + kLanes);
    for (const float* end = p + segment.width; (p += kLanes) < end;) {
      w += 2 * kLanes;
      rising = rising + T::at(p) * T::at(w);
      falling = falling + T::at(p) * T::at(w + kLanes);
    }
  }
};

// 10 log10(x) of positive normal x to 2e-5: x = m 2^e with m around 1, and the
// series of artanh((m - 1) / (m + 1)).
inline Vec<4> decibels(Vec<4> x) {
  constexpr int32_t kRootHalf = 0x3F3504F3;  // the bits of sqrt(1/2)
  IntVec<4> bits;
  memcpy(&bits, &x, sizeof bits);
  const IntVec<4> exponent = (bits - kRootHalf) >> 23;
  bits -= exponent << 23;
  Vec<4> m;
  memcpy(&m, &bits, sizeof m);
  const Vec<4> s = (m - 1.0f) / (m + 1.0f), s2 = s * s;
  // 20 / ln(10) / k for k = 1, 3, 5, 7; 10 log10(2).
  const Vec<4> series = ((s2 * 1.2408408f + 1.7371779f) * s2 + 2.8952965f) * s2 + 8.6858896f;
  return __builtin_convertvector(exponent, Vec<4>) * 3.01029996f + s * series;
}

// Sums of neighbours.
inline Vec<4> add_pairs(Vec<4> a, Vec<4> b) {
  return shuffle<4, UnzipMap<0>>(a, b) + shuffle<4, UnzipMap<1>>(a, b);
}

template <int W>
[[gnu::noinline]] void log_mel(const FrontEnd& f, const float* powers, float* features) {
  const Segment* segment = f.segments;
  Row<W> rising = Shares<W>(*segment, powers).rising;
  for (uint32_t band = 0; band < f.mels; band += 4) {
    Vec<4> s[4];
    for (int i = 0; i < 4; ++i) {
      const Shares<W> next(*++segment, powers);
      const Row<W> sums = rising + next.falling;
      Vec<4> halves[2];
      memcpy(halves, &sums, sizeof halves);
      s[i] = halves[0] + halves[1];
      rising = next.rising;
    }
    const Vec<4> power = add_pairs(add_pairs(s[0], s[1]), add_pairs(s[2], s[3])) * f.scale;
    // A NaN, of audio beyond all bounds, compares false; infinity is lowered.
    const Vec<4> floor = broadcast<4>(f.power_floor), max = broadcast<4>(0x1p126f);
    const Vec<4> raised = power > floor ? power : floor;
    store<4>(features + band, decibels(raised < max ? raised : max));
  }
}

template <int W>
inline void compute_frame(const FrontEnd& f, void* scratch, const float* samples, float* features) {
  constexpr int kNarrow = W < kLanes ? W : kLanes;
  const size_t rows = f.n_fft / kLanes;
  float* x = static_cast<float*>(scratch);
  float* y = x + transform_floats(f.n_fft);
  float* powers = y + transform_floats(f.n_fft);
  float* parts = transform_columns<W>(rows, samples, f.window, f.column_turns, x, y);
  powers_of_bins<kNarrow>(rows, f.lane_turns, parts, powers);
  log_mel<kNarrow>(f, powers, features);
}

}  // namespace
}  // namespace bifsmn
