#include "detector/detector.h"

#include "core/labels.h"

namespace bifsmn {

Detector::Detector(const bifsmn_model* model, Arena& memory) {
  bifsmn_info info;
  bifsmn_get_info(model, &info);
  classes_ = info.classes;
  smoothing_ = info.smoothing;
  hop_s_ = double(info.hop) / info.sample_rate;
  window_s_ = double(info.window_samples) / info.sample_rate;
  keywords_ = memory.take<Keyword>(classes_);
  history_ = memory.take<float>(size_t(kMaxSmoothing) * classes_);
  for (uint32_t k = 0; k < classes_ && keywords_; ++k)
    if (names_keyword(bifsmn_label(model, k)))
      keywords_[count_++] = {k, bifsmn_threshold(model, k), 0};
}

bool Detector::is_keyword(uint32_t label) const {
  for (uint32_t k = 0; k < count_; ++k)
    if (keywords_[k].label == label) return true;
  return false;
}

bool Detector::set_threshold(uint32_t label, float threshold) {
  for (uint32_t k = 0; k < count_; ++k)
    if (keywords_[k].label == label) {
      keywords_[k].threshold = threshold;
      return true;
    }
  return false;
}

void Detector::set_smoothing(uint32_t windows) {
  smoothing_ = windows;
  reset();
}

void Detector::reset() {
  windows_ = 0;
  for (uint32_t k = 0; k < count_; ++k) keywords_[k].heard = 0;
  run_ = kNone;
  is_open_ = false;
}

bool Detector::add(const float* posteriors, bifsmn_detection* detection) {
  const uint64_t window = windows_++;
  float* row = history_ + size_t(window % smoothing_) * count_;
  for (uint32_t k = 0; k < count_; ++k) row[k] = posteriors[keywords_[k].label];
  float score;
  const uint32_t best = best_keyword(&score);
  const bool goes_on = best != kNone && best == run_;
  bool is_found = !goes_on && finish(detection);
  if (best == kNone) return is_found;
  if (!goes_on) begin(best, window);
  keywords_[best].heard = windows_;
  current_.end = double(window) * hop_s_ + window_s_;
  if (score > current_.score) current_.score = score;
  if (early_ && is_open_ && !is_given_ && !is_found) {
    *detection = current_;
    is_found = is_given_ = true;
  }
  return is_found;
}

bool Detector::current(bifsmn_detection* detection) const {
  if (is_open_) *detection = current_;
  return is_open_;
}

bool Detector::finish(bifsmn_detection* detection) {
  const bool is_found = is_open_ && !is_given_;
  if (is_found) *detection = current_;
  run_ = kNone;
  is_open_ = false;
  return is_found;
}

void Detector::begin(uint32_t keyword, uint64_t window) {
  const Keyword& k = keywords_[keyword];
  run_ = keyword;
  is_open_ = k.heard == 0 || double(window + 1 - k.heard) * hop_s_ >= refractory_s_;
  is_given_ = false;
  current_ = {k.label, 0, double(window) * hop_s_, 0};
}

// kNone where no average reaches its threshold. The sums are made in the order of the
// ring, as in the detector of speechbrain_bifsmn/deploy: equal posteriors give equal detections.
uint32_t Detector::best_keyword(float* score) const {
  const uint32_t rows = windows_ < smoothing_ ? uint32_t(windows_) : smoothing_;
  uint32_t best = kNone;
  for (uint32_t k = 0; k < count_; ++k) {
    float sum = history_[k];
    for (uint32_t i = 1; i < rows; ++i) sum += history_[size_t(i) * count_ + k];
    const float mean = sum / float(rows);
    if (best != kNone && mean <= *score) continue;
    best = k;
    *score = mean;
  }
  return best != kNone && *score >= keywords_[best].threshold ? best : kNone;
}

}  // namespace bifsmn
