// Detections from posteriors made by hand.
#include <cmath>
#include <initializer_list>

#include "bifsmn.h"
#include "check.h"
#include "labelled_model.h"

using namespace bifsmn;

namespace {

constexpr uint32_t kSilence = 0, kUnknown = 1, kYes = 2, kOther = 3, kClasses = 4;

struct Found {
  bifsmn_detection detections[8];
  uint32_t count = 0;
};

// A detector and its model.
class Fixture {
 public:
  Fixture(float threshold, uint32_t smoothing)
      : model_(labelled_model({"silence", "unknown", "yes", "no"}, threshold, smoothing)) {
    CHECK(bifsmn_detector_new(model_, &detector_) == BIFSMN_OK, "a detector");
  }
  ~Fixture() {
    bifsmn_detector_free(detector_);
    bifsmn_free(model_);
  }
  Fixture(const Fixture&) = delete;
  operator bifsmn_detector*() { return detector_; }

  // A window with this posterior of a label, the rest for silence; adds to `found`.
  void add(uint32_t label, float value, Found* found) {
    float posteriors[kClasses] = {};
    posteriors[kSilence] = 1 - value;
    posteriors[label] = value;
    int is_found = 7;
    const bifsmn_status status =
        bifsmn_detector_add(detector_, posteriors, found->detections + found->count, &is_found);
    CHECK(status == BIFSMN_OK && (is_found == 0 || is_found == 1), "status %d", status);
    found->count += uint32_t(is_found);
  }

  void finish(Found* found) {
    int is_found = 7;
    bifsmn_detector_finish(detector_, found->detections + found->count, &is_found);
    found->count += uint32_t(is_found);
  }

  // Window i has the posterior values[i] for labels[i]; then the stream ends.
  Found run(uint32_t windows, const uint32_t* labels, const float* values) {
    Found found;
    for (uint32_t i = 0; i < windows; ++i) add(labels[i], values[i], &found);
    finish(&found);
    return found;
  }

 private:
  bifsmn_model* model_;
  bifsmn_detector* detector_ = nullptr;
};

Found run(float threshold, uint32_t smoothing, uint32_t windows, const uint32_t* labels,
          const float* values) {
  Fixture f(threshold, smoothing);
  return f.run(windows, labels, values);
}

void check(const bifsmn_detection& d, uint32_t label, uint32_t first, uint32_t last, float score) {
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

void test_thresholds() {
  Fixture f(0.5f, 1);
  CHECK(bifsmn_detector_set_threshold(f, kOther, 0.8f) == BIFSMN_OK, "one of its own");
  const uint32_t labels[] = {kYes, kOther, kOther};
  const float values[] = {0.5f, 0.7f, 0.8f};
  const Found found = f.run(3, labels, values);
  CHECK(found.count == 2, "%u detections", found.count);
  check(found.detections[0], kYes, 0, 0, 0.5f);
  check(found.detections[1], kOther, 2, 2, 0.8f);
}

// The best of all keywords counts, though only a worse one reaches its threshold.
void test_best_only() {
  Fixture f(0.2f, 1);
  bifsmn_detector_set_threshold(f, kOther, 0.9f);
  const float posteriors[kClasses] = {0.2f, 0.1f, 0.3f, 0.4f};
  bifsmn_detection detection;
  int found = 7;
  bifsmn_detector_add(f, posteriors, &detection, &found);
  bifsmn_detector_finish(f, &detection, &found);
  CHECK(found == 0, "a keyword");
}

void test_settings_start_again() {
  Fixture f(0.5f, 3);
  Found found;
  f.add(kYes, 1, &found);
  CHECK(bifsmn_detector_set_smoothing(f, 1) == BIFSMN_OK, "smoothing 1");
  for (int i = 0; i < 2; ++i) {  // the same after a reset: nothing is remembered
    found.count = 0;
    f.add(kYes, 0.6f, &found);
    f.add(kYes, 0.1f, &found);
    CHECK(found.count == 1, "%u detections", found.count);
    check(found.detections[0], kYes, 0, 0, 0.6f);
    bifsmn_detector_reset(f);
  }
  bifsmn_detector_reset(nullptr);
}

void test_refractory_is_set() {
  const uint32_t labels[] = {kYes, kYes, kYes, kYes, kYes};
  const float values[] = {1, 0, 1, 0, 1};
  for (const double seconds : {0.0, 0.064, 0.0641, 3600.0}) {
    Fixture f(0.5f, 1);
    CHECK(bifsmn_detector_set_refractory(f, seconds) == BIFSMN_OK, "%f s", seconds);
    const uint32_t expected = seconds > 0.064 ? 1 : 3;
    const uint32_t count = f.run(5, labels, values).count;
    CHECK(count == expected, "%f s: %u detections, found %u", seconds, expected, count);
  }
}

void test_early() {
  Fixture f(0.5f, 1);
  CHECK(bifsmn_detector_set_early(f, 1) == BIFSMN_OK, "early");
  Found found;
  bifsmn_detection current;
  int goes_on = 7;
  f.add(kYes, 0.6f, &found);
  CHECK(found.count == 1, "at once");
  check(found.detections[0], kYes, 0, 0, 0.6f);
  f.add(kYes, 0.9f, &found);
  CHECK(found.count == 1, "only once");
  CHECK(bifsmn_detector_current(f, &current, &goes_on) == BIFSMN_OK && goes_on == 1, "goes on");
  check(current, kYes, 0, 1, 0.9f);
  f.add(kOther, 0.7f, &found);
  CHECK(found.count == 2, "%u detections", found.count);
  check(found.detections[1], kOther, 2, 2, 0.7f);
  f.finish(&found);
  CHECK(found.count == 2, "%u detections after the end", found.count);
}

// Nothing is lost and nothing comes twice.
void test_early_in_the_middle() {
  Fixture f(0.5f, 1);
  Found found;
  f.add(kYes, 0.6f, &found);
  bifsmn_detector_set_early(f, 1);
  f.add(kOther, 0.7f, &found);  // the one that has ended comes first
  CHECK(found.count == 1, "%u detections", found.count);
  check(found.detections[0], kYes, 0, 0, 0.6f);
  f.add(kOther, 0.8f, &found);
  CHECK(found.count == 2, "%u detections", found.count);
  check(found.detections[1], kOther, 1, 2, 0.8f);
  bifsmn_detector_set_early(f, 0);
  f.finish(&found);
  CHECK(found.count == 2, "%u detections", found.count);
}

void test_current() {
  Fixture f(0.5f, 1);
  Found found;
  bifsmn_detection current = {kYes, 7, 7, 7};
  int goes_on = 7;
  bifsmn_detector_current(f, &current, &goes_on);
  CHECK(goes_on == 0 && current.score == 7, "nothing at first");
  f.add(kYes, 0.6f, &found);
  f.add(kYes, 0.5f, &found);
  bifsmn_detector_current(f, &current, &goes_on);
  CHECK(goes_on == 1, "goes on");
  check(current, kYes, 0, 1, 0.6f);
  f.add(kYes, 0, &found);
  bifsmn_detector_current(f, &current, &goes_on);
  CHECK(goes_on == 0 && found.count == 1, "it has ended");
  f.add(kYes, 0.6f, &found);  // the same utterance still
  bifsmn_detector_current(f, &current, &goes_on);
  CHECK(goes_on == 0, "dropped");
}

void test_bad_arguments() {
  Fixture f(0.5f, 1);
  bifsmn_detector* none = nullptr;
  const auto refused = [](bifsmn_status status) {
    CHECK(status == BIFSMN_BAD_ARGUMENT, "status %d", status);
  };
  refused(bifsmn_detector_new(nullptr, &none));
  for (const uint32_t label : {kSilence, kUnknown, kClasses, ~0u})
    refused(bifsmn_detector_set_threshold(f, label, 0.5f));
  for (const float threshold : {-0.1f, 1.1f, NAN, INFINITY})
    refused(bifsmn_detector_set_threshold(f, kYes, threshold));
  for (const uint32_t windows : {0u, 65u, ~0u}) refused(bifsmn_detector_set_smoothing(f, windows));
  for (const double seconds : {-0.1, 3600.1, double(NAN)})
    refused(bifsmn_detector_set_refractory(f, seconds));
  const uint32_t keywords[kClasses] = {0, 0, 1, 1};
  for (uint32_t k = 0; k < kClasses; ++k)
    CHECK(bifsmn_detector_is_keyword(f, k) == int(keywords[k]), "label %u", k);
  CHECK(!bifsmn_detector_is_keyword(f, kClasses) && !bifsmn_detector_is_keyword(none, kYes),
        "none");

  bifsmn_detection detection;
  float posteriors[kClasses] = {0, 0, 0.6f, 0};
  int found = 7;
  refused(bifsmn_detector_add(none, posteriors, &detection, &found));
  refused(bifsmn_detector_add(f, nullptr, &detection, &found));
  refused(bifsmn_detector_add(f, posteriors, nullptr, &found));
  refused(bifsmn_detector_add(f, posteriors, &detection, nullptr));
  refused(bifsmn_detector_current(none, &detection, &found));
  refused(bifsmn_detector_finish(none, &detection, &found));
  refused(bifsmn_detector_set_early(none, 1));
  for (const float bad : {NAN, INFINITY, -INFINITY}) {
    posteriors[kUnknown] = bad;
    const bifsmn_status status = bifsmn_detector_add(f, posteriors, &detection, &found);
    CHECK(status == BIFSMN_NOT_FINITE && found == 7, "status %d", status);
  }
  bifsmn_detector_free(none);
}

}  // namespace

int main() {
  test_runs_of_windows();
  test_refractory_time();
  test_no_keywords();
  test_smoothing();
  test_thresholds();
  test_best_only();
  test_settings_start_again();
  test_refractory_is_set();
  test_early();
  test_early_in_the_middle();
  test_current();
  test_bad_arguments();
  puts("detections are right");
}
