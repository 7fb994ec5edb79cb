// Writes the tables of a model's front end as source code, for the read-only memory of a
// device. Runs on the machine that builds the firmware.
//
//   make_tables MODEL.bifsmn > tables.cpp
#include <cstdio>

#include "format/format.h"
#include "front_end.h"
#include "host_file.h"

using namespace bifsmn;

namespace {

Config read_config(const char* path) {
  const HostFile file("make_tables", path);
  size_t network_bytes;
  if (check_file(file.bytes, file.length, &network_bytes) != BIFSMN_OK)
    fail("make_tables", path,
         "expected a .bifsmn file of this engine's version, found another one");
  return read_network(file.bytes, file.length, allocate(network_bytes))->config;
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
