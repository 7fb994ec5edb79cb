// Vectors of W floats: what GCC and Clang make of every instruction set.
//
// All is in an unnamed namespace: a file compiled for a newer instruction set
// must never lend its copy of a function to the others.
#pragma once
#include <cstdint>
#include <cstring>
#include <utility>

namespace bifsmn {
namespace {

template <int W>
struct Vectors;
template <>
struct Vectors<4> {
  typedef float Floats __attribute__((vector_size(16)));
  typedef int32_t Ints __attribute__((vector_size(16)));
};
template <>
struct Vectors<8> {
  typedef float Floats __attribute__((vector_size(32)));
  typedef int32_t Ints __attribute__((vector_size(32)));
};
template <>
struct Vectors<16> {
  typedef float Floats __attribute__((vector_size(64)));
  typedef int32_t Ints __attribute__((vector_size(64)));
};

template <int W>
using Vec = typename Vectors<W>::Floats;
template <int W>
using IntVec = typename Vectors<W>::Ints;

// Vectors anywhere in memory. For memcpy, GCC takes them for integers of 128 bits, which
// it neither stores in pairs nor at large offsets.
template <int W>
struct InMemory {
  typedef Vec<W> Type __attribute__((aligned(4), may_alias));
};

template <int W>
inline Vec<W> load(const float* from) {
  return *reinterpret_cast<const typename InMemory<W>::Type*>(from);
}

template <int W>
inline void store(float* to, Vec<W> v) {
  *reinterpret_cast<typename InMemory<W>::Type*>(to) = v;
}

template <int W>
inline Vec<W> broadcast(float value) {
  return value - Vec<W>{};  // not +: that loses the sign of -0
}

// Lane i of the result is lane Map::lane(i) of a and b in a row.
template <int W, class Map, int... I>
inline Vec<W> shuffle(Vec<W> a, Vec<W> b, std::integer_sequence<int, I...>) {
#ifdef __clang__
  return __builtin_shufflevector(a, b, Map::lane(I)...);
#else
  return __builtin_shuffle(a, b, IntVec<W>{Map::lane(I)...});
#endif
}

template <int W, class Map>
inline Vec<W> shuffle(Vec<W> a, Vec<W> b) {
  return shuffle<W, Map>(a, b, std::make_integer_sequence<int, W>());
}

// Groups of S lanes of a and b by turns; Half 0 is the first W lanes of that.
template <int W, int S, int Half>
struct ZipMap {
  static constexpr int lane(int i) {
    const int group = (i + Half * W) / S;
    return group % 2 * W + group / 2 * S + i % S;
  }
};

template <int W, int S>
inline Vec<W> zip_low(Vec<W> a, Vec<W> b) {
  return shuffle<W, ZipMap<W, S, 0>>(a, b);
}
template <int W, int S>
inline Vec<W> zip_high(Vec<W> a, Vec<W> b) {
  return shuffle<W, ZipMap<W, S, 1>>(a, b);
}

// The even (First 0) or odd (First 1) lanes of a and b in a row.
template <int First>
struct UnzipMap {
  static constexpr int lane(int i) { return 2 * i + First; }
};

template <int W>
struct ReverseMap {
  static constexpr int lane(int i) { return W - 1 - i; }
};

template <int W>
inline Vec<W> reverse(Vec<W> v) {
  return shuffle<W, ReverseMap<W>>(v, v);
}

}  // namespace
}  // namespace bifsmn
