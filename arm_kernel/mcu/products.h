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
#include "counts.h"
#include "network/network.h"

namespace bifsmn {

constexpr uint32_t kEach = 0x01010101;  // times a number: that number in each byte
constexpr size_t kInputsOfWord = 32;    // that a word of weights is for

// Words of the tables of so many inputs; what fills up the last word's are zeros.
inline size_t tables_words(size_t inputs) {
  return (inputs + kInputsOfWord - 1) / kInputsOfWord * kWordTables;
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
#pragma GCC unroll 16
  for (unsigned n = 1; n < kEntries; ++n) table[n] = table[n & (n - 1)] + steps[__builtin_ctz(n)];
}

// What fills up the last word of weights.
inline void end_tables(size_t inputs, uint32_t* tables) {
  for (size_t i = inputs / 4 * kEntries; i < tables_words(inputs); ++i) tables[i] = 0;
}

inline void make_tables(const uint32_t* u, size_t inputs, uint32_t all_top, uint32_t* tables) {
  for (size_t k = 0; k < inputs; k += 4) make_table(u + k, all_top, tables + k / 4 * kEntries);
  end_tables(inputs, tables);
}

// The sums of outputs n to n + 3.
__attribute__((noinline)) inline void sum(const Bits& bits, uint32_t n, const uint32_t* tables,
                                          Sums* sums) {
  Counts counts;
  for (uint32_t k = 0; k < bits.inputs; k += 2 * kInputsOfWord, tables += 2 * kWordTables) {
    const uint8_t* const weights = bits.chunk(n, k / 128) + k % 128 / 8;
    counts.add(weights, tables);
    if (k + kInputsOfWord < bits.inputs) counts.add(weights + 4, tables + kWordTables);
    counts.widen();  // before bytes overflow: two words' sums are at most 16 x 12
  }
  counts.store(sums);
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
