// The primitives of a fast backend one by one, behind functions; for tests.
#pragma once
#include <cstddef>
#include <cstdint>

namespace bifsmn {

struct Primitives {
  size_t unit;   // bytes: 4 or 16, see isa.h
  bool nibbles;  // the order of weights, where the unit is 4
  // halves of dot products, negated: out [rows][16]; rows is 8 or 16. The rows' units
  // lie by turns, or each row is contiguous and they are kColumnRow bytes apart.
  void (*counts)(int rows, bool by_turns, const uint8_t* weights, const uint8_t* bits,
                 uint32_t inputs, int32_t* out);
  // 16 channels of x and of each threshold -> bits [planes].
  void (*quantise)(int planes, const float* x, const float* theta1, const float* high,
                   const float* low, uint32_t* bits);
  // Popcounts of both halves of 16 words.
  void (*popcounts)(const int32_t* words, int32_t* low, int32_t* high);
  void (*prelu)(const float* y, float slope, float* out);  // of 16
  int64_t (*dot)(const int16_t* q, const int8_t* weights, size_t n);
};

}  // namespace bifsmn
