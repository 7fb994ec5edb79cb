// Products of levels and signs by table look-up, in words of 32 bits.
//
// A level is kept as u, the number of limits above its activation: 0 to `top`, which is
// 3, with one plane 1. The level is top - 2 u. Its product with a weight counts as
// top - u where that is +1, and as u where it is -1: the dot product of K inputs is
// P = 2 S - top K, where S is the sum of these counts.
//
// A word holds four frames, a byte for each. Four inputs meet one of 16 patterns of
// signs, and a table has the sum for each pattern: one look-up is 16 products.
#pragma once
#include <cstring>

#include "network/network.h"

namespace bifsmn {

constexpr uint32_t kEach = 0x01010101;  // times a number: that number in each byte
constexpr size_t kEntries = 16;         // of a table
constexpr size_t kInputsOfWord = 32;    // that a word of weights is for

// Words of the tables of so many inputs; what fills up the last word's are zeros.
inline size_t tables_words(size_t inputs) {
  return (inputs + kInputsOfWord - 1) / kInputsOfWord * kInputsOfWord / 4 * kEntries;
}

// The table of four inputs, each a word of u. No byte overflows: a sum is at most 12.
inline void make_table(const uint32_t* u, uint32_t all_top, uint32_t* table) {
  uint32_t steps[4], sum = 4 * all_top;
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    sum -= u[i];
    steps[i] = 2 * u[i] - all_top;
  }
  table[0] = sum;
#pragma GCC unroll 4
  for (size_t i = 0; i < 4; ++i)
#pragma GCC unroll 8
    for (size_t k = 0; k < size_t(1) << i; ++k) table[(size_t(1) << i) + k] = table[k] + steps[i];
}

inline void make_tables(const uint32_t* u, size_t inputs, uint32_t all_top, uint32_t* tables) {
  for (size_t k = 0; k < inputs; k += 4) make_table(u + k, all_top, tables + k / 4 * kEntries);
  const size_t made = inputs / 4 * kEntries;
  memset(tables + made, 0, (tables_words(inputs) - made) * sizeof *tables);
}

// S of four frames: those of frames 0 and 2, and of 1 and 3, in halves of a word.
struct Sums {
  uint32_t even, odd;

  int32_t of(int frame) const { return (frame % 2 ? odd : even) >> frame / 2 * 16 & 0xffff; }
};

// The bytes that the weights of four outputs, 16 bytes apart, add to their counts: those of
// 32 inputs. At -O2 loops stay loops where nothing is said, and arrays stay in memory.
inline void count(const uint8_t* weights, const uint32_t* tables, uint32_t* counts) {
  uint32_t w[4];
#pragma GCC unroll 4
  for (int o = 0; o < 4; ++o) memcpy(&w[o], weights + 16 * o, 4);
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i, tables += kEntries)
#pragma GCC unroll 4
    for (int o = 0; o < 4; ++o) counts[o] += tables[w[o] >> 4 * i & 15];
}

// The sums of outputs n to n + 3.
__attribute__((noinline)) inline void sum(const Bits& bits, uint32_t n, const uint32_t* tables,
                                          Sums* sums) {
  constexpr size_t kWordTables = kInputsOfWord / 4 * kEntries;
  Sums all[4] = {};
  for (uint32_t k = 0; k < bits.inputs; k += 2 * kInputsOfWord, tables += 2 * kWordTables) {
    // Two words of weights: bytes hold sums up to 16 x 12.
    const uint8_t* const weights = bits.chunk(n, k / 128) + k % 128 / 8;
    uint32_t counts[4] = {};
    count(weights, tables, counts);
    if (k + kInputsOfWord < bits.inputs) count(weights + 4, tables + kWordTables, counts);
#pragma GCC unroll 4
    for (int o = 0; o < 4; ++o) {
      all[o].even += counts[o] & 0x00ff00ff;
      all[o].odd += counts[o] >> 8 & 0x00ff00ff;
    }
  }
  memcpy(sums, all, sizeof all);
}

// Calls take(n, Sums) for all outputs n.
template <class Take>
inline void look_up(const Bits& bits, const uint32_t* tables, Take take) {
  for (uint32_t n = 0; n < bits.outputs; n += 4) {
    Sums sums[4];
    sum(bits, n, tables, sums);
    for (uint32_t o = 0; o < 4; ++o) take(n + o, sums[o]);
  }
}

}  // namespace bifsmn
