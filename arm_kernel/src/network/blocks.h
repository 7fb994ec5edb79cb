// The projection, the blocks and the classifier of the fast backends.
#pragma once
#include "network/epilogue.h"
#include "network/scratch.h"

namespace bifsmn {
namespace {  // see isa.h

template <class Isa>
class FastBlocks {
  using Shorts = typename Isa::Shorts;
  using Words = typename Isa::Words;
  using Bytes = typename Isa::Bytes;
  static constexpr uint32_t kTimes = Isa::kTimes, kRows = Isa::kRows;
  static constexpr uint32_t kUsualTaps = 5;  // with so many there is no loop over them

 public:
  FastBlocks(const Network& n, const Prepared& p, const Scratch<Isa>& s)
      : n_(n), c_(n.config), p_(p), s_(s) {}

  // Of the tile of frames from `first` on.
  BIFSMN_STAGE void projection(uint32_t first) {
    const size_t channels = c_.channels;
    int16_t* const x = s_.x;
    layer<Isa>(p_.projection, InARow{s_.bands}, c_.bands() / Isa::kInputs, c_.channels,
               [&](uint32_t o, const auto& counts) {
                 const TileAffine<Isa> affine(p_.projection_out, o);
                 int16_t* to = x_at<Isa>(x, channels, first, o);
                 for (uint32_t r = 0; r < kRows; ++r, to += kTimes * channels) {
                   const Counts<Isa> row = counts(r);
                   for (int half = 0; half < 2; ++half)
                     Isa::store(to + half * Isa::kLanes, affine(row.at[half], half));
                 }
               });
  }

  void run(uint32_t index, uint32_t log2_thinning) {
    const OrderedBlock& b = p_.blocks[index];
    const auto& at = b.at[log2_thinning];
    memory(b, at.memory);
    for (uint32_t first = 0; first < c_.block_frames(); first += kFrames) {
      expand(b.expand, at.expand, first);
      project(b.project, at.project, first);
    }
  }

  BIFSMN_STAGE void classify(float* logits) {
    const size_t places = code_places<Isa>(c_);
    round();
    for (uint32_t k = 0; k < c_.classes; k += kClasses) {
      int32_t sums[kClasses];
      Isa::dots(s_.codes, p_.classifier + k * places, places, sums);
      for (uint32_t i = k; i < k + kClasses && i < c_.classes; ++i)
        logits[i] = float(n_.biases[i] + sums[i - k]) * n_.unit;
    }
  }

 private:
  BIFSMN_STAGE void memory(const OrderedBlock& b, const OrderedAffine& affine) {
    // Apart, since what was stored just now cannot be loaded at other places without delay.
    for (uint32_t o = 0; o < c_.channels; o += kTile) see(b, o);
    for (uint32_t o = 0; o < c_.channels; o += kTile) apply_memory(b, affine, o);
  }

  BIFSMN_STAGE void expand(const uint8_t* weights, const OrderedLimits& limits, uint32_t first) {
    uint8_t* const hidden = s_.hidden;
    const typename Isa::Tables maker(p_.top);
    const uint8_t* const tables = s_.channels + first / kFrames * tables_size<Isa>(c_.channels);
    layer<Isa>(weights, InARow{tables}, c_.channels / Isa::kInputs, c_.hidden,
               [&](uint32_t o, const auto& counts) {
                 pass_on<Isa>(counts, TileLimits<Isa>(limits, o), maker,
                              hidden + tables_size<Isa>(o));
               });
  }

  BIFSMN_STAGE void project(const uint8_t* weights, const OrderedAffine& all, uint32_t first) {
    const size_t channels = c_.channels;
    int16_t* const x = s_.x;
    layer<Isa>(weights, InARow{s_.hidden}, c_.hidden / Isa::kInputs, c_.channels,
               [&](uint32_t o, const auto& counts) {
                 const TileAffine<Isa> affine(all, o);
                 int16_t* sum = x_at<Isa>(x, channels, first, o);
                 for (uint32_t r = 0; r < kRows; ++r, sum += kTimes * channels) {
                   const Counts<Isa> row = counts(r);
                   for (int half = 0; half < 2; ++half) {
                     int16_t* const place = sum + half * Isa::kLanes;
                     Isa::store(place, Isa::add(affine(row.at[half], half), Isa::load(place)));
                   }
                 }
               });
  }

  // Of 16 channels from `o` on.
  BIFSMN_INLINE uint8_t* ranks_of(uint32_t o) const {
    return s_.ranks + o * (round_up(c_.block_frames(), kFrames) + c_.taps() - 1);
  }

  // The ranks of 16 channels from `o` on, of all frames and of those beyond them.
  BIFSMN_INLINE void see(const OrderedBlock& b, uint32_t o) {
    const uint32_t frames = c_.block_frames();
    const size_t channels = c_.channels;
    const TileLimits<Isa> limits(b.memory_in, o);
    const int16_t* x = x_at<Isa>(s_.x, channels, 0, o);
    uint8_t* to = ranks_of(o);
    for (uint32_t k = 0; k < c_.taps_before; ++k, to += 16) memcpy(to, b.zeros + o, 16);
    uint8_t* const end = to + frames * 16;
    for (; to < end; to += Isa::kVector, x += kTimes * channels) {
      const Bytes below = Isa::weave(limits.of_value(Isa::load(x), 0),
                                     limits.of_value(Isa::load(x + Isa::kLanes), 1));
      Isa::store(to, Bytes{} - below);
    }
    to = end;
    for (uint32_t k = 0; k < c_.taps_after; ++k, to += 16) memcpy(to, b.zeros + o, 16);
  }

  // 16 channels from `o` on: x, and its tables for expand.
  BIFSMN_INLINE void apply_memory(const OrderedBlock& b, const OrderedAffine& all, uint32_t o) {
    const uint32_t frames = c_.block_frames(), taps = c_.taps();
    const size_t channels = c_.channels;
    const TileAffine<Isa> affine(all, o);
    const TileLimits<Isa> next(b.expand_in, o);
    const typename Isa::Tables maker(p_.top);
    const uint8_t* const weights = b.memory + o * taps;
    int16_t* x = x_at<Isa>(s_.x, channels, 0, o);
    uint8_t* to = s_.channels + tables_size<Isa>(o);
    for (uint32_t first = 0; first < frames; first += kFrames) {
      Bytes counts[kRows] = {};
      const uint8_t* from = ranks_of(o) + first * 16;
      if (taps == kUsualTaps)
        add_taps(from, weights, kUsualTaps, counts);
      else
        add_taps(from, weights, taps, counts);
#pragma GCC unroll 4
      for (uint32_t r = 0; r < kRows; r += 2, x += 2 * kTimes * channels) {
        Bytes ranks[2][2];
        for (uint32_t i = 0; i < 2; ++i) {
          const Shorts up[2] = {Isa::up_of_a(counts[r + i]), Isa::up_of_b(counts[r + i])};
          for (int half = 0; half < 2; ++half) {
            const Shorts dot = Shorts(Words(affine.base) - Words(up[half]));
            int16_t* const place = x + i * kTimes * channels + half * Isa::kLanes;
            const Shorts sum = Isa::add(affine.of_dot(dot, half), Isa::load(place));
            Isa::store(place, sum);
            ranks[i][half] = next.of_value(sum, half);
          }
        }
        for (uint32_t i = 0; i < 2; ++i)
          maker.put(to + (r + i) * Isa::kVector, kStep, ranks[i][0], ranks[i][1]);
      }
      to += tables_size<Isa>(c_.channels);
    }
  }

  static BIFSMN_INLINE void add_taps(const uint8_t* from, const uint8_t* weights, uint32_t taps,
                                     Bytes (&counts)[kRows]) {
    for (uint32_t k = 0; k < taps; ++k, from += 16) {
      const Bytes w = Isa::bytes(weights + k * 16);
#pragma GCC unroll 8
      for (uint32_t r = 0; r < kRows; ++r)
        counts[r] += Isa::load_bytes(from + r * Isa::kVector) ^ w;
    }
  }

  // x to the classifier's codes: a product with 2^(15 - shift) is a shift that rounds.
  BIFSMN_INLINE void round() {
    const Shorts factor = Isa::all(int16_t(1 << (15 - n_.classifier_shift)));
    const Shorts lowest = Isa::all(-128), highest = Isa::all(127);
    const auto code = [=](const int16_t* x) {
      Shorts rounded = Isa::mul(Isa::load(x), factor);
      rounded = rounded > highest ? highest : rounded;
      return rounded < lowest ? lowest : rounded;
    };
    const size_t places = code_places<Isa>(c_);
    for (size_t i = 0; i < places; i += Isa::kVector)
      Isa::store(s_.codes + i, Isa::narrow(code(s_.x + i), code(s_.x + i + Isa::kLanes)));
  }

  const Network& n_;
  const Config& c_;
  const Prepared& p_;
  const Scratch<Isa>& s_;
};

}  // namespace
}  // namespace bifsmn
