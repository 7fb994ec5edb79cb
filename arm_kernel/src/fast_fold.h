// An affine, a PReLU and the quantiser after them as limits of what goes in.
//
// y = v * gain + shift and prelu(y) are roundings of monotone functions, hence monotone,
// where the slope is not negative. A bit of the quantiser, `prelu(y) < theta`, thus
// changes at one v at most: it is `(v < limit) ^ (gain < 0)`, and the limit is found by
// trying out. What the reference rounds three times is then compared once.
#pragma once
#include <cstring>

#include "arena.h"
#include "isa.h"

namespace bifsmn {
namespace {  // see vector.h

// bit1 = (v < theta1) ^ flip; bit2 = (v < (v < theta1 ? low : high)) ^ flip.
struct Folded {
  const float *theta1, *high, *low;
  const uint16_t* flips;  // of 16 channels each
};

// The floats in their order: 0 is 0, 1 the least positive one.
float nth_float(int32_t n) {
  const int32_t magnitude = n < 0 ? -n : n;
  float value;
  memcpy(&value, &magnitude, sizeof value);
  return n < 0 ? -value : value;
}

// The least v whose activation is on the other side of theta than those of all below. No
// v is as large as 2^60 (FORMAT.md's bounds).
float limit(float gain, float shift, float slope, float theta) {
  const bool below = gain >= 0;
  int32_t low = -0x5d800000, high = 0x5d800000;  // 2^60
  while (low < high) {
    const int32_t middle = int32_t((int64_t(low) + high) >> 1);
    const float scaled = nth_float(middle) * gain;
    const float y = scaled + shift;
    const float activation = y > 0 ? y : y * slope;
    if ((activation < theta) == below)
      low = middle + 1;
    else
      high = middle;
  }
  return nth_float(low);
}

// Of all inputs of `next`; they are the outputs of the affine, several times over.
Folded fold(Arena& a, const Affine& affine, uint32_t outputs, float slope, const Quantiser& next) {
  const uint32_t n = next.channels;
  float *const theta1 = a.take<float>(n), *const high = a.take<float>(n),
               *const low = a.take<float>(n);
  uint16_t* const flips = a.take<uint16_t>(n / kTile);
  if (!theta1) return {};
  memset(flips, 0, n / kTile * sizeof *flips);
  for (uint32_t i = 0; i < n; ++i) {
    const float gain = affine.gains[i % outputs], shift = affine.shifts[i % outputs];
    const bool flip = gain < 0;
    flips[i / kTile] = uint16_t(flips[i / kTile] | flip << i % kTile);
    theta1[i] = limit(gain, shift, slope, next.theta1[i]);
    if (!next.high) continue;
    (flip ? low : high)[i] = limit(gain, shift, slope, next.high[i]);
    (flip ? high : low)[i] = limit(gain, shift, slope, next.low[i]);
  }
  return {theta1, high, low, flips};
}

bool can_fold(const Network& n) {
  bool can = n.conv1_slope >= 0 && n.conv2_slope >= 0;
  for (uint32_t b = 0; b < n.config.layers; ++b) can = can && n.blocks[b].expand_slope >= 0;
  return can;
}

}  // namespace
}  // namespace bifsmn
