// At the bounds of FORMAT.md nothing overflows, and all instruction sets still agree.
#include <cfloat>
#include <initializer_list>

#include "../fuzz/check_model.h"
#include "load.h"

using namespace bifsmn;

namespace {

const float* floats(const Buffer& b) { return reinterpret_cast<const float*>(b.data()); }

Buffer random_features(const Config& c, uint64_t seed) {
  Buffer features;
  Random random(seed);
  uint8_t* memory = features.grow(4 * size_t(c.mels) * c.frames);
  random_features(c, random, reinterpret_cast<float*>(memory));
  return features;
}

// Which of the two bounds a number has: least, most, or either by chance, for every
// number by itself or alike for a part's.
enum class Choice { kLowest, kHighest, kAny, kAlike };

// A random network whose every number is at one of its bounds.
class ExtremeModel {
 public:
  ExtremeModel(const Config& c, Choice choice, uint64_t seed)
      : c_(c), choice_(choice), random_(seed), file_(random_model(c, seed, &marks_)) {}

  Buffer make() {
    const Mark* mark = reinterpret_cast<const Mark*>(marks_.data());
    for (size_t i = 0; i < marks_.size() / sizeof(Mark); ++i) {
      alike_ = random_.below(2);
      fill(mark[i]);
    }
    seal(file_.data(), file_.size());
    return static_cast<Buffer&&>(file_);
  }

 private:
  bool most() {
    switch (choice_) {
      case Choice::kLowest: return false;
      case Choice::kHighest: return true;
      case Choice::kAny: return random_.below(2);
      case Choice::kAlike: return alike_;
    }
    return false;
  }

  template <class T>
  void put(size_t at, T value) {
    memcpy(file_.data() + at, &value, sizeof value);
  }

  void codes(size_t at, size_t n, int least) {
    for (size_t i = 0; i < n; ++i) put(at + i, int8_t(most() ? 127 : least));
  }

  void vector(const Mark& m, int least) {
    put(m.at, uint8_t(8));
    codes(m.at + 1, m.n, least);
  }

  // With two planes, low and high are at the bounds, and middle is one of them.
  template <class T>
  void triples(size_t at, size_t n) {
    constexpr int kLowest = sizeof(T) == 1 ? INT8_MIN : INT16_MIN;
    const size_t part = n * sizeof(T);
    for (size_t i = at; i < at + part; i += sizeof(T)) {
      const T middle = T(most() ? -1 - kLowest : kLowest);
      put(i, middle);
      if (c_.planes == 1) continue;
      put(i + part, most() ? middle : T(kLowest));
      put(i + 2 * part, most() ? T(-1 - kLowest) : middle);
    }
  }

  void filters(const Mark& m) {
    for (uint32_t p = 0; p < m.n; ++p)
      for (uint32_t i = 0; i < 25; ++i) {
        const int magnitude = i < 2 ? 127 : i == 2 ? 4 : 0;
        put(m.at + 25 * p + i, int8_t(most() ? magnitude : -magnitude));
      }
  }

  void signs(const Mark& m) {
    for (uint32_t i = 0; i < m.n / 8; ++i) put(m.at + i, uint8_t(most() ? 0 : 255));
  }

  void fill(const Mark& m) {
    switch (m.kind) {
      case Mark::kPosteriors: return put(m.at, most() ? 1.0f : 0.0f);
      case Mark::kConv1: return filters(m);
      case Mark::kLimits: return triples<int16_t>(m.at, m.n);
      case Mark::kPads: return signs(m);
      case Mark::kSigns: return signs(m);
      case Mark::kThresholds: put(m.at, uint8_t(8)); return triples<int8_t>(m.at + 1, m.n);
      case Mark::kVector: return vector(m, -128);
      case Mark::kGains: return vector(m, -127);
      case Mark::kSlope: return codes(m.at, 1, -127);
      case Mark::kSpread: return put(m.at, uint16_t(most() ? 65535 : 0));
      case Mark::kUnit: return put(m.at, kMax);
      case Mark::kShift: return put(m.at, uint8_t(most() ? 8 : 1));
      case Mark::kBiases:
        for (uint32_t k = 0; k < m.n; ++k) put(m.at + 4 * k, most() ? 1 << 30 : -(1 << 30));
        return;
      case Mark::kWeights:
        for (uint32_t i = 0; i < m.n / 2; ++i) put(m.at + i, uint8_t(most() ? 0x77 : 0x99));
        return;
    }
  }

  Config c_;
  Choice choice_;
  Random random_;
  Buffer marks_, file_;
  bool alike_ = false;
};

constexpr Choice kChoices[] = {Choice::kLowest, Choice::kHighest, Choice::kAny, Choice::kAlike};

void test_largest_numbers(const Config& c) {
  for (const Choice choice : kChoices)
    for (uint64_t seed = 1; seed <= 2; ++seed) {
      const Buffer file = ExtremeModel(c, choice, seed).make();
      CHECK(check_model(file.data(), file.size()), "a model");
    }
}

void test_sizes() {
  for (uint32_t planes = 1; planes <= 2; ++planes) {
    Config c = default_config();
    c.planes = planes;
    c.input_pad = 127;
    test_largest_numbers(c);  // the usual sizes, then many small layers, and few large ones
    c.channels = c.hidden = 16;
    c.front_channels = 8;
    c.layers = 64;
    c.thinnings = 7;
    c.taps_before = c.taps_after = 7;
    test_largest_numbers(c);
    c.layers = c.thinnings = 1;
    c.channels = 512;
    c.hidden = 1024;
    c.front_channels = 64;
    c.mels = 128;
    c.input_low = -kMax;
    c.input_gain = kMax;
    set_frames(c, 8);
    test_largest_numbers(c);
    c.front_channels = c.mels = 8;
    c.input_gain = FLT_TRUE_MIN;
    set_frames(c, 256);
    test_largest_numbers(c);
  }
}

// Alike weights, and all limits below all values: every product is the largest, and so
// is x; or, with negative gains and shifts, the least.
void test_largest_sums(bool most, int32_t code, int32_t weight, int32_t bias) {
  Config c = smallest_config();
  c.planes = 2;
  c.channels = 512;
  c.n_fft = 4096;
  set_frames(c, 256);
  Buffer marks, file = random_model(c, 1, &marks);
  const auto fill = [&](const Mark& m, uint8_t first, uint8_t rest, size_t n) {
    file[m.at] = first;
    memset(file.data() + m.at + 1, rest, n - 1);
  };
  const uint8_t gain = most ? 127 : 129, shift = most ? 127 : 128;  // -127 and -128
  const Mark* mark = reinterpret_cast<const Mark*>(marks.data());
  for (size_t i = 0; i < marks.size() / sizeof(Mark); ++i) {
    const Mark& m = mark[i];
    const uint8_t two = weight > 0 ? 0x77 : 0x99;
    switch (m.kind) {
      case Mark::kLimits:
        for (uint32_t k = 0; k < 3 * m.n; ++k) memcpy(file.data() + m.at + 2 * k, "\0\x80", 2);
        break;
      case Mark::kThresholds: fill(m, 8, 128, 1 + 3 * m.n); break;
      case Mark::kSigns: memset(file.data() + m.at, 0, 16); break;
      case Mark::kGains: fill(m, 8, gain, 1 + m.n); break;
      case Mark::kVector: fill(m, 8, shift, 1 + m.n); break;
      case Mark::kSlope: file[m.at] = 127; break;
      case Mark::kShift: file[m.at] = 1; break;
      case Mark::kUnit: memcpy(file.data() + m.at, "\0\0\x80\x3f", 4); break;
      case Mark::kBiases:
        for (uint32_t k = 0; k < m.n; ++k) memcpy(file.data() + m.at + 4 * k, &bias, 4);
        break;
      case Mark::kWeights: fill(m, two, two, m.n / 2); break;
      default: break;
    }
  }
  seal(file.data(), file.size());
  const Buffer features = random_features(c, 1);
  const Buffer logits = agreed_logits(file.data(), file.size(), floats(features));
  const float expected = float(bias + weight * code * int32_t(c.outputs()));
  for (uint32_t k = 0; k < c.classes; ++k)
    CHECK(floats(logits)[k] == expected, "%f, found %f", double(expected),
          double(floats(logits)[k]));
}

// The largest and smallest numbers as features.
void test_largest_features() {
  const Config c = default_config();
  const Buffer file = random_model(c, 4);
  Buffer features = random_features(c, 4);
  const float odd[] = {FLT_MAX, -FLT_MAX, FLT_TRUE_MIN, -FLT_TRUE_MIN, 0.0f, -0.0f};
  for (int all = 0; all < 2; ++all) {
    for (size_t i = 0; i < size_t(c.mels) * c.frames; ++i)
      if (all || i % 3 == 0) memcpy(features.data() + 4 * i, &odd[i / 3 % 6], 4);
    agreed_logits(file.data(), file.size(), floats(features));
  }
}

}  // namespace

int main() {
  test_sizes();
  test_largest_sums(true, 127, 7, 1 << 30);
  test_largest_sums(true, 127, -7, -(1 << 30));
  test_largest_sums(false, -128, -7, 1 << 30);
  test_largest_sums(false, -128, 7, -(1 << 30));
  test_largest_features();
  puts("nothing overflows");
}
