// The last window of a stream of audio, and its features.
#pragma once
#include "arena.h"
#include "front_end.h"

namespace bifsmn {

class Stream {
 public:
  Stream(const FrontEnd&, Arena& memory);

  void reset();
  // Samples that may be pushed until features() are next due.
  uint32_t missing() const { return missing_; }
  // audio [n], n at most missing().
  void push(const float* audio, size_t n);
  // [T][F] of the last window; call once when nothing is missing. scratch is that
  // of compute_frames.
  const float* features(void* scratch);

 private:
  const FrontEnd* front_end_;
  float* samples_;   // [2][window_samples], see push
  float* features_;  // [T][F]
  uint32_t position_ = 0;  // of the next sample
  uint32_t missing_;
  bool started_ = false;  // features_ are those of one hop ago
};

}  // namespace bifsmn
