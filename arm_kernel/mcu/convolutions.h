// The two convolutions in front of the blocks.
#pragma once
#include <cstring>

#include "epilogues.h"
#include "products.h"

namespace bifsmn {

inline size_t groups_of(const Config& c) { return (c.block_frames() + 3) / 4; }

// The input's codes with two pads around. A word has those of frames t and t + 2 in its
// halves: one multiplication is for two positions of the first convolution.
struct Codes {
  uint32_t* words;  // [T + 1][F + 4]
  size_t width;

  static size_t size(const Config& c) { return size_t(c.frames + 1) * (c.mels + 4); }
};

// y to the nearest integer, ties to even, from a single's bits: without an FPU, each
// operation on singles is a call.
inline uint32_t code_of(const Config& c, float feature, float low) {
  const float above = feature - low, y = above * c.input_gain;
  int32_t bits;
  memcpy(&bits, &y, sizeof bits);
  if (bits <= 0x3f000000) return 0;    // to 0.5
  if (bits >= 0x42fe0000) return 127;  // from 127
  const uint32_t mantissa = (uint32_t(bits) & 0x7fffff) | 0x800000;
  const uint32_t fraction = 150 - (uint32_t(bits) >> 23), half = 1u << (fraction - 1);
  return (mantissa + half - 1 + (mantissa >> fraction & 1)) >> fraction;
}

inline void make_codes(const Config& c, const float* features, const Codes& codes) {
  const uint32_t pad = c.input_pad | c.input_pad << 16;
  const float low = c.lowest(features);
  for (size_t i = 0; i < Codes::size(c); ++i) codes.words[i] = pad;
  for (size_t t = 0; t < c.frames; ++t)
    for (size_t f = 0; f < c.mels; ++f) {
      const uint32_t code = code_of(c, *features++, low);
      uint32_t* const second = codes.words + t * codes.width + f + 2;
      *second = (*second & 0xffff) | code << 16;
      if (t + 2 > c.frames) continue;
      uint32_t* const first = second + 2 * codes.width;
      *first = (*first & 0xffff0000) | code;
    }
}

// Levels u of what the second convolution sees, with two pads around, and as many frames
// as its groups of four outputs reach.
struct Image {
  uint8_t* levels;  // [frames][F / 2 + 4][P]
  size_t bands, channels;

  static size_t frames(const Config& c) { return 8 * groups_of(c) + 4; }
  static size_t size(const Config& c) { return frames(c) * (c.mels / 2 + 4) * c.front_channels; }
  uint8_t* at(size_t frame, size_t band) const {
    return levels + (frame * bands + band) * channels;
  }
};

inline void fill_with_pads(const Network& n, const Image& image) {
  const Config& c = n.config;
  uint8_t pads[64];
  for (size_t p = 0; p < c.front_channels; ++p) {
    pads[p] = n.pads[0][p / 8] >> p % 8 & 1;
    if (c.planes == 2) pads[p] = uint8_t(2 * pads[p] + (n.pads[1][p / 8] >> p % 8 & 1));
  }
  uint8_t* to = image.levels;
  for (size_t i = Image::frames(c) * image.bands; i > 0; --i, to += c.front_channels)
    memcpy(to, pads, c.front_channels);
}

// Four channels at two positions, frames j and j + 1 of the image.
inline void convolve(const int8_t* weights, const Codes& codes, size_t band, size_t j,
                     uint32_t* sums) {
  for (size_t a = 0; a < 5; ++a) {
    const uint32_t* at = codes.words + 2 * j * codes.width + 2 * band + a;
    for (size_t b = 0; b < 5; ++b, ++weights, at += codes.width)
#pragma GCC unroll 4
      for (size_t o = 0; o < 4; ++o) sums[o] += uint32_t(weights[25 * o]) * *at;
  }
}

inline void first_convolution(const Network& n, const Codes& codes, const Image& image) {
  const Config& c = n.config;
  for (size_t p = 0; p < c.front_channels; p += 4) {
    const bool two = c.planes == 2;
    const Count counts[4] = {{n.conv1_out[p], two},
                             {n.conv1_out[p + 1], two},
                             {n.conv1_out[p + 2], two},
                             {n.conv1_out[p + 3], two}};
    for (size_t j = 0; j < c.frames / 2; j += 2)
      for (size_t i = 0; i < c.mels / 2; ++i) {
        uint32_t sums[4] = {};
        convolve(n.conv1 + 25 * p, codes, i, j, sums);
        uint8_t* const first = image.at(j + 2, i + 2) + p;
        uint8_t* const second = image.at(j + 3, i + 2) + p;
#pragma GCC unroll 4
        for (size_t o = 0; o < 4; ++o) {
          // The lower half's sign was borrowed from the upper one.
          const int32_t low = int16_t(sums[o]), high = int32_t(sums[o] - uint32_t(low)) >> 16;
          first[o] = uint8_t(counts[o](low));
          second[o] = uint8_t(counts[o](high));
        }
      }
  }
}

// The second convolution's levels of four frames, which the projection takes: a word for
// each band and output. `tables` are those of 25 P inputs.
class SecondConvolution {
 public:
  SecondConvolution(const Network& n, const Image& image, uint32_t* tables)
      : n_(n), c_(n.config), image_(image), tables_(tables) {
    end_tables(25 * c_.front_channels, tables_);
  }

  void run(size_t group, uint32_t* levels) {
    // Of the five bands that an output sees, the next one sees three.
    const size_t band_words = 5 * c_.front_channels / 4 * kEntries;
    for (size_t i = 0; i < c_.mels / 4; ++i, levels += 2 * c_.front_channels) {
      for (size_t k = 0; k < 3 * band_words; ++k) tables_[k] = tables_[k + 2 * band_words];
      for (size_t a = i > 0 ? 3 : 0; a < 5; ++a)
        make_band(group, 2 * i + a, tables_ + a * band_words);
      thresholds(i, levels);
    }
  }

 private:
  void make_band(size_t group, size_t band, uint32_t* tables) {
    const uint32_t all_top = (c_.planes == 2 ? 3 : 1) * kEach;
    for (size_t b = 0; b < 5; ++b) {
      const uint8_t* const first = image_.at(8 * group + b, band);
      const uint8_t* const second = image_.at(8 * group + b + 2, band);
      const uint8_t* const third = image_.at(8 * group + b + 4, band);
      const uint8_t* const fourth = image_.at(8 * group + b + 6, band);
      for (size_t p = 0; p < c_.front_channels; p += 4, tables += kEntries) {
        uint32_t u[4];
        for (size_t k = 0; k < 4; ++k)
          u[k] = first[p + k] | second[p + k] << 8 | third[p + k] << 16 |
                 uint32_t(fourth[p + k]) << 24;
        make_table(u, all_top, tables);
      }
    }
  }

  void thresholds(size_t band, uint32_t* levels) {
    const uint32_t outputs = 2 * c_.front_channels;
    look_up(n_.conv2, tables_, [&](uint32_t n, Sums sums) {
      levels[n] = levels_of(n_.conv2_out, band * outputs + n, c_, n_.conv2.inputs, sums);
    });
  }

  const Network& n_;
  const Config& c_;
  const Image& image_;
  uint32_t* const tables_;
};

}  // namespace bifsmn
