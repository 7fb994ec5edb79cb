// One pass's memory of the fast backends.
#pragma once
#include "network/prepare.h"

namespace bifsmn {
namespace {  // see isa.h

template <class Isa>
struct Scratch {
  using Code = typename Isa::Code;
  Code* input;            // [T + 4][kInputRow]: F and input_pad in a border of two
  uint8_t* image;         // ImageShape
  const uint8_t** where;  // of the second convolution's tables
  uint8_t* bands;         // tables of B channels, of a tile
  uint8_t* channels;      // tables of C channels, of all tiles
  uint8_t* hidden;        // tables of H channels, of a tile
  int16_t* x;             // [U][C], what flows through the blocks: x_at()
  uint8_t* ranks;         // [C / 16][U + K - 1][16], of what a memory sees
  int8_t* codes;          // of the classifier: code_place()

  Scratch(const Config& c, Arena& a) {
    const uint32_t frames = round_up(c.block_frames(), kFrames);
    const uint32_t tables = round_up(c.front_channels, kTile) / Isa::kInputs;
    // Some loops run over the last frame's end.
    input = a.take<Code>((4 * frames + 5) * kInputRow);
    image = a.take<uint8_t>(c.mels / 2 * ImageShape(c, tables).row);
    where = a.take<const uint8_t*>(25 * tables);
    bands = a.take<uint8_t>(tables_size<Isa>(c.bands()));
    channels = a.take<uint8_t>(frames / kFrames * tables_size<Isa>(c.channels));
    hidden = a.take<uint8_t>(tables_size<Isa>(c.hidden));
    x = a.take<int16_t>(size_t(frames) * c.channels);
    ranks = a.take<uint8_t>((frames + c.taps() - 1) * c.channels);
    codes = a.take<int8_t>(code_places<Isa>(c));
  }
};

}  // namespace
}  // namespace bifsmn
