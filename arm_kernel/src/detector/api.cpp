// The detector in C (include/bifsmn.h).
#include <cstdlib>

#include "bifsmn.h"
#include "core/all_below.h"
#include "detector/detector.h"

using namespace bifsmn;

struct bifsmn_detector {
  Detector rule;
};

namespace {

constexpr double kMaxRefractorySeconds = 3600;

// The detector itself comes first, then its memory.
bifsmn_detector lay_out(const bifsmn_model* model, Arena& arena) {
  arena.take<bifsmn_detector>(1);
  return {Detector(model, arena)};
}

}  // namespace

bifsmn_status bifsmn_detector_new(const bifsmn_model* model, bifsmn_detector** detector) {
  if (!model || !detector) return BIFSMN_BAD_ARGUMENT;
  Arena needed(nullptr);
  lay_out(model, needed);
  void* memory = calloc(needed.used(), 1);
  if (!memory) return BIFSMN_NO_MEMORY;
  Arena arena(memory);
  const bifsmn_detector made = lay_out(model, arena);
  *detector = static_cast<bifsmn_detector*>(memory);
  **detector = made;
  return BIFSMN_OK;
}

void bifsmn_detector_free(bifsmn_detector* detector) { free(detector); }

bifsmn_status bifsmn_detector_set_threshold(bifsmn_detector* detector, uint32_t label,
                                            float threshold) {
  const bool is_posterior = threshold >= 0 && threshold <= 1;  // NaN is not
  if (!detector || !is_posterior) return BIFSMN_BAD_ARGUMENT;
  return detector->rule.set_threshold(label, threshold) ? BIFSMN_OK : BIFSMN_BAD_ARGUMENT;
}

bifsmn_status bifsmn_detector_set_smoothing(bifsmn_detector* detector, uint32_t windows) {
  if (!detector || windows < 1 || windows > Detector::kMaxSmoothing) return BIFSMN_BAD_ARGUMENT;
  detector->rule.set_smoothing(windows);
  return BIFSMN_OK;
}

bifsmn_status bifsmn_detector_set_refractory(bifsmn_detector* detector, double seconds) {
  const bool is_time = seconds >= 0 && seconds <= kMaxRefractorySeconds;
  if (!detector || !is_time) return BIFSMN_BAD_ARGUMENT;
  detector->rule.set_refractory(seconds);
  return BIFSMN_OK;
}

bifsmn_status bifsmn_detector_set_early(bifsmn_detector* detector, int early) {
  if (!detector) return BIFSMN_BAD_ARGUMENT;
  detector->rule.set_early(early != 0);
  return BIFSMN_OK;
}

int bifsmn_detector_is_keyword(const bifsmn_detector* detector, uint32_t label) {
  return detector && detector->rule.is_keyword(label);
}

bifsmn_status bifsmn_detector_add(bifsmn_detector* detector, const float* posteriors,
                                  bifsmn_detection* detection, int* found) {
  if (!detector || !posteriors || !detection || !found) return BIFSMN_BAD_ARGUMENT;
  if (!all_below(kInfinity, posteriors, detector->rule.classes())) return BIFSMN_NOT_FINITE;
  *found = detector->rule.add(posteriors, detection);
  return BIFSMN_OK;
}

bifsmn_status bifsmn_detector_current(const bifsmn_detector* detector, bifsmn_detection* detection,
                                      int* found) {
  if (!detector || !detection || !found) return BIFSMN_BAD_ARGUMENT;
  *found = detector->rule.current(detection);
  return BIFSMN_OK;
}

bifsmn_status bifsmn_detector_finish(bifsmn_detector* detector, bifsmn_detection* detection,
                                     int* found) {
  if (!detector || !detection || !found) return BIFSMN_BAD_ARGUMENT;
  *found = detector->rule.finish(detection);
  return BIFSMN_OK;
}

void bifsmn_detector_reset(bifsmn_detector* detector) {
  if (detector) detector->rule.reset();
}
