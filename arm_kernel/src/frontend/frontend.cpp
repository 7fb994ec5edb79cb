#include "frontend/frontend.h"

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstring>

#include "core/arena.h"
#include "frontend/log_mel.h"

namespace bifsmn {
namespace {

constexpr double kPi = 3.14159265358979323846;

void frame_4(const FrontEnd& f, void* scratch, const float* samples, float* features) {
  compute_frame<4>(f, scratch, samples, features);
}

FrameFunction frame_function(const char* isa) {
#if defined(__x86_64__)
  if (strcmp(isa, "avx512") == 0) return frame_avx512;
  if (strcmp(isa, "avx2") == 0) return frame_avx2;
#endif
  (void)isa;
  return frame_4;
}

void make_window(uint32_t n, float* window) {
  for (uint32_t i = 0; i < n; ++i) window[i] = float(0.5 - 0.5 * std::cos(2 * kPi * i / n));
}

size_t twiddles_of_stage(size_t n, size_t stride) {
  return stride < kWide ? n / 4 : n / 4 / stride;
}

size_t twiddle_floats(size_t n) {
  size_t floats = 0;
  for (size_t stride = 1; 4 * stride <= n; stride *= 4) floats += 6 * twiddles_of_stage(n, stride);
  return floats;
}

void make_twiddles(size_t n, float* w) {
  for (size_t stride = 1; 4 * stride <= n; stride *= 4) {
    const size_t count = twiddles_of_stage(n, stride);
    const bool wide = stride >= kWide;
    for (size_t j = 0; j < count; ++j)
      for (size_t k = 0; k < 3; ++k) {
        const size_t p = wide ? j : j / stride;
        const double angle = -2 * kPi * double((k + 1) * p * stride) / double(n);
        const size_t in_block = j / kBlock * 6 * kBlock + 2 * k * kBlock + j % kBlock;
        float* at = w + (wide ? 6 * j + 2 * k : in_block);
        at[0] = float(std::cos(angle));
        at[wide ? 1 : kBlock] = float(std::sin(angle));
      }
    w += 6 * count;
  }
}

void make_turns(size_t n, float* turns) {
  for (size_t k = 0; k < n / 2; ++k) {
    turns[place(k)] = float(-std::sin(kPi * double(k) / double(n)));
    turns[place(k) + kBlock] = float(-std::cos(kPi * double(k) / double(n)));
  }
}

// The triangles, equally spaced on the mel scale.
class Triangles {
 public:
  explicit Triangles(const Config& c)
      : low_(mel(c.f_min)),
        step_((mel(c.f_max) - low_) / (c.mels + 1)),
        hertz_per_bin_(double(c.sample_rate) / c.n_fft),
        bins_(c.n_fft / 2 + 1) {}

  double weight(uint32_t band, uint32_t bin) const {
    const double f = bin * hertz_per_bin_;
    const double left = corner(band), middle = corner(band + 1), right = corner(band + 2);
    const double up = (f - left) / (middle - left), down = (right - f) / (right - middle);
    return std::fmax(0, std::fmin(up, down));
  }

  // Bins first <= i < end include all of weights above 0.
  uint32_t first(uint32_t band) const { return bin_at(corner(band)); }
  uint32_t width(uint32_t band) const {
    // Wherever pow is not quite monotone, one bin at least.
    const uint32_t end = std::max(bin_at(corner(band + 2)), first(band)) + 1;
    return (end - first(band) + 15) / 16 * 16;
  }

 private:
  static double mel(double f) { return 2595 * std::log10(1 + f / 700); }
  double corner(uint32_t i) const { return 700 * (std::pow(10, (low_ + i * step_) / 2595) - 1); }
  uint32_t bin_at(double f) const {
    const double bin = std::fmax(0, f / hertz_per_bin_);
    return bin < bins_ - 1 ? uint32_t(bin) : bins_ - 1;
  }

  double low_, step_, hertz_per_bin_;
  uint32_t bins_;
};

// The weights hold the window's energy, and the 4 of real_powers.
void make_band(const Triangles& triangles, uint32_t band, uint32_t n_fft, double energy,
               uint32_t first, uint32_t width, float* weights) {
  for (uint32_t i = 0; i < width; ++i) {
    const bool exists = first + i <= n_fft / 2;
    weights[i] = exists ? float(triangles.weight(band, first + i) / (4 * energy)) : 0;
  }
}

// Lays out the tables, and fills them where there is memory.
size_t lay_out(const Config& c, const char* isa, void* memory) {
  Arena arena(memory);
  const uint32_t n = c.n_fft / 2;
  FrontEnd* f = arena.take<FrontEnd>(1);
  float* window = arena.take<float>(c.n_fft);
  float* twiddles = arena.take<float>(twiddle_floats(n));
  float* turns = arena.take<float>(n);
  Band* bands = arena.take<Band>(c.mels);
  const Triangles triangles(c);
  double energy = 0;
  if (memory) {
    make_window(c.n_fft, window);
    make_twiddles(n, twiddles);
    make_turns(n, turns);
    for (uint32_t i = 0; i < c.n_fft; ++i) energy += double(window[i]) * window[i];
    // Zeros and subnormal floors are raised: decibels() takes normal numbers.
    const float floor = c.power_floor < FLT_MIN ? FLT_MIN : c.power_floor;
    *f = {c.window_samples,    c.n_fft, c.hop,    c.frames, c.mels, floor,
          frame_function(isa), window,  twiddles, turns,    bands};
  }
  for (uint32_t band = 0; band < c.mels; ++band) {
    const uint32_t first = triangles.first(band), width = triangles.width(band);
    float* weights = arena.take<float>(width);
    if (!memory) continue;
    bands[band] = {first, width, weights};
    make_band(triangles, band, c.n_fft, energy, first, width, weights);
  }
  return arena.used();
}

// The audio of a window, as frames see it.
struct Window {
  const float* audio;
  ptrdiff_t samples, length;  // zeros from samples to length

  // n samples from i on.
  float* forward(ptrdiff_t i, ptrdiff_t n, float* out) const {
    const ptrdiff_t left = samples > i ? samples - i : 0, part = n < left ? n : left;
    if (part > 0) memcpy(out, audio + i, part * sizeof(float));
    for (ptrdiff_t k = part; k < n; ++k) out[k] = 0;
    return out + n;
  }

  // n samples from i on, downwards.
  float* backward(ptrdiff_t i, ptrdiff_t n, float* out) const {
    const ptrdiff_t zeros = i >= samples ? i - samples + 1 : 0, part = n < zeros ? n : zeros;
    for (ptrdiff_t k = 0; k < part; ++k) out[k] = 0;
    for (ptrdiff_t k = part; k < n; ++k) out[k] = audio[i - k];
    return out + n;
  }

  // n samples from begin on, which may lie before 0, to beyond the window's end:
  // mirrored there.
  void gather(ptrdiff_t begin, ptrdiff_t n, float* out) const {
    const ptrdiff_t end = begin + n, last = length - 1;
    const ptrdiff_t from = begin < 0 ? 0 : begin, to = end > length ? length : end;
    out = backward(-begin, from - begin, out);
    out = forward(from, to - from, out);
    backward(2 * last - to, end - to, out);
  }
};

}  // namespace

size_t front_end_bytes(const Config& c) { return lay_out(c, "", nullptr); }

const FrontEnd* make_front_end(const Config& c, const char* isa, void* memory) {
  lay_out(c, isa, memory);
  return static_cast<const FrontEnd*>(memory);
}

size_t front_end_scratch_bytes(const Config& c) {
  Arena arena(nullptr);
  arena.take<float>(frame_scratch_floats(c.n_fft));
  arena.take<float>(c.n_fft);
  return arena.used();
}

void compute_frames(const FrontEnd& f, void* scratch, const float* audio, size_t samples,
                    uint32_t first, uint32_t end, float* features) {
  Arena arena(scratch);
  float* frame_scratch = arena.take<float>(frame_scratch_floats(f.n_fft));
  float* gathered = arena.take<float>(f.n_fft);
  const Window window = {audio, ptrdiff_t(samples), ptrdiff_t(f.window_samples)};
  const ptrdiff_t n = f.n_fft;
  for (uint32_t t = first; t < end; ++t) {
    const ptrdiff_t begin = ptrdiff_t(t) * f.hop - n / 2;
    const bool whole = begin >= 0 && begin + n <= window.samples;
    if (!whole) window.gather(begin, n, gathered);
    f.frame(f, frame_scratch, whole ? audio + begin : gathered, features + size_t(t) * f.mels);
  }
}

}  // namespace bifsmn
