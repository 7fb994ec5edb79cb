// The first convolution with VPDPBUSD, which takes four taps at once, 7 times: in each band
// those of frames 0 to 3, then those of frame 4 in the first four bands, and that in the
// last one. A 32-bit lane has those of a channel.
#pragma once
#include "network/isa.h"

namespace bifsmn {
namespace {  // see isa.h

template <class Isa>
struct TapFours {
  using Bytes = typename Isa::Bytes;
  using Shorts = typename Isa::Shorts;
  static constexpr int kFours = 7, kQuarters = 4;
  static constexpr size_t kBytes = kFours * kQuarters * Isa::kVector;

  static void order(const int8_t* weights, uint32_t n, uint8_t* to) {
    for (int k = 0; k < kFours; ++k)
      for (uint32_t i = 0; i < kQuarters * Isa::kVector; ++i, ++to) {
        const uint32_t c = i / Isa::kVector * 4 + i % 16 / 4, tap = i % 4;
        const uint32_t band = k < 5 ? k : (k - 5) * 4 + tap, frame = k < 5 ? tap : 4;
        *to = c < n && band < 5 ? uint8_t(weights[25 * c + 5 * band + frame]) : 0;
      }
  }

  static BIFSMN_INLINE void convolve(const uint8_t* codes, const uint8_t* weights,
                                     Shorts (&sums)[2][Isa::kBands][1]) {
    Bytes rows[5];
    for (int b = 0; b < 5; ++b) rows[b] = Isa::codes_of_frames(codes + b * kInputRow);
    const Shorts pairs[2] = {Isa::zip_bytes(rows[0], rows[1]), Isa::zip_bytes(rows[2], rows[3])};
    const Bytes fours[2] = {Bytes(Isa::zip_low(pairs[0], pairs[1])),
                            Bytes(Isa::zip_high(pairs[0], pairs[1]))};
    Bytes totals[Isa::kBands][kQuarters] = {};
#pragma GCC unroll 7
    for (int k = 0; k < kFours; ++k)
#pragma GCC unroll 2
      for (int i = 0; i < Isa::kBands; ++i) {
        const int at = 2 * i + k;
        const Bytes four = k < 5 ? Isa::look_up(fours[at / 4], place(4 * (at % 4)))
                                 : Isa::look_up(rows[4], place(2 * i + (k - 5) * 4));
#pragma GCC unroll 4
        for (int q = 0; q < kQuarters; ++q) {
          const Bytes w = Isa::load_bytes(weights + (kQuarters * k + q) * Isa::kVector);
          totals[i][q] = Isa::add_fours(totals[i][q], four, w);
        }
      }
    for (int i = 0; i < Isa::kBands; ++i)
      for (int half = 0; half < 2; ++half)
        sums[half][i][0] = Isa::narrow_sums(totals[i][2 * half], totals[i][2 * half + 1]);
  }

 private:
  // Four bytes from one on, in each 32-bit lane.
  static BIFSMN_INLINE Bytes place(int at) {
    Bytes places;
    for (size_t i = 0; i < Isa::kVector; ++i) places[i] = uint8_t(at + int(i % 4));
    return places;
  }
};

}  // namespace
}  // namespace bifsmn
