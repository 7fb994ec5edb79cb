// A network in memory: what FORMAT.md describes, read-only.
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
  uint32_t sample_rate, window_samples, n_fft, hop;
  uint32_t input_pad, input_reference, pooling;
  float f_min, f_max, power_floor;
  float input_low, input_gain;
  uint32_t smoothing;

  uint32_t taps() const { return taps_before + 1 + taps_after; }
  uint32_t block_frames() const { return frames / 4; }                    // U
  uint32_t bands() const { return 2 * front_channels * (mels / 4); }      // B
  uint32_t outputs() const { return block_frames() * channels; }          // U C
  // Weights of a class: those of a frame, or of all.
  uint32_t class_weights() const { return pooling ? channels : outputs(); }
  // |P| of so many inputs is at most M.
  uint32_t max_dot(uint32_t inputs) const { return planes == 2 ? 3 * inputs : inputs; }
  // dB of code 0.
  float lowest(const float* features) const {
    if (!input_reference) return input_low;
    float loudest = features[0];
    for (size_t i = 1; i < size_t(frames) * mels; ++i)
      loudest = features[i] > loudest ? features[i] : loudest;
    return loudest + input_low;
  }
  bool runs(uint32_t block, uint32_t log2_thinning) const {
    return (block + 1) % (1u << log2_thinning) == 0;
  }
};

// Value i is codes[i] << exponent.
struct Vector {
  const int8_t* codes;
  uint32_t exponent;

  int16_t operator[](size_t i) const { return int16_t(codes[i] * (1 << exponent)); }
};

// The level of an activation falls by 2 with each limit above it:
// bit1 = x < middle, bit2 = x < (bit1 ? low : high), low <= middle <= high.
struct Limits {
  int16_t middle, low, high;  // with one plane, low and high are as middle
};

constexpr int16_t clip16(int32_t x) { return int16_t(x < -32768 ? -32768 : x > 32767 ? 32767 : x); }

// Limits of activations x.
struct Quantiser {
  Vector middle, centre;  // [C]; with one plane no centre
  int32_t spread;

  Limits limits(size_t c) const {
    const int16_t m = middle[c];
    if (!centre.codes) return {m, m, m};
    const int16_t low = clip16(centre[c] - spread), high = clip16(centre[c] + spread);
    return {m, low < m ? low : m, high > m ? high : m};
  }
};

// Limits of halves of dot products, P / 2.
struct Thresholds {
  Vector middle, low, high;  // [N]; with one plane middle alone

  Limits limits(size_t n) const {
    const int16_t m = middle[n];
    return low.codes ? Limits{m, low[n], high[n]} : Limits{m, m, m};
  }
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

// y = clip16(mul(P << shift_of(M), gain) + shift), then a PReLU: FORMAT.md.
struct Affine {
  Vector gains, shifts;  // [N]
  int32_t slope;         // in 128ths, -127 to 127
};

// Of dot products up to M in magnitude: by how much they are shifted before mul().
constexpr uint32_t shift_of(uint32_t max) {
  uint32_t k = 7;
  while (max << k > 32767) --k;
  return k;
}

constexpr int32_t mul(int32_t a, int32_t b) { return (a * b + (1 << 14)) >> 15; }

// What a block has for one thinning.
struct BlockAtThinning {
  Affine memory;
  Thresholds expand;
  Affine project;
};

struct Block {
  Quantiser memory_in;
  const uint8_t* memory;  // [K][C bits padded to 16 bytes]
  Quantiser expand_in;
  Bits expand;   // H x C
  Bits project;  // C x H
  const BlockAtThinning* at;  // [D], unset where the block does not run
};

// Pointers to codes and bits go into the file's bytes.
struct Network {
  Config config;
  const int8_t* conv1;       // [P][25]
  const Limits* conv1_out;   // [P]
  const uint8_t* pads[2];    // [planes][P / 8]: bits of what pads the second convolution
  Bits conv2;                // 2 P x 25 P
  Thresholds conv2_out;      // [B]
  Bits projection;           // C x B
  Affine projection_out;
  const Block* blocks;  // [L]
  float unit;
  uint32_t classifier_shift;
  const int32_t* biases;   // [classes]
  const uint8_t* weights;  // [classes][class_weights() / 2], two in a byte
  const char* const* labels;  // [classes]
  const float* thresholds;    // [classes], of detection
  const char* name;
  const char* licence;
  const char* provenance;

  // Weight of class k for output i.
  int32_t weight(uint32_t k, uint32_t i) const {
    const uint32_t n = config.class_weights();
    const uint8_t both = weights[(size_t(k) * n + i % n) / 2];
    return int8_t(uint8_t(i % 2 ? both & 0xf0 : both << 4)) >> 4;
  }
};

inline size_t row_bytes(uint32_t bits) { return size_t((bits + 127) / 128) * 16; }

}  // namespace bifsmn
