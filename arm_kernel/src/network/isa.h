// What the fast backends need of an instruction set, with defaults in the vectors of GCC
// and Clang. An instruction set is a struct that derives from `VectorIsa<times, inputs>`,
// adds what is missing, and hides those defaults that it can do better:
//
//   struct Neon : VectorIsa<1, 4> {
//     static constexpr const char* kName = "neon";
//     static bool runs_here();
//     ...
//   };
//   const Backend neon_backend = Fast<Neon>::backend();
//
// The unit of work is a tile: 16 outputs of a layer for kFrames frames. A vector of 16-bit
// lanes has 8 channels of kTimes frames, one after the other: frames by 128 bits each, so
// that no instruction needs to cross them.
//
// Activations are ranks: how many limits are above them, 0 to 3, with one plane 0 or 1.
// A level is thus top - 2 rank, where top is 3 or 1 (FORMAT.md). A weight w (its bit)
// turns a rank into `w ? top - rank : rank`, and the sum of these over all inputs is a
// layer's count: P / 2 = inputs * top / 2 - count. Ranks are kept as tables of 16 bytes
// that have, for kInputs inputs, the counts of all weights: see tables.h.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "network/network.h"

#define BIFSMN_INLINE inline __attribute__((always_inline))
// A function of its own, lest compilers run out of registers.
#define BIFSMN_STAGE __attribute__((noinline))

namespace bifsmn {
namespace {  // a file compiled for a newer instruction set must never lend its copy to others

constexpr uint32_t kTile = 16;      // outputs, and channels whose ranks are stored at once
constexpr uint32_t kFrames = 8;     // of a tile
constexpr size_t kTable = 16;       // bytes
constexpr size_t kStep = kFrames * kTable;  // from table to table of a frame in a tile
constexpr size_t kClasses = 4;      // that dots() takes at once

// Codes of a frame of the first convolution's input. Not more than a few mels need, but
// the same for all networks: so what its loops read is at constant distances.
constexpr size_t kInputRow = 144;

// Where channels are that VectorIsa::weave() weaves.
constexpr uint32_t woven(uint32_t channel) { return channel % 8 * 2 + channel / 8; }

template <int kTimes>
struct VectorsOf;
template <>
struct VectorsOf<1> {
  typedef int16_t Shorts __attribute__((vector_size(16)));
  typedef uint16_t Words __attribute__((vector_size(16)));
  typedef int32_t Ints __attribute__((vector_size(32)));
  typedef uint8_t Bytes __attribute__((vector_size(16)));
};
template <>
struct VectorsOf<2> {
  typedef int16_t Shorts __attribute__((vector_size(32)));
  typedef uint16_t Words __attribute__((vector_size(32)));
  typedef int32_t Ints __attribute__((vector_size(64)));
  typedef uint8_t Bytes __attribute__((vector_size(32)));
};
template <>
struct VectorsOf<4> {
  typedef int16_t Shorts __attribute__((vector_size(64)));
  typedef uint16_t Words __attribute__((vector_size(64)));
  typedef int32_t Ints __attribute__((vector_size(128)));
  typedef uint8_t Bytes __attribute__((vector_size(64)));
};

template <int kTimes_, int kInputs_>
struct VectorIsa {
  static constexpr int kTimes = kTimes_;              // frames of a vector
  static constexpr int kInputs = kInputs_;            // of a table: 4 or 1
  static constexpr int kRows = int(kFrames) / kTimes;  // vectors of 8 channels in a tile
  static constexpr int kRowsAtOnce = kRows;           // whose counts fit into registers
  static constexpr int kTilesAtOnce = 2;              // likewise, with all these rows
  static constexpr int kTablesAtOnce = 1;             // in a turn of the loop: 1 or 2
  static constexpr int kLanes = 8 * kTimes;
  static constexpr size_t kVector = 16 * kTimes;  // bytes
  using Shorts = typename VectorsOf<kTimes>::Shorts;
  using Words = typename VectorsOf<kTimes>::Words;  // where lanes may overflow
  using Ints = typename VectorsOf<kTimes>::Ints;
  using Bytes = typename VectorsOf<kTimes>::Bytes;

  static BIFSMN_INLINE Bytes load_bytes(const void* from) {
    Bytes v;
    memcpy(&v, from, sizeof v);
    return v;
  }
  static BIFSMN_INLINE Shorts load(const void* from) {
    Shorts v;
    memcpy(&v, from, sizeof v);
    return v;
  }
  template <class Vector>
  static BIFSMN_INLINE void store(void* to, Vector v) {
    memcpy(to, &v, sizeof v);
  }
  static BIFSMN_INLINE Shorts all(int16_t value) { return value - Shorts{}; }

  // 8 channels, the same in all frames; 16 bytes likewise.
  static BIFSMN_INLINE Shorts channels(const int16_t* from) { return load(from); }
  static BIFSMN_INLINE Bytes bytes(const uint8_t* from) { return load_bytes(from); }

  static BIFSMN_INLINE Shorts larger(Shorts a, Shorts b) { return a > b ? a : b; }

  // How many of three limits are above x, negated, in both bytes of a lane. They rise:
  // low, middle, high.
  static BIFSMN_INLINE Bytes below(Shorts x, Shorts low, Shorts middle, Shorts high) {
    return Bytes(x < low) + Bytes(x < middle) + Bytes(x < high);
  }
  // How many are below x, likewise. They fall.
  static BIFSMN_INLINE Bytes above(Shorts x, Shorts low, Shorts middle, Shorts high) {
    return Bytes(x > low) + Bytes(x > middle) + Bytes(x > high);
  }

  // The lower bytes of a's lanes and the upper ones of b's, by turns.
  static BIFSMN_INLINE Bytes weave(Bytes a, Bytes b) {
    return Bytes(((Words(a) ^ Words(b)) & 0xff) ^ Words(b));
  }
  // Of bytes that are woven like this, 256 times those of a and of b.
  static BIFSMN_INLINE Shorts up_of_a(Bytes v) { return Shorts(Words(v) << 8); }
  static BIFSMN_INLINE Shorts up_of_b(Bytes v) { return Shorts(Words(v) & 0xff00); }

  // Which of 8 channels comes at place k in zip_low() and then zip_high().
  static constexpr uint32_t zipped(uint32_t k) { return k; }

  // clip16(a + b).
  static BIFSMN_INLINE Shorts add(Shorts a, Shorts b) {
    const Shorts sum = Shorts(Words(a) + Words(b));
    return ((sum ^ a) & (sum ^ b)) < 0 ? a >> 15 ^ 0x7fff : sum;
  }

  // mul() of FORMAT.md; not both are -2^15.
  static BIFSMN_INLINE Shorts mul(Shorts a, Shorts b) {
    const Ints product = __builtin_convertvector(a, Ints) * __builtin_convertvector(b, Ints);
    return __builtin_convertvector((product + (1 << 14)) >> 15, Shorts);
  }

  // A constant that had better stay in a register.
  static BIFSMN_INLINE Bytes kept(Bytes v) { return v; }

  // What has no default:
  //
  //   look_up(table, weights)    Bytes: what weights make of a table
  //   narrow(a, b)               the lowest 8 bits, of each frame of a, then of b: Bytes;
  //                              lanes fit 8 bits
  //   widen(a, b, &low, &high)   bytes a + b in 16-bit lanes: 0 to 7 and 8 to 15
  //   zip_low(a, b), zip_high()  for PairTables: of both by turns four lanes, and the others
  //   spread<k>(a)               likewise: 32-bit lane k, four times
  //
  //   struct Tables {
  //     explicit Tables(int16_t top);
  //     // The ranks of 16 channels, as below() has them, of kTimes frames as tables: table k
  //     // is at to + k * step, followed by those of the next frames.
  //     void put(uint8_t* to, size_t step, Bytes low, Bytes high) const;
  //   };

  // The first convolution of 16 channels, at kBands bands for kPositions vectors: sums of
  // channels 0 to 7 and of 8 to 15, which fit into 16 registers. They see codes from the
  // first ones given on; one frame of a vector sees them 4 frames after the one before it.
  using Code = int16_t;
  static constexpr int kBands = 2, kPositions = 2;
  static constexpr size_t kWeights = 25 * 16 * sizeof(int16_t);  // bytes

  // Of n channels [n][25]; those up to 16 have none.
  static void order_weights(const int8_t* weights, uint32_t n, uint8_t* to) {
    for (uint32_t k = 0; k < 25; ++k)
      for (uint32_t c = 0; c < 16; ++c, to += sizeof(int16_t)) {
        const int16_t w = c < n ? weights[25 * c + k] : 0;
        memcpy(to, &w, sizeof w);
      }
  }

  static BIFSMN_INLINE void convolve(const Code* codes, const uint8_t* weights,
                                     Shorts (&sums)[2][kBands][kPositions]) {
    Words words[2][kBands][kPositions] = {};
    for (int b = 0; b < 5; ++b)
      for (int a = 0; a < 5; ++a)
        for (int half = 0; half < 2; ++half) {
          const Words w = Words(load(weights + (5 * a + b) * 32 + half * 16));
          for (int i = 0; i < kBands; ++i)
            for (int k = 0; k < kPositions; ++k)
              words[half][i][k] += w * Words(all(codes[(4 * k + b) * kInputRow + 2 * i + a]));
        }
    memcpy(sums, words, sizeof sums);
  }

  // The classifier's sums of kClasses rows of n weights; n is a multiple of 16 kTimes.
  static BIFSMN_INLINE void dots(const int8_t* codes, const int8_t* weights, size_t n,
                                 int32_t (&sums)[kClasses]) {
    for (size_t k = 0; k < kClasses; ++k, weights += n) {
      int32_t sum = 0;
      for (size_t i = 0; i < n; ++i) sum += codes[i] * weights[i];
      sums[k] = sum;
    }
  }
};

}  // namespace
}  // namespace bifsmn
