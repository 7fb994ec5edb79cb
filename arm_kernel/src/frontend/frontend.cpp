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

// A frame function, and the width of its vectors.
struct Width {
  FrameFunction frame;
  size_t floats;
};

Width width_of(const char* isa) {
#if defined(__x86_64__)
  if (strncmp(isa, "avx512", 6) == 0) return {frame_avx512, 16};
  if (strcmp(isa, "avx2") == 0) return {frame_avx2, 8};
#endif
  (void)isa;
  return {frame_4, 4};
}

// Returns the window's energy. Vectors of the `count` rows that a first transform takes
// follow one another.
double make_window(size_t n, size_t width, float* window) {
  const size_t count = first_size(n / kLanes), stride = n / count;
  double energy = 0;
  for (size_t i = 0; i < n; ++i) {
    const float w = float(0.5 - 0.5 * std::cos(2 * kPi * double(i) / double(n)));
    energy += double(w) * w;
    const size_t nth = i / stride, column = i % stride;
    window[(column / width * count + nth) * width + column % width] = w;
  }
  return energy;
}

size_t column_turn_floats(size_t rows) {
  size_t floats = 0;
  for (size_t n = rows; n >= 16; n /= 4) floats += turns_to(n);
  return floats;
}

void make_column_turns(size_t rows, float* w) {
  size_t n = first_size(rows);
  if (n == 8) n *= 4;
  for (; n <= rows; n *= 4)
    for (size_t k = 1; k < n / 8; ++k)
      for (size_t r = 1; r < 4; ++r) {
        const double angle = -2 * kPi * double(r * k) / double(n);
        *w++ = float(std::cos(angle));
        *w++ = float(std::sin(angle));
      }
}

size_t lane_turn_floats(size_t n, size_t width) {
  return (n / kLanes / 2 + width) * 2 * (kLanes - 1);
}

void make_lane_turns(size_t n, size_t width, float* w) {
  for (size_t first = 0; first <= n / kLanes / 2; first += width)
    for (size_t l = 1; l < kLanes; ++l, w += 2 * width)
      for (size_t i = 0; i < width; ++i) {
        const double angle = -2 * kPi * double(l * (first + i)) / double(n);
        w[i] = float(std::cos(angle));
        w[width + i] = float(std::sin(angle));
      }
}

// The corners of the triangles, equally spaced on the mel scale, and what lies between.
class Corners {
 public:
  explicit Corners(const Config& c)
      : low_(mel(c.f_min)),
        step_((mel(c.f_max) - low_) / (c.mels + 1)),
        hertz_per_bin_(double(c.sample_rate) / c.n_fft),
        bins_(c.n_fft / 2 + 1) {}

  // The first bin from a corner on.
  uint32_t first(uint32_t segment) const {
    const double bin = std::ceil(std::fmax(0, hertz(segment) / hertz_per_bin_));
    return bin < bins_ ? uint32_t(bin) : bins_;
  }
  uint32_t count(uint32_t segment) const {
    const uint32_t begin = first(segment), end = first(segment + 1);
    return begin < end ? end - begin : 0;  // should pow not be quite monotone
  }
  uint32_t width(uint32_t segment) const {
    const uint32_t n = count(segment);
    return n == 0 ? kLanes : (n + kLanes - 1) / kLanes * kLanes;
  }

  void weigh(uint32_t segment, float* weights) const {
    const double left = hertz(segment), right = hertz(segment + 1);
    for (uint32_t i = 0; i < width(segment); ++i) {
      const bool inside = i < count(segment);
      const double f = (first(segment) + i) * hertz_per_bin_;
      float* at = weights + i / kLanes * 2 * kLanes + i % kLanes;
      at[0] = inside ? float((f - left) / (right - left)) : 0;
      at[kLanes] = inside ? float((right - f) / (right - left)) : 0;
    }
  }

 private:
  static double mel(double f) { return 2595 * std::log10(1 + f / 700); }
  double hertz(uint32_t i) const { return 700 * (std::pow(10, (low_ + i * step_) / 2595) - 1); }

  double low_, step_, hertz_per_bin_;
  uint32_t bins_;
};

// Lays out the tables, and fills them where there is memory.
size_t lay_out(const Config& c, const char* isa, void* memory) {
  Arena arena(memory);
  const size_t rows = c.n_fft / kLanes;
  const Width width = width_of(isa);
  const size_t narrow = std::min(width.floats, kLanes);
  FrontEnd* f = arena.take<FrontEnd>(1);
  float* window = arena.take<float>(c.n_fft);
  float* column_turns = arena.take<float>(column_turn_floats(rows));
  float* lane_turns = arena.take<float>(lane_turn_floats(c.n_fft, kLanes));
  Segment* segments = arena.take<Segment>(c.mels + 1);
  if (memory) {
    const double energy = make_window(c.n_fft, width.floats, window);
    make_column_turns(rows, column_turns);
    make_lane_turns(c.n_fft, narrow, lane_turns);
    // Zeros and subnormal floors are raised: decibels() takes normal numbers.
    const float floor = c.power_floor < FLT_MIN ? FLT_MIN : c.power_floor;
    *f = {c.window_samples, c.n_fft,           c.hop,  c.frames,     c.mels,     floor,
          width.frame,      float(1 / energy), window, column_turns, lane_turns, segments};
  }
  const Corners corners(c);
  for (uint32_t i = 0; i <= c.mels; ++i) {
    float* weights = arena.take<float>(2 * corners.width(i));
    if (!memory) continue;
    segments[i] = {corners.first(i), corners.width(i), weights};
    corners.weigh(i, weights);
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
