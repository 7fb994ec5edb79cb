// The memory of the fast backends: weights put in order once, and one pass's scratch.
#pragma once
#include <cstring>

#include "network/threshold_folding.h"

namespace bifsmn {
namespace {  // see vector.h

constexpr uint32_t round_up(uint32_t n, uint32_t multiple) {
  return (n + multiple - 1) / multiple * multiple;
}

// The second convolution's input: bits [F / 2 + 4][T / 2 + 4][P] of each plane, with
// the bits of zeros in a border of two all around.
struct ImageShape {
  size_t pixel, row, plane;  // bytes

  explicit ImageShape(const Config& c)
      : pixel(c.front_channels / 8),
        row((c.frames / 2 + 4) * pixel),
        plane((c.mels / 2 + 4) * row) {}
};

// The same cut in strips, one for each frame of a tile that sees it: bits
// [kFrames][planes][F / 2 + 4][5][P].
struct StripShape {
  size_t row, strip;  // bytes

  explicit StripShape(const Config& c)
      : row(5 * c.front_channels / 8), strip((c.mels / 2 + 4) * row) {}
};

// Floats of a frame of the first convolution's input. Not more than a few mels need, but
// the same for all networks: so what its loops read is at constant distances.
constexpr size_t kInputRow = 144;

// The second convolution's inputs are copied in pieces of so many bytes; an output has
// less than four.
constexpr size_t kPiece = 64;

// Copies run over their end by less than this.
constexpr size_t kSlack = 4 * kPiece;

struct PreparedBlock {
  const uint8_t *expand, *project;
  const FoldedThresholds* expand_out;  // [D], set where the network folds and the block runs
  const int32_t* memory;  // [C]: the taps' bits as VectorIsa::shift_in_bits has activations
};

struct Prepared {
  uint32_t front_channels;     // P padded to 16
  const float* conv1;          // [25][P]
  const float* conv1_shifts;   // [P]
  Quantiser conv2_in;          // of P channels
  bool folds_thresholds;                  // and has what follows
  FoldedThresholds conv1_out, conv2_out;
  const uint8_t* image;        // [planes]: zeros everywhere
  const uint8_t* tail;         // [kPiece]: all bits where an output's last inputs are
  const uint8_t *conv2, *projection;
  const PreparedBlock* blocks;  // [L]
};

struct Scratch {
  float* input;       // [T + 4][kInputRow]: F and zeros in a border of two
  uint8_t* image;     // [planes] images
  uint8_t* strips;    // [kFrames][planes] strips
  uint8_t* columns;   // [2][kFrames][planes][kColumnRow]: 25 P bits each
  uint8_t* flat;      // [U / kFrames][units][kFrames][planes][unit]: B bits a row
  uint8_t* narrow;    // [U / kFrames][units][kFrames][planes][unit]: C bits a row
  uint8_t* wide;      // the same of H bits
  uint8_t* tables;    // of VectorIsa::tables, for the layer with most inputs
  float* x;           // [U][C], what flows through the blocks
  int32_t* seen;      // [U][C], by the blocks' memories
  int16_t* q;         // [U][C]

  Scratch(const Config& c, Order order, Arena& a) {
    const size_t frames = round_up(c.block_frames(), kFrames), rows = frames * c.planes;
    const size_t unit = unit_of(order);
    input = a.take<float>((c.frames + 4) * kInputRow);
    image = a.take<uint8_t>(c.planes * ImageShape(c).plane + kSlack);
    strips = a.take<uint8_t>(kFrames * c.planes * StripShape(c).strip + kSlack);
    columns = a.take<uint8_t>(2 * kFrames * c.planes * kColumnRow);
    flat = a.take<uint8_t>(rows * units(c.bands(), unit) * unit);
    narrow = a.take<uint8_t>(rows * units(c.channels, unit) * unit);
    wide = a.take<uint8_t>(rows * units(c.hidden, unit) * unit);
    uint32_t max = 25 * c.front_channels;
    for (uint32_t inputs : {c.bands(), c.channels, c.hidden}) max = inputs > max ? inputs : max;
    tables = a.take<uint8_t>(kFrames * c.planes * units(max, unit) * unit * table_bytes(order));
    x = a.take<float>(frames * c.channels);
    seen = a.take<int32_t>(c.outputs());
    q = a.take<int16_t>(c.outputs());
  }
};

// `n` values, padded with zeros to `padded`.
const float* padded_copy(Arena& a, const float* from, uint32_t n, uint32_t padded) {
  float* to = a.take<float>(padded);
  for (uint32_t i = 0; to && i < padded; ++i) to[i] = i < n ? from[i] : 0;
  return to;
}

// A unit of a tile's weights; returns where the next one goes.
uint8_t* put_unit(uint8_t* to, const uint8_t (&words)[kTile][4], Order order) {
  if (order == Order::kWords) {
    memcpy(to, words, sizeof words);
    return to + sizeof words;
  }
  for (int byte = 0; byte < 4; ++byte)
    for (int half = 0; half < 2; ++half)
      for (int o = 0; o < kTile; ++o) *to++ = uint8_t(words[o][byte] >> 4 * half & 15);
  return to;
}

// All weights of a layer.
const uint8_t* ordered(Arena& a, const Bits& bits, Order order) {
  if (order == Order::kFile) return bits.data;
  const size_t unit = unit_of(order), n = units(bits.inputs, unit);
  uint8_t* const start = a.take<uint8_t>(bits.outputs / kTile * n * weights_of_unit(order));
  uint8_t* to = start;
  for (uint32_t tile = 0; to && tile < bits.outputs; tile += kTile)
    for (size_t byte = 0; byte < n * unit; byte += unit) {
      uint8_t words[kTile][4];
      for (uint32_t o = 0; o < kTile; ++o)
        memcpy(words[o], bits.chunk(tile + o, uint32_t(byte / 16)) + byte % 16, unit);
      to = put_unit(to, words, order);
    }
  return start;
}

const float* ordered_conv1(Arena& a, const Network& n, uint32_t padded) {
  const uint32_t channels = n.config.front_channels;
  float* to = a.take<float>(25 * padded);
  for (uint32_t i = 0; to && i < 25 * padded; ++i)
    to[i] = i % padded < channels ? n.conv1[i % padded * 25 + i / padded] : 0;
  return to;
}

const uint8_t* image_of_zeros(Arena& a, const Network& n) {
  const Config& c = n.config;
  const ImageShape shape(c);
  const Quantiser& q = n.conv2_in;
  uint8_t* image = a.take<uint8_t>(c.planes * shape.plane + kSlack);
  if (!image) return image;
  memset(image, 0, c.planes * shape.plane + kSlack);
  for (size_t at = 0; at < shape.plane; at += shape.pixel)
    for (uint32_t p = 0; p < q.channels; ++p) {
      const bool bit1 = 0 < q.theta1[p];
      image[at + p / 8] |= uint8_t(bit1 << p % 8);
      if (!q.high) continue;
      const bool bit2 = 0 < (bit1 ? q.low[p] : q.high[p]);
      image[shape.plane + at + p / 8] |= uint8_t(bit2 << p % 8);
    }
  return image;
}

const int32_t* ordered_memory(Arena& a, const Config& c, const Block& block) {
  int32_t* to = a.take<int32_t>(c.channels);
  for (uint32_t n = 0; to && n < c.channels; ++n) {
    int32_t bits = 0;
    for (uint32_t k = 0; k < c.taps(); ++k)
      bits = bits << 1 | (block.memory[k * row_bytes(c.channels) + n / 8] >> n % 8 & 1);
    to[n] = c.planes == 2 ? bits << 16 | bits : bits;
  }
  return to;
}

const uint8_t* tail_of(Arena& a, size_t bytes) {
  uint8_t* to = a.take<uint8_t>(kPiece);
  for (size_t i = 0; to && i < kPiece; ++i) to[i] = i < bytes % kPiece ? 0xff : 0;
  return to;
}

Quantiser padded_quantiser(Arena& a, const Quantiser& q, uint32_t padded) {
  Quantiser made{padded, q.ratio, padded_copy(a, q.theta1, q.channels, padded), nullptr, nullptr};
  if (!q.high) return made;
  made.high = padded_copy(a, q.high, q.channels, padded);
  made.low = padded_copy(a, q.low, q.channels, padded);
  return made;
}

const FoldedThresholds* fold_expand(Arena& a, const Config& c, const Block& block, uint32_t index) {
  FoldedThresholds* to = a.take<FoldedThresholds>(c.thinnings);
  for (uint32_t d = 0; d < c.thinnings && c.runs(index, d); ++d) {
    const FoldedThresholds made =
        fold_thresholds(a, block.at[d].expand, c.hidden, block.expand_slope, block.project_in);
    if (to) to[d] = made;
  }
  return to;
}

// The first piece of `a`.
const Prepared* prepare(const Network& n, Order order, Arena& a) {
  const Config& c = n.config;
  Prepared* place = a.take<Prepared>(1);
  const uint32_t p = c.front_channels, padded = round_up(p, kTile);
  Prepared made{};
  made.front_channels = padded;
  made.conv1 = ordered_conv1(a, n, padded);
  made.conv1_shifts = padded_copy(a, n.conv1_shifts, p, padded);
  made.conv2_in = padded_quantiser(a, n.conv2_in, padded);
  made.folds_thresholds = can_fold_thresholds(n);
  if (made.folds_thresholds) {
    const float one = 1, zero = 0;
    made.conv1_out = fold_thresholds(a, {&one, &zero}, 1, n.conv1_slope, made.conv2_in);
    made.conv2_out = fold_thresholds(a, n.conv2_out, 2 * p, n.conv2_slope, n.projection_in);
  }
  made.image = image_of_zeros(a, n);
  made.tail = tail_of(a, 25 * p / 8);
  made.conv2 = ordered(a, n.conv2, order);
  made.projection = ordered(a, n.projection, order);
  PreparedBlock* blocks = a.take<PreparedBlock>(c.layers);
  made.blocks = blocks;
  for (uint32_t b = 0; b < c.layers; ++b) {
    const PreparedBlock block{ordered(a, n.blocks[b].expand, order),
                              ordered(a, n.blocks[b].project, order),
                              made.folds_thresholds ? fold_expand(a, c, n.blocks[b], b) : nullptr,
                              ordered_memory(a, c, n.blocks[b])};
    if (blocks) blocks[b] = block;
  }
  if (place) *place = made;
  return place;
}

}  // namespace
}  // namespace bifsmn
