// The last window of a stream of audio: its level and its features.
#pragma once
#include "core/arena.h"
#include "frontend/frontend.h"

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

  // The mean square below which a window is gated; 0 for none.
  void set_gate(double mean_square) { gate_ = mean_square; }
  // Whether the last window is; ask when nothing is missing.
  bool is_gated() const {
    return gate_ > 0 && sum_of_squares() < gate_ * front_end_->window_samples;
  }
  // In place of features().
  void skip();

 private:
  double sum_of_squares() const;

  const FrontEnd* front_end_;
  float* samples_;   // [2][window_samples], see push
  float* features_;  // [T][F]
  uint32_t position_ = 0;  // of the next sample
  uint32_t missing_;
  bool started_ = false;  // features_ are those of one hop ago
  double gate_ = 0;
};

}  // namespace bifsmn
