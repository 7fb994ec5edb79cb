// AVX-512 with VNNI, which takes four taps of the first convolution at once.
#include "kernels/avx512.h"

namespace bifsmn {
namespace {

struct Avx512Vnni : Avx512 {
  static constexpr const char* kName = "avx512vnni";

  using Tables = PairTables<Avx512Vnni>;

  static bool runs_here() { return Avx512::runs_here() && __builtin_cpu_supports("avx512vnni"); }

  // Fours of taps: in each band those of frames 0 to 3, then those of frame 4 in the first
  // four bands, and that in the last one. A 32-bit lane has those of a channel.
  static constexpr int kFours = 7, kQuarters = 4;
  static constexpr size_t kWeights = kFours * kQuarters * kVector;

  static void order_weights(const int8_t* weights, uint32_t n, uint8_t* to) {
    for (int k = 0; k < kFours; ++k)
      for (uint32_t i = 0; i < kQuarters * kVector; ++i, ++to) {
        const uint32_t c = i / kVector * 4 + i % 16 / 4, tap = i % 4;
        const uint32_t band = k < 5 ? k : (k - 5) * 4 + tap, frame = k < 5 ? tap : 4;
        *to = c < n && band < 5 ? uint8_t(weights[25 * c + 5 * band + frame]) : 0;
      }
  }

  static BIFSMN_INLINE void convolve(const Code* codes, const uint8_t* weights,
                                     Shorts (&sums)[2][kBands][kPositions]) {
    __m512i rows[5];
    for (int b = 0; b < 5; ++b) rows[b] = codes_of_four(codes + b * kInputRow);
    const __m512i pairs[2] = {_mm512_unpacklo_epi8(rows[0], rows[1]),
                              _mm512_unpacklo_epi8(rows[2], rows[3])};
    const __m512i fours[2] = {_mm512_unpacklo_epi16(pairs[0], pairs[1]),
                              _mm512_unpackhi_epi16(pairs[0], pairs[1])};
    __m512i totals[kBands][kQuarters];
    for (auto& of_band : totals)
      for (auto& total : of_band) total = _mm512_setzero_si512();
#pragma GCC unroll 7
    for (int k = 0; k < kFours; ++k)
#pragma GCC unroll 2
      for (int i = 0; i < kBands; ++i) {
        const int at = 2 * i + k;
        const __m512i four = k < 5 ? _mm512_shuffle_epi8(fours[at / 4], place(4 * (at % 4)))
                                   : _mm512_shuffle_epi8(rows[4], place(2 * i + (k - 5) * 4));
#pragma GCC unroll 4
        for (int q = 0; q < kQuarters; ++q) {
          const __m512i w = __m512i(load_bytes(weights + (kQuarters * k + q) * kVector));
          totals[i][q] = _mm512_dpbusd_epi32(totals[i][q], four, w);
        }
      }
    for (int i = 0; i < kBands; ++i)
      for (int half = 0; half < 2; ++half)
        sums[half][i][0] = Shorts(_mm512_packs_epi32(totals[i][2 * half], totals[i][2 * half + 1]));
  }

 private:
  // Four bytes from one on, in each 32-bit lane.
  static BIFSMN_INLINE __m512i place(int at) {
    return _mm512_set1_epi32(at | (at + 1) << 8 | (at + 2) << 16 | (at + 3) << 24);
  }
};

}  // namespace

extern const Backend avx512vnni_backend;
const Backend avx512vnni_backend = Fast<Avx512Vnni>::backend();

}  // namespace bifsmn
