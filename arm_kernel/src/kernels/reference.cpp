#include "kernels/reference.h"

#include <cmath>

#include "core/arena.h"
#include "network/backend.h"

namespace bifsmn {
namespace {

// Scratch for one pass: the largest layer of each kind.
struct Scratch {
  float* input;      // [F][T]
  float* image;      // [F / 2][T / 2][P]
  float* x;          // [U][C], what flows through the blocks
  float* values;     // of the layer at hand
  uint8_t *bits1, *bits2;  // one bit a byte, of the layer's input
  int32_t *dots1, *dots2;
};

size_t max_values(const Config& c) {
  const size_t positions = size_t(c.mels / 4) * c.block_frames();
  const size_t widest = c.hidden > c.channels ? c.hidden : c.channels;
  const size_t front = positions * 2 * c.front_channels;
  const size_t blocks = (size_t(c.block_frames()) + 14) * widest;
  return front > blocks ? front : blocks;
}

size_t max_bits(const Config& c) {
  const size_t image = size_t(c.mels / 2) * (c.frames / 2) * c.front_channels;
  return image > max_values(c) ? image : max_values(c);
}

Scratch lay_out(const Config& c, Arena& memory) {
  Scratch s;
  s.input = memory.take<float>(size_t(c.mels) * c.frames);
  s.image = memory.take<float>(size_t(c.mels / 2) * (c.frames / 2) * c.front_channels);
  s.x = memory.take<float>(c.outputs());
  s.values = memory.take<float>(max_values(c));
  s.bits1 = memory.take<uint8_t>(max_bits(c));
  s.bits2 = memory.take<uint8_t>(max_bits(c));
  s.dots1 = memory.take<int32_t>(max_values(c));
  s.dots2 = memory.take<int32_t>(max_values(c));
  return s;
}

constexpr float kTiny = 0x1p-64f;

float prelu(float y, float slope) { return y > 0 ? y : y * slope; }

// Rows of `channels` activations to one bit a byte.
void quantise(const Quantiser& q, const float* x, size_t n, uint8_t* bits1, uint8_t* bits2) {
  for (size_t i = 0; i < n; ++i) {
    const size_t c = i % q.channels;
    bits1[i] = x[i] < q.theta1[c];
    bits2[i] = q.high && x[i] < (bits1[i] ? q.low[c] : q.high[c]);
  }
}

int weight_bit(const Bits& w, uint32_t n, uint32_t k) {
  return w.chunk(n, k / 128)[k % 128 / 8] >> k % 8 & 1;
}

int32_t dot(const Bits& w, uint32_t n, const uint8_t* bits) {
  int32_t differing = 0;
  for (uint32_t k = 0; k < w.inputs; ++k) differing += bits[k] != weight_bit(w, n, k);
  return int32_t(w.inputs) - 2 * differing;
}

float epilogue(const Quantiser& q, int32_t d1, int32_t d2, const Affine& a, uint32_t n,
               float slope) {
  float v = float(d1);
  if (q.high) {
    const float second = q.ratio * float(d2);
    v = v + second;
  }
  const float scaled = v * a.gains[n];
  return prelu(scaled + a.shifts[n], slope);
}

class Pass {
 public:
  Pass(const Network& n, const Scratch& s, const Trace* trace)
      : n_(n), c_(n.config), s_(s), trace_(trace) {}

  void first_convolution(const float* features) {
    const int mels = c_.mels, frames = c_.frames;
    for (int f = 0; f < mels; ++f)
      for (int t = 0; t < frames; ++t) {
        float v = (features[t * mels + f] - c_.input_mean) / c_.input_std;
        if (v < c_.input_low) v = c_.input_low;
        if (v > c_.input_high) v = c_.input_high;
        s_.input[f * frames + t] = v;
      }
    for (int i = 0; i < mels / 2; ++i)
      for (int j = 0; j < frames / 2; ++j)
        for (uint32_t p = 0; p < c_.front_channels; ++p) {
          float sum = n_.conv1_shifts[p];
          for (int a = 0; a < 5; ++a)
            for (int b = 0; b < 5; ++b) {
              const int f = 2 * i + a - 2, t = 2 * j + b - 2;
              if (f < 0 || f >= mels || t < 0 || t >= frames) continue;
              const float product = n_.conv1[p * 25 + 5 * a + b] * s_.input[f * frames + t];
              sum = sum + product;
            }
          s_.image[(i * (frames / 2) + j) * c_.front_channels + p] = prelu(sum, n_.conv1_slope);
        }
    const size_t n = size_t(mels / 2) * (frames / 2) * c_.front_channels;
    report("conv1", 0, n, false, s_.image);
  }

  void second_convolution() {
    const int mels = c_.mels / 2, frames = c_.frames / 2, p = c_.front_channels;
    quantise(n_.conv2_in, s_.image, size_t(mels) * frames * p, s_.bits1, s_.bits2);
    uint8_t zero1[64], zero2[64], row1[25 * 64], row2[25 * 64];
    const float zeros[64] = {};
    quantise(n_.conv2_in, zeros, p, zero1, zero2);
    size_t at = 0;  // [U][F / 4][2 P]: the order of the projection's inputs
    for (int j = 0; j < frames / 2; ++j)
      for (int i = 0; i < mels / 2; ++i) {
        for (int tap = 0; tap < 25; ++tap) {
          const int f = 2 * i + tap / 5 - 2, t = 2 * j + tap % 5 - 2;
          const bool inside = f >= 0 && f < mels && t >= 0 && t < frames;
          for (int k = 0; k < p; ++k) {
            const size_t source = inside ? size_t(f * frames + t) * p + k : 0;
            row1[tap * p + k] = inside ? s_.bits1[source] : zero1[k];
            row2[tap * p + k] = inside ? s_.bits2[source] : zero2[k];
          }
        }
        for (int o = 0; o < 2 * p; ++o, ++at) {
          s_.dots1[at] = dot(n_.conv2, o, row1);
          s_.dots2[at] = dot(n_.conv2, o, row2);
          s_.values[at] =
              epilogue(n_.conv2_in, s_.dots1[at], s_.dots2[at], n_.conv2_out, o, n_.conv2_slope);
        }
      }
    report("conv2", 0, at, true, s_.values);
  }

  // values [U][inputs] -> values [U][outputs].
  void pointwise(const char* name, uint32_t block, const Quantiser& q, const Bits& w,
                 const Affine& affine, float slope, const float* residual) {
    const size_t rows = c_.block_frames(), in = w.inputs, out = w.outputs;
    quantise(q, s_.values, rows * in, s_.bits1, s_.bits2);
    for (size_t t = 0; t < rows; ++t)
      for (uint32_t o = 0; o < out; ++o) {
        const size_t at = t * out + o;
        s_.dots1[at] = dot(w, o, s_.bits1 + t * in);
        s_.dots2[at] = dot(w, o, s_.bits2 + t * in);
        s_.values[at] = epilogue(q, s_.dots1[at], s_.dots2[at], affine, o, slope);
        if (residual) s_.values[at] = s_.values[at] + residual[at];
      }
    report(name, block, rows * out, true, s_.values);
  }

  // x [U][C] -> x: PReLU of the memory, plus x.
  void memory(uint32_t index, const Block& b, const BlockAtThinning& at) {
    const int frames = c_.block_frames(), channels = c_.channels, taps = c_.taps();
    const int padded = frames + taps - 1, before = c_.taps_before;
    for (int t = 0; t < padded; ++t)
      for (int ch = 0; ch < channels; ++ch) {
        const int source = t - before;
        const bool inside = source >= 0 && source < frames;
        s_.values[t * channels + ch] = inside ? s_.x[source * channels + ch] : 0.0f;
      }
    quantise(b.memory_in, s_.values, size_t(padded) * channels, s_.bits1, s_.bits2);
    for (int t = 0; t < frames; ++t)
      for (int ch = 0; ch < channels; ++ch) {
        int differing1 = 0, differing2 = 0;
        for (int k = 0; k < taps; ++k) {
          const int w = b.memory[k * row_bytes(channels) + ch / 8] >> ch % 8 & 1;
          differing1 += s_.bits1[(t + k) * channels + ch] != w;
          differing2 += s_.bits2[(t + k) * channels + ch] != w;
        }
        const int o = t * channels + ch;
        s_.dots1[o] = taps - 2 * differing1;
        s_.dots2[o] = taps - 2 * differing2;
        const float y =
            epilogue(b.memory_in, s_.dots1[o], s_.dots2[o], at.memory, ch, b.memory_slope);
        s_.x[o] = y + s_.x[o];
      }
    report("memory", index, c_.outputs(), true, s_.x);
  }

  void block(uint32_t index, uint32_t log2_thinning) {
    const Block& b = n_.blocks[index];
    const BlockAtThinning& at = b.at[log2_thinning];
    memory(index, b, at);
    copy(s_.x, s_.values);
    pointwise("expand", index, b.expand_in, b.expand, at.expand, b.expand_slope, nullptr);
    pointwise("project", index, b.project_in, b.project, at.project, at.slope, s_.x);
    copy(s_.values, s_.x);
  }

  void projection() {
    pointwise("projection", 0, n_.projection_in, n_.projection, n_.projection_out,
              n_.projection_slope, nullptr);
    copy(s_.values, s_.x);
  }

  void classifier(float* logits) {
    float max = 0;
    for (size_t i = 0; i < c_.outputs(); ++i)
      if (std::fabs(s_.x[i]) > max) max = std::fabs(s_.x[i]);
    const float inverse = max < kTiny ? 0 : 16383 / max;
    for (uint32_t k = 0; k < c_.classes; ++k) {
      int64_t sum = 0;
      for (size_t i = 0; i < c_.outputs(); ++i)
        sum += n_.weights[k * c_.outputs() + i] * int64_t(std::nearbyint(s_.x[i] * inverse));
      const double scale = double(n_.scales[k]) * (double(max) / 16383);
      const double scaled = double(sum) * scale;
      logits[k] = float(scaled + double(n_.biases[k]));
    }
  }

 private:
  void copy(const float* from, float* to) {
    for (size_t i = 0; i < c_.outputs(); ++i) to[i] = from[i];
  }

  void report(const char* name, uint32_t block, size_t n, bool dots, const float* values) {
    if (!trace_) return;
    const bool two = dots && c_.planes == 2;
    trace_->layer(trace_->self, name, block, n, dots ? s_.dots1 : nullptr, two ? s_.dots2 : nullptr,
                  values);
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
  pass.first_convolution(features);
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
