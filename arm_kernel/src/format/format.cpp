#include "format/format.h"

#include <cmath>
#include <cstring>
#include <initializer_list>

#include "core/arena.h"
#include "format/crc32.h"
#include "format/utf8.h"

namespace bifsmn {
namespace {

constexpr uint8_t kMagic[8] = {0x89, 'B', 'I', 'F', 'S', 'M', 'N', '\n'};
constexpr uint32_t kVersion = 1;
constexpr size_t kConfigAt = 20, kMaxBytes = size_t(1) << 28;
constexpr float kMaxMagnitude = 1 << 20;

bool is_bounded(float value) { return std::fabs(value) <= kMaxMagnitude; }  // NaN is not

uint32_t u32_at(const uint8_t* p) { return p[0] | p[1] << 8 | p[2] << 16 | uint32_t(p[3]) << 24; }

// Walks through a file twice: first to check it and to add up the memory that
// it takes (no memory given: nothing is decoded), then to decode it.
class Reader {
 public:
  Reader(const uint8_t* bytes, size_t length, void* memory)
      : at_(bytes), end_(bytes + length), arena_(memory) {}

  bool ok() const { return ok_; }
  bool at_end() const { return at_ == end_; }
  size_t memory_bytes() const { return arena_.used(); }

  // The next n bytes, or null where the file is too short.
  const uint8_t* bytes(size_t n) {
    if (size_t(end_ - at_) < n) ok_ = false;
    if (!ok_) return nullptr;
    const uint8_t* here = at_;
    at_ += n;
    return here;
  }

  uint32_t u32() {
    const uint8_t* p = bytes(4);
    return p ? u32_at(p) : 0;
  }

  float f32() {
    const uint32_t word = u32();
    float value;
    memcpy(&value, &word, 4);
    require(is_bounded(value));
    return value;
  }

  float positive() {
    const float value = f32();
    require(value > 0);
    return value;
  }

  void require(bool condition) { ok_ = ok_ && condition; }

  // Room for n numbers of a type; null in the first walk.
  template <class T>
  T* take(size_t n) {
    return arena_.take<T>(n);
  }

  const float* floats(size_t n) {
    float* values = take<float>(n);
    for (size_t i = 0; i < n && ok_; ++i) {
      const float value = f32();
      if (values) values[i] = value;
    }
    return values;
  }

  template <class T>
  const T* copy(size_t n) {
    T* values = take<T>(n);
    const uint8_t* source = bytes(n);
    if (values && source) memcpy(values, source, n);
    return values;
  }

  // offset + step * code, with codes of `bits` bits; n is a multiple of 8.
  float* vector(size_t n, uint32_t bits) {
    const float offset = f32(), step = f32();
    const uint8_t* codes = bytes(n * bits / 8);
    float* values = take<float>(n);
    if (!codes) return values;
    for (size_t i = 0; i < n; ++i) {
      uint32_t code = 0;
      for (uint32_t b = 0; b < bits; ++b)
        code |= uint32_t(codes[(i * bits + b) / 8] >> (i * bits + b) % 8 & 1) << b;
      const float product = step * float(code);
      const float value = offset + product;
      require(is_bounded(value));
      if (values) values[i] = value;
    }
    return values;
  }

  // Chunks of 128 signs, of `rows` rows after one another before the next chunk
  // of each. What pads a row's last chunk must be zero: kernels count on it.
  const uint8_t* signs(size_t outputs, uint32_t inputs, size_t rows) {
    const size_t chunks = row_bytes(inputs) / 16;
    const uint8_t* source = at_;
    const uint8_t* values = copy<uint8_t>(outputs * row_bytes(inputs));
    for (size_t i = 0; i < outputs * chunks && ok_; ++i)
      for (size_t bit = inputs - i / rows % chunks * 128; bit < 128; ++bit)
        require(!(source[16 * i + bit / 8] >> bit % 8 & 1));
    return values;
  }

  const char* text(bool may_be_empty) {
    const uint8_t* size = bytes(2);
    const size_t n = size ? size[0] | size[1] << 8 : 0;
    require(n > 0 || may_be_empty);
    const uint8_t* source = bytes(n);
    char* copy = take<char>(n + 1);
    if (!source) return copy;
    require(memchr(source, 0, n) == nullptr && is_utf8(source, n));
    if (copy) memcpy(copy, source, n);
    return copy;
  }

 private:
  const uint8_t *at_, *end_;
  Arena arena_;
  bool ok_ = true;
};

bool within(uint32_t value, uint32_t low, uint32_t high) { return low <= value && value <= high; }

bool valid(const Config& c) {
  return within(c.classes, 2, BIFSMN_MAX_CLASSES) && within(c.mels, 4, 128) && c.mels % 4 == 0 &&
         within(c.frames, 4, 256) && c.frames % 4 == 0 && within(c.thinnings, 1, 7) &&
         within(c.layers, 1, 64) && c.layers % (1u << (c.thinnings - 1)) == 0 &&
         within(c.front_channels, 8, 64) && c.front_channels % 8 == 0 &&
         within(c.channels, 16, 512) && c.channels % 16 == 0 && within(c.hidden, 16, 1024) &&
         c.hidden % 16 == 0 && c.taps_before <= 7 && c.taps_after <= 7 && within(c.planes, 1, 2) &&
         within(c.threshold_bits, 1, 16) && within(c.affine_bits, 1, 16) &&
         within(c.sample_rate, 1000, 192000) && within(c.n_fft, 256, 4096) &&
         (c.n_fft & (c.n_fft - 1)) == 0 && within(c.hop, 16, c.n_fft) &&
         within(c.window_samples, c.n_fft / 2 + 1, 1 << 20) &&
         1 + c.window_samples / c.hop == c.frames && c.f_min >= 0 && c.f_max > c.f_min &&
         c.f_max <= float(c.sample_rate) / 2 && c.power_floor > 0 && c.input_std > 0 &&
         c.input_high > c.input_low && c.threshold >= 0 && c.threshold <= 1 &&
         within(c.smoothing, 1, 64);
}

Config read_config(Reader& r) {
  Config c;
  for (uint32_t* field :
       {&c.classes, &c.mels, &c.frames, &c.layers, &c.thinnings, &c.front_channels, &c.channels,
        &c.hidden, &c.taps_before, &c.taps_after, &c.planes, &c.threshold_bits, &c.affine_bits,
        &c.sample_rate, &c.window_samples, &c.n_fft, &c.hop})
    *field = r.u32();
  for (float* field : {&c.f_min, &c.f_max, &c.power_floor, &c.input_mean, &c.input_std,
                       &c.input_low, &c.input_high, &c.threshold})
    *field = r.f32();
  c.smoothing = r.u32();
  return c;
}

Quantiser read_quantiser(Reader& r, const Config& c, uint32_t channels) {
  const bool two = c.planes == 2;
  const float s1 = r.positive(), s2 = two ? r.positive() : 0;
  Quantiser q{channels, s2 / s1, r.vector(channels, c.threshold_bits), nullptr, nullptr};
  r.require(is_bounded(q.ratio));
  if (!two) return q;
  float* high = r.vector(channels, c.threshold_bits);
  float* low = r.take<float>(channels);
  for (uint32_t i = 0; high && i < channels; ++i) {
    high[i] = high[i] + s1;
    low[i] = high[i] - 2 * s1;
  }
  q.high = high;
  q.low = low;
  return q;
}

Bits read_bits(Reader& r, uint32_t outputs, uint32_t inputs) {
  return {outputs, inputs, r.signs(outputs, inputs, 8)};
}

Affine read_affine(Reader& r, const Config& c, uint32_t outputs) {
  const float* gains = r.vector(outputs, c.affine_bits);
  return {gains, r.vector(outputs, c.affine_bits)};
}

void read_block(Reader& r, const Config& c, uint32_t index, Block* out) {
  Block b;
  b.memory_in = read_quantiser(r, c, c.channels);
  b.memory = r.signs(c.taps(), c.channels, 1);
  b.memory_slope = r.f32();
  b.expand_in = read_quantiser(r, c, c.channels);
  b.expand = read_bits(r, c.hidden, c.channels);
  b.expand_slope = r.f32();
  b.project_in = read_quantiser(r, c, c.hidden);
  b.project = read_bits(r, c.channels, c.hidden);
  BlockAtThinning* at = r.take<BlockAtThinning>(c.thinnings);
  b.at = at;
  for (uint32_t d = 0; d < c.thinnings; ++d) {
    if (!c.runs(index, d)) continue;
    BlockAtThinning here;
    here.memory = read_affine(r, c, c.channels);
    here.expand = read_affine(r, c, c.hidden);
    here.project = read_affine(r, c, c.channels);
    here.slope = r.f32();
    if (at) at[d] = here;
  }
  if (out) *out = b;
}

const Network* read_all(Reader& r) {
  Network* place = r.take<Network>(1);
  Network n;
  Config& c = n.config;
  c = read_config(r);
  r.require(valid(c));
  if (!r.ok()) return nullptr;
  const char** labels = r.take<const char*>(c.classes);
  for (uint32_t i = 0; i < c.classes; ++i) {
    const char* label = r.text(false);
    if (labels) labels[i] = label;
  }
  n.labels = labels;
  n.name = r.text(true);
  n.licence = r.text(true);
  n.provenance = r.text(true);

  const uint32_t p = c.front_channels;
  n.conv1 = r.floats(25 * p);
  n.conv1_shifts = r.floats(p);
  n.conv1_slope = r.f32();
  n.conv2_in = read_quantiser(r, c, p);
  n.conv2 = read_bits(r, 2 * p, 25 * p);
  n.conv2_out = read_affine(r, c, 2 * p);
  n.conv2_slope = r.f32();
  n.projection_in = read_quantiser(r, c, c.bands());
  n.projection = read_bits(r, c.channels, c.bands());
  n.projection_out = read_affine(r, c, c.channels);
  n.projection_slope = r.f32();
  Block* blocks = r.take<Block>(c.layers);
  n.blocks = blocks;
  for (uint32_t b = 0; b < c.layers && r.ok(); ++b)
    read_block(r, c, b, blocks ? blocks + b : nullptr);
  n.scales = r.floats(c.classes);
  n.biases = r.floats(c.classes);
  n.weights = r.copy<int8_t>(size_t(c.classes) * c.outputs());
  r.require(r.at_end());
  if (place) *place = n;
  return place;
}

}  // namespace

bifsmn_status check_file(const uint8_t* bytes, size_t length, size_t* memory) {
  if (length < sizeof kMagic || memcmp(bytes, kMagic, sizeof kMagic) != 0)
    return BIFSMN_NOT_A_MODEL;
  if (length < kConfigAt) return BIFSMN_WRONG_LENGTH;
  if (u32_at(bytes + 8) != kVersion) return BIFSMN_WRONG_VERSION;
  if (u32_at(bytes + 12) != length || length > kMaxBytes) return BIFSMN_WRONG_LENGTH;
  if (u32_at(bytes + 16) != crc32(bytes + kConfigAt, length - kConfigAt))
    return BIFSMN_WRONG_CHECKSUM;
  Reader reader(bytes + kConfigAt, length - kConfigAt, nullptr);
  read_all(reader);
  if (!reader.ok()) return BIFSMN_INVALID;
  *memory = reader.memory_bytes();
  return BIFSMN_OK;
}

const Network* read_network(const uint8_t* bytes, size_t length, void* memory) {
  Reader reader(bytes + kConfigAt, length - kConfigAt, memory);
  return read_all(reader);
}

}  // namespace bifsmn
