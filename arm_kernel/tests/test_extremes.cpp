// At the bounds of FORMAT.md no activation overflows, and all instruction sets still agree.
#include <cfloat>
#include <initializer_list>

#include "../fuzz/check_model.h"
#include "load.h"

using namespace bifsmn;

namespace {

void put(Buffer& file, size_t at, float value) { memcpy(file.data() + at, &value, 4); }

const float* floats(const Buffer& b) { return reinterpret_cast<const float*>(b.data()); }

Buffer random_features(const Config& c, uint64_t seed) {
  Buffer features;
  Random random(seed);
  uint8_t* memory = features.grow(4 * size_t(c.mels) * c.frames);
  random_features(c, random, reinterpret_cast<float*>(memory));
  return features;
}

// A network whose every number is as large as can be, of either sign.
Buffer largest_model(const Config& c, uint64_t seed) {
  Random random(seed);
  Buffer marks, file = random_model(c, seed, &marks);
  const auto either = [&] { return random.below(2) ? kMax : -kMax; };
  const Mark* mark = reinterpret_cast<const Mark*>(marks.data());
  for (size_t i = 0; i < marks.size() / sizeof(Mark); ++i) {
    const Mark& m = mark[i];
    if (m.kind == Mark::kFloat)
      for (uint32_t k = 0; k < m.n; ++k) put(file, m.at + 4 * k, either());
    if (m.kind == Mark::kPositive && m.n == 2) {
      put(file, m.at, 1);
      put(file, m.at + 4, kMax);
    }
    if (m.kind == Mark::kVector && random.below(8)) {  // some quantisers stay alive
      put(file, m.at, either());
      put(file, m.at + 4, 0);
    }
  }
  seal(file.data(), file.size());
  return file;
}

void test_largest_numbers() {
  Config c = default_config();
  c.layers = 64;
  c.thinnings = 7;
  c.taps_before = c.taps_after = 7;
  c.hidden = 1024;
  c.front_channels = 64;
  set_frames(c, 8);
  c.input_low = -kMax;
  c.input_high = kMax;
  c.input_std = FLT_TRUE_MIN;
  const Buffer file = largest_model(c, 3);
  CHECK(check_model(file.data(), file.size()), "a model");
}

// All outputs are alike and all weights the largest: the sums need 37 bits.
void test_largest_sum() {
  Config c = smallest_config();
  c.n_fft = 4096;
  c.channels = 512;
  set_frames(c, 256);
  Buffer marks, file = random_model(c, 1, &marks);
  const Mark* mark = reinterpret_cast<const Mark*>(marks.data());
  // Nothing is below a threshold of -1, so that with weights of +1 a layer of K
  // inputs gives -K - 1 everywhere, which a slope of -1 makes K + 1.
  for (size_t i = 0; i < marks.size() / sizeof(Mark); ++i) {
    const Mark& m = mark[i];
    if (m.kind == Mark::kSigns) memset(file.data() + m.at, 0, 16);
    if (m.kind == Mark::kFloat)
      for (uint32_t k = 0; k < m.n; ++k) put(file, m.at + 4 * k, m.n == 1 ? -1 : 0);
    if (m.kind == Mark::kVector) {
      put(file, m.at, -1);
      put(file, m.at + 4, 0);
    }
  }
  const size_t weights = file.size() - size_t(c.classes) * c.outputs();
  memset(file.data() + weights, 0x80, c.outputs());                // -128
  memset(file.data() + weights + c.outputs(), 0x7f, c.outputs());  // 127
  for (uint32_t k = 0; k < c.classes; ++k) put(file, weights - 16 + 4 * k, 1);  // scales
  seal(file.data(), file.size());

  const Buffer features = random_features(c, 1);
  const Buffer logits = agreed_logits(file.data(), file.size(), floats(features));
  const double output = double(c.bands() + 1) + (1 + 1) + (c.hidden + 1);
  for (uint32_t k = 0; k < c.classes; ++k) {
    const double expected = (k ? 127 : -128) * output * c.outputs();
    const double error = floats(logits)[k] / expected - 1;
    CHECK(std::fabs(error) < 1e-6, "%g, found %g", expected, double(floats(logits)[k]));
  }
}

// The largest and smallest numbers as features.
void test_largest_features() {
  const Config c = default_config();
  const Buffer file = random_model(c, 4);
  Buffer features = random_features(c, 4);
  const float odd[] = {FLT_MAX, -FLT_MAX, FLT_TRUE_MIN, -FLT_TRUE_MIN, 0.0f, -0.0f};
  for (int all = 0; all < 2; ++all) {
    for (size_t i = 0; i < size_t(c.mels) * c.frames; ++i)
      if (all || i % 3 == 0) put(features, 4 * i, odd[i / 3 % 6]);
    agreed_logits(file.data(), file.size(), floats(features));
  }
}

}  // namespace

int main() {
  test_largest_numbers();
  test_largest_sum();
  test_largest_features();
  puts("no activation overflows");
}
