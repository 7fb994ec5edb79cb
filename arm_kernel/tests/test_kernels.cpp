// Every instruction set's primitives against plain loops.
#include <cmath>

#include "check.h"
#include "network/backend.h"
#include "network/isa.h"
#include "random_model.h"

using namespace bifsmn;

namespace {

constexpr uint8_t kGuardByte = 0xA5;

// n values with guards before and behind, as far from an aligned address as asked.
template <class T>
class Guarded {
 public:
  explicit Guarded(size_t n, size_t offset = 0)
      : size_(n * sizeof(T)),
        start_(64 + offset),
        memory_(static_cast<uint8_t*>(aligned_alloc(64, (size_ + offset) / 64 * 64 + 192))) {
    CHECK(memory_, "no memory");
    memset(memory_, kGuardByte, start_ + size_ + 64);
  }
  Guarded(const Guarded&) = delete;
  ~Guarded() {
    for (size_t i = 0; i < start_; ++i) CHECK(memory_[i] == kGuardByte, "byte -%zu", start_ - i);
    for (size_t i = start_ + size_; i < start_ + size_ + 64; ++i)
      CHECK(memory_[i] == kGuardByte, "byte %zu of %zu", i - start_, size_);
    free(memory_);
  }
  T* data() { return reinterpret_cast<T*>(memory_ + start_); }
  T& operator[](size_t i) { return data()[i]; }

 private:
  size_t size_, start_;
  uint8_t* memory_;
};

// Density 0: no bit is set, 1: each with one half, 2: all.
int random_bit(Random& r, int density) { return density == 1 ? r.next() >> 31 : density / 2; }

void test_counts(const Primitives& k, uint32_t inputs, int rows, bool by_turns, Random& r) {
  const size_t n = units(inputs, k.unit);
  const size_t row = by_turns ? k.unit : kColumnRow, step = by_turns ? rows * k.unit : k.unit;
  if (!by_turns && n * k.unit > kColumnRow) return;
  const size_t bytes = n * k.unit * kTile * (k.nibbles ? 2 : 1);
  Guarded<uint8_t> weights(bytes);
  Guarded<uint8_t> bits(by_turns ? n * k.unit * rows : kColumnRow * rows);
  Guarded<int32_t> out(size_t(rows) * kTile);
  Guarded<int32_t> wanted(size_t(rows) * kTile);
  memset(weights.data(), 0, bytes);
  for (int i = 0; i < rows; ++i)
    for (size_t u = 0; u < n; ++u) memset(bits.data() + i * row + u * step, 0, k.unit);
  for (int i = 0; i < rows * kTile; ++i) wanted[i] = -int32_t(inputs / 2);
  const int weight_density = int(r.below(3)), row_density = int(r.below(3));
  for (uint32_t input = 0; input < inputs; ++input) {
    const size_t unit = input / 8 / k.unit, byte = input / 8 % k.unit;
    uint32_t signs = 0;
    for (uint32_t o = 0; o < kTile; ++o) {
      const int bit = random_bit(r, weight_density);
      signs |= uint32_t(bit) << o;
      if (k.nibbles) {
        weights[input / 4 * kTile + o] |= uint8_t(bit << input % 4);
        continue;
      }
      // Word order, or groups of 8 outputs.
      const size_t place = k.unit == 4 ? unit * kTile + o : (o / 8 * n + unit) * 8 + o % 8;
      weights[place * k.unit + byte] |= uint8_t(bit << input % 8);
    }
    for (int i = 0; i < rows; ++i) {
      const uint32_t bit = uint32_t(random_bit(r, row_density));
      bits[i * row + unit * step + byte] |= uint8_t(bit << input % 8);
      for (uint32_t o = 0; o < kTile; ++o) wanted[i * kTile + o] += bit ^ (signs >> o & 1);
    }
  }
  k.counts(rows, by_turns, weights.data(), bits.data(), inputs, out.data());
  for (int i = 0; i < rows * kTile; ++i)
    CHECK(out[i] == wanted[i], "%u inputs, %d rows: row %d, output %d is %d, not %d", inputs, rows,
          i / kTile, i % kTile, out[i], wanted[i]);
}

const float kOdd[] = {0.0f, -0.0f, 1e-45f, -1e-45f, 1.0f, -1.0f, 0x1p20f, -0x1p20f, 0x1p-126f};

float any_float(Random& r) {
  return r.below(3) ? r.uniform(-1, 1) : kOdd[r.below(sizeof kOdd / sizeof *kOdd)];
}

void test_quantise(const Primitives& k, int planes, size_t offset, Random& r) {
  Guarded<float> x(kTile, offset), theta1(kTile, offset), high(kTile, offset), low(kTile, offset);
  Guarded<uint32_t> bits(static_cast<size_t>(planes));
  uint32_t wanted[2] = {};
  for (int i = 0; i < kTile; ++i) {
    x[i] = any_float(r);
    theta1[i] = r.below(2) ? x[i] : any_float(r);
    high[i] = r.below(2) ? x[i] : any_float(r);
    low[i] = r.below(2) ? x[i] : any_float(r);
    const bool below = x[i] < theta1[i];
    wanted[0] |= uint32_t(below) << i;
    wanted[1] |= uint32_t(x[i] < (below ? low[i] : high[i])) << i;
  }
  k.quantise(planes, x.data(), theta1.data(), high.data(), low.data(), bits.data());
  for (int plane = 0; plane < planes; ++plane)
    CHECK(bits[plane] == wanted[plane], "plane %d: %x, not %x", plane, bits[plane], wanted[plane]);
}

void test_popcounts(const Primitives& k) {
  for (int32_t word = 0; word < 1 << 15; word += kTile) {
    Guarded<int32_t> words(kTile), low(kTile), high(kTile);
    for (int i = 0; i < kTile; ++i) words[i] = (word + i) | (0x7fff - (word + i)) << 16;
    k.popcounts(words.data(), low.data(), high.data());
    for (int i = 0; i < kTile; ++i) {
      int wanted = 0;
      for (int bit = 0; bit < 15; ++bit) wanted += (word + i) >> bit & 1;
      CHECK(low[i] == wanted && high[i] == 15 - wanted, "of %x: %d and %d", words[i], low[i],
            high[i]);
    }
  }
}

void test_prelu(const Primitives& k, float slope, size_t offset, Random& r) {
  Guarded<float> y(kTile, offset), out(kTile, offset);
  for (int i = 0; i < kTile; ++i) y[i] = any_float(r);
  k.prelu(y.data(), slope, out.data());
  for (int i = 0; i < kTile; ++i) {
    const float wanted = y[i] > 0 ? y[i] : y[i] * slope;
    CHECK(memcmp(&wanted, &out[i], sizeof wanted) == 0, "of %g, slope %g: %g, not %g", double(y[i]),
          double(slope), double(out[i]), double(wanted));
  }
}

void test_dot(const Primitives& k, size_t n, size_t offset, bool extreme, Random& r) {
  Guarded<int16_t> q(n, 2 * offset);
  Guarded<int8_t> weights(n, offset);
  int64_t wanted = 0;
  for (size_t i = 0; i < n; ++i) {
    q[i] = int16_t(extreme ? -16383 : int(r.below(2 * 16383 + 1)) - 16383);
    weights[i] = int8_t(extreme ? -128 : int(r.below(256)) - 128);
    wanted += int64_t(q[i]) * weights[i];
  }
  const int64_t sum = k.dot(q.data(), weights.data(), n);
  CHECK(sum == wanted, "%zu products: %lld, not %lld", n, static_cast<long long>(sum),
        static_cast<long long>(wanted));
}

void test(const Primitives& k) {
  Random r(7);
  for (uint32_t inputs : {2,   16,  62,  64,  66,  80,  126, 128,  130,  192,
                          200, 256, 272, 400, 990, 992, 994, 1024, 1600, 4096})
    for (int rows : {8, 16})
      for (bool by_turns : {true, false})
        for (int repeat = 0; repeat < 4; ++repeat) test_counts(k, inputs, rows, by_turns, r);
  for (int repeat = 0; repeat < 300; ++repeat)
    for (int planes : {1, 2}) test_quantise(k, planes, repeat % 16 * 4, r);
  test_popcounts(k);
  for (float slope : {0.25f, 0.0f, -0.0f, 1.0f, -1.5f, 3.0f})
    for (size_t offset = 0; offset < 64; offset += 4) test_prelu(k, slope, offset, r);
  for (size_t n : {16, 32, 48, 112, 128, 144, 496, 512, 528, 1024, 4112, 32768})
    for (size_t offset : {0, 1, 16, 31})
      for (bool extreme : {false, true}) test_dot(k, n, offset, extreme, r);
}

}  // namespace

int main() {
  for (uint32_t i = 0; const Backend* backend = available_backend(i); ++i) {
    if (!backend->primitives) continue;  // the reference has none
    test(*backend->primitives);
    printf("%s: ok\n", backend->name);
  }
  return 0;
}
