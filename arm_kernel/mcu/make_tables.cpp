// Writes the tables of a model's front end as source code, for the read-only memory of a
// device. Runs on the machine that builds the firmware.
//
//   make_tables MODEL.bifsmn > tables.cpp
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "format/format.h"
#include "front_end.h"

using namespace bifsmn;

namespace {

void fail(const char* path, const char* what) {
  fprintf(stderr, "make_tables: %s: %s\n", path, what);
  exit(1);
}

// Zeroed; ends with the program.
void* allocate(size_t bytes) {
  void* memory = aligned_alloc(64, (bytes + 63) / 64 * 64);
  if (!memory) abort();
  memset(memory, 0, bytes);
  return memory;
}

Config read_config(const char* path) {
  FILE* file = fopen(path, "rb");
  if (!file || fseek(file, 0, SEEK_END) != 0) fail(path, "expected a file, found none to read");
  const size_t length = size_t(ftell(file));
  rewind(file);
  uint8_t* bytes = static_cast<uint8_t*>(allocate(length));
  size_t network_bytes;
  if (fread(bytes, 1, length, file) != length ||
      check_file(bytes, length, &network_bytes) != BIFSMN_OK)
    fail(path, "expected a .bifsmn file of this engine's version, found another one");
  return read_network(bytes, length, allocate(network_bytes))->config;
}

void print(const char* name, const float* begin, const float* end) {
  printf("alignas(16) const float %s[%zu] = {", name, size_t(end - begin));
  for (const float* at = begin; at < end; ++at)
    printf("%s%af,", (at - begin) % 8 ? " " : "\n    ", double(*at));
  printf("\n};\n\n");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    fprintf(stderr, "make_tables: expected a model file\n");
    return 1;
  }
  const Config c = read_config(argv[1]);
  const FrontEnd& f = *make_front_end(c, "", allocate(front_end_bytes(c)));
  const float* const segments = reinterpret_cast<const float*>(f.segments);
  printf(
      "// Made by make_tables.\n#include \"bifsmn_spotter.h\"\n#include "
      "\"front_end.h\"\n\nnamespace bifsmn {\nnamespace {\n\n");
  // They lie behind one another: each ends where the next one begins.
  print("window", f.window, f.column_turns);
  print("column_turns", f.column_turns, f.lane_turns);
  print("lane_turns", f.lane_turns, segments);
  for (uint32_t i = 0; i <= c.mels; ++i) {
    char name[32];
    snprintf(name, sizeof name, "weights_%u", i);
    print(name, f.segments[i].weights, f.segments[i].weights + 2 * f.segments[i].width);
  }
  printf("const Segment segments[%u] = {\n", c.mels + 1);
  for (uint32_t i = 0; i <= c.mels; ++i)
    printf("    {%u, %u, weights_%u},\n", f.segments[i].first, f.segments[i].width, i);
  printf("};\n\n}  // namespace\n}  // namespace bifsmn\n\nusing namespace bifsmn;\n\n");
  printf("const bifsmn_front_end bifsmn_tables = {\n");
  printf("    {%u, %u, %u, %u, %u, %af, frame_of_device,\n", f.window_samples, f.n_fft, f.hop,
         f.frames, f.mels, double(f.power_floor));
  printf("     %af, window, column_turns, lane_turns, segments},\n", double(f.scale));
  printf("    %u, %af, %af, %af};\n", c.sample_rate, double(c.f_min), double(c.f_max),
         double(c.power_floor));
}
