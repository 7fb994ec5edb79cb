// The Fourier transform of one frame of the front end, in vectors of W floats.
//
// A complex Stockham transform of radix 4 (which sorts itself) of n points; then 2 n
// real samples as n complex ones. The lanes never meet in a sum, so every width
// gives the same bits.
//
// Complex numbers lie in blocks of 16, first their real parts: [n / 16][2][16].
#pragma once
#include "core/vector.h"

namespace bifsmn {
namespace {

constexpr size_t kBlock = 16;

// Where the real part of point i is; the imaginary part is kBlock floats on.
constexpr size_t place(size_t i) { return i / kBlock * 2 * kBlock + i % kBlock; }

// Stage i of radix 4 has the stride s = 4^i (one of radix 2 comes last where n is no
// power of 4), and its butterfly j the twiddles of p = j / s: cos and sin of an angle,
// of twice and of three times that angle. The first two stages have them for each j,
// in blocks: [n / 4 / 16][6][16]; the others for each p: [n / 4 / s][6].
constexpr size_t kWide = 16;  // the smallest stride of the others

template <int W>
struct Complex {
  Vec<W> re, im;

  static Complex at(const float* p) { return {load<W>(p), load<W>(p + kBlock)}; }
  static Complex all(const float* p) { return {broadcast<W>(p[0]), broadcast<W>(p[1])}; }
  void to(float* p) const {
    store<W>(p, re);
    store<W>(p + kBlock, im);
  }
  Complex operator+(Complex b) const { return {re + b.re, im + b.im}; }
  Complex operator-(Complex b) const { return {re - b.re, im - b.im}; }
  Complex operator*(Complex b) const { return {re * b.re - im * b.im, re * b.im + im * b.re}; }
  Complex times_minus_i() const { return {im, -re}; }
};

// The four outputs of a butterfly before their twiddles.
template <int W>
struct Butterfly {
  Complex<W> y0, y1, y2, y3;

  Butterfly(Complex<W> a, Complex<W> b, Complex<W> c, Complex<W> d) {
    const Complex<W> sum = a + c, difference = a - c;
    const Complex<W> other = b + d, turned = (b - d).times_minus_i();
    y0 = sum + other;
    y1 = difference + turned;
    y2 = sum - other;
    y3 = difference - turned;
  }

  void twiddle(Complex<W> w1, Complex<W> w2, Complex<W> w3) {
    y1 = y1 * w1;
    y2 = y2 * w2;
    y3 = y3 * w3;
  }
};

// Groups of S lanes of the four by turns: S is the stride.
template <int W, int S>
inline void zip_four(Vec<W> y0, Vec<W> y1, Vec<W> y2, Vec<W> y3, Vec<W>* out) {
  if constexpr (S < W) {
    const Vec<W> a = zip_low<W, S>(y0, y1), b = zip_high<W, S>(y0, y1);
    const Vec<W> c = zip_low<W, S>(y2, y3), d = zip_high<W, S>(y2, y3);
    if constexpr (2 * S < W) {
      out[0] = zip_low<W, 2 * S>(a, c);
      out[1] = zip_high<W, 2 * S>(a, c);
      out[2] = zip_low<W, 2 * S>(b, d);
      out[3] = zip_high<W, 2 * S>(b, d);
    } else {
      out[0] = a, out[1] = c, out[2] = b, out[3] = d;
    }
  } else {
    out[0] = y0, out[1] = y1, out[2] = y2, out[3] = y3;
  }
}

// A stage of stride S, 1 or 4; input(i, l) loads points from i + l on, the l-th of the
// block that begins at i.
template <int W, int S, class Input>
inline void narrow_stage(size_t n, const float* w, Input input, float* out) {
  const size_t quarter = n / 4;
  for (size_t i = 0; i < quarter; i += kBlock, w += 6 * kBlock)
    for (size_t l = 0; l < kBlock; l += W) {
      Butterfly<W> b(input(i, l), input(i + quarter, l), input(i + 2 * quarter, l),
                     input(i + 3 * quarter, l));
      b.twiddle(Complex<W>::at(w + l), Complex<W>::at(w + 2 * kBlock + l),
                Complex<W>::at(w + 4 * kBlock + l));
      Vec<W> re[4], im[4];
      zip_four<W, S>(b.y0.re, b.y1.re, b.y2.re, b.y3.re, re);
      zip_four<W, S>(b.y0.im, b.y1.im, b.y2.im, b.y3.im, im);
      float* to = out + 8 * (i + l);  // point 4 (i + l), the first of a block
      for (size_t k = 0; k < 4; ++k) Complex<W>{re[k], im[k]}.to(to + place(k * W));
    }
}

// The butterflies of one p; in and out are where its first ones are.
template <int W, bool Turns>
inline void wide_butterflies(size_t quarter, size_t stride, const float* w, const float* in,
                             float* out) {
  Complex<W> w1, w2, w3;
  if (Turns) {
    w1 = Complex<W>::all(w);
    w2 = Complex<W>::all(w + 2);
    w3 = Complex<W>::all(w + 4);
  }
  for (size_t q = 0; q < 2 * stride; q += 2 * kBlock)
    for (size_t i = q; i < q + kBlock; i += W) {
      Butterfly<W> b(Complex<W>::at(in + i), Complex<W>::at(in + 2 * quarter + i),
                     Complex<W>::at(in + 4 * quarter + i), Complex<W>::at(in + 6 * quarter + i));
      if (Turns) b.twiddle(w1, w2, w3);
      b.y0.to(out + i);
      b.y1.to(out + 2 * stride + i);
      b.y2.to(out + 4 * stride + i);
      b.y3.to(out + 6 * stride + i);
    }
}

template <int W>
inline void wide_stage(size_t n, size_t stride, const float* w, const float* in, float* out) {
  const size_t quarter = n / 4;
  wide_butterflies<W, false>(quarter, stride, w, in, out);  // angle 0
  for (size_t p = 1; p < quarter / stride; ++p)
    wide_butterflies<W, true>(quarter, stride, w + 6 * p, in + 2 * p * stride,
                              out + 8 * p * stride);
}

template <int W>
inline void last_of_radix2(size_t n, const float* in, float* out) {
  for (size_t j = 0; j < n / 2; j += W) {
    const auto a = Complex<W>::at(in + place(j)), b = Complex<W>::at(in + place(j) + n);
    (a + b).to(out + place(j));
    (a - b).to(out + place(j) + n);
  }
}

// n complex points, 128 to 2048, from input as in narrow_stage. The result is in the
// array returned, one of the two given (of 2 n floats each).
template <int W, class Input>
inline float* transform(size_t n, const float* twiddles, Input input, float* x, float* y) {
  narrow_stage<W, 1>(n, twiddles, input, x);
  twiddles += 6 * (n / 4);
  const auto from_x = [x](size_t i, size_t l) { return Complex<W>::at(x + 2 * i + l); };
  narrow_stage<W, 4>(n, twiddles, from_x, y);
  twiddles += 6 * (n / 4);
  float *in = y, *out = x;
  size_t stride = kWide;
  for (; 4 * stride <= n; stride *= 4) {
    wide_stage<W>(n, stride, twiddles, in, out);
    twiddles += 6 * (n / 4 / stride);
    float* const free = in;
    in = out;
    out = free;
  }
  if (stride == n) return in;
  last_of_radix2<W>(n, in, out);
  return out;
}

// Lanes 0, W - 1, W - 2, ..., 1, where lane 0 is of b, the others are of a.
template <int W>
struct MirrorMap {
  static constexpr int lane(int i) { return W - i; }
};

// Powers of bins 0 to n of 2 n real samples, times 4, from z, the transform of
// sample 2 i + sqrt(-1) sample 2 i + 1, an array with room for one block more.
// turns: -sin and -cos of pi k / n in blocks, [n / 2 / 16][2][16].
//
// With A = z[k] + conj(z[n - k]) and B = (z[k] - conj(z[n - k])) turned, twice the
// spectrum at k is A + B, and at n - k the conjugate of A - B.
template <int W>
inline void real_powers(size_t n, const float* turns, float* z, float* powers) {
  z[place(n)] = z[0];
  z[place(n) + kBlock] = z[kBlock];
  auto above = Complex<W>::at(z + place(n));
  for (size_t k = 0; k < n / 2; k += W) {
    const auto below = Complex<W>::at(z + place(n - k - W));
    const Complex<W> b = {shuffle<W, MirrorMap<W>>(below.re, above.re),
                          -shuffle<W, MirrorMap<W>>(below.im, above.im)};
    above = below;
    const auto a = Complex<W>::at(z + place(k));
    const auto sum = a + b, turned = (a - b) * Complex<W>::at(turns + place(k));
    const auto low = sum + turned, high = sum - turned;
    store<W>(powers + k, low.re * low.re + low.im * low.im);
    store<W>(powers + n - k - (W - 1), reverse<W>(high.re * high.re + high.im * high.im));
  }
  const float re = z[place(n / 2)], im = z[place(n / 2) + kBlock];
  const float re_squared = re * re, im_squared = im * im;
  powers[n / 2] = 4 * (re_squared + im_squared);
}

}  // namespace
}  // namespace bifsmn
