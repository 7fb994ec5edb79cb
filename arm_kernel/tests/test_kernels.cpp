// Every instruction set's primitives against plain loops.
#include <cstdlib>

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

// Density 0: always 0, 1: anything up to `most`, 2: `most`.
int random_of(Random& r, int density, int most) {
  return density == 1 ? int(r.below(uint32_t(most) + 1)) : density / 2 * most;
}

// Signs of weights as a file has them: bits that pad are zero.
Buffer random_signs(uint32_t outputs, uint32_t inputs, int density, Random& r) {
  Buffer made;
  const uint32_t chunks = (inputs + 127) / 128;
  uint8_t* data = made.grow(size_t(outputs) * chunks * 16);
  for (uint32_t n = 0; n < outputs; ++n)
    for (uint32_t i = 0; i < inputs; ++i) {
      const size_t chunk = (size_t(n / 8) * chunks + i / 128) * 8 + n % 8;
      uint8_t& byte = data[chunk * 16 + i % 128 / 8];
      byte = uint8_t(byte | random_of(r, density, 1) << i % 8);
    }
  return made;
}

void test_counts(const Primitives& k, uint32_t inputs, uint32_t outputs, int top, Random& r) {
  const Buffer signs = random_signs(outputs, inputs, int(r.below(3)), r);
  const Bits bits{outputs, inputs, signs.data()};
  Guarded<uint8_t> ranks(kFrames * inputs), memory(k.counts_bytes(bits));
  Guarded<int32_t> out(kFrames * outputs);
  const int density = int(r.below(3));
  for (uint32_t i = 0; i < kFrames * inputs; ++i) ranks[i] = uint8_t(random_of(r, density, top));
  k.counts(bits, top, ranks.data(), memory.data(), out.data());
  for (uint32_t t = 0; t < kFrames; ++t)
    for (uint32_t n = 0; n < outputs; ++n) {
      int wanted = 0;
      for (uint32_t i = 0; i < inputs; ++i) {
        const int rank = ranks[t * inputs + i];
        wanted += bits.chunk(n, i / 128)[i % 128 / 8] >> i % 8 & 1 ? top - rank : rank;
      }
      const int found = out[t * outputs + n];
      CHECK(found == wanted, "%u inputs, %u outputs, top %d: frame %u, output %u is %d, not %d",
            inputs, outputs, top, t, n, found, wanted);
    }
}

const int16_t kOdd[] = {-32768, -32767, -16384, -1, 0, 1, 2, 16384, 32766, 32767};

int16_t any_short(Random& r) {
  if (r.below(3) == 0) return kOdd[r.below(sizeof kOdd / sizeof *kOdd)];
  return int16_t(r.next() >> r.below(16));
}

// Limits kTile apart, in the order that a network has them in: those of counts fall.
void sort_three(int16_t* limits, bool they_fall) {
  for (const int k : {0, 1, 0}) {
    int16_t &first = limits[k * kTile], &second = limits[(k + 1) * kTile];
    if (they_fall ? first < second : first > second) std::swap(first, second);
  }
}

// Values at their limits, and next to them.
void test_ranks(const Primitives& k, size_t offset, Random& r) {
  Guarded<int16_t> values(kTile, offset), limits(3 * kTile, offset);
  Guarded<uint8_t> out(kTile, offset);
  for (uint32_t i = 0; i < kTile; ++i) values[i] = any_short(r);
  for (uint32_t i = 0; i < 3 * kTile; ++i)
    limits[i] = r.below(2) ? clip16(values[i % kTile] + int(r.below(3)) - 1) : any_short(r);
  for (const bool of_counts : {false, true}) {
    for (uint32_t i = 0; i < kTile; ++i) sort_three(&limits[i], of_counts);
    k.ranks(of_counts, values.data(), limits.data(), out.data());
    for (uint32_t i = 0; i < kTile; ++i) {
      int wanted = 0;
      for (uint32_t n = i; n < 3 * kTile; n += kTile)
        wanted += of_counts ? values[i] > limits[n] : values[i] < limits[n];
      CHECK(out[i] == wanted, "of %d: %d, not %d", values[i], out[i], wanted);
    }
  }
}

void test_arithmetic(const Primitives& k, size_t offset, Random& r) {
  Guarded<int16_t> a(kTile, offset), b(kTile, offset), products(kTile, offset), sums(kTile, offset);
  for (uint32_t i = 0; i < kTile; ++i) {
    a[i] = any_short(r);
    b[i] = any_short(r);
    if (b[i] == -32768) b[i] = -32767;  // no gain or slope is less
  }
  k.mul(a.data(), b.data(), products.data());
  k.add(a.data(), b.data(), sums.data());
  for (uint32_t i = 0; i < kTile; ++i) {
    CHECK(products[i] == mul(a[i], b[i]), "%d * %d: %d", a[i], b[i], products[i]);
    CHECK(sums[i] == clip16(a[i] + b[i]), "%d + %d: %d", a[i], b[i], sums[i]);
  }
}

// One weight of 127 and more of it around, as far as a file may go; codes up to 127.
void test_convolve(const Primitives& k, bool extreme, Random& r) {
  Guarded<uint8_t> codes(25);
  Guarded<int8_t> weights(kTile * 25);
  Guarded<int16_t> out(kTile);
  for (int i = 0; i < 25; ++i) codes[i] = uint8_t(extreme ? 127 : r.below(128));
  for (uint32_t n = 0; n < kTile; ++n) {
    const int sign = n % 2 ? -1 : 1;
    int left = 258;
    for (uint32_t i = 0; i < 25; ++i) weights[n * 25 + i] = 0;
    for (uint32_t i = r.below(25), end = i + 25; i < end; ++i) {
      const int largest = left < 127 ? left : 127;
      const int weight = extreme ? largest * sign
                                 : r.either(largest / 4 + 1 < largest ? largest / 4 + 1 : largest);
      weights[n * 25 + i % 25] = int8_t(weight);
      left -= std::abs(weight);
    }
  }
  k.convolve(codes.data(), weights.data(), out.data());
  for (uint32_t n = 0; n < kTile; ++n) {
    int wanted = 0;
    for (int frame = 0; frame < 5; ++frame)
      for (int band = 0; band < 5; ++band)
        wanted += weights[n * 25 + uint32_t(5 * band + frame)] * codes[size_t(5 * frame + band)];
    CHECK(out[n] == wanted, "channel %u: %d, not %d", n, out[n], wanted);
  }
}

void test_dots(const Primitives& k, size_t n, size_t offset, int extreme, Random& r) {
  Guarded<int8_t> codes(n, offset), weights(kClasses * n, offset);
  Guarded<int32_t> sums(kClasses);
  for (size_t i = 0; i < n; ++i) codes[i] = int8_t(extreme ? -128 : r.either(127));
  for (size_t i = 0; i < kClasses * n; ++i) weights[i] = int8_t(extreme ? extreme : r.either(7));
  k.dots(codes.data(), weights.data(), n, sums.data());
  for (size_t c = 0; c < kClasses; ++c) {
    int32_t wanted = 0;
    for (size_t i = 0; i < n; ++i) wanted += codes[i] * weights[c * n + i];
    CHECK(sums[c] == wanted, "%zu products of class %zu: %d, not %d", n, c, sums[c], wanted);
  }
}

void test(const Primitives& k) {
  Random r(7);
  for (uint32_t inputs :
       {16, 32, 48, 80, 128, 144, 256, 320, 336, 352, 400, 512, 672, 1024, 1600, 4096})
    for (uint32_t outputs : {16, 32, 48})
      for (int top : {1, 3})
        for (int repeat = 0; repeat < 3; ++repeat) test_counts(k, inputs, outputs, top, r);
  for (int repeat = 0; repeat < 1000; ++repeat) {
    const size_t offset = size_t(repeat % 32 * 2);
    test_ranks(k, offset, r);
    test_arithmetic(k, offset, r);
  }
  for (int repeat = 0; repeat < 100; ++repeat) test_convolve(k, repeat < 25, r);
  for (size_t n : {64, 128, 192, 1024, 4096, 32768})
    for (size_t offset : {0, 1, 16, 31})
      for (int extreme : {0, 7, -7}) test_dots(k, n, offset, extreme, r);
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
