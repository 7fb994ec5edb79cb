#include "front_end.h"

#include <algorithm>

#include "frontend/log_mel.h"

namespace bifsmn {
namespace {

// n_fft samples around frame t's: mirrored at the window's ends, and zeros where the audio
// is shorter than the window.
void gather(const FrontEnd& f, const int16_t* audio, size_t samples, uint32_t t, float* out) {
  const ptrdiff_t n = f.n_fft, last = ptrdiff_t(f.window_samples) - 1;
  const auto at = [=](ptrdiff_t i) {
    return i < ptrdiff_t(samples) ? float(audio[i]) * 0x1p-15f : 0.0f;
  };
  ptrdiff_t i = ptrdiff_t(t) * f.hop - n / 2;
  const ptrdiff_t end = i + n, inner_end = std::min(end, ptrdiff_t(samples));
  for (; i < 0; ++i) *out++ = at(-i);
  for (; i < inner_end; ++i) *out++ = float(audio[i]) * 0x1p-15f;
  for (; i < end && i <= last; ++i) *out++ = 0;
  for (; i < end; ++i) *out++ = at(2 * last - i);
}

}  // namespace

void frame_of_device(const FrontEnd& f, void* scratch, const float* samples, float* features) {
  compute_frame<4>(f, scratch, samples, features);
}

size_t device_frames_scratch_bytes(const Config& c) {
  return frame_scratch_floats(c.n_fft) * sizeof(float);
}

void compute_device_frames(const FrontEnd& f, void* scratch, const int16_t* audio, size_t samples,
                           uint32_t first, uint32_t end, float* features) {
  float* const floats = static_cast<float*>(scratch);
  for (size_t i = 0; i < frame_scratch_floats(f.n_fft); ++i) floats[i] = 0;
  // The samples lie in the second of a frame's arrays, which the transform writes only
  // when it has read them all.
  float* const gathered = floats + transform_floats(f.n_fft);
  for (uint32_t t = first; t < end; ++t) {
    gather(f, audio, samples, t, gathered);
    f.frame(f, scratch, gathered, features + size_t(t) * f.mels);
  }
}

}  // namespace bifsmn
