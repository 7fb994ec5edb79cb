#include "kernels/reference.h"

#include <cstring>
#include <initializer_list>

#include "core/arena.h"
#include "kernels/levels.h"
#include "network/backend.h"

namespace bifsmn {
namespace {

// Scratch for one pass.
struct Scratch {
  int8_t* input;      // [T + 4][F + 4], codes
  Levels image;       // [F / 2][T / 2] rows of P
  Levels patch;       // one row of 25 P
  Levels bands;       // [U] rows of B
  int16_t* x;         // [U][C], what flows through the blocks
  int8_t* levels;     // [U + K - 1][C], of a memory's input; at last the classifier's codes
  Levels channels;    // [U] rows of C
  Levels hidden;      // [U] rows of H
  int32_t *dots, *values;  // of the position at hand
};

Levels take_levels(Arena& memory, const Config& c, size_t rows, size_t row_bytes) {
  Levels l = {{memory.take<uint8_t>(rows * row_bytes), nullptr}, row_bytes};
  l.planes[1] = c.planes == 2 ? memory.take<uint8_t>(rows * row_bytes) : l.planes[0];
  return l;
}

size_t longest_position(const Config& c) {
  size_t longest = 2 * c.front_channels;
  for (const uint32_t n : {c.mels, c.channels, c.hidden})
    if (n > longest) longest = n;
  return longest;
}

Scratch lay_out(const Config& c, Arena& memory) {
  const uint32_t frames = c.block_frames(), p = c.front_channels;
  Scratch s;
  s.input = memory.take<int8_t>(size_t(c.frames + 4) * (c.mels + 4));
  s.image = take_levels(memory, c, size_t(c.mels / 2) * (c.frames / 2), p / 8);
  s.patch = take_levels(memory, c, 1, row_bytes(25 * p));
  s.bands = take_levels(memory, c, frames, row_bytes(c.bands()));
  s.x = memory.take<int16_t>(c.outputs());
  s.levels = memory.take<int8_t>((frames + c.taps() - 1) * c.channels);
  s.channels = take_levels(memory, c, frames, row_bytes(c.channels));
  s.hidden = take_levels(memory, c, frames, row_bytes(c.hidden));
  s.dots = memory.take<int32_t>(longest_position(c));
  s.values = memory.take<int32_t>(longest_position(c));
  return s;
}

class Pass {
 public:
  Pass(const Network& n, const Scratch& s, const Trace* trace)
      : n_(n), c_(n.config), s_(s), trace_(trace) {}

  void input(const float* features) {
    const size_t width = c_.mels + 4;
    const float low = c_.lowest(features);
    memset(s_.input, int(c_.input_pad), width * (c_.frames + 4));
    for (size_t t = 0; t < c_.frames; ++t) {
      int8_t* row = s_.input + (t + 2) * width + 2;
      for (size_t f = 0; f < c_.mels; ++f)
        s_.values[f] = row[f] = code_of(features[t * c_.mels + f], low);
      report("input", 0, c_.mels, nullptr);
    }
  }

  void first_convolution() {
    const size_t width = c_.mels + 4, frames = c_.frames / 2;
    clear(s_.image, frames * (c_.mels / 2));
    for (size_t i = 0; i < c_.mels / 2; ++i)
      for (size_t j = 0; j < frames; ++j) {
        int8_t window[25];
        for (size_t a = 0; a < 5; ++a)
          for (size_t b = 0; b < 5; ++b)
            window[5 * a + b] = s_.input[(2 * j + b) * width + 2 * i + a];
        for (uint32_t p = 0; p < c_.front_channels; ++p) {
          int32_t sum = 0;
          for (int k = 0; k < 25; ++k) sum += n_.conv1[25 * p + k] * window[k];
          s_.dots[p] = sum;
          pass_on(p, level_of(sum, n_.conv1_out[p]), s_.image.row(i * frames + j), p);
        }
        report("conv1", 0, c_.front_channels, s_.dots);
      }
  }

  void second_convolution() {
    const uint32_t outputs = 2 * c_.front_channels;
    clear(s_.patch, 1);
    clear(s_.bands, c_.block_frames());
    for (int t = 0; t < int(c_.block_frames()); ++t)
      for (int f = 0; f < int(c_.mels / 4); ++f) {
        copy_patch(f, t);
        products(n_.conv2, s_.patch);
        thresholds(n_.conv2_out, f * outputs, outputs, s_.bands.row(t));
        report("conv2", 0, outputs, s_.dots);
      }
  }

  void projection() {
    for (size_t t = 0; t < c_.block_frames(); ++t) {
      products(n_.projection, s_.bands.row(t));
      affine(n_.projection_out, c_.bands(), false, t);
      report("projection", 0, c_.channels, s_.dots);
    }
  }

  void block(uint32_t index, uint32_t log2_thinning) {
    const Block& b = n_.blocks[index];
    const BlockAtThinning& at = b.at[log2_thinning];
    memory(index, b, at.memory);
    quantise(b.expand_in);
    clear(s_.hidden, c_.block_frames());
    for (size_t t = 0; t < c_.block_frames(); ++t) {
      products(b.expand, s_.channels.row(t));
      thresholds(at.expand, 0, c_.hidden, s_.hidden.row(t));
      report("expand", index, c_.hidden, s_.dots);
    }
    for (size_t t = 0; t < c_.block_frames(); ++t) {
      products(b.project, s_.hidden.row(t));
      affine(at.project, c_.hidden, true, t);
      report("project", index, c_.channels, s_.dots);
    }
  }

  void classifier(float* logits) {
    const int32_t half = 1 << (n_.classifier_shift - 1);
    int8_t* codes = s_.levels;
    for (size_t t = 0; t < c_.block_frames(); ++t) {
      for (size_t ch = 0, i = t * c_.channels; ch < c_.channels; ++ch, ++i) {
        const int32_t code = (s_.x[i] + half) >> n_.classifier_shift;
        s_.values[ch] = codes[i] = int8_t(code < -128 ? -128 : code > 127 ? 127 : code);
      }
      report("classifier", 0, c_.channels, nullptr);
    }
    for (uint32_t k = 0; k < c_.classes; ++k) {
      int32_t sum = n_.biases[k];
      for (uint32_t i = 0; i < c_.outputs(); ++i) sum += n_.weight(k, i) * codes[i];
      logits[k] = float(sum) * n_.unit;
    }
  }

 private:
  int8_t code_of(float feature, float low) const {
    const float above = feature - low;
    float y = above * c_.input_gain;
    if (!(y > 0)) y = 0;
    if (y > 127) y = 127;
    const float rounded = y + 0x1p23f;  // where singles are integers: ties go to even
    return int8_t(rounded - 0x1p23f);
  }

  // The 25 positions around (2 f, 2 t) of the image, taps in the order of the weights.
  void copy_patch(int f, int t) {
    const int bands = c_.mels / 2, frames = c_.frames / 2;
    const size_t bytes = s_.image.row_bytes;
    for (int tap = 0; tap < 25; ++tap) {
      const int i = 2 * f + tap / 5 - 2, j = 2 * t + tap % 5 - 2;
      const bool inside = i >= 0 && i < bands && j >= 0 && j < frames;
      for (uint32_t plane = 0; plane < c_.planes; ++plane)
        memcpy(s_.patch.planes[plane] + tap * bytes,
               inside ? s_.image.planes[plane] + (i * frames + j) * bytes : n_.pads[plane], bytes);
    }
  }

  // P of every output, of a row of levels.
  void products(const Bits& w, const Levels& row) {
    for (uint32_t n = 0; n < w.outputs; ++n) {
      const int32_t d1 = dot(w, n, row.planes[0]);
      s_.dots[n] = c_.planes == 2 ? 2 * d1 + dot(w, n, row.planes[1]) : d1;
    }
  }

  int value_of(Level level) const {
    const int b1 = level.bit1 ? -1 : 1, b2 = level.bit2 ? -1 : 1;
    return c_.planes == 2 ? 2 * b1 + b2 : b1;
  }

  // What output n of the position at hand is to the next layer.
  void pass_on(uint32_t n, Level level, const Levels& row, size_t input) {
    s_.values[n] = value_of(level);
    put(row, input, level);
  }

  void thresholds(const Thresholds& t, uint32_t first, uint32_t outputs, const Levels& row) {
    for (uint32_t n = 0; n < outputs; ++n)
      pass_on(n, level_of(s_.dots[n] / 2, t.limits(first + n)), row, first + n);
  }

  // Of dot products of so many inputs, to x of frame t.
  void affine(const Affine& a, uint32_t inputs, bool is_residual, size_t t) {
    const int32_t scale = 1 << shift_of(c_.max_dot(inputs)), slope = a.slope * (1 << 8);
    int16_t* x = s_.x + t * c_.channels;
    for (uint32_t n = 0; n < c_.channels; ++n) {
      const int32_t y = clip16(mul(s_.dots[n] * scale, a.gains[n]) + a.shifts[n]);
      const int32_t below = mul(y, slope);
      const int32_t z = y > below ? y : below;
      s_.values[n] = x[n] = is_residual ? clip16(z + x[n]) : int16_t(z);
    }
  }

  // x to rows of levels.
  void quantise(const Quantiser& q) {
    clear(s_.channels, c_.block_frames());
    for (size_t ch = 0; ch < c_.channels; ++ch) {
      const Limits limits = q.limits(ch);
      for (size_t t = 0; t < c_.block_frames(); ++t)
        put(s_.channels.row(t), ch, level_of(s_.x[t * c_.channels + ch], limits));
    }
  }

  // x to levels for a memory: frames beyond the first and last one are levels of 0.
  void quantise_for_memory(const Quantiser& q) {
    const size_t before = c_.taps_before, frames = c_.block_frames();
    for (size_t ch = 0; ch < c_.channels; ++ch) {
      const Limits limits = q.limits(ch);
      for (size_t t = 0; t < frames + c_.taps() - 1; ++t) {
        const bool inside = t >= before && t - before < frames;
        const int32_t x = inside ? s_.x[(t - before) * c_.channels + ch] : 0;
        s_.levels[t * c_.channels + ch] = int8_t(value_of(level_of(x, limits)));
      }
    }
  }

  void memory(uint32_t index, const Block& b, const Affine& a) {
    quantise_for_memory(b.memory_in);
    for (size_t t = 0; t < c_.block_frames(); ++t) {
      for (size_t ch = 0; ch < c_.channels; ++ch) {
        int32_t product = 0;
        for (size_t k = 0; k < c_.taps(); ++k) {
          const int32_t level = s_.levels[(t + k) * c_.channels + ch];
          const bool negative = b.memory[k * row_bytes(c_.channels) + ch / 8] >> ch % 8 & 1;
          product += negative ? -level : level;
        }
        s_.dots[ch] = product;
      }
      affine(a, c_.taps(), true, t);
      report("memory", index, c_.channels, s_.dots);
    }
  }

  void report(const char* name, uint32_t block, size_t n, const int32_t* dots) const {
    if (trace_) trace_->row(trace_->self, name, block, n, dots, s_.values);
  }

  const Network& n_;
  const Config& c_;
  const Scratch& s_;
  const Trace* trace_;
};

}  // namespace

size_t reference_scratch_bytes(const Network& n) {
  Arena memory(nullptr);
  lay_out(n.config, memory);
  return memory.used();
}

void reference_forward(const Network& n, void* scratch, uint32_t log2_thinning,
                       const float* features, float* logits, const Trace* trace) {
  Arena memory(scratch);
  const Scratch s = lay_out(n.config, memory);
  Pass pass(n, s, trace);
  pass.input(features);
  pass.first_convolution();
  pass.second_convolution();
  pass.projection();
  for (uint32_t b = 0; b < n.config.layers; ++b)
    if (n.config.runs(b, log2_thinning)) pass.block(b, log2_thinning);
  pass.classifier(logits);
}

const Backend reference_backend = {
    "reference",
    [] { return true; },
    [](const Network&) { return size_t(0); },
    [](const Network&, void*) {},
    reference_scratch_bytes,
    [](const Network& n, const void*, void* scratch, uint32_t log2_thinning, const float* features,
       float* logits) { reference_forward(n, scratch, log2_thinning, features, logits, nullptr); },
};

}  // namespace bifsmn
