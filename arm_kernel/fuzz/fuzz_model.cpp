// Fuzzes the reader of model files and, behind it, every instruction set.
#include "check_model.h"

using namespace bifsmn;

extern "C" size_t LLVMFuzzerMutate(uint8_t* bytes, size_t size, size_t max);

namespace {

// Writes a new small network; returns its size, 0 where there is no room.
size_t replace(uint8_t* bytes, size_t max, Random& random) {
  Config c = smallest_config();
  c.planes = random.between(1, 2);
  c.mels = 4 * random.between(1, 2);
  set_frames(c, 4 * random.between(1, 4));
  c.thinnings = random.between(1, 2);
  c.layers = c.thinnings * random.between(1, 2);
  c.front_channels = 8 * random.between(1, 2);
  c.channels = 16 * random.between(1, 3);
  c.hidden = 16 * random.between(1, 3);
  c.taps_before = random.below(8);
  c.taps_after = random.below(8);
  c.input_pad = random.below(128);
  const Buffer file = random_model(c, random.next());
  if (file.size() > max) return 0;
  memcpy(bytes, file.data(), file.size());
  return file.size();
}

// Changes a few bytes and leaves the size alone.
void overwrite(uint8_t* bytes, size_t size, Random& random) {
  uint8_t part[64] = {};
  const size_t at = 20 + random.below(uint32_t(size - 20));
  const size_t left = size - at, room = left < sizeof part ? left : sizeof part;
  const size_t n = random.between(1, uint32_t(room));
  memcpy(part, bytes + at, n);
  LLVMFuzzerMutate(part, n, n);
  memcpy(bytes + at, part, n);
}

}  // namespace

// Makes length and checksum fit most inputs: else none would get past them.
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* bytes, size_t size, size_t max, unsigned seed) {
  Random random(seed);
  const uint32_t kind = random.below(16);
  if (kind == 0) return LLVMFuzzerMutate(bytes, size, max);
  if (kind == 1)
    if (const size_t replaced = replace(bytes, max, random)) return replaced;
  if (kind < 5 || size <= 20)
    size = LLVMFuzzerMutate(bytes, size, max);
  else
    overwrite(bytes, size, random);
  if (size > 20) seal(bytes, size);
  return size;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  check_model(bytes, size);
  return 0;
}
