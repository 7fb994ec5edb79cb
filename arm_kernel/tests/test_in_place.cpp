// A network's codes and bits stay in the file's bytes, which may have any alignment, and
// the reference needs no more memory than it says.
#include <initializer_list>

#include "check.h"
#include "format/format.h"
#include "kernels/reference.h"
#include "random_model.h"

using namespace bifsmn;

namespace {

uint8_t* allocate(size_t bytes) {
  void* memory = aligned_alloc(64, (bytes + 63) / 64 * 64);
  CHECK(memory, "no memory");
  return static_cast<uint8_t*>(memory);
}

// Logits of a file whose bytes begin so far from an address that is a multiple of 64.
Buffer logits_at(const Buffer& file, size_t offset, const float* features) {
  uint8_t* bytes = allocate(file.size() + offset);
  memcpy(bytes + offset, file.data(), file.size());
  size_t size = 0;
  CHECK(check_file(bytes + offset, file.size(), &size) == BIFSMN_OK, "offset %zu", offset);
  uint8_t* memory = allocate(size);
  memset(memory, 0, size);
  const Network& n = *read_network(bytes + offset, file.size(), memory);
  for (const void* part : {static_cast<const void*>(n.conv1), static_cast<const void*>(n.weights)})
    CHECK(part > bytes && part < bytes + offset + file.size(), "offset %zu", offset);
  uint8_t* scratch = allocate(reference_scratch_bytes(n));
  Buffer logits;
  float* out = reinterpret_cast<float*>(logits.grow(4 * n.config.classes));
  reference_forward(n, scratch, 0, features, out, nullptr);
  for (uint8_t* part : {bytes, memory, scratch}) free(part);
  return logits;
}

}  // namespace

int main() {
  Random random(1);
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    const Config c = random_config(random, 48, 2);
    const Buffer file = random_model(c, seed);
    Buffer memory;
    float* features = reinterpret_cast<float*>(memory.grow(4 * size_t(c.mels) * c.frames));
    random_features(c, random, features);
    const Buffer expected = logits_at(file, 0, features);
    for (const size_t offset : {1, 2, 3, 7}) {
      const Buffer logits = logits_at(file, offset, features);
      CHECK(memcmp(logits.data(), expected.data(), expected.size()) == 0, "offset %zu", offset);
    }
  }
  puts("a network is read in place");
}
