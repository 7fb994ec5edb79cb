// A network in memory: what FORMAT.md describes, decoded, read-only.
//
// Shapes: F mel bands, T frames, P channels of the first convolution, U = T / 4
// frames and C channels of the blocks, H hidden channels, B = 2 P F / 4 inputs
// of the projection, K taps; N outputs of a layer.
#pragma once
#include <cstddef>
#include <cstdint>

namespace bifsmn {

// The header's fields from byte 20, in its order and types.
struct Config {
  uint32_t classes, mels, frames, layers, thinnings;
  uint32_t front_channels, channels, hidden, taps_before, taps_after, planes;
  uint32_t threshold_bits, affine_bits;
  uint32_t sample_rate, window_samples, n_fft, hop;
  float f_min, f_max, power_floor;
  float input_mean, input_std, input_low, input_high;
  float threshold;
  uint32_t smoothing;

  uint32_t taps() const { return taps_before + 1 + taps_after; }
  uint32_t block_frames() const { return frames / 4; }                    // U
  uint32_t bands() const { return 2 * front_channels * (mels / 4); }      // B
  uint32_t outputs() const { return block_frames() * channels; }          // U C
  bool runs(uint32_t block, uint32_t log2_thinning) const {
    return (block + 1) % (1u << log2_thinning) == 0;
  }
};

// bit1 = x < theta1; bit2 = x < (bit1 ? low : high).
struct Quantiser {
  uint32_t channels;
  float ratio;  // s2 / s1; 0 with one plane
  const float* theta1;  // [channels]
  const float* high;    // [channels], null with one plane
  const float* low;     // [channels], null with one plane
};

// Signs of N x K weights, in blocks of 8 outputs by 128 inputs (FORMAT.md).
struct Bits {
  uint32_t outputs, inputs;
  const uint8_t* data;  // [padded N / 8][chunks][8][16]

  uint32_t chunks() const { return (inputs + 127) / 128; }
  uint32_t groups() const { return (outputs + 7) / 8; }
  // 16 bytes: inputs 128 c to 128 c + 127 of output n.
  const uint8_t* chunk(uint32_t n, uint32_t c) const {
    return data + ((size_t(n / 8) * chunks() + c) * 8 + n % 8) * 16;
  }
};

// y = v * gain + shift, [N] each.
struct Affine {
  const float* gains;
  const float* shifts;
};

// What a block has for one thinning.
struct BlockAtThinning {
  Affine memory, expand, project;
  float slope;  // of the block's last PReLU
};

struct Block {
  Quantiser memory_in;
  const uint8_t* memory;  // [K][C bits padded to 16 bytes]
  float memory_slope;
  Quantiser expand_in;
  Bits expand;  // H x C
  float expand_slope;
  Quantiser project_in;
  Bits project;  // C x H
  const BlockAtThinning* at;  // [D], unset where the block does not run
};

struct Network {
  Config config;
  const float* conv1;         // [P][25]
  const float* conv1_shifts;  // [P]
  float conv1_slope;
  Quantiser conv2_in;
  Bits conv2;  // 2 P x 25 P
  Affine conv2_out;
  float conv2_slope;
  Quantiser projection_in;
  Bits projection;  // C x B
  Affine projection_out;
  float projection_slope;
  const Block* blocks;     // [L]
  const float* scales;     // [classes]
  const float* biases;     // [classes]
  const int8_t* weights;   // [classes][U C]
  const char* const* labels;  // [classes]
  const char* name;
  const char* licence;
  const char* provenance;
};

inline size_t row_bytes(uint32_t bits) { return size_t((bits + 127) / 128) * 16; }

}  // namespace bifsmn
