// What a fast backend makes of a network once, when it is loaded: weights in the order of
// its loops, codes and limits as 16-bit integers.
#pragma once
#include <cstring>

#include "core/arena.h"
#include "network/tables.h"

namespace bifsmn {
namespace {  // see isa.h

constexpr uint32_t round_up(uint32_t n, uint32_t multiple) {
  return (n + multiple - 1) / multiple * multiple;
}

// [3][n]: low, middle, high, for TileLimits.
struct OrderedLimits {
  size_t n;
  const int16_t* limits;
};

struct OrderedAffine {
  const int16_t *gains, *shifts;
  int16_t slope;         // of 16 bits
  int16_t base, factor;  // P << k = base - count * factor
};

struct OrderedBlock {
  OrderedLimits memory_in, expand_in;
  const uint8_t* zeros;   // [C], woven: ranks of what is beyond the first and last frame
  const uint8_t* memory;  // [C / 16][taps][16], woven: what a rank is XORed with
  const uint8_t *expand, *project;
  struct AtThinning {
    OrderedAffine memory;
    OrderedLimits expand;
    OrderedAffine project;
  };
  const AtThinning* at;  // [D], set where the block runs
};

struct Prepared {
  uint32_t front;        // P padded to whole tiles; the ranks of what pads are 0
  int16_t top;           // the level of rank 0
  const uint8_t* conv1;  // [front / 16][kWeights]
  OrderedLimits conv1_out;
  const uint8_t* pads;   // a row of the image
  const size_t* places;  // [5 taps][tables]: where those of a row of the image are
  const uint8_t *conv2, *projection;
  OrderedLimits conv2_out;
  OrderedAffine projection_out;
  const OrderedBlock* blocks;  // [L]
  const int8_t* classifier;    // [classes padded to kClasses][codes]
};

// The second convolution's input: tables [F / 2][tables][2][positions] of frames 0, 2, 4,
// ... and of frames 1, 3, 5, ...: so those that a vector needs are side by side. The first
// position is what pads, and so is the one after the last; there are some more for tiles
// that are not full.
struct ImageShape {
  size_t phase, step, row;  // bytes

  ImageShape(const Config& c, uint32_t tables)
      : phase((round_up(c.block_frames(), kFrames) + 2) * kTable),
        step(2 * phase),
        row(tables * step) {}
};

// Where the classifier has the code of a frame's channel, and how many there are.
template <class Isa>
constexpr size_t code_place(const Config& c, size_t t, size_t channel) {
  return (t / Isa::kTimes * (c.channels / 16) + channel / 16) * 16 * Isa::kTimes +
         t % Isa::kTimes * 16 + channel % 16;
}
template <class Isa>
constexpr size_t code_places(const Config& c) {
  return size_t(round_up(c.block_frames(), Isa::kTimes)) * c.channels;
}

// The weights' bits of an output with a table of some channels; the first of these is
// input `first` of the layer.
template <class Isa>
uint8_t weight_of(const Bits& bits, uint32_t o, uint32_t first, uint32_t channels, uint32_t table) {
  uint8_t all = 0;
  for (uint32_t i = 0; i < Isa::kInputs; ++i) {
    const uint32_t channel = table / kTables<Isa> * 16 + channel_of<Isa>(table % kTables<Isa>, i);
    if (channel >= channels) continue;
    const uint32_t input = first + channel;
    const uint8_t bit = bits.chunk(o, input / 128)[input % 128 / 8] >> input % 8 & 1;
    all = uint8_t(all | bit << i);
  }
  return all;
}

// Weights of a layer whose inputs are several times so many channels, for Products: of
// the tiles that are taken at once, one lot after another, all tables' weights.
template <class Isa>
const uint8_t* ordered(Arena& a, const Bits& bits, uint32_t times, uint32_t channels, int top) {
  const uint32_t of_channels = round_up(channels, kTile) / Isa::kInputs;
  const uint32_t tables = times * of_channels;
  uint8_t* const start = a.take<uint8_t>(size_t(bits.outputs) * tables);
  uint8_t* to = start;
  for (uint32_t o = 0, n; to && o < bits.outputs; o += n) {
    n = tiles_at_once<Isa>(bits.outputs - o) * kTile;
    for (uint32_t k = 0; k < tables; ++k)
      for (uint32_t i = 0; i < n; ++i) {
        const uint8_t w =
            weight_of<Isa>(bits, o + i, k / of_channels * channels, channels, k % of_channels);
        *to++ = uint8_t(Isa::kInputs == 1 ? w * top : w);
      }
  }
  return start;
}

// Makes all from a network. With an arena that only counts, it writes nothing.
template <class Isa>
class Preparation {
 public:
  Preparation(const Network& n, Arena& a)
      : n_(n), c_(n.config), a_(a), top_(c_.planes == 2 ? 3 : 1) {}

  // The first piece of the arena.
  const Prepared* run() {
    Prepared* const place = a_.take<Prepared>(1);
    const uint32_t p = c_.front_channels, front = round_up(p, kTile);
    Prepared made{};
    made.front = front;
    made.top = top_;
    made.conv1 = first_weights(front);
    made.conv1_out = limits(front, [&](size_t i) { return i < p ? n_.conv1_out[i] : never(); });
    made.pads = pad_row(front);
    made.places = places(front / Isa::kInputs);
    made.conv2 = ordered<Isa>(a_, n_.conv2, 25, p, top_);
    made.conv2_out = count_limits(n_.conv2_out, c_.bands(), 25 * p);
    made.projection = ordered<Isa>(a_, n_.projection, 1, c_.bands(), top_);
    made.projection_out = affine(n_.projection_out, c_.bands());
    OrderedBlock* const blocks = a_.take<OrderedBlock>(c_.layers);
    for (uint32_t b = 0; b < c_.layers; ++b) {
      const OrderedBlock ordered = block(n_.blocks[b], b);
      if (blocks) blocks[b] = ordered;
    }
    made.blocks = blocks;
    made.classifier = classifier();
    if (place) *place = made;
    return place;
  }

 private:
  static Limits never() { return {INT16_MIN, INT16_MIN, INT16_MIN}; }

  OrderedBlock block(const Block& b, uint32_t index) {
    const uint32_t channels = c_.channels;
    OrderedBlock made{};
    made.memory_in = limits(channels, [&](size_t i) { return b.memory_in.limits(i); });
    made.expand_in = limits(channels, [&](size_t i) { return b.expand_in.limits(i); });
    made.zeros = zeros(b.memory_in);
    made.memory = memory(b.memory);
    made.expand = ordered<Isa>(a_, b.expand, 1, channels, top_);
    made.project = ordered<Isa>(a_, b.project, 1, c_.hidden, top_);
    auto* const at = a_.take<typename OrderedBlock::AtThinning>(c_.thinnings);
    for (uint32_t d = 0; d < c_.thinnings && c_.runs(index, d); ++d) {
      const BlockAtThinning& from = b.at[d];
      const typename OrderedBlock::AtThinning ordered{
          affine(from.memory, c_.taps()), count_limits(from.expand, c_.hidden, channels),
          affine(from.project, c_.hidden)};
      if (at) at[d] = ordered;
    }
    made.at = at;
    return made;
  }

  const uint8_t* first_weights(uint32_t front) {
    uint8_t* const to = a_.take<uint8_t>(front / kTile * Isa::kWeights);
    for (uint32_t p = 0; to && p < front; p += kTile)
      Isa::order_weights(n_.conv1 + 25 * p, c_.front_channels - p < kTile ? 8 : kTile,
                         to + p / kTile * Isa::kWeights);
    return to;
  }

  // of(i): the limits of value i. With one plane there is the last one alone: the others
  // are above no value.
  template <class Of>
  OrderedLimits limits(size_t n, Of of) {
    int16_t* const to = a_.take<int16_t>(3 * n);
    for (size_t i = 0; to && i < n; ++i) {
      const Limits l = of(i);
      to[i] = c_.planes == 2 ? l.low : INT16_MIN;
      to[n + i] = c_.planes == 2 ? l.middle : INT16_MIN;
      to[2 * n + i] = c_.planes == 2 ? l.high : l.middle;
    }
    return {n, to};
  }

  // Of counts: half = inputs * top / 2 - count. Counts are 0 or more.
  OrderedLimits count_limits(const Thresholds& t, size_t n, uint32_t inputs) {
    const int32_t start = int32_t(inputs) * top_ / 2;
    const auto turn = [=](int16_t limit) {
      const int16_t turned = clip16(start - limit);
      return turned < 0 ? int16_t(-1) : turned;
    };
    int16_t* const to = a_.take<int16_t>(3 * n);
    for (size_t i = 0; to && i < n; ++i) {
      const Limits l = t.limits(i);
      to[i] = c_.planes == 2 ? turn(l.low) : INT16_MAX;
      to[n + i] = c_.planes == 2 ? turn(l.middle) : INT16_MAX;
      to[2 * n + i] = turn(c_.planes == 2 ? l.high : l.middle);
    }
    return {n, to};
  }

  OrderedAffine affine(const Affine& a, uint32_t inputs) {
    const uint32_t k = shift_of(c_.max_dot(inputs));
    return {values(a.gains), values(a.shifts), int16_t(a.slope * (1 << 8)),
            int16_t(int32_t(inputs) * top_ << k), int16_t(2 << k)};
  }

  const int16_t* values(const Vector& v) {
    int16_t* const to = a_.take<int16_t>(c_.channels);
    for (size_t i = 0; to && i < c_.channels; ++i) to[i] = v[i];
    return to;
  }

  uint8_t rank_of_pad(uint32_t p) const {
    if (p >= c_.front_channels) return 0;
    const auto bit = [&](int plane) { return n_.pads[plane][p / 8] >> p % 8 & 1; };
    return uint8_t(c_.planes == 2 ? 2 * bit(0) + bit(1) : bit(0));
  }

  const uint8_t* pad_row(uint32_t front) {
    const uint32_t tables = front / Isa::kInputs;
    const ImageShape shape(c_, tables);
    uint8_t* const to = a_.take<uint8_t>(shape.row);
    for (uint32_t k = 0; to && k < tables; ++k) {
      uint8_t table[kTable];
      for (uint32_t w = 0; w < kTable; ++w) {
        table[w] = 0;
        for (uint32_t i = 0; i < Isa::kInputs; ++i) {
          const uint8_t rank =
              rank_of_pad(k / kTables<Isa> * 16 + channel_of<Isa>(k % kTables<Isa>, i));
          const bool flips = Isa::kInputs > 1 && (w >> i & 1);
          table[w] = uint8_t(table[w] + (flips ? top_ - rank : rank));
        }
      }
      for (size_t at = 0; at < shape.step; at += kTable)
        memcpy(to + k * shape.step + at, table, kTable);
    }
    return to;
  }

  const size_t* places(uint32_t tables) {
    const ImageShape shape(c_, tables);
    size_t* const to = a_.take<size_t>(5 * tables);
    for (uint32_t b = 0; to && b < 5; ++b)
      for (uint32_t k = 0; k < tables; ++k)
        to[b * tables + k] = b % 2 * shape.phase + b / 2 * kTable + k * shape.step;
    return to;
  }

  const uint8_t* zeros(const Quantiser& q) {
    uint8_t* const to = a_.take<uint8_t>(c_.channels);
    for (size_t i = 0; to && i < c_.channels; ++i) {
      const Limits l = q.limits(i);
      to[i / 16 * 16 + woven(i % 16)] =
          uint8_t(c_.planes == 2 ? (0 < l.low) + (0 < l.middle) + (0 < l.high) : 0 < l.middle);
    }
    return to;
  }

  const uint8_t* memory(const uint8_t* bits) {
    const uint32_t taps = c_.taps();
    uint8_t* const to = a_.take<uint8_t>(c_.channels * taps);
    for (uint32_t c = 0; to && c < c_.channels; ++c)
      for (uint32_t k = 0; k < taps; ++k) {
        const bool bit = bits[k * row_bytes(c_.channels) + c / 8] >> c % 8 & 1;
        to[(c / 16 * taps + k) * 16 + woven(c % 16)] = uint8_t(bit * top_);
      }
    return to;
  }

  const int8_t* classifier() {
    const size_t places = code_places<Isa>(c_), rows = round_up(c_.classes, kClasses);
    int8_t* const to = a_.take<int8_t>(rows * places);
    if (!to) return to;
    memset(to, 0, rows * places);
    for (uint32_t k = 0; k < c_.classes; ++k)
      for (uint32_t i = 0; i < c_.outputs(); ++i)
        to[k * places + code_place<Isa>(c_, i / c_.channels, i % c_.channels)] =
            int8_t(n_.weight(k, i));
    return to;
  }

  const Network& n_;
  const Config& c_;
  Arena& a_;
  const int16_t top_;
};

}  // namespace
}  // namespace bifsmn
