// Every instruction set gives the reference's logits, bit for bit, at all thinnings.
#include "check.h"
#include "format/format.h"
#include "network/backend.h"
#include "random_model.h"

using namespace bifsmn;

namespace {

void* allocate(size_t bytes) {
  void* memory = aligned_alloc(64, (bytes / 64 + 1) * 64);
  CHECK(memory, "no memory");
  return memory;
}

// A backend's own weights and scratch for a network, and guards behind both.
class Runner {
 public:
  Runner(const Backend& backend, const Network& n)
      : backend_(backend), n_(n), sizes_{backend.prepared_bytes(n), backend.scratch_bytes(n)} {
    for (int i = 0; i < 2; ++i) {
      memory_[i] = static_cast<uint8_t*>(allocate(sizes_[i] + kGuard));
      memset(memory_[i], 0xA5, sizes_[i] + kGuard);  // nor may it matter what was there
    }
    backend.prepare(n, memory_[0]);
  }
  ~Runner() {
    for (uint8_t* memory : memory_) free(memory);
  }

  void run(uint32_t log2_thinning, const float* features, float* logits) {
    backend_.forward(n_, memory_[0], memory_[1], log2_thinning, features, logits);
    for (int i = 0; i < 2; ++i)
      for (size_t k = 0; k < kGuard; ++k)
        CHECK(memory_[i][sizes_[i] + k] == 0xA5, "%s wrote beyond its memory", backend_.name);
  }

 private:
  static constexpr size_t kGuard = 64;
  const Backend& backend_;
  const Network& n_;
  size_t sizes_[2];
  uint8_t* memory_[2];
};

void test(const Config& c, uint64_t seed) {
  const Buffer file = random_model(c, seed);
  size_t bytes = 0;
  CHECK(check_file(file.data(), file.size(), &bytes) == BIFSMN_OK, "model %llu",
        static_cast<unsigned long long>(seed));
  void* memory = allocate(bytes);
  memset(memory, 0, bytes);
  const Network& n = *read_network(file.data(), file.size(), memory);
  Random random(seed);
  const size_t size = size_t(c.mels) * c.frames;
  float* features = static_cast<float*>(allocate(2 * size * sizeof(float)));
  float* wanted = static_cast<float*>(allocate(c.classes * sizeof(float)));
  float* logits = static_cast<float*>(allocate((c.classes + 1) * sizeof(float)));
  random_features(c, random, features);
  random_features(c, random, features + size);
  Runner reference(reference_backend, n);
  for (uint32_t i = 0; available_backend(i) != &reference_backend; ++i) {
    const Backend& backend = *available_backend(i);
    Runner runner(backend, n);
    for (int clip = 0; clip < 2; ++clip)  // the second one on a used scratch
      for (uint32_t d = 0; d < c.thinnings; ++d) {
        reference.run(d, features + clip * size, wanted);
        memset(logits, 0x5A, (c.classes + 1) * sizeof(float));
        runner.run(d, features + clip * size, logits);
        for (uint32_t k = 0; k < c.classes; ++k)
          CHECK(memcmp(wanted + k, logits + k, sizeof(float)) == 0,
                "%s, thinning %u: logit %u is %.9g, not %.9g; F %u T %u P %u C %u H %u taps "
                "%u + 1 + %u planes %u",
                backend.name, 1u << d, k, double(logits[k]), double(wanted[k]), c.mels, c.frames,
                c.front_channels, c.channels, c.hidden, c.taps_before, c.taps_after, c.planes);
        uint32_t guard;
        memcpy(&guard, logits + c.classes, sizeof guard);
        CHECK(guard == 0x5A5A5A5A, "%s wrote beyond the logits", backend.name);
      }
  }
  free(logits);
  free(wanted);
  free(features);
  free(memory);
}

struct Shape {
  uint32_t mels, frames, p, channels, hidden, before, after, planes, thinnings;
};

// What is next to the tiles of 8 frames and 16 channels, and the bounds.
const Shape kShapes[] = {
    {32, 32, 16, 128, 256, 2, 2, 2, 3},  {32, 32, 16, 128, 256, 2, 2, 1, 3},
    {4, 4, 8, 16, 16, 0, 0, 1, 1},       {4, 4, 8, 16, 16, 0, 0, 2, 1},
    {20, 12, 8, 48, 80, 0, 7, 2, 2},     {40, 100, 24, 144, 272, 7, 7, 2, 1},
    {40, 100, 24, 144, 272, 7, 7, 1, 1}, {20, 28, 40, 16, 272, 7, 0, 2, 3},
    {4, 36, 64, 144, 16, 1, 5, 2, 2},    {40, 4, 56, 48, 80, 3, 0, 1, 2},
    {12, 64, 32, 112, 144, 0, 1, 2, 1},  {128, 8, 64, 32, 48, 2, 2, 2, 1},
    {4, 256, 8, 16, 32, 4, 4, 2, 1},     {8, 8, 8, 512, 1024, 2, 2, 2, 1},
    {128, 8, 64, 32, 48, 2, 2, 1, 1},    {4, 4, 64, 16, 1024, 7, 7, 2, 1},
};

}  // namespace

int main() {
  printf("instruction sets:");
  for (uint32_t i = 0; available_backend(i); ++i) printf(" %s", available_backend(i)->name);
  printf("\n");
  uint64_t seed = 1;
  for (const Shape& s : kShapes) {
    Config c = default_config();
    c.mels = s.mels;
    set_frames(c, s.frames);
    c.front_channels = s.p;
    c.channels = s.channels;
    c.hidden = s.hidden;
    c.taps_before = s.before;
    c.taps_after = s.after;
    c.planes = s.planes;
    c.thinnings = s.thinnings;
    c.layers = 1u << (s.thinnings - 1);
    test(c, seed++);
  }
  Random random(seed);
  for (int i = 0; i < 20; ++i) test(random_config(random, 96, 4), seed++);
  printf("%llu models: ok\n", static_cast<unsigned long long>(seed - 1));
  return 0;
}
