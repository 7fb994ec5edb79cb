// trace MODEL FEATURES THINNING OUT: writes what every layer of the reference gives.
//
// FEATURES is one example, f32 [T][F]. OUT holds for each position of each layer
// (kernels/reference.h): its name in 12 bytes, filled with zeros, u32 block, u32 n, u32
// whether there are dots, i32 dots [n] if so, i32 values [n]; at last the f32 logits.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "format/format.h"
#include "kernels/reference.h"

using namespace bifsmn;

namespace {

uint8_t* read_file(const char* path, size_t* length) {
  FILE* file = fopen(path, "rb");
  if (!file) return nullptr;
  fseek(file, 0, SEEK_END);
  *length = size_t(ftell(file));
  rewind(file);
  uint8_t* bytes = static_cast<uint8_t*>(malloc(*length));
  if (fread(bytes, 1, *length, file) != *length) bytes = nullptr;
  fclose(file);
  return bytes;
}

struct Head {
  char name[12];
  uint32_t block, n, has_dots;
};

void write_row(void* self, const char* name, uint32_t block, size_t n, const int32_t* dots,
               const int32_t* values) {
  FILE* out = static_cast<FILE*>(self);
  Head head = {"", block, uint32_t(n), dots != nullptr};
  memcpy(head.name, name, strlen(name));
  fwrite(&head, sizeof head, 1, out);
  if (dots) fwrite(dots, sizeof *dots, n, out);
  fwrite(values, sizeof *values, n, out);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  size_t length, features_length, memory;
  const uint8_t* bytes = read_file(argv[1], &length);
  const uint8_t* features = read_file(argv[2], &features_length);
  FILE* out = fopen(argv[4], "wb");
  if (!bytes || !features || !out || check_file(bytes, length, &memory) != BIFSMN_OK) return 1;
  const Network* network = read_network(bytes, length, calloc(1, memory));
  void* scratch = calloc(1, reference_scratch_bytes(*network));
  float logits[BIFSMN_MAX_CLASSES];
  const Trace trace = {write_row, out};
  uint32_t log2_thinning = 0;
  while (1 << log2_thinning < atoi(argv[3])) ++log2_thinning;
  reference_forward(*network, scratch, log2_thinning, reinterpret_cast<const float*>(features),
                    logits, &trace);
  fwrite(logits, sizeof *logits, network->config.classes, out);
  return fclose(out);
}
