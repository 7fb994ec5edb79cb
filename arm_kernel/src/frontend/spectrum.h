// The powers of a frame's bins, from the transforms of its columns.
#pragma once
#include "frontend/lanes.h"

namespace bifsmn {
namespace {

// Lanes of a and b by turns, in each four of them; Half 1: of their upper halves.
template <int W, int Half>
struct ZipFoursMap {
  static constexpr int lane(int i) { return i % 2 * W + i / 4 * 4 + i % 4 / 2 + 2 * Half; }
};

// v[i] lane j <-> v[j] lane i, in each four lanes.
template <int W>
inline void transpose_fours(Vec<W>* v) {
  const auto low = [](Vec<W> a, Vec<W> b) { return shuffle<W, ZipFoursMap<W, 0>>(a, b); };
  const auto high = [](Vec<W> a, Vec<W> b) { return shuffle<W, ZipFoursMap<W, 1>>(a, b); };
  const Vec<W> a = low(v[0], v[2]), b = high(v[0], v[2]);
  const Vec<W> c = low(v[1], v[3]), d = high(v[1], v[3]);
  v[0] = low(a, c), v[1] = high(a, c), v[2] = low(b, d), v[3] = high(b, d);
}

// The 8 lanes of every other one of 2 W rows, each along the rows.
template <int W>
inline void load_lanes(const float* rows, Vec<W>* lanes) {
  for (size_t i = 0; i < 4; ++i) {
    const float* row = rows + 2 * kLanes * i;
    if constexpr (W == 4) {
      lanes[i] = load<4>(row);
      lanes[4 + i] = load<4>(row + 4);
    } else {
      const Vec<W> a = load<W>(row), b = load<W>(row + 8 * kLanes);
      lanes[i] = zip_low<W, 4>(a, b);
      lanes[4 + i] = zip_high<W, 4>(a, b);
    }
  }
  transpose_fours<W>(lanes);
  transpose_fours<W>(lanes + 4);
}

template <class T>
struct TransformOf4 {
  Complex<T> z[4];

  TransformOf4(Complex<T> a, Complex<T> b, Complex<T> c, Complex<T> d) {
    const Complex<T> e = a + c, f = a - c, g = b + d, h = b - d;
    z[0] = e + g;
    z[1] = {f.re + h.im, f.im - h.re};
    z[2] = e - g;
    z[3] = {f.re - h.im, f.im + h.re};
  }
};

template <class T>
inline T power(Complex<T> z) {
  return z.re * z.re + z.im * z.im;
}

// The powers of bins M j + k and M (4 - j) - k for j < 4 and W bins from k on, from
// their 8 lanes y, which are already turned.
template <int W>
inline void store_powers(size_t rows, size_t k, const Complex<Lanes<W>>* y, float* powers) {
  using T = Lanes<W>;
  const TransformOf4<T> even(y[0], y[2], y[4], y[6]), odd(y[1], y[3], y[5], y[7]);
  const auto &o1 = odd.z[1], &o2 = odd.z[2], &o3 = odd.z[3];
  const T eighth = T::all(kEighth), minus = T::all(-kEighth);
  const Complex<T> turned[4] = {odd.z[0],
                                {(o1.re + o1.im) * eighth, (o1.im - o1.re) * eighth},
                                {o2.im, -o2.re},
                                {(o3.im - o3.re) * eighth, (o3.re + o3.im) * minus}};
  for (size_t j = 0; j < 4; ++j) power(even.z[j] + turned[j]).to(powers + rows * j + k);
  // Bins M (j + 4) + k, the mirrors.
  for (size_t j = 0; j < 4; ++j)
    store<W>(powers + rows * (4 - j) - k - (W - 1), reverse<W>(power(even.z[j] - turned[j]).v));
}

// [M parts][8] -> powers of n_fft / 2 + 1 bins. turns: cos and sin of
// -2 pi l k / n_fft of lanes l from 1 on, [M / 2 / W + 1][7][2][W]. The array of parts
// has room for 2 W rows more.
template <int W>
[[gnu::noinline]] void powers_of_bins(size_t rows, const float* turns, float* parts,
                                      float* powers) {
  using T = Lanes<W>;
  // Bin M / 2, whose real part is in place of the imaginary part of bin 0.
  for (size_t l = 0; l < kLanes; ++l) {
    parts[rows * kLanes + l] = parts[kLanes + l];
    parts[(rows + 1) * kLanes + l] = parts[kLanes + l] = 0;
  }
  // The first vector is of bin M / 2 alone: what it has of others is overwritten.
  for (size_t k = rows / 2 + W; k > 0;) {
    k -= W;
    Vec<W> re[kLanes], im[kLanes];
    load_lanes<W>(parts + 2 * kLanes * k, re);
    load_lanes<W>(parts + 2 * kLanes * k + kLanes, im);
    Complex<T> y[kLanes] = {{{re[0]}, {im[0]}}};
    const float* w = turns + 2 * (kLanes - 1) * k;
    for (size_t l = 1; l < kLanes; ++l, w += 2 * W)
      y[l] = Complex<T>{{re[l]}, {im[l]}}.turned(T::at(w), T::at(w + W));
    store_powers<W>(rows, k, y, powers);
  }
}

}  // namespace
}  // namespace bifsmn
