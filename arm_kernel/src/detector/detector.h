// From the posteriors of a stream to detections of keywords.
#pragma once
#include <cstddef>
#include <cstdint>

#include "bifsmn.h"
#include "core/arena.h"

namespace bifsmn {

class Detector {
 public:
  static constexpr uint32_t kMaxSmoothing = 64;  // windows, as in a model file

  Detector(const bifsmn_model*, Arena& memory);

  // false where the label is no keyword.
  bool set_threshold(uint32_t label, float threshold);
  // 1 to kMaxSmoothing; starts again at time 0.
  void set_smoothing(uint32_t windows);
  void set_refractory(double seconds) { refractory_s_ = seconds; }
  void set_early(bool early) { early_ = early; }

  uint32_t classes() const { return classes_; }
  bool is_keyword(uint32_t label) const;

  // These are as in bifsmn.h; true where a detection was written.
  bool add(const float* posteriors, bifsmn_detection* detection);
  bool current(bifsmn_detection* detection) const;
  bool finish(bifsmn_detection* detection);
  void reset();

 private:
  struct Keyword {
    uint32_t label;
    float threshold;
    uint64_t heard;  // after how many windows the last time, 0 for never
  };
  static constexpr uint32_t kNone = ~0u;

  uint32_t best_keyword(float* score) const;
  void begin(uint32_t keyword, uint64_t window);

  uint32_t classes_, count_ = 0, smoothing_;
  Keyword* keywords_;  // [count_]
  float* history_;     // [smoothing_][count_], a ring
  double hop_s_, window_s_, refractory_s_ = 0.5;
  bool early_ = false;

  uint64_t windows_ = 0;
  uint32_t run_ = kNone;  // the keyword of the run that the last window is in
  bool is_open_ = false;   // whether that run is a detection, current_
  bool is_given_ = false;  // whether that has been given
  bifsmn_detection current_ = {};
};

}  // namespace bifsmn
