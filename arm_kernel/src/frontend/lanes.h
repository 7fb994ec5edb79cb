// Floats that are computed together.
#pragma once
#include <cstddef>

#include "core/vector.h"

namespace bifsmn {
namespace {

constexpr size_t kLanes = 8;  // of a row

// W lanes: a part of a row, a row, or neighbouring rows.
template <int W>
struct Lanes {
  static constexpr size_t kCount = W;
  Vec<W> v;

  static Lanes at(const float* p) { return {load<W>(p)}; }
  static Lanes all(float x) { return {broadcast<W>(x)}; }
  void to(float* p) const { store<W>(p, v); }
  Lanes operator+(Lanes b) const { return {v + b.v}; }
  Lanes operator-(Lanes b) const { return {v - b.v}; }
  Lanes operator-() const { return {-v}; }
  Lanes operator*(Lanes b) const { return {v * b.v}; }
};

// A row as two vectors, which are loaded and stored as a pair.
struct Pair {
  static constexpr size_t kCount = 8;
  Vec<4> a, b;

  static Pair at(const float* p) { return {load<4>(p), load<4>(p + 4)}; }
  static Pair all(float x) { return {broadcast<4>(x), broadcast<4>(x)}; }
  void to(float* p) const {
    store<4>(p, a);
    store<4>(p + 4, b);
  }
  Pair operator+(Pair y) const { return {a + y.a, b + y.b}; }
  Pair operator-(Pair y) const { return {a - y.a, b - y.b}; }
  Pair operator*(Pair y) const { return {a * y.a, b * y.b}; }
};

// A row where it is one vector or two, or W lanes.
template <int W>
struct RowOf {
  using Type = Lanes<W>;
};
template <>
struct RowOf<4> {
  using Type = Pair;
};
template <int W>
using Row = typename RowOf<W>::Type;

// What a butterfly takes at once: a row, if there are registers for so much.
#if defined(__aarch64__)
template <int W>
using Wide = Row<W>;
#else
template <int W>
using Wide = Lanes<W>;
#endif

template <class T>
struct Complex {
  T re, im;

  Complex operator+(Complex b) const { return {re + b.re, im + b.im}; }
  Complex operator-(Complex b) const { return {re - b.re, im - b.im}; }
  Complex turned(T cos, T sin) const { return {re * cos - im * sin, re * sin + im * cos}; }
};

constexpr float kEighth = 0.707106781f;  // cos and sin of an eighth turn

}  // namespace
}  // namespace bifsmn
