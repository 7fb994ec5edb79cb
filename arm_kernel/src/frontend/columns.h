// Real transforms of the columns of a frame: its samples as M = n_fft / 8 rows of 8
// lanes. The lanes never meet, so every width of vectors gives the same bits.
//
// The transform of m real numbers has m parts: bin k of less than m / 2 has its real
// part at 2 k and its imaginary part at 2 k + 1, where bin m / 2 has its real part in
// place of the 0 of bin 0. Four transforms of m numbers, of every fourth from the
// first, second, ... on, make one of 4 m (decimation in time, in Stockham's order):
// [m parts][4][S transforms][8 lanes] -> [4 m parts][S transforms][8 lanes].
#pragma once
#include <utility>

#include "frontend/lanes.h"

namespace bifsmn {
namespace {

// The size of a column's first transforms, 8 or 16; the others are 4 times it, ...
inline size_t first_size(size_t rows) {
  size_t m = rows;
  while (m > 16) m /= 4;
  return m;
}

// Cos and sin of three angles for each bin but bins 0 and m / 2 of m = n / 4.
inline size_t turns_to(size_t n) { return n < 16 ? 0 : 6 * (n / 8 - 1); }

// From bin 0 of four transforms, bins 0, 2 m and m (two parts) of theirs.
template <class T>
inline void combine_first(const T* y, T* out) {
  const T e = y[0] + y[2], f = y[1] + y[3];
  out[0] = e + f;
  out[1] = e - f;
  out[2] = y[0] - y[2];
  out[3] = y[3] - y[1];
}

// From bin m / 2, bins m / 2 and 3 m / 2.
template <class T>
inline void combine_middle(const T* y, T* out) {
  const T u = (y[1] - y[3]) * T::all(kEighth), v = (y[1] + y[3]) * T::all(-kEighth);
  out[0] = y[0] + u;
  out[1] = v - y[2];
  out[2] = y[0] - u;
  out[3] = y[2] + v;
}

// From bin k, bins k, m - k, m + k and 2 m - k; w: cos and sin of the angle
// -2 pi k / 4 m, of twice and of three times that angle.
template <class T>
inline void combine(const Complex<T>* y, const float* w, Complex<T>* out) {
  const auto t1 = y[1].turned(T::all(w[0]), T::all(w[1]));
  const auto t2 = y[2].turned(T::all(w[2]), T::all(w[3]));
  const auto t3 = y[3].turned(T::all(w[4]), T::all(w[5]));
  const auto e = y[0] + t2, f = y[0] - t2, g = t1 + t3;
  const Complex<T> h = {t3.re - t1.re, t1.im - t3.im};
  out[0] = e + g;
  out[1] = {f.re - h.im, h.re - f.im};
  out[2] = {f.re + h.im, f.im + h.re};
  out[3] = {e.re - g.re, g.im - e.im};
}

// The first transforms, of 8 or 16 windowed samples, [8 or 16][S][8] -> the same.
// The window is in the order in which it is read.
template <int W, size_t S>
[[gnu::noinline]] void first_of_8(const float* samples, const float* window, float* out) {
  using T = Lanes<W>;
  constexpr size_t kRow = kLanes * S;
  constexpr size_t kParts[8] = {0, 1, 4, 5, 2, 3, 6, 7};
  for (size_t n = kRow / W; n > 0; --n, samples += W, out += W, window += 8 * W) {
    T sums[4], differences[4], made[8];
    for (size_t j = 0; j < 4; ++j) {
      const T a = T::at(samples + j * kRow) * T::at(window + j * W);
      const T b = T::at(samples + (j + 4) * kRow) * T::at(window + (j + 4) * W);
      sums[j] = a + b;
      differences[j] = a - b;
    }
    combine_first(sums, made);
    combine_middle(differences, made + 4);
    for (size_t j = 0; j < 8; ++j) made[j].to(out + kParts[j] * kRow);
  }
}

template <int W, size_t S>
[[gnu::noinline]] void first_of_16(const float* samples, const float* window, const float* w,
                                   float* out) {
  using T = Lanes<W>;
  constexpr size_t kRow = kLanes * S;
  constexpr size_t kParts[8] = {0, 1, 8, 9, 4, 5, 12, 13};
  for (size_t n = kRow / W; n > 0; --n, samples += W, out += W, window += 16 * W) {
    T fours[4][4], made[8];  // [part][transform]
    for (size_t r = 0; r < 4; ++r) {
      T x[4], parts[4];
      for (size_t j = 0; j < 4; ++j)
        x[j] = T::at(samples + (r + 4 * j) * kRow) * T::at(window + (r + 4 * j) * W);
      combine_first(x, parts);
      for (size_t j = 0; j < 4; ++j) fours[j][r] = parts[j];
    }
    combine_first(fours[0], made);
    combine_middle(fours[1], made + 4);
    for (size_t j = 0; j < 8; ++j) made[j].to(out + kParts[j] * kRow);
    Complex<T> bin[4], bins[4];
    for (size_t r = 0; r < 4; ++r) bin[r] = {fours[2][r], fours[3][r]};
    combine(bin, w, bins);
    for (size_t j = 0; j < 4; ++j) {
      bins[j].re.to(out + (4 * j + 2) * kRow);
      bins[j].im.to(out + (4 * j + 3) * kRow);
    }
  }
}

// Bins 0 and m / 2 of [m][4][S][8] -> [4 m][S][8].
template <int W, size_t S>
[[gnu::noinline]] void combine_real(size_t m, const float* in, float* out) {
  using T = Wide<W>;
  constexpr size_t kRow = kLanes * S;
  const size_t parts[8] = {0, 1, 2 * m, 2 * m + 1, m, m + 1, 3 * m, 3 * m + 1};
  for (size_t i = 0; i < kRow; i += T::kCount) {
    T first[4], middle[4], made[8];
    for (size_t r = 0; r < 4; ++r) {
      first[r] = T::at(in + r * kRow + i);
      middle[r] = T::at(in + (4 + r) * kRow + i);
    }
    combine_first(first, made);
    combine_middle(middle, made + 4);
    for (size_t j = 0; j < 8; ++j) made[j].to(out + parts[j] * kRow + i);
  }
}

// The other bins; w: for each bin k from 1 on as in combine().
template <int W, size_t S>
[[gnu::noinline]] void combine_complex(size_t m, const float* w, const float* in, float* out) {
  using T = Wide<W>;
  constexpr size_t kRow = kLanes * S;
  for (size_t k = 1; k < m / 2; ++k, w += 6) {
    const size_t bins[4] = {k, m - k, m + k, 2 * m - k};
    for (size_t i = 0; i < kRow; i += T::kCount) {
      const float* from = in + 8 * k * kRow + i;
      Complex<T> y[4], made[4];
      for (size_t r = 0; r < 4; ++r) y[r] = {T::at(from + r * kRow), T::at(from + (4 + r) * kRow)};
      combine(y, w, made);
      for (size_t j = 0; j < 4; ++j) {
        float* to = out + 2 * bins[j] * kRow + i;
        made[j].re.to(to);
        made[j].im.to(to + kRow);
      }
    }
  }
}

// The transforms so far: m parts at x; y is for the next ones, w their turns.
template <int W>
struct Columns {
  size_t m;
  const float* w;
  float *x, *y;

  template <size_t S>
  void combine_to() {
    constexpr int kWidth = W < kLanes * S ? W : kLanes * S;
    combine_real<kWidth, S>(m, x, y);
    combine_complex<kWidth, S>(m, w, x, y);
    m *= 4;
    w += turns_to(m);
    std::swap(x, y);
  }
};

// samples [M][8] -> [M parts][8], in the array returned, one of the two given.
template <int W>
inline float* transform_columns(size_t rows, const float* samples, const float* window,
                                const float* w, float* x, float* y) {
  switch (rows) {
    case 32: first_of_8<W, 4>(samples, window, x); break;
    case 64: first_of_16<W, 4>(samples, window, w, x); break;
    case 128: first_of_8<W, 16>(samples, window, x); break;
    case 256: first_of_16<W, 16>(samples, window, w, x); break;
    default: first_of_8<W, 64>(samples, window, x);
  }
  const size_t m = first_size(rows);
  Columns<W> columns = {m, w + turns_to(m), x, y};
  if (rows >= 512) columns.template combine_to<16>();
  if (rows >= 128) columns.template combine_to<4>();
  columns.template combine_to<1>();
  return columns.x;
}

}  // namespace
}  // namespace bifsmn
