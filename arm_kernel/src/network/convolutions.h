// Both convolutions of the fast backends: features to the bits of the projection's input.
#pragma once
#include "network/layer.h"

namespace bifsmn {
namespace {  // see vector.h

template <class Isa, int kPlanes, bool kFolded>
class FastConvolutions : FastLayer<Isa, kPlanes, kFolded> {
  using Layer = FastLayer<Isa, kPlanes, kFolded>;
  using Layer::kFrame;
  using Layer::kLanes;
  using Layer::kRows;
  using Layer::kUnit;
  using Layer::kVectors;
  using typename Layer::Count;
  using typename Layer::Floats;
  using typename Layer::Limits;
  using typename Layer::ToLimits;

 public:
  FastConvolutions(const Network& n, const Prepared& p, const Scratch& s)
      : n_(n), c_(n.config), p_(p), s_(s), image_(c_), strips_(c_) {
    Layer::clear_tails(s.flat, c_.bands(), c_.block_frames());
  }

  BIFSMN_STAGE void normalise(const float* features) {
    const size_t mels = c_.mels, frames = c_.frames;
    const float mean = c_.input_mean, std = c_.input_std;
    const float low = c_.input_low, high = c_.input_high;
    float* const input = s_.input;
    memset(input, 0, 2 * kInputRow * sizeof(float));
    memset(input + (frames + 2) * kInputRow, 0, 2 * kInputRow * sizeof(float));
    for (size_t t = 0; t < frames; ++t) {
      float* row = input + (t + 2) * kInputRow;
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
    const FoldedThresholds out = kFolded ? p_.conv1_out : Layer::unfolded(p_.conv2_in);
    for (uint32_t p = 0; p < p_.front_channels; p += kTile) {
      const Limits next = Layer::limits(out, p);
      for (uint32_t i = 0; i < height; ++i) {
        uint32_t j = 0;
        for (; j + 8 <= width; j += 8) convolve<8>(p, i, j, next);
        for (; j < width; j += 2) convolve<2>(p, i, j, next);
      }
    }
  }

  BIFSMN_STAGE void second() {
    for (uint32_t first = 0; first < c_.block_frames(); first += kFrames) {
      5 * image_.pixel <= 16 ? cut<16>(first) : cut<48>(first);
      5 * strips_.row < kPiece ? second_of<1>(first) : second_of<4>(first);
    }
  }

 private:
  // In tiles of all outputs at kFrames frames of one band.
  template <size_t kPieces>
  BIFSMN_INLINE void second_of(uint32_t first) {
    const uint32_t inputs = 25 * c_.front_channels, outputs = 2 * c_.front_channels;
    const uint32_t height = c_.mels / 4, bands = c_.bands();
    const FoldedThresholds out = kFolded ? p_.conv2_out : Layer::unfolded(n_.projection_in);
    uint8_t *const flat = s_.flat, *rows = s_.columns, *ahead = rows + kRows * kColumnRow;
    collect<kPieces>(0, rows);
    for (uint32_t i = 0; i < height; ++i) {
      // A tile ahead: what is read soon after it was written in other pieces is slow.
      if (i + 1 < height) collect<kPieces>(i + 1, ahead);
      Layer::template layer<kColumnRow, kUnit>(
          p_.conv2, inputs, outputs, rows, kFrames, s_.tables,
          [&](uint32_t o, uint32_t, const Count(*half)[kTile]) {
            const uint32_t input = i * outputs + o;
            const ToLimits epilogue(n_.conv2_in, n_.conv2_out, n_.conv2_slope, o, out.factors,
                                    input);
            const Limits next = Layer::limits(out, input);
            uint8_t* to = Layer::bits_at(flat, bands, first, input);
            for (uint32_t t = 0; t < kFrames; ++t, half += kPlanes, to += kFrame) {
              Floats y[kVectors];
              epilogue(half, y);
              Layer::quantise(y, next, to);
            }
          });
      uint8_t* const done = rows;
      rows = ahead;
      ahead = done;
    }
  }

  // The strips of kFrames frames from `first` on. Every copy is of whole vectors, and the
  // next one overwrites what was too much. Beyond the last frame, whatever is there goes
  // to frames that nobody reads.
  template <size_t kBytes>
  BIFSMN_INLINE void cut(uint32_t first) {
    const size_t row = image_.row, plane_bytes = image_.plane, run = strips_.row;
    const uint32_t last = c_.block_frames() - 1, height = c_.mels / 2 + 4;
    uint8_t* to = s_.strips;
    for (uint32_t j = first; j < first + kFrames; ++j)
      for (int plane = 0; plane < kPlanes; ++plane) {
        const uint8_t* from = s_.image + 2 * (j < last ? j : last) * image_.pixel;
        from += plane * plane_bytes;
        for (uint32_t y = 0; y < height; ++y, from += row, to += run) memcpy(to, from, kBytes);
      }
  }

  // The inputs of a tile of the second convolution, each contiguous in its strip; then zeros.
  template <size_t kPieces>
  BIFSMN_INLINE void collect(uint32_t i, uint8_t* rows) {
    typedef uint8_t Piece __attribute__((vector_size(kPiece)));
    const size_t last = 5 * strips_.row / kPiece, strip = strips_.strip;
    const uint8_t* from = s_.strips + 2 * i * strips_.row;
    Piece tail;
    memcpy(&tail, p_.tail, kPiece);
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r, from += strip, rows += kColumnRow)
      for (size_t n = 0; n < kPieces; ++n) {
        Piece bits;
        memcpy(&bits, from + n * kPiece, kPiece);
        if (kPieces == 1 || n == last) bits &= tail;
        memcpy(rows + n * kPiece, &bits, kPiece);
      }
  }

  // kPositions outputs from (i, j) on along j, 16 channels from `p` on. They share what
  // is loaded: a processor does more products in a cycle than loads.
  template <int kPositions>
  BIFSMN_INLINE void convolve(uint32_t p, uint32_t i, uint32_t j, const Limits& next) {
    const size_t padded = p_.front_channels;
    const Floats slope = Isa::all(n_.conv1_slope);
    Floats y[kPositions][kVectors];
    for (int v = 0; v < kVectors; ++v) {
      const float* weights = p_.conv1 + p + v * kLanes;
      const float* in = s_.input + 2 * j * kInputRow + 2 * i;
      Floats sum[kPositions];
      for (auto& s : sum) s = Isa::load(p_.conv1_shifts + p + v * kLanes);
      for (int a = 0; a < 5; ++a, ++in, weights += 5 * padded) {
#pragma GCC unroll 5
        for (int b = 0; b < 5; ++b) {
          const Floats w = Isa::load(weights + b * padded);
#pragma GCC unroll 8
          for (int k = 0; k < kPositions; ++k)
            sum[k] = sum[k] + w * Isa::all(in[(2 * k + b) * kInputRow]);
        }
      }
#pragma GCC unroll 8
      for (int k = 0; k < kPositions; ++k) y[k][v] = kFolded ? sum[k] : Isa::prelu(sum[k], slope);
    }
    uint8_t* to = s_.image + (i + 2) * image_.row + (j + 2) * image_.pixel + p / 8;
    const bool half = c_.front_channels - p < kTile;  // the rest is padding
    const size_t plane_bytes = image_.plane;
#pragma GCC unroll 8
    for (int k = 0; k < kPositions; ++k, to += image_.pixel) {
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

  const Network& n_;
  const Config& c_;
  const Prepared& p_;
  const Scratch& s_;
  const ImageShape image_;
  const StripShape strips_;
};

}  // namespace
}  // namespace bifsmn
