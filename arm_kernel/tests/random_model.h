// Valid model files with random content, for tests and fuzzers.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "format/crc32.h"
#include "network/network.h"

namespace bifsmn {

// xorshift64*: the same numbers everywhere.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15u + 1) {}

  uint32_t next() {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return uint32_t(state_ * 0x2545F4914F6CDD1Du >> 32);
  }

  // 0 to n - 1.
  uint32_t below(uint32_t n) { return uint32_t(uint64_t(next()) * n >> 32); }
  uint32_t between(uint32_t low, uint32_t high) { return low + below(high - low + 1); }
  float uniform(float low, float high) {
    return low + (high - low) * (float(next() >> 8) * 0x1p-24f);
  }

 private:
  uint64_t state_;
};

// Bytes that grow; freed with their owner.
class Buffer {
 public:
  Buffer() = default;
  Buffer(const uint8_t* bytes, size_t n) { append(bytes, n); }
  Buffer(Buffer&& other) : data_(other.data_), size_(other.size_), room_(other.room_) {
    other.data_ = nullptr;
  }
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { free(data_); }

  uint8_t* data() { return data_; }
  const uint8_t* data() const { return data_; }
  size_t size() const { return size_; }
  uint8_t& operator[](size_t i) { return data_[i]; }

  // n more bytes, zeroed.
  uint8_t* grow(size_t n) {
    if (size_ + n > room_) {
      room_ = 2 * (size_ + n);
      data_ = static_cast<uint8_t*>(realloc(data_, room_));
      if (!data_) abort();
    }
    memset(data_ + size_, 0, n);
    size_ += n;
    return data_ + size_ - n;
  }

  void append(const void* bytes, size_t n) {
    uint8_t* at = grow(n);
    if (n) memcpy(at, bytes, n);
  }
  template <class T>
  void put(T value) {
    append(&value, sizeof value);  // little-endian, as all machines of the tests are
  }

 private:
  uint8_t* data_ = nullptr;
  size_t size_ = 0, room_ = 0;
};

// The network that is trained: 12 classes, all thinnings.
inline Config default_config() {
  return {12,    32,    32,   8,   3, 16,   128,    256, 2,  2,     2, 8,    8,
          16000, 16000, 2048, 512, 0, 8000, 1e-10f, -20, 30, -2.5f, 3, 0.5f, 1};
}

// The smallest network that the format allows.
inline Config smallest_config() {
  return {2,    4,   4,   1,  1, 8,   16,     16,  0,  0,     1, 1,    1,
          1000, 192, 256, 64, 0, 500, 1e-10f, -20, 30, -2.5f, 3, 0.5f, 1};
}

// The front end that makes so many frames (4 to 256): hop and window_samples.
inline void set_frames(Config& c, uint32_t frames) {
  c.frames = frames;
  c.hop = c.n_fft / 4;
  c.window_samples = (frames - 1) * c.hop + c.hop / 2;
}

// Any network of at most so many channels and layers.
inline Config random_config(Random& r, uint32_t max_channels, uint32_t max_layers) {
  Config c = default_config();
  c.classes = r.between(2, 20);
  c.mels = 4 * r.between(1, 10);
  c.n_fft = 256u << r.below(5);
  set_frames(c, 4 * r.between(1, 12));
  c.thinnings = r.between(1, 3);
  while ((1u << (c.thinnings - 1)) > max_layers) --c.thinnings;
  c.layers = r.between(1, max_layers >> (c.thinnings - 1)) << (c.thinnings - 1);
  c.front_channels = 8 * r.between(1, 8);
  c.channels = 16 * r.between(1, max_channels / 16);
  c.hidden = 16 * r.between(1, max_channels / 8);
  c.taps_before = r.below(8);
  c.taps_after = r.below(8);
  c.planes = r.between(1, 2);
  c.threshold_bits = r.between(1, 16);
  c.affine_bits = r.between(1, 16);
  return c;
}

// Makes length and checksum fit the content, whatever it is.
inline void seal(uint8_t* file, size_t size) {
  const uint32_t length = uint32_t(size), crc = crc32(file + 20, size - 20);
  memcpy(file + 12, &length, 4);
  memcpy(file + 16, &crc, 4);
}

// What lies at an offset of a file: f32s, f32s above 0, the start of a vector of
// n codes, or 16 bytes with the signs of n inputs.
struct Mark {
  enum Kind : uint32_t { kFloat, kPositive, kVector, kSigns } kind;
  uint32_t at, n;
};

// Writes the parts of FORMAT.md in its order.
class RandomModelWriter {
 public:
  RandomModelWriter(const Config& config, uint64_t seed, Buffer* marks)
      : c_(config), random_(seed), marks_(marks) {}

  Buffer write() {
    header();
    strings();
    front();
    for (uint32_t b = 0; b < c_.layers; ++b) block(b);
    classifier();
    seal(file_.data(), file_.size());
    return static_cast<Buffer&&>(file_);
  }

 private:
  void header() {
    static_assert(sizeof(Config) == 104, "the header's fields without gaps");
    const uint8_t magic[8] = {0x89, 'B', 'I', 'F', 'S', 'M', 'N', '\n'};
    file_.append(magic, 8);
    file_.put(uint32_t(1));
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

  void front() {
    const uint32_t p = c_.front_channels, bands = c_.bands();
    floats(25 * p, -0.35f, 0.35f);
    floats(p, -0.5f, 0.5f);
    slope();
    quantiser(p);
    bits(2 * p, 25 * p);
    affine(2 * p, 25 * p);
    slope();
    quantiser(bands);
    bits(c_.channels, bands);
    affine(c_.channels, bands);
    slope();
  }

  void block(uint32_t index) {
    quantiser(c_.channels);
    for (uint32_t k = 0; k < c_.taps(); ++k) row(c_.channels);
    slope();
    quantiser(c_.channels);
    bits(c_.hidden, c_.channels);
    slope();
    quantiser(c_.hidden);
    bits(c_.channels, c_.hidden);
    for (uint32_t d = 0; d < c_.thinnings; ++d) {
      if (!c_.runs(index, d)) continue;
      affine(c_.channels, c_.taps());
      affine(c_.hidden, c_.channels);
      affine(c_.channels, c_.hidden);
      slope();
    }
  }

  void classifier() {
    floats(c_.classes, 1e-4f, 2e-3f);
    floats(c_.classes, -0.5f, 0.5f);
    for (size_t n = size_t(c_.classes) * c_.outputs(); n > 0; --n)
      file_.put(uint8_t(random_.next()));
  }

  void mark(Mark::Kind kind, size_t n) {
    if (marks_) marks_->put(Mark{kind, uint32_t(file_.size()), uint32_t(n)});
  }

  void floats(size_t n, float low, float high) {
    mark(Mark::kFloat, n);
    for (; n > 0; --n) file_.put(random_.uniform(low, high));
  }

  void slope() { floats(1, -0.4f, 0.4f); }

  // Codes over the whole range from low to high.
  void vector(size_t n, uint32_t code_bits, float low, float high) {
    mark(Mark::kVector, n);
    file_.put(low);
    file_.put((high - low) / std::fmax(1.0f, float((1u << code_bits) - 1)));
    file_.append(random_bits(n * code_bits), n * code_bits / 8);
  }

  void quantiser(uint32_t channels) {
    mark(Mark::kPositive, c_.planes);
    file_.put(random_.uniform(0.5f, 1.0f));                         // s1
    if (c_.planes == 2) file_.put(random_.uniform(0.25f, 0.75f));  // s2
    for (uint32_t plane = 0; plane < c_.planes; ++plane)
      vector(channels, c_.threshold_bits, -0.3f, 0.3f);
  }

  // Gains that make of the sum of so many signs something near 1.
  void affine(uint32_t outputs, uint32_t inputs) {
    const float gain = 1.7f / std::sqrt(float(inputs));
    vector(outputs, c_.affine_bits, -gain, gain);
    vector(outputs, c_.affine_bits, -0.5f, 0.5f);
  }

  // n random bits, and zeros up to a multiple of 128; n is at most 2^16.
  const uint8_t* random_bits(size_t n) {
    memset(row_, 0, (n + 127) / 128 * 16);
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
  uint8_t row_[1 << 13];
};

// A valid file of that network; the same for the same seed.
inline Buffer random_model(const Config& config, uint64_t seed, Buffer* marks = nullptr) {
  return RandomModelWriter(config, seed, marks).write();
}

// features [T][F] in dB, some beyond the range that the network sees.
inline void random_features(const Config& c, Random& r, float* features) {
  for (size_t i = 0; i < size_t(c.mels) * c.frames; ++i)
    features[i] = c.input_mean + c.input_std * r.uniform(-3, 3.5f);
}

}  // namespace bifsmn
