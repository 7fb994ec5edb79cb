// The first convolution's weights for PMADDUBSW, which takes two taps at once, 13 times:
// in each band those of frames 0 and 1 and of frames 2 and 3, then those of frame 4 in two
// bands.
#pragma once
#include <immintrin.h>

#include "network/isa.h"

namespace bifsmn {
namespace {  // see isa.h

template <class Isa>
struct TapPairs {
  static constexpr int kPairs = 13;
  static constexpr size_t kBytes = kPairs * 2 * Isa::kVector;

  // Both taps of 16 channels, in the frames of a vector.
  static void order(const int8_t* weights, uint32_t n, uint8_t* to) {
    for (int k = 0; k < kPairs; ++k) {
      const int first = k < 10 ? k % 5 * 5 + k / 5 * 2 : (k - 10) * 10 + 4;
      const int second = k < 10 ? first + 1 : first + 5;
      for (uint32_t i = 0; i < Isa::kVector; ++i) {
        const uint32_t c = i / Isa::kLanes * 8 + i % 8;
        *to++ = c < n ? uint8_t(weights[25 * c + first]) : 0;
        *to++ = c < n && second < 25 ? uint8_t(weights[25 * c + second]) : 0;
      }
    }
  }

  // Where the codes of pair k are, for band i of an output, in both bytes of a lane.
  static constexpr int16_t place(int k, int i) {
    const int at = k < 10 ? 2 * (2 * i + k % 5) : 2 * (i + k - 10);
    return int16_t(at | (at + 1) << 8);
  }
};

BIFSMN_INLINE __m128i load_128(const void* from) {
  return _mm_loadu_si128(static_cast<const __m128i*>(from));
}

}  // namespace
}  // namespace bifsmn
