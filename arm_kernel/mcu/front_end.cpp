#include "front_end.h"

#include <cstring>

#include "frontend/log_mel.h"

namespace bifsmn {
namespace {

// n_fft samples around frame t's: mirrored at the window's ends, and zeros where the audio
// is shorter than the window.
void gather(const FrontEnd& f, const int16_t* audio, size_t samples, uint32_t t, float* out) {
  const ptrdiff_t begin = ptrdiff_t(t) * f.hop - f.n_fft / 2, last = ptrdiff_t(f.window_samples) - 1;
  for (ptrdiff_t k = 0; k < ptrdiff_t(f.n_fft); ++k) {
    ptrdiff_t i = begin + k;
    if (i < 0) i = -i;
    if (i > last) i = 2 * last - i;
    out[k] = i < ptrdiff_t(samples) ? float(audio[i]) * 0x1p-15f : 0.0f;
  }
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
  memset(scratch, 0, frame_scratch_floats(f.n_fft) * sizeof(float));
  // The samples lie in the second of a frame's arrays, which the transform writes only
  // when it has read them all.
  float* const gathered = static_cast<float*>(scratch) + transform_floats(f.n_fft);
  for (uint32_t t = first; t < end; ++t) {
    gather(f, audio, samples, t, gathered);
    f.frame(f, scratch, gathered, features + size_t(t) * f.mels);
  }
}

}  // namespace bifsmn
