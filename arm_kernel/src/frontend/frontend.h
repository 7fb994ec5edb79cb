// Log-mel features of audio (FORMAT.md).
//
// All instruction sets give the same bits: the order of every sum is fixed
// (log_mel.h), and the tables are made by the C library in double precision.
#pragma once
#include "network/network.h"

namespace bifsmn {

struct FrontEnd;

// Computes one frame: samples [n_fft] -> features [F] in dB.
using FrameFunction = void (*)(const FrontEnd&, void* scratch, const float* samples,
                               float* features);

// Bins between neighbouring corners of the triangles, one of which rises over them while
// another falls; width is a multiple of 8, the weights of bins beyond are 0.
struct Segment {
  uint32_t first, width;
  const float* weights;  // [width / 8][rising, falling][8]
};

// The tables of a model, read-only.
struct FrontEnd {
  uint32_t window_samples, n_fft, hop, frames, mels;
  float power_floor;
  FrameFunction frame;
  float scale;                // of powers: 1 / the window's energy
  const float* window;        // [n_fft], of columns.h
  const float* column_turns;  // of columns.h
  const float* lane_turns;    // of spectrum.h
  const Segment* segments;    // [F + 1]: over segment b band b rises, band b - 1 falls

  // Frames inner_begin() <= t < inner_end() touch no border: they stay what they
  // are when the window moves.
  uint32_t inner_begin() const { return (n_fft / 2 + hop - 1) / hop; }
  uint32_t inner_end() const {
    return window_samples < n_fft ? 0 : (window_samples - n_fft / 2) / hop + 1;
  }
};

size_t front_end_bytes(const Config&);
// Fills memory of that size, aligned to 64 bytes; `isa` is the name of an instruction set.
const FrontEnd* make_front_end(const Config&, const char* isa, void* memory);

// Memory for what follows, aligned to 64 bytes; zeroed before it is first used.
size_t front_end_scratch_bytes(const Config&);
// audio [samples], at most window_samples -> features [first <= t < end] of [T][F].
void compute_frames(const FrontEnd&, void* scratch, const float* audio, size_t samples,
                    uint32_t first, uint32_t end, float* features);

// Frame functions for newer instruction sets of x86-64; see log_mel.h.
void frame_avx2(const FrontEnd&, void* scratch, const float* samples, float* features);
void frame_avx512(const FrontEnd&, void* scratch, const float* samples, float* features);

}  // namespace bifsmn
