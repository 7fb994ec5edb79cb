// Audio through the C ABI: its parts agree, and bad arguments change nothing.
#include <cmath>
#include <initializer_list>

#include "bifsmn.h"
#include "check.h"
#include "random_model.h"

using namespace bifsmn;

namespace {

constexpr uint32_t kWindow = 16000, kClasses = 12;

struct Fixture {
  bifsmn_model* model = nullptr;
  bifsmn_state* state = nullptr;
  float audio[kWindow + 1];

  Fixture() {
    const Buffer file = random_model(default_config(), 11);
    CHECK(bifsmn_load_memory(file.data(), file.size(), &model) == BIFSMN_OK, "a model");
    CHECK(bifsmn_state_new(model, &state) == BIFSMN_OK, "a state");
    Random r(1);
    for (float& a : audio) a = r.uniform(-0.3f, 0.3f);
  }
  ~Fixture() {
    bifsmn_state_free(state);
    bifsmn_free(model);
  }
};

void test_parts_agree(Fixture& f) {
  float features[32 * 32], logits[kClasses], posteriors[kClasses];
  for (uint32_t thinning : {1u, 2u, 4u}) {
    bifsmn_set_thinning(f.state, thinning);
    CHECK(bifsmn_classify(f.state, f.audio, kWindow, posteriors) == BIFSMN_OK, "thinning %u",
          thinning);
    CHECK(bifsmn_features(f.state, f.audio, kWindow, features) == BIFSMN_OK, "thinning %u",
          thinning);
    CHECK(bifsmn_logits(f.state, features, logits) == BIFSMN_OK, "thinning %u", thinning);
    double sum = 0, total = 0;
    for (float logit : logits) sum += std::exp(double(logit));
    for (uint32_t k = 0; k < kClasses; ++k) {
      const double expected = std::exp(double(logits[k])) / sum;
      CHECK(std::fabs(double(posteriors[k]) - expected) < 1e-7, "class %u: %.9f, found %.9f", k,
            expected, double(posteriors[k]));
      total += double(posteriors[k]);
    }
    CHECK(std::fabs(total - 1) < 1e-6, "sum %.9f", total);
  }
}

// Posteriors of networks with huge logits are numbers, too.
void test_huge_logits() {
  Buffer file = random_model(default_config(), 11);
  const size_t biases = file.size() - kClasses * 128 / 2 - 4 * kClasses;
  const float unit = 1;
  memcpy(file.data() + biases - 5, &unit, 4);
  for (uint32_t k = 0; k < kClasses; ++k) {
    const int32_t bias = k == 3 ? 1 << 20 : -(1 << 20);  // more than all weights together
    memcpy(file.data() + biases + 4 * k, &bias, 4);
  }
  seal(file.data(), file.size());
  bifsmn_model* model = nullptr;
  bifsmn_state* state = nullptr;
  float posteriors[kClasses];
  CHECK(bifsmn_load_memory(file.data(), file.size(), &model) == BIFSMN_OK, "a model");
  CHECK(bifsmn_state_new(model, &state) == BIFSMN_OK, "a state");
  CHECK(bifsmn_classify(state, nullptr, 0, posteriors) == BIFSMN_OK, "no audio is silence");
  for (uint32_t k = 0; k < kClasses; ++k)
    CHECK(posteriors[k] == float(k == 3), "class %u: %f", k, double(posteriors[k]));
  bifsmn_state_free(state);
  bifsmn_free(model);
}

bool untouched(const float* values, size_t n) {
  for (size_t i = 0; i < n; ++i)
    if (values[i] != -7) return false;
  return true;
}

void test_bad_audio(Fixture& f) {
  float features[32 * 32], posteriors[kClasses];
  for (float& v : features) v = -7;
  for (float& v : posteriors) v = -7;
  const auto refused = [&](const float* audio, size_t samples, bifsmn_status expected) {
    CHECK(bifsmn_features(f.state, audio, samples, features) == expected, "%zu", samples);
    CHECK(bifsmn_classify(f.state, audio, samples, posteriors) == expected, "%zu", samples);
    CHECK(untouched(features, 32 * 32) && untouched(posteriors, kClasses), "%zu", samples);
  };
  refused(nullptr, 1, BIFSMN_BAD_ARGUMENT);
  refused(f.audio, kWindow + 1, BIFSMN_BAD_ARGUMENT);
  for (const float bad : {NAN, INFINITY, -INFINITY})
    for (const uint32_t at : {0u, 1u, 7777u, kWindow - 1}) {
      const float good = f.audio[at];
      f.audio[at] = bad;
      refused(f.audio, kWindow, BIFSMN_NOT_FINITE);
      f.audio[at] = good;
    }
  for (const float bad : {16.0f, -16.0f, 32767.0f, -3e38f}) {
    const float first = f.audio[0], good = f.audio[7777];
    f.audio[7777] = bad;
    refused(f.audio, kWindow, BIFSMN_TOO_LOUD);
    f.audio[0] = NAN;  // which says more
    refused(f.audio, kWindow, BIFSMN_NOT_FINITE);
    f.audio[0] = first;
    f.audio[7777] = std::nextafter(16.0f, 0.0f);
    CHECK(bifsmn_classify(f.state, f.audio, kWindow, posteriors) == BIFSMN_OK, "just below");
    for (float& v : posteriors) v = -7;
    f.audio[7777] = good;
  }
  CHECK(bifsmn_features(f.state, f.audio, 1, nullptr) == BIFSMN_BAD_ARGUMENT, "null");
  CHECK(bifsmn_classify(f.state, f.audio, 1, nullptr) == BIFSMN_BAD_ARGUMENT, "null");
  CHECK(bifsmn_features(nullptr, f.audio, 1, features) == BIFSMN_BAD_ARGUMENT, "null");
  CHECK(bifsmn_classify(nullptr, f.audio, 1, posteriors) == BIFSMN_BAD_ARGUMENT, "null");
}

void test_other_arguments(Fixture& f) {
  float features[32 * 32] = {}, logits[kClasses];
  bifsmn_info info;
  CHECK(bifsmn_get_info(f.model, &info) == BIFSMN_OK && info.window_samples == kWindow &&
            info.classes == kClasses && info.hop == 512,
        "info");
  CHECK(strcmp(bifsmn_label(f.model, 11), "word 11") == 0, "label");
  CHECK(bifsmn_label(f.model, kClasses) == nullptr, "label");
  CHECK(info.thinnings == 3, "thinnings 1, 2 and 4");
  CHECK(bifsmn_get_thinning(f.state) == 4, "thinning");
  features[1023] = NAN;
  CHECK(bifsmn_logits(f.state, features, logits) == BIFSMN_NOT_FINITE, "NaN");
  CHECK(bifsmn_logits(f.state, nullptr, logits) == BIFSMN_BAD_ARGUMENT, "null");
  CHECK(bifsmn_load_file("/no/such/file", &f.model) == BIFSMN_NO_FILE, "no file");
  CHECK(bifsmn_load_file("/", &f.model) == BIFSMN_NO_FILE, "a folder");
  CHECK(bifsmn_load_file(nullptr, &f.model) == BIFSMN_BAD_ARGUMENT, "null");
  bifsmn_free(nullptr);
  bifsmn_state_free(nullptr);
  for (int status = 0; status <= BIFSMN_TOO_LOUD + 1; ++status)
    CHECK(*bifsmn_status_text(bifsmn_status(status)), "status %d", status);
}

}  // namespace

int main() {
  static Fixture f;
  test_parts_agree(f);
  test_huge_logits();
  test_bad_audio(f);
  test_other_arguments(f);
  puts("the C ABI keeps its word");
}
