// The gate of a stream: quiet windows are silence, all others as without it.
#include <cmath>
#include <initializer_list>

#include "bifsmn.h"
#include "check.h"
#include "labelled_model.h"

using namespace bifsmn;

namespace {

constexpr uint32_t kWindow = 16000, kHop = 512, kClasses = 4;

struct Fixture {
  bifsmn_model* model;
  bifsmn_state *gated = nullptr, *plain = nullptr;

  explicit Fixture(const char* first_label)
      : model(labelled_model({first_label, "unknown", "yes", "no"}, 0.5f, 1)) {
    CHECK(bifsmn_state_new(model, &gated) == BIFSMN_OK, "a state");
    CHECK(bifsmn_state_new(model, &plain) == BIFSMN_OK, "a state");
  }
  ~Fixture() {
    bifsmn_state_free(gated);
    bifsmn_state_free(plain);
    bifsmn_free(model);
  }
};

void push(bifsmn_state* state, const float* audio, size_t n, float* posteriors) {
  size_t used = 0;
  int ready = 0;
  CHECK(bifsmn_push(state, audio, n, &used, posteriors, &ready) == BIFSMN_OK, "audio");
  CHECK(used == n && ready, "%zu of %zu samples", used, n);
}

// Quiet and loud seconds by turns; whether a window is quiet, by the definition.
void test_windows(const char* first_label) {
  constexpr uint32_t kHops = 200;
  constexpr float kGate = -40;
  static float audio[kWindow + kHops * kHop];
  Random r(1);
  for (uint32_t i = 0; i < sizeof audio / sizeof *audio; ++i)
    audio[i] = r.uniform(-1, 1) * (i / 20000 % 2 ? 0.5f : 1e-3f);
  Fixture f(first_label);
  CHECK(bifsmn_set_gate(f.gated, kGate) == BIFSMN_OK, "a gate");
  uint32_t quiet = 0;
  for (uint32_t w = 0; w <= kHops; ++w) {
    const float* window = audio + w * kHop;
    const uint32_t n = w ? kHop : kWindow;
    float found[kClasses], expected[kClasses];
    push(f.gated, window + kWindow - n, n, found);
    push(f.plain, window + kWindow - n, n, expected);
    double sum = 0;
    for (uint32_t i = 0; i < kWindow; ++i) sum += double(window[i]) * window[i];
    if (sum < std::pow(10.0, double(kGate) / 10) * kWindow) {
      ++quiet;
      for (float& p : expected) p = 0;
      expected[0] = strcmp(first_label, "silence") == 0;
    }
    CHECK(memcmp(found, expected, sizeof found) == 0, "window %u", w);
  }
  CHECK(quiet > 20 && quiet < kHops - 20, "%u quiet windows", quiet);
}

// The level itself is not below it; a reset leaves the gate, -INFINITY takes it away.
void test_level() {
  Fixture f("silence");
  static float audio[kWindow];
  for (float& a : audio) a = 0x1p-4f;
  const float level = float(20 * std::log10(0x1p-4));
  float posteriors[kClasses];
  for (const float gate : {level - 0.001f, level + 0.001f, -INFINITY}) {
    CHECK(bifsmn_set_gate(f.gated, gate) == BIFSMN_OK, "%f dB", double(gate));
    bifsmn_reset(f.gated);
    push(f.gated, audio, kWindow, posteriors);
    CHECK((posteriors[0] == 1) == (gate > level), "%f dB: %f", double(gate), double(posteriors[0]));
  }
  memset(audio, 0, sizeof audio);
  for (const float gate : {-200.0f, -INFINITY}) {
    bifsmn_set_gate(f.gated, gate);
    bifsmn_reset(f.gated);
    push(f.gated, audio, kWindow, posteriors);
    CHECK((posteriors[0] == 1) == (gate == -200), "%f dB of zeros", double(gate));
  }
}

void test_bad_arguments() {
  Fixture f("silence");
  for (const float gate : {-200.1f, 0.1f, INFINITY, NAN})
    CHECK(bifsmn_set_gate(f.gated, gate) == BIFSMN_BAD_ARGUMENT, "%f dB", double(gate));
  CHECK(bifsmn_set_gate(nullptr, -50) == BIFSMN_BAD_ARGUMENT, "null");
  CHECK(bifsmn_set_gate(f.gated, 0) == BIFSMN_OK, "0 dB");
}

}  // namespace

int main() {
  test_windows("silence");
  test_windows("quiet");  // a model without silence
  test_level();
  test_bad_arguments();
  puts("quiet windows are silence");
}
