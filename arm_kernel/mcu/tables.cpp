// The network for processors with words of 32 bits and no vectors. All is integers and
// plain multiplications, but for the conversions of the input and of the logits.
//
// The blocks' frames are handled in groups of four. What fills up the last group is
// computed, and nobody looks at it.
#include "tables.h"

#include <algorithm>
#include <cstring>
#include <initializer_list>

#include "convolutions.h"
#include "core/arena.h"

namespace bifsmn {
namespace {

struct Scratch {
  Image image;
  uint32_t* codes;   // of the input, in the place of the tables
  uint32_t* tables;  // of the layer at hand; at last the classifier's codes
  uint32_t* levels;  // [max(B, C)] of a group
  uint32_t* hidden;  // [H] of a group
  int16_t* x;        // [groups][C][4], what flows through the blocks
};

Scratch lay_out(const Config& c, Arena& memory) {
  const size_t bands = c.bands(), channels = c.channels, hidden = c.hidden;
  size_t words = std::max<size_t>(Codes::size(c), c.outputs() / sizeof(uint32_t));
  for (const size_t inputs : {size_t(25 * c.front_channels), bands, channels, hidden})
    words = std::max<size_t>(words, tables_words(inputs));
  Scratch s;
  s.image = {memory.take<uint8_t>(Image::size(c)), c.mels / 2 + 4, c.front_channels};
  s.codes = s.tables = memory.take<uint32_t>(words);
  s.levels = memory.take<uint32_t>(std::max<size_t>(bands, channels));
  s.hidden = memory.take<uint32_t>(hidden);
  s.x = memory.take<int16_t>(4 * groups_of(c) * channels);
  return s;
}

class Pass {
 public:
  Pass(const Network& n, const Scratch& s)
      : n_(n), c_(n.config), s_(s), all_top_((c_.planes == 2 ? 3 : 1) * kEach) {}

  void front(const float* features) {
    const Codes codes = {s_.codes, c_.mels + 4};
    make_codes(c_, features, codes);
    fill_with_pads(n_, s_.image);
    first_convolution(n_, codes, s_.image);
    for (size_t g = 0; g < groups_of(c_); ++g) {
      SecondConvolution(n_, s_.image, s_.tables).run(g, s_.levels);
      affine(n_.projection, n_.projection_out, s_.levels, false, g);
    }
  }

  void block(const Block& b, const BlockAtThinning& at) {
    memory(b, at.memory);
    for (size_t g = 0; g < groups_of(c_); ++g) {
      for (size_t c = 0; c < c_.channels; ++c)
        s_.levels[c] = Count(b.expand_in.limits(c), c_.planes == 2)(Four::of(x_at(g, c)));
      make_tables(s_.levels, c_.channels, all_top_, s_.tables);
      look_up(b.expand, s_.tables, [&](uint32_t n, Sums sums) {
        s_.hidden[n] = levels_of(at.expand, n, c_, c_.channels, sums);
      });
      affine(b.project, at.project, s_.hidden, true, g);
    }
  }

  void classifier(float* logits) {
    int8_t* const codes = reinterpret_cast<int8_t*>(s_.tables);
    const int32_t half = 1 << (n_.classifier_shift - 1);
    for (size_t t = 0; t < c_.block_frames(); ++t)
      for (size_t c = 0; c < c_.channels; ++c) {
        const int32_t code = (x_at(t / 4, c)[t % 4] + half) >> n_.classifier_shift;
        codes[t * c_.channels + c] = int8_t(code < -128 ? -128 : code > 127 ? 127 : code);
      }
    const size_t n = c_.class_weights();
    for (uint32_t k = 0; k < c_.classes; ++k) {
      int32_t sum = n_.biases[k];
      for (const int8_t* code = codes; code != codes + c_.outputs();) {
        const uint8_t* weights = n_.weights + k * n / 2;
#pragma GCC unroll 4
        for (size_t i = 0; i < n; i += 2, ++weights, code += 2) {
          const int32_t both = int8_t(*weights), first = int32_t(uint32_t(both) << 28) >> 28;
          sum += first * code[0] + (both >> 4) * code[1];
        }
      }
      logits[k] = float(sum) * n_.unit;
    }
  }

 private:
  int16_t* x_at(size_t group, size_t channel) const {
    return s_.x + 4 * (group * c_.channels + channel);
  }

  // x of a group from levels of it.
  void affine(const Bits& bits, const Affine& a, const uint32_t* levels, bool is_residual,
              size_t group) {
    make_tables(levels, bits.inputs, all_top_, s_.tables);
    const uint32_t max = c_.max_dot(bits.inputs), shift = shift_of(max);
    look_up(bits, s_.tables, [&](uint32_t n, Sums sums) {
      const Line line(a, max, shift, n);
      int16_t* const x = x_at(group, n);
      const Four z = line(Four::of(sums));
      (is_residual ? (Four::of(x) + z).saturated() : z).to(x);
    });
  }

  void memory(const Block& b, const Affine& a) {
    const uint32_t max = c_.max_dot(c_.taps()), shift = shift_of(max);
    for (size_t c = 0; c < c_.channels; ++c) {
      uint32_t flips[15];
      for (size_t k = 0; k < c_.taps(); ++k) {
        const uint8_t signs = b.memory[k * row_bytes(c_.channels) + c / 8];
        flips[k] = signs >> c % 8 & 1 ? 0 : all_top_;  // top - u = top ^ u
      }
      memory(Count(b.memory_in.limits(c), c_.planes == 2), flips, Line(a, max, shift, c), c);
    }
  }

  // All frames of a channel: their levels lie in a row, and what a tap sees of a group is a
  // word of these, from any byte on.
  void memory(const Count& count, const uint32_t* flips, const Line& line, size_t channel) {
    constexpr size_t kBefore = 8;  // bytes; at most 7 taps are before, as many after
    const size_t groups = groups_of(c_), frames = c_.block_frames();
    uint32_t row[2 + 16 + 2];
    uint8_t* const bytes = reinterpret_cast<uint8_t*>(row);
    const uint32_t pad = count(0);
    row[0] = row[1] = row[2 + groups] = row[3 + groups] = pad * kEach;
    for (size_t g = 0; g < groups; ++g) row[2 + g] = count(Four::of(x_at(g, channel)));
    for (size_t t = frames; t % 4; ++t) bytes[kBefore + t] = uint8_t(pad);
    for (size_t g = 0; g < groups; ++g) {
      const uint8_t* const at = bytes + kBefore + 4 * g - c_.taps_before;
      uint32_t sums = 0, u;
      for (size_t k = 0; k < c_.taps(); ++k) {
        memcpy(&u, at + k, sizeof u);
        sums += u ^ flips[k];
      }
      int16_t* const x = x_at(g, channel);
      (Four::of(x) + line(Four::of_bytes(sums))).saturated().to(x);
    }
  }

  const Network& n_;
  const Config& c_;
  const Scratch& s_;
  const uint32_t all_top_;
};

size_t scratch_bytes(const Network& n) {
  Arena memory(nullptr);
  lay_out(n.config, memory);
  return memory.used();
}

void forward(const Network& n, const void*, void* scratch, uint32_t log2_thinning,
             const float* features, float* logits) {
  Arena memory(scratch);
  const Scratch s = lay_out(n.config, memory);
  Pass pass(n, s);
  pass.front(features);
  for (uint32_t b = 0; b < n.config.layers; ++b)
    if (n.config.runs(b, log2_thinning)) pass.block(n.blocks[b], n.blocks[b].at[log2_thinning]);
  pass.classifier(logits);
}

}  // namespace

const Backend tables_backend = {
    "tables",
    [] { return true; },
    [](const Network&) { return size_t(0); },
    [](const Network&, void*) {},
    scratch_bytes,
    forward,
};

}  // namespace bifsmn
