// The header: every bound of FORMAT.md, on both of its sides.
#include <cfloat>
#include <initializer_list>

#include "load.h"

using namespace bifsmn;

namespace {

struct Bound {
  const char* what;
  bool good;
  void (*set)(Config&);
};

#define GOOD(change) {#change, true, [](Config& c) { change; }}
#define BAD(change) {#change, false, [](Config& c) { change; }}

// clang-format off: both sides of a bound side by side
const Bound kBounds[] = {
    BAD(c.classes = 1), GOOD(c.classes = 2), GOOD(c.classes = 1024), BAD(c.classes = 1025),
    BAD(c.mels = 0), GOOD(c.mels = 4), BAD(c.mels = 6), GOOD(c.mels = 128), BAD(c.mels = 132),
    BAD(set_frames(c, 1); c.frames = 0), GOOD(set_frames(c, 4)), BAD(set_frames(c, 6)),
    GOOD(set_frames(c, 256)), BAD(set_frames(c, 260)),
    BAD(c.layers = 0), GOOD(c.layers = 1), GOOD(c.layers = 64), BAD(c.layers = 65),
    BAD(c.thinnings = 0), GOOD(c.thinnings = 7; c.layers = 64), BAD(c.thinnings = 8; c.layers = 128),
    BAD(c.thinnings = 2; c.layers = 3), GOOD(c.thinnings = 2; c.layers = 2),
    BAD(c.thinnings = 3; c.layers = 6), GOOD(c.thinnings = 3; c.layers = 12),
    BAD(c.front_channels = 0), GOOD(c.front_channels = 8), BAD(c.front_channels = 12),
    GOOD(c.front_channels = 64), BAD(c.front_channels = 72),
    BAD(c.channels = 0), GOOD(c.channels = 16), BAD(c.channels = 24),
    GOOD(c.channels = 512), BAD(c.channels = 528),
    BAD(c.hidden = 0), GOOD(c.hidden = 16), BAD(c.hidden = 24),
    GOOD(c.hidden = 1024), BAD(c.hidden = 1040),
    GOOD(c.taps_before = 7), BAD(c.taps_before = 8),
    GOOD(c.taps_after = 7), BAD(c.taps_after = 8),
    BAD(c.planes = 0), GOOD(c.planes = 1), GOOD(c.planes = 2), BAD(c.planes = 3),
    BAD(c.sample_rate = 999; c.f_max = 400), GOOD(c.sample_rate = 1000),
    GOOD(c.sample_rate = 192000), BAD(c.sample_rate = 192001),
    BAD(c.n_fft = 128), GOOD(c.n_fft = 256), BAD(c.n_fft = 320),
    GOOD(c.n_fft = 4096; set_frames(c, 12)), BAD(c.n_fft = 8192; set_frames(c, 12)),
    BAD(c.hop = 15; c.frames = 12; c.window_samples = 179),
    GOOD(c.hop = 16; c.frames = 12; c.window_samples = 191),
    GOOD(c.hop = 256; c.window_samples = 768), BAD(c.hop = 257; c.window_samples = 771),
    BAD(c.hop = 42; c.window_samples = 128), GOOD(c.hop = 42; c.window_samples = 129),
    BAD(c.window_samples = 191), GOOD(c.window_samples = 255), BAD(c.window_samples = 256),
    GOOD(c.n_fft = c.hop = 4096; c.frames = 256; c.window_samples = (1 << 20) - 1),
    BAD(c.n_fft = c.hop = 4096; c.frames = 256; c.window_samples = 1 << 20),
    GOOD(c.input_pad = 0), GOOD(c.input_pad = 127), BAD(c.input_pad = 128),
    GOOD(c.input_reference = 1), BAD(c.input_reference = 2),
    GOOD(c.pooling = 1), BAD(c.pooling = 2),
    GOOD(c.f_min = 0), GOOD(c.f_min = -0.0f), BAD(c.f_min = -FLT_MIN),
    GOOD(c.f_min = std::nextafter(c.f_max, 0.0f)), BAD(c.f_min = c.f_max),
    GOOD(c.f_max = float(c.sample_rate) / 2),
    BAD(c.f_max = std::nextafter(float(c.sample_rate) / 2, kMax)),
    BAD(c.power_floor = 0), GOOD(c.power_floor = FLT_TRUE_MIN),
    BAD(c.input_gain = 0), BAD(c.input_gain = -1), GOOD(c.input_gain = FLT_TRUE_MIN),
    BAD(c.smoothing = 0), GOOD(c.smoothing = 1), GOOD(c.smoothing = 64), BAD(c.smoothing = 65),
};
// clang-format on

void test_bounds() {
  for (const Bound& bound : kBounds) {
    Config c = smallest_config();
    bound.set(c);
    const Buffer file = random_model(c, 1);
    const bifsmn_status status = load(file.data(), file.size());
    CHECK(status == (bound.good ? BIFSMN_OK : BIFSMN_INVALID), "status %d for %s", status,
          bound.what);
  }
}

void test_floats() {
  Buffer file = random_model(smallest_config(), 1);
  const float beyond = std::nextafter(kMax, FLT_MAX);
  for (size_t at = 92; at <= 108; at += 4)
    for (const float value : {NAN, INFINITY, -INFINITY, beyond, -beyond})
      CHECK(with(file, at, value) == BIFSMN_INVALID, "%g at %zu", value, at);
  for (const float value : {kMax, -kMax})
    CHECK(with(file, 104, value) == BIFSMN_OK, "input_low %g", value);
  CHECK(with(file, 108, kMax) == BIFSMN_OK, "input_gain");
  CHECK(with(file, 60, uint32_t(0)) == BIFSMN_INVALID, "no plane, with the length of one");
}

void test_statuses() {
  Buffer file = random_model(smallest_config(), 1);
  const uint32_t size = uint32_t(file.size());
  CHECK(load(file.data(), 0) == BIFSMN_NOT_A_MODEL, "no bytes");
  for (size_t i = 0; i < 8; ++i)
    CHECK(with(file, i, uint8_t(file[i] ^ 1)) == BIFSMN_NOT_A_MODEL, "magic %zu", i);
  for (const uint32_t version : {0u, 1u, 2u, 3u, 5u, 0x04000000u, ~0u})
    CHECK(with(file, 8, version) == BIFSMN_WRONG_VERSION, "version %u", version);

  seal(file.data(), size);
  for (const uint32_t length : {0u, 20u, size - 1, size + 1, ~0u}) {
    memcpy(file.data() + 12, &length, 4);
    CHECK(load(file.data(), size) == BIFSMN_WRONG_LENGTH, "length %u", length);
  }
  seal(file.data(), size);
  file[16] ^= 1;
  CHECK(load(file.data(), size) == BIFSMN_WRONG_CHECKSUM, "checksum");

  const uint32_t max = 1u << 28, longer = max + 1;
  uint8_t* large = static_cast<uint8_t*>(calloc(longer, 1));
  CHECK(large, "%u bytes of memory", longer);
  memcpy(large, file.data(), 16);
  memcpy(large + 12, &longer, 4);
  CHECK(load(large, longer) == BIFSMN_WRONG_LENGTH, "more than 2^28 bytes");
  free(large);
}

void test_crc() {
  const uint8_t* digits = reinterpret_cast<const uint8_t*>("123456789");
  CHECK(crc32(digits, 9) == 0xCBF43926u, "%08x", crc32(digits, 9));
  CHECK(crc32(digits, 0) == 0, "%08x", crc32(digits, 0));
  CHECK(crc32(digits, 1) == 0x83DCEFB7u, "%08x", crc32(digits, 1));
  uint8_t bytes[100];
  uint32_t crc = ~0u;
  for (size_t n = 0; n < sizeof bytes; ++n) {
    CHECK(crc32(bytes, n) == ~crc, "of %zu bytes: %08x", n, crc32(bytes, n));
    bytes[n] = uint8_t(n * 151 + 7);
    crc ^= bytes[n];
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
  }
  uint8_t all[256];
  for (int i = 0; i < 256; ++i) all[i] = uint8_t(i);
  CHECK(crc32(all, 256) == 0x29058C73u, "%08x", crc32(all, 256));
}

}  // namespace

int main() {
  test_crc();
  test_statuses();
  test_bounds();
  test_floats();
  puts("every bound holds on both sides");
}
