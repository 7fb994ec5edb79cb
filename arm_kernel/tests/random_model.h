// Valid model files with random content, for tests and fuzzers.
#pragma once
#include <cfloat>
#include <cmath>
#include <cstdio>
#include <initializer_list>
#include <utility>

#include "format/crc32.h"
#include "network/network.h"
#include "random.h"
#include "random_config.h"

namespace bifsmn {

// Makes length and checksum fit the content, whatever it is.
inline void seal(uint8_t* file, size_t size) {
  const uint32_t length = uint32_t(size), crc = crc32(file + 20, size - 20);
  memcpy(file + 12, &length, 4);
  memcpy(file + 16, &crc, 4);
}

// What lies at an offset of a file, after the header and the strings.
struct Mark {
  enum Kind : uint32_t {
    kPosteriors,  // f32 [n]
    kConv1,       // weights of n channels
    kLimits,      // i16 middle [n], low [n], high [n]
    kPads,        // n bits
    kSigns,       // 16 bytes with the signs of n inputs
    kThresholds,  // exponent, middle [n], low [n], high [n]
    kVector,      // exponent and n codes
    kGains,       // likewise
    kSlope,
    kSpread,
    kUnit,
    kShift,
    kBiases,   // n
    kWeights,  // n
  } kind;
  uint32_t at, n;
};

// Writes the parts of FORMAT.md in its order.
//
// Every network has a reach, about the largest |x| of a layer: from a few units to
// beyond 16 bits. Limits and thresholds lie where x and P vary. One network of three
// has parts that are wild: of any exponent and any codes.
class RandomModelWriter {
 public:
  RandomModelWriter(const Config& config, uint64_t seed, Buffer* marks)
      : c_(config),
        random_(seed),
        marks_(marks),
        reach_(1 << (5 + random_.below(11))),
        is_wild_(random_.below(3) == 0) {}

  Buffer write() {
    header();
    strings();
    posteriors();
    front();
    for (uint32_t b = 0; b < c_.layers; ++b) block(b);
    classifier();
    seal(file_.data(), file_.size());
    return static_cast<Buffer&&>(file_);
  }

 private:
  void header() {
    static_assert(sizeof(Config) == 96, "the header's fields without gaps");
    const uint8_t magic[8] = {0x89, 'B', 'I', 'F', 'S', 'M', 'N', '\n'};
    file_.append(magic, 8);
    file_.put(uint32_t(4));
    file_.grow(8);  // length and checksum
    file_.append(&c_, sizeof c_);
  }

  void text(const char* words) {
    file_.put(uint16_t(strlen(words)));
    file_.append(words, strlen(words));
  }

  void strings() {
    char label[16];
    for (uint32_t i = 0; i < c_.classes; ++i) {
      snprintf(label, sizeof label, "word %u", i);
      text(label);
    }
    text("random");
    text("CC0-1.0");
    text("");
  }

  void posteriors() {
    mark(Mark::kPosteriors, c_.classes);
    for (uint32_t k = 0; k < c_.classes; ++k) file_.put(0.5f);
  }

  void front() {
    const uint32_t p = c_.front_channels, bands = c_.bands();
    mark(Mark::kConv1, p);
    for (uint32_t n = 0; n < p; ++n) filter();
    mark(Mark::kLimits, p);
    limits(p);
    for (uint32_t plane = 0; plane < c_.planes; ++plane) {
      mark(Mark::kPads, p);
      file_.append(random_bits(p), p / 8);
    }
    bits(2 * p, 25 * p);
    thresholds(bands, 25 * p);
    bits(c_.channels, bands);
    affine(bands);
  }

  void block(uint32_t index) {
    quantiser();
    for (uint32_t k = 0; k < c_.taps(); ++k) row(c_.channels);
    quantiser();
    bits(c_.hidden, c_.channels);
    bits(c_.channels, c_.hidden);
    for (uint32_t d = 0; d < c_.thinnings; ++d) {
      if (!c_.runs(index, d)) continue;
      affine(c_.taps());
      thresholds(c_.hidden, c_.channels);
      affine(c_.hidden);
    }
  }

  void classifier() {
    mark(Mark::kUnit, 1);
    file_.put(random_.uniform(0.002f, 0.006f) / std::sqrt(float(c_.outputs())));
    mark(Mark::kShift, 1);
    uint32_t shift = 1;
    while (shift < 8 && reach_ >> shift > 64) ++shift;
    file_.put(uint8_t(shift));
    mark(Mark::kBiases, c_.classes);
    for (uint32_t k = 0; k < c_.classes; ++k) file_.put(random_.either(1000));
    mark(Mark::kWeights, c_.classes * c_.class_weights());
    for (size_t n = size_t(c_.classes) * c_.class_weights() / 2; n > 0; --n)
      file_.put(uint8_t((random_.either(7) & 0xf) | random_.either(7) * 16));
  }

  void mark(Mark::Kind kind, size_t n) {
    if (marks_) marks_->put(Mark{kind, uint32_t(file_.size()), uint32_t(n)});
  }

  // The 25 weights of a channel, of small or of large magnitudes.
  void filter() {
    const int max = 2 << random_.below(7);
    for (int i = 0, left = 258; i < 25; ++i) {
      int bound = max < left ? max : left;
      if (bound > 127) bound = 127;
      const int weight = random_.either(bound);
      left -= std::abs(weight);
      file_.put(int8_t(weight));
    }
  }

  // Any number is as likely as its negative; at most 127, as codes are.
  int8_t code(int32_t width) {
    const int32_t code = random_.either(width);
    return int8_t(code > 127 ? 127 : code);
  }

  bool wild() { return is_wild_ && random_.below(8) == 0; }

  void limits(uint32_t channels) { triples<int16_t>(channels, wild() ? 32767 : 4000); }

  // n times low <= middle <= high, or with one plane middle alone.
  template <class T>
  void triples(uint32_t n, int32_t width) {
    Buffer low, high;
    for (uint32_t i = 0; i < n; ++i) {
      int32_t v[3];
      for (int32_t& value : v) value = random_.either(width);
      for (const int k : {0, 1, 0})
        if (v[k] > v[k + 1]) std::swap(v[k], v[k + 1]);
      file_.put(T(v[1]));
      low.put(T(v[0]));
      high.put(T(v[2]));
    }
    if (c_.planes == 1) return;
    file_.append(low.data(), low.size());
    file_.append(high.data(), high.size());
  }

  // The smallest exponent of values so large.
  static uint32_t exponent_of(int32_t reach) {
    uint32_t exponent = 0;
    while (exponent < 8 && reach >> exponent > 127) ++exponent;
    return exponent;
  }

  void vector(Mark::Kind kind, size_t n, int32_t reach) {
    const bool is_wild = wild();
    const uint32_t exponent = is_wild ? random_.below(9) : exponent_of(reach);
    const int32_t largest = kind == Mark::kGains ? 127 : 128;
    const int32_t width = is_wild ? largest : (reach >> exponent) + 1;
    mark(kind, n);
    file_.put(uint8_t(exponent));
    for (; n > 0; --n) file_.put(code(width < largest ? width : largest));
  }

  void quantiser() {
    vector(Mark::kVector, c_.channels, reach_);
    if (c_.planes == 1) return;
    mark(Mark::kSpread, 1);
    file_.put(uint16_t(random_.below(wild() ? 65536 : 2 * reach_)));
    vector(Mark::kVector, c_.channels, reach_ / 2);
  }

  // About the root of the mean square of P.
  float spread_of(uint32_t inputs) const {
    return std::sqrt(float(inputs * (c_.planes == 2 ? 5 : 1)));
  }

  void thresholds(uint32_t outputs, uint32_t inputs) {
    const bool is_wild = wild();
    const int32_t reach = int32_t(0.75f * spread_of(inputs));
    const uint32_t exponent = is_wild ? random_.below(9) : exponent_of(reach);
    mark(Mark::kThresholds, outputs);
    file_.put(uint8_t(exponent));
    triples<int8_t>(outputs, is_wild ? 127 : (reach >> exponent) + 1);
  }

  void affine(uint32_t inputs) {
    const float dots = spread_of(inputs) * float(1 << shift_of(c_.max_dot(inputs)));
    const float gain = float(reach_) * 32768 / dots;
    vector(Mark::kGains, c_.channels, gain < 32512 ? int32_t(gain) : 32512);
    vector(Mark::kVector, c_.channels, reach_);
    mark(Mark::kSlope, 1);
    file_.put(int8_t(random_.either(127)));
  }

  // n random bits, and zeros up to a multiple of 128.
  const uint8_t* random_bits(size_t n) {
    memset(row_, 0, sizeof row_);
    for (size_t i = 0; i < n; ++i)
      row_[i / 8] = uint8_t(row_[i / 8] | (random_.next() >> 31) << i % 8);
    return row_;
  }

  void bits(uint32_t outputs, uint32_t inputs) {
    for (uint32_t n = 0; n < outputs; n += 8)
      for (uint32_t k = 0; k < inputs; k += 128)
        for (int output = 0; output < 8; ++output) chunk(inputs - k);
  }

  // One row of a memory.
  void row(uint32_t inputs) {
    for (uint32_t k = 0; k < inputs; k += 128) chunk(inputs - k);
  }

  void chunk(uint32_t left) {
    const uint32_t n = left < 128 ? left : 128;
    mark(Mark::kSigns, n);
    file_.append(random_bits(n), 16);
  }

  Config c_;
  Random random_;
  Buffer file_;
  Buffer* marks_;  // of Mark; may be null
  int32_t reach_;
  bool is_wild_;
  uint8_t row_[16];
};

// A valid file of that network; the same for the same seed.
inline Buffer random_model(const Config& config, uint64_t seed, Buffer* marks = nullptr) {
  return RandomModelWriter(config, seed, marks).write();
}

// features [T][F] in dB: of all codes, near their borders too, and of what is beyond them;
// where they are relative to the loudest one, of all codes below its.
inline void random_features(const Config& c, Random& r, float* features) {
  const size_t n = size_t(c.mels) * c.frames;
  const float loudest = c.input_reference ? r.uniform(-100, 50) : FLT_MAX;
  const float low = c.input_reference ? loudest + c.input_low : c.input_low;
  for (size_t i = 0; i < n; ++i) {
    const float code = r.below(4) ? r.uniform(-10, 140) : float(r.below(130)) + 0.5f;
    features[i] = std::fmin(std::fmax(low + code / c.input_gain, -FLT_MAX), loudest);
  }
  if (c.input_reference) features[r.below(uint32_t(n))] = loudest;
}

}  // namespace bifsmn
