// Runs what is to be counted, each after a first run that nobody counts, between the
// markers of insn_roi.cpp; prints the names of the regions in their order.
//
//   count MODEL.bifsmn
#include <cstdio>
#include <cstdlib>

#include "bifsmn.h"

namespace {

// Numbers from -1 to 1, the same in every run.
void fill(float* to, size_t n) {
  uint32_t state = 1;
  for (size_t i = 0; i < n; ++i) {
    state = state * 1664525u + 1013904223u;
    to[i] = float(int32_t(state)) * 0x1p-31f;
  }
}

void require(bifsmn_status status) {
  if (status == BIFSMN_OK) return;
  fprintf(stderr, "count: %s\n", bifsmn_status_text(status));
  exit(1);
}

template <class Run>
void count(const char* name, Run run) {
  require(run());
  asm volatile("hint #0x60" ::: "memory");
  const bifsmn_status status = run();
  asm volatile("hint #0x61" ::: "memory");
  require(status);
  printf("%s\n", name);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    fprintf(stderr, "count: expected a model file\n");
    return 1;
  }
  bifsmn_model* model;
  bifsmn_state* state;
  bifsmn_info info;
  require(bifsmn_load_file(argv[1], &model));
  require(bifsmn_state_new(model, &state));
  require(bifsmn_get_info(model, &info));
  float* audio = static_cast<float*>(malloc(info.window_samples * sizeof(float)));
  float* features = static_cast<float*>(malloc(info.frames * info.mels * sizeof(float)));
  float outputs[BIFSMN_MAX_CLASSES];
  fill(audio, info.window_samples);
  count("features", [=] { return bifsmn_features(state, audio, info.window_samples, features); });
  for (uint32_t thinning = 1; thinning < 1u << info.thinnings; thinning *= 2) {
    char name[32];
    snprintf(name, sizeof name, "logits %u", thinning);
    require(bifsmn_set_thinning(state, thinning));
    count(name, [&] { return bifsmn_logits(state, features, outputs); });
    snprintf(name, sizeof name, "classify %u", thinning);
    count(name, [&] { return bifsmn_classify(state, audio, info.window_samples, outputs); });
  }
  free(audio);
  free(features);
  bifsmn_state_free(state);
  bifsmn_free(model);
}
