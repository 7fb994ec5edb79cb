// One frame of the front end, in vectors of W floats.
#pragma once
#include "frontend/fft.h"
#include "frontend/frontend.h"

namespace bifsmn {
namespace {

// The scratch of a frame: arrays x and y of the transform, then the powers. They are
// longer than their content for what the vectors read beyond.
inline size_t transform_floats(size_t n_fft) { return n_fft + 2 * kBlock; }
inline size_t power_floats(size_t n_fft) { return n_fft / 2 + 32; }
inline size_t frame_scratch_floats(size_t n_fft) {
  return 2 * transform_floats(n_fft) + power_floats(n_fft);
}

// 16 sums, each of every 16th product, whatever the width; then pairwise to 4.
template <int W>
inline Vec<4> band_sums(const Band& band, const float* powers) {
  constexpr int kVectors = 16 / W;
  Vec<W> sums[kVectors];
  for (int v = 0; v < kVectors; ++v)
    sums[v] = load<W>(powers + band.first + v * W) * load<W>(band.weights + v * W);
  for (uint32_t i = 16; i < band.width; i += 16)
    for (int v = 0; v < kVectors; ++v)
      sums[v] += load<W>(powers + band.first + i + v * W) * load<W>(band.weights + i + v * W);
  float all[16];
  memcpy(all, sums, sizeof all);
  return (load<4>(all) + load<4>(all + 8)) + (load<4>(all + 4) + load<4>(all + 12));
}

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

template <int W>
inline void log_mel(const FrontEnd& f, const float* powers, float* features) {
  for (uint32_t band = 0; band < f.mels; band += 4) {
    Vec<4> s[4];
    for (int i = 0; i < 4; ++i) s[i] = band_sums<W>(f.bands[band + i], powers);
    const Vec<4> a = zip_low<4, 1>(s[0], s[2]), b = zip_high<4, 1>(s[0], s[2]);
    const Vec<4> c = zip_low<4, 1>(s[1], s[3]), d = zip_high<4, 1>(s[1], s[3]);
    const Vec<4> power =
        (zip_low<4, 1>(a, c) + zip_high<4, 1>(a, c)) + (zip_low<4, 1>(b, d) + zip_high<4, 1>(b, d));
    // A NaN, of audio beyond all bounds, compares false; infinity is lowered.
    const Vec<4> floor = broadcast<4>(f.power_floor), max = broadcast<4>(0x1p126f);
    const Vec<4> raised = power > floor ? power : floor;
    store<4>(features + band, decibels(raised < max ? raised : max));
  }
}

template <int W>
inline void compute_frame(const FrontEnd& f, void* scratch, const float* samples, float* features) {
  const size_t n = f.n_fft / 2;
  float* x = static_cast<float*>(scratch);
  float* y = x + transform_floats(f.n_fft);
  float* powers = y + transform_floats(f.n_fft);
  const float* window = f.window;
  const auto windowed_pairs = [=](size_t i, size_t l) {
    const size_t at = 2 * (i + l);
    const auto low = load<W>(samples + at) * load<W>(window + at);
    const auto high = load<W>(samples + at + W) * load<W>(window + at + W);
    return Complex<W>{shuffle<W, UnzipMap<0>>(low, high), shuffle<W, UnzipMap<1>>(low, high)};
  };
  real_powers<W>(n, f.turns, transform<W>(n, f.twiddles, windowed_pairs, x, y), powers);
  log_mel<W>(f, powers, features);
}

}  // namespace
}  // namespace bifsmn
