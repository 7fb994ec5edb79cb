// From the posteriors of a stream to detections of keywords.
#pragma once
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "bifsmn.h"

// A keyword from the first to the last window whose smoothed posterior reaches the
// threshold and beats all other keywords; score is the best of them.
struct Detection {
  uint32_t label;
  double start, end;  // seconds
  float score;
};

class Detector {
 public:
  explicit Detector(const bifsmn_model* model) : model_(model) {
    bifsmn_get_info(model, &info_);
    history_ = static_cast<float*>(calloc(size_t(info_.smoothing) * info_.classes, sizeof(float)));
  }
  ~Detector() { free(history_); }
  Detector(const Detector&) = delete;
  Detector& operator=(const Detector&) = delete;

  bool has_memory() const { return history_; }

  // The posteriors of the next window. Where that ends a detection: true, and that.
  bool add(const float* posteriors, Detection* ended) {
    const uint32_t row = windows_ % info_.smoothing;
    memcpy(history_ + size_t(row) * info_.classes, posteriors, info_.classes * sizeof(float));
    const double start = double(windows_) * info_.hop / info_.sample_rate;
    ++windows_;
    float score;
    const int64_t label = best_keyword(&score);
    const bool detected = label >= 0 && score >= info_.threshold;
    const bool goes_on = detected && open_ && label == current_.label;
    const bool ends = open_ && !goes_on;
    if (ends) *ended = current_;
    open_ = detected;
    if (!detected) return ends;
    if (!goes_on) current_ = {uint32_t(label), start, 0, 0};
    current_.end = start + double(info_.window_samples) / info_.sample_rate;
    if (score > current_.score) current_.score = score;
    return ends;
  }

  // The detection that the end of the stream cuts off.
  bool finish(Detection* ended) {
    if (open_) *ended = current_;
    return open_;
  }

 private:
  bool is_keyword(uint32_t label) const {
    const char* name = bifsmn_label(model_, label);
    return strcmp(name, "silence") != 0 && strcmp(name, "unknown") != 0;
  }

  // -1 where there is none. Averages over the windows so far, `smoothing` at most.
  int64_t best_keyword(float* score) const {
    const uint32_t rows = windows_ < info_.smoothing ? uint32_t(windows_) : info_.smoothing;
    int64_t best = -1;
    *score = 0;
    for (uint32_t k = 0; k < info_.classes; ++k) {
      if (!is_keyword(k)) continue;
      float sum = 0;
      for (uint32_t i = 0; i < rows; ++i) sum += history_[size_t(i) * info_.classes + k];
      const float mean = sum / float(rows);
      if (best >= 0 && mean <= *score) continue;
      best = k;
      *score = mean;
    }
    return best;
  }

  const bifsmn_model* model_;
  bifsmn_info info_;
  float* history_;  // [smoothing][classes]
  uint64_t windows_ = 0;
  bool open_ = false;
  Detection current_ = {};
};
