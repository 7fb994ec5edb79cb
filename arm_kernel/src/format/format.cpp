#include "format/format.h"

#include <cstdlib>
#include <cstring>
#include <initializer_list>

#include "format/crc32.h"
#include "format/reader.h"

namespace bifsmn {
namespace {

constexpr uint8_t kMagic[8] = {0x89, 'B', 'I', 'F', 'S', 'M', 'N', '\n'};
constexpr uint32_t kVersion = 4;
constexpr size_t kConfigAt = 20, kMaxBytes = size_t(1) << 28;

bool within(uint32_t value, uint32_t low, uint32_t high) { return low <= value && value <= high; }

bool valid(const Config& c) {
  return within(c.classes, 2, BIFSMN_MAX_CLASSES) && within(c.mels, 4, 128) && c.mels % 4 == 0 &&
         within(c.frames, 4, 256) && c.frames % 4 == 0 && within(c.thinnings, 1, 7) &&
         within(c.layers, 1, 64) && c.layers % (1u << (c.thinnings - 1)) == 0 &&
         within(c.front_channels, 8, 64) && c.front_channels % 8 == 0 &&
         within(c.channels, 16, 512) && c.channels % 16 == 0 && within(c.hidden, 16, 1024) &&
         c.hidden % 16 == 0 && c.taps_before <= 7 && c.taps_after <= 7 && within(c.planes, 1, 2) &&
         within(c.sample_rate, 1000, 192000) && within(c.n_fft, 256, 4096) &&
         (c.n_fft & (c.n_fft - 1)) == 0 && within(c.hop, 16, c.n_fft) &&
         within(c.window_samples, c.n_fft / 2 + 1, 1 << 20) &&
         1 + c.window_samples / c.hop == c.frames && c.input_pad <= 127 && c.input_reference <= 1 &&
         c.pooling <= 1 && c.f_min >= 0 && c.f_max > c.f_min &&
         c.f_max <= float(c.sample_rate) / 2 && c.power_floor > 0 && c.input_gain > 0 &&
         within(c.smoothing, 1, 64);
}

Config read_config(Reader& r) {
  Config c;
  for (uint32_t* field :
       {&c.classes, &c.mels, &c.frames, &c.layers, &c.thinnings, &c.front_channels, &c.channels,
        &c.hidden, &c.taps_before, &c.taps_after, &c.planes, &c.sample_rate, &c.window_samples,
        &c.n_fft, &c.hop, &c.input_pad, &c.input_reference, &c.pooling})
    *field = r.u32();
  for (float* field : {&c.f_min, &c.f_max, &c.power_floor, &c.input_low, &c.input_gain})
    *field = r.f32();
  c.smoothing = r.u32();
  return c;
}

void read_strings(Reader& r, Network& n) {
  const char** labels = r.take<const char*>(n.config.classes);
  for (uint32_t i = 0; i < n.config.classes; ++i) {
    const char* label = r.text(false);
    if (labels) labels[i] = label;
  }
  n.labels = labels;
  n.name = r.text(true);
  n.licence = r.text(true);
  n.provenance = r.text(true);
}

const float* read_posteriors(Reader& r, uint32_t count) {
  float* values = r.take<float>(count);
  for (uint32_t k = 0; k < count; ++k) {
    const float value = r.f32();
    r.require(value >= 0 && value <= 1);
    if (values) values[k] = value;
  }
  return values;
}

// 25 weights for each channel, so small that all sums fit 16 bits.
const int8_t* read_conv1(Reader& r, uint32_t channels) {
  const int8_t* weights = r.codes(25 * channels);
  for (uint32_t p = 0; weights && p < channels; ++p) {
    int sum = 0;
    for (uint32_t i = 0; i < 25; ++i) sum += std::abs(weights[25 * p + i]);
    r.require(sum <= 258);
  }
  return weights;
}

const Limits* read_limits(Reader& r, const Config& c) {
  const uint32_t channels = c.front_channels;
  Limits* limits = r.take<Limits>(channels);
  const uint8_t* middle = r.bytes(2 * channels);
  const uint8_t* low = c.planes == 2 ? r.bytes(2 * channels) : middle;
  const uint8_t* high = c.planes == 2 ? r.bytes(2 * channels) : middle;
  for (uint32_t p = 0; r.ok() && p < channels; ++p) {
    const auto at = [p](const uint8_t* from) {
      return int16_t(from[2 * p] | from[2 * p + 1] << 8);
    };
    const Limits here = {at(middle), at(low), at(high)};
    r.require(here.low <= here.middle && here.middle <= here.high);
    if (limits) limits[p] = here;
  }
  return limits;
}

Thresholds read_thresholds(Reader& r, const Config& c, uint32_t outputs) {
  Thresholds t = {r.vector(outputs), {}, {}};
  if (c.planes == 1) return t;
  t.low = {r.codes(outputs), t.middle.exponent};
  t.high = {r.codes(outputs), t.middle.exponent};
  for (uint32_t n = 0; r.ok() && n < outputs; ++n)
    r.require(t.low.codes[n] <= t.middle.codes[n] && t.middle.codes[n] <= t.high.codes[n]);
  return t;
}

Quantiser read_quantiser(Reader& r, const Config& c) {
  Quantiser q = {r.vector(c.channels), {}, 0};
  if (c.planes == 1) return q;
  q.spread = r.u16();
  q.centre = r.vector(c.channels);
  return q;
}

Bits read_bits(Reader& r, uint32_t outputs, uint32_t inputs) {
  return {outputs, inputs, r.signs(outputs, inputs, 8)};
}

// The least 16-bit integer is no factor: its product with itself needs 32 bits.
Affine read_affine(Reader& r, const Config& c) {
  Affine a = {r.vector(c.channels, -127), r.vector(c.channels), r.i8()};
  r.require(a.slope >= -127);
  return a;
}

void read_block(Reader& r, const Config& c, uint32_t index, Block* out) {
  Block b;
  b.memory_in = read_quantiser(r, c);
  b.memory = r.signs(c.taps(), c.channels, 1);
  b.expand_in = read_quantiser(r, c);
  b.expand = read_bits(r, c.hidden, c.channels);
  b.project = read_bits(r, c.channels, c.hidden);
  BlockAtThinning* at = r.take<BlockAtThinning>(c.thinnings);
  b.at = at;
  for (uint32_t d = 0; d < c.thinnings; ++d) {
    if (!c.runs(index, d)) continue;
    const BlockAtThinning here = {read_affine(r, c), read_thresholds(r, c, c.hidden),
                                  read_affine(r, c)};
    if (at) at[d] = here;
  }
  if (out) *out = b;
}

void read_classifier(Reader& r, Network& n) {
  const uint32_t classes = n.config.classes;
  n.unit = r.positive();
  n.classifier_shift = r.u8();
  r.require(within(n.classifier_shift, 1, 8));
  int32_t* biases = r.take<int32_t>(classes);
  for (uint32_t k = 0; k < classes; ++k) {
    const int32_t bias = r.i32();
    r.require(bias >= -(1 << 30) && bias <= 1 << 30);
    if (biases) biases[k] = bias;
  }
  n.biases = biases;
  const size_t bytes = size_t(classes) * n.config.class_weights() / 2;
  n.weights = r.bytes(bytes);
  for (size_t i = 0; n.weights && i < bytes; ++i)
    r.require((n.weights[i] & 0xf) != 8 && n.weights[i] >> 4 != 8);  // no -8
}

const Network* read_all(Reader& r) {
  Network* place = r.take<Network>(1);
  Network n;
  const Config& c = n.config = read_config(r);
  r.require(valid(c));
  if (!r.ok()) return nullptr;
  read_strings(r, n);
  n.thresholds = read_posteriors(r, c.classes);
  const uint32_t p = c.front_channels;
  n.conv1 = read_conv1(r, p);
  n.conv1_out = read_limits(r, c);
  for (uint32_t plane = 0; plane < 2; ++plane)
    n.pads[plane] = plane < c.planes ? r.bytes(p / 8) : nullptr;
  n.conv2 = read_bits(r, 2 * p, 25 * p);
  n.conv2_out = read_thresholds(r, c, c.bands());
  n.projection = read_bits(r, c.channels, c.bands());
  n.projection_out = read_affine(r, c);
  Block* blocks = r.take<Block>(c.layers);
  n.blocks = blocks;
  for (uint32_t b = 0; b < c.layers && r.ok(); ++b)
    read_block(r, c, b, blocks ? blocks + b : nullptr);
  read_classifier(r, n);
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
