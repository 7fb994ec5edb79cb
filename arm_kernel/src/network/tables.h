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

// Counts of 16 outputs for the frames of a vector: channels 0 to 7 and 8 to 15.
template <class Isa>
struct Counts {
  typename Isa::Shorts at[2];
};

// Counts of kTiles * 16 outputs for kFrames frames. They are summed in bytes, and made
// wider where they are used: so fewer vectors go through memory.
template <class Isa, int kTiles>
class Products {
  using Shorts = typename Isa::Shorts;
  using Bytes = typename Isa::Bytes;
  static constexpr int kRows = Isa::kRows, kAtOnce = Isa::kRowsAtOnce;
  // Tables whose counts fit into a byte: the largest entry is 3 for each input.
  static constexpr uint32_t kMaxTables = 255 / (3 * Isa::kInputs);

 public:
  // where(k): table k of all frames.
  template <class Where>
  BIFSMN_INLINE Products(const uint8_t* weights, const Where& where, uint32_t tables)
      : has_more_(tables > 2 * kMaxTables) {
    for (int row = 0; row < kRows; row += kAtOnce) {
      uint32_t k = 0;
      for (; tables - k > 2 * kMaxTables; k += 2 * kMaxTables) {
        add_two(weights, where, row, k, k + kMaxTables, k + 2 * kMaxTables);
        widen(row, k == 0);
      }
      add_two(weights, where, row, k, k + (tables - k + 1) / 2, tables);
    }
  }

  BIFSMN_INLINE Counts<Isa> at(int tile, int row) const {
    Counts<Isa> made;
    Isa::widen(bytes_[0][tile][row], bytes_[1][tile][row], &made.at[0], &made.at[1]);
    if (has_more_)
      for (int half = 0; half < 2; ++half) made.at[half] += more_[tile][row].at[half];
    return made;
  }

 private:
  // Tables k to middle and middle to end.
  template <class Where>
  BIFSMN_INLINE void add_two(const uint8_t* weights, const Where& where, int row, uint32_t k,
                             uint32_t middle, uint32_t end) {
    add(weights, where, row, k, middle, bytes_[0]);
    add(weights, where, row, middle, end, bytes_[1]);
  }

  BIFSMN_INLINE void widen(int row, bool is_first) {
#pragma GCC unroll 4
    for (int tile = 0; tile < kTiles; ++tile)
#pragma GCC unroll 8
      for (int r = row; r < row + kAtOnce; ++r) {
        Shorts* const to = more_[tile][r].at;
        Shorts low, high;
        Isa::widen(bytes_[0][tile][r], bytes_[1][tile][r], &low, &high);
        to[0] = is_first ? low : to[0] + low;
        to[1] = is_first ? high : to[1] + high;
      }
  }

  template <class Where>
  static BIFSMN_INLINE void add(const uint8_t* weights, const Where& where, int row, uint32_t k,
                                uint32_t end, Bytes (&counts)[kTiles][kRows]) {
    Bytes sums[kTiles][kAtOnce] = {};
    weights += k * kTiles * kTable;
    if (Isa::kTablesAtOnce == 1) {
      for (; k < end; ++k, weights += kTiles * kTable)
        add_one(weights, where(k) + row * Isa::kVector, sums);
    } else {
#pragma GCC unroll 2
      for (; k < end; ++k, weights += kTiles * kTable)
        add_one(weights, where(k) + row * Isa::kVector, sums);
    }
#pragma GCC unroll 4
    for (int tile = 0; tile < kTiles; ++tile)
#pragma GCC unroll 8
      for (int r = 0; r < kAtOnce; ++r) counts[tile][row + r] = sums[tile][r];
  }

  static BIFSMN_INLINE void add_one(const uint8_t* weights, const uint8_t* tables,
                                    Bytes (&sums)[kTiles][kAtOnce]) {
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

  Bytes bytes_[2][kTiles][kRows];
  Counts<Isa> more_[kTiles][kRows];
  const bool has_more_;
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
  const Products<Isa, kTiles> products(weights, where, tables);
#pragma GCC unroll 4
  for (int tile = 0; tile < kTiles; ++tile)
    each(o + tile * kTile, [&](int row) { return products.at(tile, row); });
}

// A layer, in tiles: each(o, counts) for 16 outputs from `o` on; counts(row): those of a
// vector.
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
