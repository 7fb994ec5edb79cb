// The sums of tables' entries for four outputs, whose weights are 16 bytes apart: plain, and
// with gathering loads. At -O2 loops stay loops where nothing is said, and arrays in memory.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>

#if __ARM_FEATURE_MVE
#include <arm_mve.h>
#endif

namespace bifsmn {

constexpr size_t kEntries = 16;                  // of a table, one for each pattern of 4 signs
constexpr size_t kTables = 8;                    // for the 32 inputs of a word of weights
constexpr size_t kWordTables = kTables * kEntries;

// S of four frames: those of frames 0 and 2, and of 1 and 3, in halves of a word.
struct Sums {
  uint32_t even, odd;

  int32_t of(int frame) const { return (frame % 2 ? odd : even) >> frame / 2 * 16 & 0xffff; }
};

#if __ARM_FEATURE_MVE

struct Counts {
  uint32x4_t counts{}, even{}, odd{};

  // A word of weights of each output.
  void add(const uint8_t* weights, const uint32_t* tables) {
    uint32_t words[4];
#pragma GCC unroll 4
    for (int o = 0; o < 4; ++o) memcpy(&words[o], weights + 16 * o, 4);
    const uint32x4_t w = {words[0], words[1], words[2], words[3]};
#pragma GCC unroll 8
    for (size_t i = 0; i < kTables; ++i, tables += kEntries)
      counts += vldrwq_gather_shifted_offset_u32(tables, w >> 4 * i & 15);
  }

  // From bytes to halves of words.
  void widen() {
    even += counts & 0x00ff00ff;
    odd += counts >> 8 & 0x00ff00ff;
    counts = uint32x4_t{};
  }

  void store(Sums* sums) const {
#pragma GCC unroll 4
    for (int o = 0; o < 4; ++o) sums[o] = {even[o], odd[o]};
  }
};

#else

struct Counts {
  uint32_t counts[4];
  Sums sums[4];

  Counts() {
#pragma GCC unroll 4
    for (int o = 0; o < 4; ++o) counts[o] = sums[o].even = sums[o].odd = 0;
  }

  void add(const uint8_t* weights, const uint32_t* tables) {
    uint32_t w[4];
#pragma GCC unroll 4
    for (int o = 0; o < 4; ++o) memcpy(&w[o], weights + 16 * o, 4);
#pragma GCC unroll 8
    for (size_t i = 0; i < kTables; ++i, tables += kEntries)
#pragma GCC unroll 4
      for (int o = 0; o < 4; ++o) counts[o] += tables[w[o] >> 4 * i & 15];
  }

  void widen() {
#pragma GCC unroll 4
    for (int o = 0; o < 4; ++o) {
      sums[o].even += counts[o] & 0x00ff00ff;
      sums[o].odd += counts[o] >> 8 & 0x00ff00ff;
      counts[o] = 0;
    }
  }

  void store(Sums* to) const { memcpy(to, sums, sizeof sums); }
};

#endif

}  // namespace bifsmn
