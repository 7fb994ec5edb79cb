// The primitives of a fast backend one by one, behind functions; for tests.
#pragma once
#include <cstddef>
#include <cstdint>

#include "network/network.h"

namespace bifsmn {

struct Primitives {
  // A layer's counts [8][outputs] of ranks [8][inputs], as isa.h has them, in memory
  // aligned to 64 bytes.
  size_t (*counts_bytes)(const Bits& weights);
  void (*counts)(const Bits& weights, int top, const uint8_t* ranks, void* memory, int32_t* out);
  // 16 values and their limits [3][16] to ranks; of counts, for which limits are lower
  // bounds, or of x.
  void (*ranks)(bool of_counts, const int16_t* values, const int16_t* limits, uint8_t* out);
  // Of 16.
  void (*mul)(const int16_t* a, const int16_t* b, int16_t* out);
  void (*add)(const int16_t* a, const int16_t* b, int16_t* out);
  // Sums of 16 channels at one position: codes [5 frames][5 bands], weights [16][25].
  void (*convolve)(const uint8_t* codes, const int8_t* weights, int16_t* out);
  // Four rows of n weights; n is a multiple of 64.
  void (*dots)(const int8_t* codes, const int8_t* weights, size_t n, int32_t* sums);
};

}  // namespace bifsmn
