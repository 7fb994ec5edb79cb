// Levels of activations as bits, and their products with weights, plainly.
#pragma once
#include <cstring>

#include "network/network.h"

namespace bifsmn {

// Levels as bits, in rows of whole chunks of 128.
struct Levels {
  uint8_t* planes[2];  // [rows][row_bytes]; the second one is unused with one plane
  size_t row_bytes;

  Levels row(size_t r) const {
    return {{planes[0] + r * row_bytes, planes[1] + r * row_bytes}, row_bytes};
  }
};

inline void clear(const Levels& l, size_t rows) {
  for (uint8_t* plane : l.planes) memset(plane, 0, rows * l.row_bytes);
}

// A level's bits: a set one is -1.
struct Level {
  bool bit1, bit2;  // alike with one plane
};

inline Level level_of(int32_t x, const Limits& limits) {
  const bool bit1 = x < limits.middle;
  return {bit1, x < (bit1 ? limits.low : limits.high)};
}

// Into a row that was cleared.
inline void put(const Levels& row, size_t i, Level level) {
  row.planes[0][i / 8] = uint8_t(row.planes[0][i / 8] | level.bit1 << i % 8);
  row.planes[1][i / 8] = uint8_t(row.planes[1][i / 8] | level.bit2 << i % 8);
}

// How many of 128 bits differ: counted in pairs of bits, in fours, and in bytes.
inline uint32_t differing(const uint8_t* a, const uint8_t* b) {
  uint32_t counts = 0;
  for (int i = 0; i < 16; i += 4) {
    uint32_t x, y;
    memcpy(&x, a + i, 4);
    memcpy(&y, b + i, 4);
    x ^= y;
    x -= x >> 1 & 0x55555555;
    x = (x & 0x33333333) + (x >> 2 & 0x33333333);
    counts += (x + (x >> 4)) & 0x0f0f0f0f;
  }
  return counts * 0x01010101 >> 24;
}

// Of one plane with the weights of output n.
inline int32_t dot(const Bits& w, uint32_t n, const uint8_t* plane) {
  uint32_t different = 0;
  for (uint32_t c = 0; c < w.chunks(); ++c) different += differing(w.chunk(n, c), plane + 16 * c);
  return int32_t(w.inputs) - 2 * int32_t(different);
}

}  // namespace bifsmn
