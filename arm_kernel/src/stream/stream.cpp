#include "stream/stream.h"

#include <cstring>

namespace bifsmn {

Stream::Stream(const FrontEnd& f, Arena& memory)
    : front_end_(&f),
      samples_(memory.take<float>(2 * size_t(f.window_samples))),
      features_(memory.take<float>(size_t(f.frames) * f.mels)) {
  reset();
}

void Stream::reset() {
  position_ = 0;
  missing_ = front_end_->window_samples;
  started_ = false;
}

// A ring of one window, written twice: wherever it begins, a window of it lies in
// one piece.
void Stream::push(const float* audio, size_t n) {
  const uint32_t window = front_end_->window_samples;
  missing_ -= uint32_t(n);
  while (n > 0) {
    const size_t room = window - position_, part = n < room ? n : room;
    memcpy(samples_ + position_, audio, part * sizeof(float));
    memcpy(samples_ + position_ + window, audio, part * sizeof(float));
    position_ = uint32_t((position_ + part) % window);
    audio += part;
    n -= part;
  }
}

// The window has moved by one hop since the last call: inner frame t is what
// t + 1 was; only the last inner frame and those at the borders are new.
const float* Stream::features(void* scratch) {
  const FrontEnd& f = *front_end_;
  const float* window = samples_ + position_;
  const uint32_t begin = f.inner_begin(), end = f.inner_end();
  missing_ = f.hop;
  if (started_ && begin < end) {
    float* first = features_ + size_t(begin) * f.mels;
    memmove(first, first + f.mels, size_t(end - 1 - begin) * f.mels * sizeof(float));
    compute_frames(f, scratch, window, f.window_samples, 0, begin, features_);
    compute_frames(f, scratch, window, f.window_samples, end - 1, f.frames, features_);
  } else {
    compute_frames(f, scratch, window, f.window_samples, 0, f.frames, features_);
  }
  started_ = true;
  return features_;
}

void Stream::skip() {
  missing_ = front_end_->hop;
  started_ = false;
}

// With several sums, which need not wait for each other.
double Stream::sum_of_squares() const {
  constexpr uint32_t kSums = 8;
  const float* window = samples_ + position_;
  const uint32_t n = front_end_->window_samples;
  double sums[kSums] = {};
  uint32_t i = 0;
  for (; i + kSums <= n; i += kSums)
    for (uint32_t k = 0; k < kSums; ++k) sums[k] += double(window[i + k]) * window[i + k];
  for (; i < n; ++i) sums[0] += double(window[i]) * window[i];
  for (uint32_t k = 1; k < kSums; ++k) sums[0] += sums[k];
  return sums[0];
}

}  // namespace bifsmn
