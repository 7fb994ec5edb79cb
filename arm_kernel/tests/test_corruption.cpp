// Truncated, flipped and extended files are refused; files whose checksum was
// made to fit are refused or computed alike on all instruction sets.
//
//   test_corruption [MODEL.bifsmn]   # of this file instead, at every byte
#include <cstdio>
#include <initializer_list>

#include "../fuzz/check_model.h"
#include "load.h"

using namespace bifsmn;

namespace {

void truncate(const Buffer& file) {
  for (size_t size = 0; size < file.size(); ++size) {
    const bifsmn_status expected = size < 8 ? BIFSMN_NOT_A_MODEL : BIFSMN_WRONG_LENGTH;
    const bifsmn_status status = load(file.data(), size);
    CHECK(status == expected, "status %d for %zu bytes", status, size);
  }
}

void extend(const Buffer& file, uint8_t byte) {
  Buffer longer(file.data(), file.size());
  for (int n = 1; n <= 64; ++n) {
    longer.put(byte);
    const bifsmn_status status = load(longer.data(), longer.size());
    CHECK(status == BIFSMN_WRONG_LENGTH, "status %d for %d more bytes", status, n);
  }
}

bifsmn_status expected_of_flip(size_t at) {
  if (at < 8) return BIFSMN_NOT_A_MODEL;
  if (at < 12) return BIFSMN_WRONG_VERSION;
  return at < 16 ? BIFSMN_WRONG_LENGTH : BIFSMN_WRONG_CHECKSUM;
}

// All bits of the header, then one of every `step`-th byte.
void flip(Buffer& file, size_t step, Random& random) {
  for (size_t at = 0; at < file.size(); at += at < kStrings ? 1 : step) {
    const int one = int(random.below(8));
    for (int bit = 0; bit < 8; ++bit) {
      if (at >= kStrings && bit != one) continue;
      file[at] = uint8_t(file[at] ^ 1 << bit);
      const bifsmn_status status = load(file.data(), file.size());
      CHECK(status == expected_of_flip(at), "status %d for bit %d of byte %zu", status, bit, at);
      file[at] = uint8_t(file[at] ^ 1 << bit);
    }
  }
}

// Shorter and longer files whose length and checksum are right.
void resize_sealed(const Buffer& file) {
  Buffer changed(file.data(), file.size());
  for (size_t size = 20; size < file.size(); ++size) {
    seal(changed.data(), size);
    CHECK(load(changed.data(), size) == BIFSMN_INVALID, "%zu bytes", size);
    memcpy(changed.data() + 12, file.data() + 12, 8);
  }
  for (int n = 1; n <= 64; ++n) {
    changed.put(uint8_t(0));
    seal(changed.data(), changed.size());
    CHECK(load(changed.data(), changed.size()) == BIFSMN_INVALID, "%d more bytes", n);
  }
}

// Returns how many of the changed files are models.
int mutate_sealed(const Config& c, int times, Random& random) {
  const Buffer file = random_model(c, random.next());
  int models = 0;
  for (int i = 0; i < times; ++i) {
    Buffer changed(file.data(), file.size());
    for (uint32_t n = random.between(1, 4); n > 0; --n)
      changed[20 + random.below(uint32_t(file.size()) - 20)] = uint8_t(random.next());
    seal(changed.data(), changed.size());
    models += check_model(changed.data(), changed.size());
  }
  return models;
}

void test_everywhere(Buffer& file, size_t step) {
  Random random(7);
  CHECK(load(file.data(), file.size()) == BIFSMN_OK, "the whole file");
  truncate(file);
  extend(file, 0);
  extend(file, 0xA5);
  flip(file, step, random);
  CHECK(load(file.data(), file.size()) == BIFSMN_OK, "the file as it was");
}

Buffer read(const char* path) {
  FILE* f = fopen(path, "rb");
  CHECK(f, "expected a model file, cannot read %s", path);
  Buffer content;
  for (int byte; (byte = getc(f)) != EOF;) content.put(uint8_t(byte));
  fclose(f);
  return content;
}

}  // namespace

int main(int count, char** words) {
  if (count > 1) {
    Buffer file = read(words[1]);
    test_everywhere(file, 1);
    printf("no damage to any of %zu bytes passes\n", file.size());
    return 0;
  }
  Config two_planes = smallest_config();
  two_planes.planes = 2;
  two_planes.layers = two_planes.thinnings = 2;
  two_planes.taps_before = two_planes.taps_after = 2;
  for (const Config& c : {smallest_config(), two_planes}) {
    Buffer file = random_model(c, 7);
    test_everywhere(file, 1);
    resize_sealed(random_model(c, 8));
  }
  Buffer large = random_model(default_config(), 7);
  test_everywhere(large, 53);

  Random random(9);
  int models = 0;
  for (int i = 0; i < 20; ++i)
    models += mutate_sealed(i % 2 ? two_planes : smallest_config(), 50, random);
  CHECK(models >= 100 && models <= 900, "%d of 1000 changed files are models", models);
  printf("no damage passes; %d of 1000 changed files are models\n", models);
}
