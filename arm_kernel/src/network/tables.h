// Ranks as tables, and the counts that weights look up in them.
//
// With kInputs 4, a table of 16 channels is of two pairs, which are channels 8 apart, and
// entry w is the count of the weights whose bits, in this order, are those of w. It is
// the sum of an entry for each of both pairs of channels. With kInputs 1, all bytes of a
// table are the rank of one channel, and weights are bytes that flip it or do not.
#pragma once
#include "network/isa.h"

namespace bifsmn {
namespace {  // see isa.h

// Of 16 channels.
template <class Isa>
constexpr uint32_t kTables = 16 / Isa::kInputs;

// Bytes of the tables of so many channels for kFrames frames.
template <class Isa>
constexpr size_t tables_size(uint32_t channels) {
  return channels / Isa::kInputs * kStep;
}

// Input i of table g, among the 16 channels.
template <class Isa>
constexpr uint32_t channel_of(uint32_t g, uint32_t i) {
  return Isa::kInputs == 1 ? g : Isa::zipped(2 * g + i / 2) + i % 2 * 8;
}

// VectorIsa::Tables where kInputs is 4.
//
// Entries 0 to 3 of a pair of ranks a, b are a + b, top - a + b, top + a - b and
// 2 top - a - b: bytes of two 16-bit lanes.
template <class Isa>
class PairTables {
  using Shorts = typename Isa::Shorts;
  using Bytes = typename Isa::Bytes;

 public:
  BIFSMN_INLINE explicit PairTables(int16_t top)
      : blocks_(Isa::kept(Isa::bytes(kBlocks))),
        next_blocks_(Isa::kept(Isa::bytes(kBlocks + 16))),
        flips_(Bytes(Isa::all(0xff))),
        first_(Bytes(Isa::all(int16_t(1 + (top << 8))))),
        last_(Bytes(Isa::all(int16_t(1 + top + (top << 9))))) {}

  BIFSMN_INLINE void put(uint8_t* to, size_t step, Bytes low, Bytes high) const {
    const Bytes a = low ^ flips_;  // a - 1 and -a: ranks are negated
    const Shorts first = Shorts(first_ + a - high), last = Shorts(last_ + a + high);
    put(to, step, Bytes(Isa::zip_low(first, last)));
    put(to + 2 * step, step, Bytes(Isa::zip_high(first, last)));
  }

 private:
  // Of four pairs.
  BIFSMN_INLINE void put(uint8_t* to, size_t step, Bytes pairs) const {
    Isa::store(to, Isa::template spread<0>(pairs) + Isa::look_up(pairs, blocks_));
    Isa::store(to + step, Isa::template spread<2>(pairs) + Isa::look_up(pairs, next_blocks_));
  }

  alignas(16) static constexpr uint8_t kBlocks[32] = {4,  4,  4,  4,  5,  5,  5,  5,  6,  6,  6,
                                                      6,  7,  7,  7,  7,  12, 12, 12, 12, 13, 13,
                                                      13, 13, 14, 14, 14, 14, 15, 15, 15, 15};

  Bytes blocks_, next_blocks_, flips_, first_, last_;
};

// Counts of kTiles * 16 outputs for kFrames frames.
template <class Isa, int kTiles>
struct Products {
  using Shorts = typename Isa::Shorts;
  using Bytes = typename Isa::Bytes;
  static constexpr int kRows = Isa::kRows, kAtOnce = Isa::kRowsAtOnce;
  // Tables whose counts fit into a byte: the largest entry is 3 for each input.
  static constexpr uint32_t kMaxTables = 255 / (3 * Isa::kInputs);

  // where(k): table k of all frames. counts[tile][row]: channels 0 to 7 and 8 to 15.
  template <class Where>
  static BIFSMN_INLINE void run(const uint8_t* weights, const Where& where, uint32_t tables,
                                Shorts (*counts)[kRows][2]) {
    for (int row = 0; row < kRows; row += kAtOnce) {
      uint32_t k = 0;
      add_two<true>(weights, where, row, tables, &k, counts);
      while (k < tables) add_two<false>(weights, where, row, tables, &k, counts);
    }
  }

 private:
  // As many tables as counts in bytes allow, twice, from *k on.
  template <bool kIsFirst, class Where>
  static BIFSMN_INLINE void add_two(const uint8_t* weights, const Where& where, int row,
                                    uint32_t tables, uint32_t* k, Shorts (*counts)[kRows][2]) {
    Bytes a[kTiles][kAtOnce], b[kTiles][kAtOnce];
    const uint32_t middle = *k + kMaxTables < tables ? *k + kMaxTables : tables;
    const uint32_t end = middle + kMaxTables < tables ? middle + kMaxTables : tables;
    add(weights, where, row, *k, middle, a);
    add(weights, where, row, middle, end, b);
    *k = end;
#pragma GCC unroll 4
    for (int tile = 0; tile < kTiles; ++tile)
#pragma GCC unroll 8
      for (int r = 0; r < kAtOnce; ++r) {
        Shorts low, high;
        Isa::widen(a[tile][r], b[tile][r], &low, &high);
        Shorts* to = counts[tile][row + r];
        to[0] = kIsFirst ? low : to[0] + low;
        to[1] = kIsFirst ? high : to[1] + high;
      }
  }

  template <class Where>
  static BIFSMN_INLINE void add(const uint8_t* weights, const Where& where, int row, uint32_t k,
                                uint32_t end, Bytes (&counts)[kTiles][kAtOnce]) {
    Bytes sums[kTiles][kAtOnce] = {};
    weights += k * kTiles * kTable;
    for (; k < end; ++k, weights += kTiles * kTable) {
      const uint8_t* const tables = where(k) + row * Isa::kVector;
      Bytes w[kTiles];
#pragma GCC unroll 4
      for (int tile = 0; tile < kTiles; ++tile) w[tile] = Isa::bytes(weights + tile * kTable);
#pragma GCC unroll 8
      for (int r = 0; r < kAtOnce; ++r) {
        const Bytes table = Isa::load_bytes(tables + r * Isa::kVector);
#pragma GCC unroll 4
        for (int tile = 0; tile < kTiles; ++tile) sums[tile][r] += Isa::look_up(table, w[tile]);
      }
    }
    memcpy(counts, sums, sizeof sums);
  }
};

// How many of the tiles that are left are taken at once.
template <class Isa>
constexpr uint32_t tiles_at_once(uint32_t outputs) {
  uint32_t tiles = Isa::kTilesAtOnce;
  while (tiles * kTile > outputs) tiles /= 2;
  return tiles;
}

template <class Isa, int kTiles, class Where, class Each>
BIFSMN_INLINE void several(const uint8_t* weights, const Where& where, uint32_t tables, uint32_t o,
                           Each each) {
  typename Isa::Shorts counts[kTiles][Isa::kRows][2];
  Products<Isa, kTiles>::run(weights, where, tables, counts);
#pragma GCC unroll 4
  for (int tile = 0; tile < kTiles; ++tile) each(o + tile * kTile, counts[tile]);
}

// A layer, in tiles: each(o, counts [kRows][2]) for 16 outputs from `o` on.
template <class Isa, class Where, class Each>
BIFSMN_INLINE void layer(const uint8_t* weights, const Where& where, uint32_t tables,
                         uint32_t outputs, Each each) {
  for (uint32_t o = 0; o < outputs;) {
    const uint32_t tiles = tiles_at_once<Isa>(outputs - o);
    if (Isa::kTilesAtOnce == 4 && tiles == 4)
      several<Isa, Isa::kTilesAtOnce>(weights, where, tables, o, each);
    else if (tiles == 2)
      several<Isa, 2>(weights, where, tables, o, each);
    else
      several<Isa, 1>(weights, where, tables, o, each);
    weights += tiles * kTable * tables;
    o += tiles * kTile;
  }
}

// Tables that follow one another.
struct InARow {
  const uint8_t* tables;
  const uint8_t* operator()(uint32_t k) const { return tables + k * kStep; }
};

}  // namespace
}  // namespace bifsmn
