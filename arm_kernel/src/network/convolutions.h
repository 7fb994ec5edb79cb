// Both convolutions of the fast backends: features to the tables of the projection.
#pragma once
#include <initializer_list>

#include "core/vector.h"
#include "network/epilogue.h"
#include "network/scratch.h"

namespace bifsmn {
namespace {  // see isa.h

template <class Isa>
class FastConvolutions {
  using Shorts = typename Isa::Shorts;
  using Code = typename Isa::Code;
  static constexpr uint32_t kTimes = Isa::kTimes;

 public:
  FastConvolutions(const Network& n, const Prepared& p, const Scratch<Isa>& s)
      : n_(n), c_(n.config), p_(p), s_(s), shape_(c_, p.front / Isa::kInputs) {}

  BIFSMN_STAGE void input(const float* features) {
    const size_t mels = c_.mels, frames = c_.frames;
    const Code pad = Code(c_.input_pad);
    const float low = lowest(features);
    Code* row = s_.input;
    for (size_t t = 0; t < frames + 4; ++t, row += kInputRow) {
      if (t < 2 || t >= frames + 2) {
        for (size_t f = 0; f < mels + 4; ++f) row[f] = pad;
        continue;
      }
      row[0] = row[1] = row[mels + 2] = row[mels + 3] = pad;
      for (size_t f = 0; f < mels; f += 4) code_four(features + f, low, row + f + 2);
      features += mels;
    }
  }

  BIFSMN_STAGE void first() {
    const typename Isa::Tables maker(p_.top);
    for (uint32_t p = 0; p < p_.front; p += kTile) {
      const TileLimits<Isa> next(p_.conv1_out, p);
      for (uint32_t i = 0; i < c_.mels / 2; i += Isa::kBands)
        for (uint32_t phase = 0; phase < 2; ++phase)
          for (uint32_t q = 0; q < c_.block_frames(); q += Isa::kPositions * kTimes)
            convolve(p, i, phase, q, next, maker);
    }
    pad_sides();
  }

  // Of the tile of frames from `first` on.
  BIFSMN_STAGE void second(uint32_t first) {
    const uint32_t outputs = 2 * c_.front_channels, tables = 25 * p_.front / Isa::kInputs;
    uint8_t* const bands = s_.bands;
    const typename Isa::Tables maker(p_.top);
    for (uint32_t i = 0; i < c_.mels / 4; ++i) {
      find_tables(i, first);
      const uint8_t* const* const found = s_.where;
      layer<Isa>(
          p_.conv2, [=](uint32_t k) { return found[k]; }, tables, outputs,
          [&](uint32_t o, const auto& counts) {
            const uint32_t input = i * outputs + o;
            pass_on<Isa>(counts, TileLimits<Isa>(p_.conv2_out, input), maker,
                         bands + tables_size<Isa>(input));
          });
    }
  }

 private:
  // `Config::lowest` in four chains of comparisons; F T is a multiple of 16.
  BIFSMN_INLINE float lowest(const float* features) const {
    if (!c_.input_reference) return c_.input_low;
    Vec<4> top[4];
    for (size_t k = 0; k < 4; ++k) top[k] = load<4>(features + 4 * k);
    for (size_t i = 16; i < size_t(c_.frames) * c_.mels; i += 16)
      for (size_t k = 0; k < 4; ++k) top[k] = larger(top[k], load<4>(features + i + 4 * k));
    top[0] = larger(larger(top[0], top[1]), larger(top[2], top[3]));
    float loudest = top[0][0];
    for (int i = 1; i < 4; ++i) loudest = top[0][i] > loudest ? top[0][i] : loudest;
    return loudest + c_.input_low;
  }

  static BIFSMN_INLINE Vec<4> larger(Vec<4> a, Vec<4> b) { return a > b ? a : b; }

  // The codes of four features.
  BIFSMN_INLINE void code_four(const float* features, float low, Code* to) const {
    const Vec<4> zero{}, highest = broadcast<4>(127);
    const Vec<4> above = load<4>(features) - low;
    Vec<4> y = above * c_.input_gain;
    y = y > zero ? y : zero;
    y = y < highest ? y : highest;
    y += 0x1p23f;  // where singles are integers: ties go to even
    IntVec<4> bits;
    memcpy(&bits, &y, sizeof bits);
    for (int i = 0; i < 4; ++i) to[i] = Code(bits[i] & 0x7f);
  }

  BIFSMN_INLINE void convolve(uint32_t p, uint32_t i, uint32_t phase, uint32_t q,
                              const TileLimits<Isa>& next, const typename Isa::Tables& maker) {
    const Code* const codes = s_.input + (4 * q + 2 * phase) * kInputRow + 2 * i;
    Shorts sums[2][Isa::kBands][Isa::kPositions];
    Isa::convolve(codes, p_.conv1 + p / kTile * Isa::kWeights, sums);
    uint8_t* to = s_.image + i * shape_.row + p / Isa::kInputs * shape_.step +
                  phase * shape_.phase + (q + 1) * kTable;
    for (int band = 0; band < Isa::kBands; ++band, to += shape_.row)
      for (int k = 0; k < Isa::kPositions; ++k)
        maker.put(to + k * Isa::kVector, shape_.step, next.of_value(sums[0][band][k], 0),
                  next.of_value(sums[1][band][k], 1));
  }

  // What is left and right of the image, as far as anybody looks: two frames and one.
  void pad_sides() {
    const size_t last = (c_.block_frames() + 1) * kTable;
    for (uint32_t i = 0; i < c_.mels / 2; ++i) {
      uint8_t* const row = s_.image + i * shape_.row;
      for (size_t at = 0; at < shape_.row; at += shape_.step)
        for (const size_t place : {size_t(0), shape_.phase, last})
          memcpy(row + at + place, p_.pads + at + place, kTable);
    }
  }

  // What the tile of band i sees: s_.where in the order of weights.
  void find_tables(uint32_t i, uint32_t first) {
    const uint32_t n = 5 * p_.front / Isa::kInputs;
    const size_t* const places = p_.places;
    const uint8_t** to = s_.where;
    for (uint32_t a = 0; a < 5; ++a, to += n) {
      const uint32_t band = 2 * i + a - 2;
      const uint8_t* row = band < c_.mels / 2 ? s_.image + band * shape_.row : p_.pads;
      row += first * kTable;
      for (uint32_t k = 0; k < n; ++k) to[k] = row + places[k];
    }
  }

  const Network& n_;
  const Config& c_;
  const Prepared& p_;
  const Scratch<Isa>& s_;
  const ImageShape shape_;
};

}  // namespace
}  // namespace bifsmn
