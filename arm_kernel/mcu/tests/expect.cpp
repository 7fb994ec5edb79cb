// What a device must print, by the reference and the front end of this machine.
//
//   expect MODEL.bifsmn CLIP.raw FEATURES.raw    writes the features, prints logits
#include <cstdio>
#include <cstring>

#include "core/softmax.h"
#include "format/format.h"
#include "frontend/frontend.h"
#include "host_file.h"
#include "kernels/reference.h"

using namespace bifsmn;

namespace {

void print(const char* name, const float* values, size_t n) {
  printf("%s", name);
  for (size_t i = 0; i < n; ++i) {
    uint32_t bits;
    memcpy(&bits, values + i, sizeof bits);
    printf(" %08x", bits);
  }
  printf("\n");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    fprintf(stderr, "expect: expected a model, a clip, and where the features go\n");
    return 1;
  }
  const HostFile model("expect", argv[1]), clip("expect", argv[2]);
  size_t bytes;
  if (check_file(model.bytes, model.length, &bytes) != BIFSMN_OK) {
    fprintf(stderr, "expect: %s: expected a model, found another file\n", argv[1]);
    return 1;
  }
  const Network& n = *read_network(model.bytes, model.length, allocate(bytes));
  const Config& c = n.config;
  const FrontEnd* front_end = make_front_end(c, "", allocate(front_end_bytes(c)));
  const size_t samples = c.window_samples - 1000;  // as measure.cpp
  const size_t size = size_t(c.frames) * c.mels;
  if (clip.length < 2 * samples) {
    fprintf(stderr, "expect: %s: expected %zu samples, found fewer\n", argv[2], samples);
    return 1;
  }
  float* const audio = static_cast<float*>(allocate(samples * sizeof(float)));
  float* const features = static_cast<float*>(allocate(size * sizeof(float)));
  float* const logits = static_cast<float*>(allocate(c.classes * sizeof(float)));
  for (size_t i = 0; i < samples; ++i) {
    int16_t sample;
    memcpy(&sample, clip.bytes + 2 * i, 2);
    audio[i] = float(sample) / 32768;
  }
  compute_frames(*front_end, allocate(front_end_scratch_bytes(c)), audio, samples, 0, c.frames,
                 features);
  FILE* out = fopen(argv[3], "wb");
  if (!out || fwrite(features, sizeof(float), size, out) != size || fclose(out)) {
    fprintf(stderr, "expect: %s: expected to write, could not\n", argv[3]);
    return 1;
  }
  print("features", features, size);
  void* const scratch = allocate(reference_scratch_bytes(n));
  for (uint32_t d = 0; d < c.thinnings; ++d) {
    reference_forward(n, scratch, d, features, logits, nullptr);
    print("logits", logits, c.classes);
    if (d > 0) continue;
    print("reference", logits, c.classes);
    softmax(logits, c.classes, logits);
    print("posteriors", logits, c.classes);
  }
}
