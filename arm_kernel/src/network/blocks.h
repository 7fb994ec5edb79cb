// The projection and the blocks of the fast backends.
#pragma once
#include "network/layer.h"

namespace bifsmn {
namespace {  // see vector.h

template <class Isa, int kPlanes, bool kFolded>
class FastBlocks : FastLayer<Isa, kPlanes, kFolded> {
  using Layer = FastLayer<Isa, kPlanes, kFolded>;
  using Layer::kFrame;
  using Layer::kLanes;
  using Layer::kRows;
  using Layer::kUnit;
  using Layer::kVectors;
  using typename Layer::Count;
  using typename Layer::Floats;
  using typename Layer::Ints;
  using typename Layer::Limits;
  using typename Layer::ToFloats;
  using typename Layer::ToLimits;

 public:
  FastBlocks(const Network& n, const Prepared& p, const Scratch& s)
      : n_(n), c_(n.config), p_(p), s_(s) {
    Layer::clear_tails(s.narrow, c_.channels, c_.block_frames());
    Layer::clear_tails(s.wide, c_.hidden, c_.block_frames());
  }

  BIFSMN_STAGE void projection() {
    const size_t channels = c_.channels;
    float* const x = s_.x;
    Layer::template layer<kUnit, kRows * kUnit>(
        p_.projection, c_.bands(), c_.channels, s_.flat, c_.block_frames(), s_.tables,
        [&](uint32_t o, uint32_t first, const Count(*half)[kTile]) {
          const ToFloats epilogue(n_.projection_in, n_.projection_out, n_.projection_slope, o);
          float* to = x + first * channels + o;
          for (uint32_t t = 0; t < kFrames; ++t, half += kPlanes, to += channels) {
            Floats y[kVectors];
            epilogue(half, y);
            for (int v = 0; v < kVectors; ++v) Isa::store(to + v * kLanes, y[v]);
          }
        });
  }

  void run(uint32_t index, uint32_t log2_thinning) {
    const Block& b = n_.blocks[index];
    const BlockAtThinning& at = b.at[log2_thinning];
    memory(b, at, p_.blocks[index].memory);
    expand(b, at, p_.blocks[index].expand,
           kFolded ? p_.blocks[index].expand_out[log2_thinning] : Layer::unfolded(b.project_in));
    project(b, at, p_.blocks[index].project);
  }

 private:
  // Loop by loop, not tile by tile: a processor overlaps many short chains of
  // operations, but few long ones.
  BIFSMN_STAGE void memory(const Block& b, const BlockAtThinning& at, const int32_t* weights) {
    const uint32_t channels = c_.channels;
    for (uint32_t o = 0; o < channels; o += kLanes) collect_bits(b.memory_in, o);
    for (uint32_t o = 0; o < channels; o += kTile) apply_memory(b, at.memory, weights, o);
  }

  BIFSMN_STAGE void expand(const Block& b, const BlockAtThinning& at, const uint8_t* weights,
                           const FoldedThresholds& out) {
    const uint32_t hidden = c_.hidden;
    uint8_t* const rows = s_.wide;
    Layer::template layer<kUnit, kRows * kUnit>(
        weights, c_.channels, hidden, s_.narrow, c_.block_frames(), s_.tables,
        [&](uint32_t o, uint32_t first, const Count(*half)[kTile]) {
          const ToLimits epilogue(b.expand_in, at.expand, b.expand_slope, o, out.factors, o);
          const Limits next = Layer::limits(out, o);
          uint8_t* to = Layer::bits_at(rows, hidden, first, o);
          for (uint32_t t = 0; t < kFrames; ++t, half += kPlanes, to += kFrame) {
            Floats y[kVectors];
            epilogue(half, y);
            Layer::quantise(y, next, to);
          }
        });
  }

  BIFSMN_STAGE void project(const Block& b, const BlockAtThinning& at, const uint8_t* weights) {
    const size_t channels = c_.channels;
    float* const x = s_.x;
    Layer::template layer<kUnit, kRows * kUnit>(
        weights, c_.hidden, c_.channels, s_.wide, c_.block_frames(), s_.tables,
        [&](uint32_t o, uint32_t first, const Count(*half)[kTile]) {
          const ToFloats epilogue(b.project_in, at.project, at.slope, o);
          float* sum = x + first * channels + o;
          for (uint32_t t = 0; t < kFrames; ++t, half += kPlanes, sum += channels) {
            Floats y[kVectors];
            epilogue(half, y);
            for (int v = 0; v < kVectors; ++v)
              Isa::store(sum + v * kLanes, y[v] + Isa::load(sum + v * kLanes));
          }
        });
  }

  // What the taps of kLanes channels from `o` on see, of each frame, to s_.seen.
  BIFSMN_INLINE void collect_bits(const Quantiser& q, uint32_t o) {
    const int frames = c_.block_frames(), before = c_.taps_before, after = c_.taps_after;
    const size_t channels = c_.channels;
    const int32_t both = kPlanes == 2 ? 0x10001 : 1;
    const Ints mask = Ints{} + ((2 << (before + after)) - 2) * both;
    const Floats theta1 = Isa::load(q.theta1 + o);
    const Floats high = kPlanes == 2 ? Isa::load(q.high + o) : theta1;
    const Floats low = kPlanes == 2 ? Isa::load(q.low + o) : theta1;
    const float* const x = s_.x + o;
    int32_t* to = s_.seen + o;
    Ints seen{};
    const auto see = [&](Floats in) {
      seen = Isa::template shift_in_bits<kPlanes>(seen, mask, in, theta1, high, low);
    };
    const auto note = [&] {
      memcpy(to, &seen, sizeof seen);
      to += channels;
    };
    for (int t = 0; t < before; ++t) see(Floats{});
    int t = 0;
    for (; t < after; ++t) see(t < frames ? Isa::load(x + t * channels) : Floats{});
    for (; t < frames; ++t) see(Isa::load(x + t * channels)), note();
    for (t = after < frames ? 0 : after - frames; t < after; ++t) see(Floats{}), note();
  }

  // 16 channels from `o` on of a block's memory: x = prelu(y) + x, quantised for expand.
  BIFSMN_INLINE void apply_memory(const Block& b, const Affine& affine, const int32_t* memory,
                                  uint32_t o) {
    const uint32_t frames = c_.block_frames();
    const size_t channels = c_.channels;
    const Limits next = Layer::limits(Layer::unfolded(b.expand_in), o);
    const Floats ratio = Isa::all(b.memory_in.ratio), slope = Isa::all(b.memory_slope);
    const Floats taps = Isa::all(float(c_.taps()));
    Ints weights[kVectors];
    Floats gains[kVectors], shifts[kVectors];
    memcpy(weights, memory + o, sizeof weights);
    memcpy(gains, affine.gains + o, sizeof gains);
    memcpy(shifts, affine.shifts + o, sizeof shifts);
    const int32_t* from = s_.seen + o;
    float* sum = s_.x + o;
    uint8_t* const rows = s_.narrow;
    for (uint32_t first = 0; first < frames; first += kFrames) {
      const uint32_t n = frames - first < kFrames ? frames - first : kFrames;
      uint8_t* to = Layer::bits_at(rows, uint32_t(channels), first, o);
      for (uint32_t t = 0; t < n; ++t, from += channels, sum += channels, to += kFrame) {
        Floats y[kVectors];
        for (int v = 0; v < kVectors; ++v) {
          Ints seen;
          memcpy(&seen, from + v * kLanes, sizeof seen);
          const Floats value =
              Isa::template memory_dot<Isa, kPlanes>(seen ^ weights[v], taps, ratio);
          const Floats scaled = value * gains[v];
          y[v] = Isa::prelu(scaled + shifts[v], slope) + Isa::load(sum + v * kLanes);
          Isa::store(sum + v * kLanes, y[v]);
        }
        Layer::quantise(y, next, to);
      }
    }
  }

  const Network& n_;
  const Config& c_;
  const Prepared& p_;
  const Scratch& s_;
};

}  // namespace
}  // namespace bifsmn
