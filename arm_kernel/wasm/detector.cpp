// The detector of the programs, as C functions for the page.
#include "../tools/detector.h"

#include <new>

extern "C" {

void detector_free(Detector* detector) {
  if (detector) detector->~Detector();
  free(detector);
}

// Null where there is no memory.
Detector* detector_new(const bifsmn_model* model) {
  void* memory = malloc(sizeof(Detector));
  if (!memory) return nullptr;
  Detector* detector = new (memory) Detector(model);
  if (detector->has_memory()) return detector;
  detector_free(detector);
  return nullptr;
}

int detector_add(Detector* detector, const float* posteriors, Detection* ended) {
  return detector->add(posteriors, ended);
}

// Null where nothing goes on.
const Detection* detector_current(const Detector* detector) { return detector->current(); }

int detector_finish(Detector* detector, Detection* ended) { return detector->finish(ended); }

}  // extern "C"
