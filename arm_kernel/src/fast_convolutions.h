// Both convolutions of the fast paths: features to the bits of the projection's input.
#pragma once
#include "fast_layer.h"

namespace bifsmn {
namespace {  // see vector.h

template <class Isa, int kPlanes>
class FastConvolutions : FastLayer<Isa, kPlanes> {
  using Layer = FastLayer<Isa, kPlanes>;
  using typename Layer::Count;
  using typename Layer::Epilogue;
  using typename Layer::Floats;
  using typename Layer::Limits;
  using Layer::kLanes;
  using Layer::kRows;
  using Layer::kUnit;
  using Layer::kVectors;

 public:
  FastConvolutions(const Network& n, const Prepared& p, const Scratch& s)
      : n_(n), c_(n.config), p_(p), s_(s), image_(c_) {
    Layer::clear_tails(s.flat, c_.bands(), c_.block_frames());
  }

  BIFSMN_STAGE void normalise(const float* features) {
    const size_t mels = c_.mels, width = mels + 4, frames = c_.frames;
    const float mean = c_.input_mean, std = c_.input_std;
    const float low = c_.input_low, high = c_.input_high;
    float* const input = s_.input;
    memset(input, 0, 2 * width * sizeof(float));
    memset(input + (frames + 2) * width, 0, 2 * width * sizeof(float));
    for (size_t t = 0; t < frames; ++t) {
      float* row = input + (t + 2) * width;
      row[0] = row[1] = row[mels + 2] = row[mels + 3] = 0;
      for (size_t f = 0; f < mels; ++f) {
        float v = (features[t * mels + f] - mean) / std;
        v = v < low ? low : v;
        row[f + 2] = v > high ? high : v;
      }
    }
  }

  BIFSMN_STAGE void first() {
    memcpy(s_.image, p_.image, kPlanes * image_.plane);
    const uint32_t height = c_.mels / 2, width = c_.frames / 2;
    for (uint32_t p = 0; p < p_.front_channels; p += kTile) {
      const Limits next = Layer::limits(p_.conv2_in, p);
      for (uint32_t j = 0; j < width; ++j) {
        uint32_t i = 0;
        for (; i + 8 <= height; i += 8) convolve<8>(p, i, j, next);
        for (; i < height; i += 2) convolve<2>(p, i, j, next);
      }
    }
  }

  BIFSMN_STAGE void second() {
    const uint32_t inputs = 25 * c_.front_channels, outputs = 2 * c_.front_channels;
    const uint32_t bands = c_.bands(), frames = c_.block_frames();
    const Quantiser& next = n_.projection_in;
    uint8_t* const flat = s_.flat;
    Positions tiles[2];
    tiles[0].rows = s_.columns;
    tiles[1].rows = s_.columns + kRows * kColumnRow;
    uint32_t i = 0, j = 0;
    // A tile ahead: what is read soon after it was written in other pieces is slow.
    collect(&i, &j, tiles);
    for (uint32_t k = 0, left = c_.mels / 4 * frames; left > 0; k ^= 1) {
      const Positions& tile = tiles[k];
      collect(&i, &j, tiles + (k ^ 1));
      left -= left < kFrames ? left : kFrames;
      Layer::template layer<kColumnRow, kUnit>(
          p_.conv2, inputs, outputs, tile.rows, kFrames,
          [&](uint32_t o, uint32_t, const Count(*half)[kTile]) {
            const Epilogue epilogue(n_.conv2_in, n_.conv2_out, n_.conv2_slope, o);
            for (uint32_t at = 0; at < kFrames; ++at, half += kPlanes) {
              const uint32_t input = tile.input[at] + o;
              Floats y[kVectors];
              epilogue(half, y);
              Layer::quantise(y, Layer::limits(next, input),
                              Layer::bits_at(flat, bands, tile.frame[at], input));
            }
          });
    }
  }

 private:
  // Outputs of the second convolution that are computed together: their inputs, and
  // where their first output is among the inputs of the projection.
  struct Positions {
    uint8_t* rows;
    uint32_t input[kFrames], frame[kFrames];
  };

  // The next positions from (i, j) on; beyond the last one, whatever is there goes to
  // a frame that nobody reads.
  BIFSMN_INLINE void collect(uint32_t* i, uint32_t* j, Positions* tile) {
    const uint32_t frames = c_.block_frames();
    for (uint32_t at = 0; at < kFrames; ++at) {
      if (*j == frames) {
        tile->input[at] = 0;
        tile->frame[at] = round_up(frames, kFrames);
        continue;
      }
      gather(*i, *j, tile->rows + at * kPlanes * kColumnRow);
      tile->input[at] = *i * 2 * c_.front_channels;
      tile->frame[at] = *j;
      if (++*i == c_.mels / 4) *i = 0, ++*j;
    }
  }

  // kPositions outputs below (i, j), 16 channels from `p` on.
  template <int kPositions>
  BIFSMN_INLINE void convolve(uint32_t p, uint32_t i, uint32_t j, const Limits& next) {
    const size_t width = c_.mels + 4, padded = p_.front_channels, row = image_.row;
    const Floats slope = Isa::all(n_.conv1_slope);
    Floats y[kPositions][kVectors];
    for (int v = 0; v < kVectors; ++v) {
      const float* weights = p_.conv1 + p + v * kLanes;
      const float* in = s_.input + 2 * j * width + 2 * i;
      Floats sum[kPositions];
      for (auto& s : sum) s = Isa::load(p_.conv1_shifts + p + v * kLanes);
      for (int a = 0; a < 5; ++a, ++in)
        for (int b = 0; b < 5; ++b, weights += padded) {
          const Floats w = Isa::load(weights);
          for (int k = 0; k < kPositions; ++k) sum[k] = sum[k] + w * in[b * width + 2 * k];
        }
#pragma GCC unroll 8
      for (int k = 0; k < kPositions; ++k) y[k][v] = Isa::prelu(sum[k], slope);
    }
    uint8_t* to = s_.image + (i + 2) * row + (j + 2) * image_.pixel + p / 8;
    const bool half = c_.front_channels - p < kTile;  // the rest is padding
    const size_t plane_bytes = image_.plane;
#pragma GCC unroll 8
    for (int k = 0; k < kPositions; ++k, to += row) {
      uint32_t bits[kPlanes];
      Isa::template quantise<Isa, kPlanes>(y[k], next, bits);
      for (int plane = 0; plane < kPlanes; ++plane) {
        const uint16_t both = uint16_t(bits[plane]);
        if (half)
          to[plane * plane_bytes] = uint8_t(both);
        else
          memcpy(to + plane * plane_bytes, &both, 2);
      }
    }
  }

  // The rows of one position: 5 runs of 5 pixels each, then zeros. Every copy is of
  // whole vectors, and the next one overwrites what was too much.
  BIFSMN_INLINE void gather(uint32_t i, uint32_t j, uint8_t* rows) {
    const size_t run = 5 * image_.pixel, step = image_.row, plane_bytes = image_.plane;
    const uint8_t* image = s_.image + 2 * i * step + 2 * j * image_.pixel;
    for (int plane = 0; plane < kPlanes; ++plane, image += plane_bytes, rows += kColumnRow) {
      const uint8_t* from = image;
      uint8_t* to = rows;
      for (int a = 0; a < 5; ++a, from += step, to += run) {
        memcpy(to, from, 16);
        if (run > 16) memcpy(to + 16, from + 16, 16);
        if (run > 32) memcpy(to + 32, from + 32, 16);
      }
      memset(to, 0, 16);
    }
  }

  const Network& n_;
  const Config& c_;
  const Prepared& p_;
  const Scratch& s_;
  const ImageShape image_;
};

}  // namespace
}  // namespace bifsmn
