// From the posteriors of a stream to detections of keywords.
#pragma once
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "bifsmn.h"

// A keyword that begins less than this after the last window in which it was heard
// is the same utterance still, and not detected again.
constexpr double kRefractorySeconds = 0.5;

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
    heard_ = static_cast<uint64_t*>(calloc(info_.classes, sizeof(uint64_t)));
  }
  ~Detector() {
    free(history_);
    free(heard_);
  }
  Detector(const Detector&) = delete;
  Detector& operator=(const Detector&) = delete;

  bool has_memory() const { return history_ && heard_; }

  // The posteriors of the next window. Where that ends a detection: true, and that.
  bool add(const float* posteriors, Detection* ended) {
    const uint32_t row = windows_ % info_.smoothing;
    memcpy(history_ + size_t(row) * info_.classes, posteriors, info_.classes * sizeof(float));
    const double hop = double(info_.hop) / info_.sample_rate, start = double(windows_) * hop;
    ++windows_;
    float score;
    const int64_t label = best_keyword(&score);
    const bool is_heard = label >= 0 && score >= info_.threshold;
    const bool goes_on = is_heard && label == run_;
    const bool ends = !goes_on && finish(ended);
    run_ = is_heard ? label : -1;
    if (!is_heard) return ends;
    if (!goes_on) {
      const uint64_t last = heard_[label];  // 0: never
      open_ = !last || double(windows_ - last) * hop >= kRefractorySeconds;
      current_ = {uint32_t(label), start, 0, 0};
    }
    heard_[label] = windows_;
    current_.end = start + double(info_.window_samples) / info_.sample_rate;
    if (score > current_.score) current_.score = score;
    return ends;
  }

  // What goes on in the last window, as far as it is known; null where nothing does.
  const Detection* current() const { return open_ ? &current_ : nullptr; }

  // The detection that the end of the stream cuts off.
  bool finish(Detection* ended) {
    const bool ends = open_;
    if (ends) *ended = current_;
    open_ = false;
    return ends;
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
  uint64_t* heard_;  // [classes]: after how many windows, 0 for never
  uint64_t windows_ = 0;
  int64_t run_ = -1;   // the keyword that the last window is in a run of
  bool open_ = false;  // whether that is a detection
  Detection current_ = {};
};
