// Detections of bifsmn-run, from posteriors made by hand.
#include "../tools/detector.h"

#include <initializer_list>

#include "check.h"
#include "random_model.h"

using namespace bifsmn;

namespace {

constexpr uint32_t kSilence = 0, kUnknown = 1, kYes = 2, kOther = 3, kClasses = 4;

// A model with those labels; windows of 1 s every 32 ms.
bifsmn_model* make_model(float threshold, uint32_t smoothing) {
  Config c = default_config();
  c.classes = kClasses;
  c.threshold = threshold;
  c.smoothing = smoothing;
  const Buffer random = random_model(c, 1);
  constexpr size_t kLabels = 20 + sizeof(Config), kLabelBytes = 2 + 6;  // "word 0"
  Buffer file(random.data(), kLabels);
  for (const char* label : {"silence", "unknown", "yes", "no"}) {
    file.put(uint16_t(strlen(label)));
    file.append(label, strlen(label));
  }
  const size_t rest = kLabels + kClasses * kLabelBytes;
  file.append(random.data() + rest, random.size() - rest);
  seal(file.data(), file.size());
  bifsmn_model* model = nullptr;
  const bifsmn_status status = bifsmn_load_memory(file.data(), file.size(), &model);
  CHECK(status == BIFSMN_OK, "status %d", status);
  return model;
}

struct Found {
  Detection detections[8];
  uint32_t count = 0;
};

// Window i has the posterior values[i] for labels[i], the rest for silence.
Found run(float threshold, uint32_t smoothing, uint32_t windows, const uint32_t* labels,
          const float* values) {
  bifsmn_model* model = make_model(threshold, smoothing);
  Found found;
  {
    Detector detector(model);
    CHECK(detector.has_memory(), "memory");
    for (uint32_t i = 0; i < windows; ++i) {
      float posteriors[kClasses] = {};
      posteriors[kSilence] = 1 - values[i];
      posteriors[labels[i]] = values[i];
      found.count += detector.add(posteriors, &found.detections[found.count]);
    }
    found.count += detector.finish(&found.detections[found.count]);
  }
  bifsmn_free(model);
  return found;
}

void check(const Detection& d, uint32_t label, uint32_t first, uint32_t last, float score) {
  CHECK(d.label == label, "label %u, found %u", label, d.label);
  CHECK(std::fabs(d.start - first * 0.032) < 1e-9, "from window %u, found %f s", first, d.start);
  CHECK(std::fabs(d.end - (last * 0.032 + 1)) < 1e-9, "to window %u, found %f s", last, d.end);
  CHECK(std::fabs(d.score - score) < 1e-6f, "score %f, found %f", double(score), double(d.score));
}

void test_runs_of_windows() {
  const uint32_t labels[] = {kYes, kYes, kYes, kYes, kOther, kOther, kYes};
  const float values[] = {0.2f, 0.5f, 0.9f, 0.6f, 0.7f, 0.1f, 0.4f};
  const Found found = run(0.5f, 1, 7, labels, values);
  CHECK(found.count == 2, "%u detections", found.count);
  check(found.detections[0], kYes, 1, 3, 0.9f);
  check(found.detections[1], kOther, 4, 4, 0.7f);  // one ends where another begins
  const Found cut = run(0.5f, 1, 2, labels, values);
  CHECK(cut.count == 1, "%u detections", cut.count);
  check(cut.detections[0], kYes, 1, 1, 0.5f);  // the end of the stream ends it
}

// Windows are 32 ms apart: 15 of them last less than the refractory time, 16 longer.
void test_refractory_time() {
  constexpr uint32_t kWindows = 50;
  uint32_t labels[kWindows];
  float values[kWindows] = {};
  for (uint32_t& label : labels) label = kYes;
  values[0] = 0.6f;
  values[15] = values[16] = 0.7f;  // the same yes still
  values[18] = 0.8f;               // another keyword is not held up
  labels[18] = kOther;
  values[32] = 0.9f;
  const Found found = run(0.5f, 1, kWindows, labels, values);
  CHECK(found.count == 3, "%u detections", found.count);
  check(found.detections[0], kYes, 0, 0, 0.6f);
  check(found.detections[1], kOther, 18, 18, 0.8f);
  check(found.detections[2], kYes, 32, 32, 0.9f);
}

void test_no_keywords() {
  const uint32_t labels[] = {kSilence, kUnknown, kYes};
  const float values[] = {1, 1, 0.49f};
  CHECK(run(0.5f, 1, 3, labels, values).count == 0, "silence, unknown, and too faint a yes");
}

// A single window is not enough; the mean over 3 must reach the threshold.
void test_smoothing() {
  const uint32_t labels[] = {kOther, kOther, kYes, kOther, kYes, kYes, kYes, kOther, kOther};
  const float values[] = {0, 0, 1, 0, 0.6f, 0.9f, 0.6f, 0, 0};
  const Found found = run(0.6f, 3, 9, labels, values);
  CHECK(found.count == 1, "%u detections", found.count);
  check(found.detections[0], kYes, 6, 6, 0.7f);
}

}  // namespace

int main() {
  test_runs_of_windows();
  test_refractory_time();
  test_no_keywords();
  test_smoothing();
  puts("detections are right");
}
