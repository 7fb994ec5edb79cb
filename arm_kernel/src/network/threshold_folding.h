// An affine, a PReLU and the quantiser after them as limits of what goes in.
//
// With u = v * sign(gain), y = u * |gain| + shift and prelu(y) are roundings of monotone
// functions, hence monotone, where the slope is not negative. A bit of the quantiser,
// `prelu(y) < theta`, is thus `u < limit`, and the limit is found by trying out. What the
// reference rounds three times is then compared once.
#pragma once
#include <cstring>

#include "core/arena.h"
#include "network/isa.h"

namespace bifsmn {
namespace {  // see vector.h

// bit1 = u < theta1; bit2 = u < (bit1 ? low : high).
struct FoldedThresholds {
  const float *theta1, *high, *low;
  const float* factors;  // -2 times the gain's sign: of halves of dot products, negated
};

// The floats in their order: 0 is 0, 1 the smallest positive one.
float nth_float(int32_t n) {
  const int32_t magnitude = n < 0 ? -n : n;
  float value;
  memcpy(&value, &magnitude, sizeof value);
  return n < 0 ? -value : value;
}

int32_t order_of(float value) {
  int32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits < 0 ? -(bits & 0x7fffffff) : bits;
}

// The smallest u whose activation is not below theta: close to what full precision says, hence
// sought from there outwards.
float limit(float gain, float shift, float slope, float theta) {
  constexpr int64_t kMax = 0x5d800000;  // 2^60: no u is as large (FORMAT.md's bounds)
  const auto below = [=](int64_t n) {
    const float scaled = nth_float(int32_t(n)) * gain;
    const float y = scaled + shift;
    const float activation = y > 0 ? y : y * slope;
    return activation < theta;
  };
  const float y = theta < 0 && slope > 0 ? theta / slope : theta;
  const float guess = (y - shift) / gain;
  int64_t low = guess > -0x1p60f && guess < 0x1p60f ? order_of(guess) : 0, high = low;
  for (int64_t step = 1; low > -kMax && !below(low - 1); step *= 2)
    low = low - step > -kMax ? low - step : -kMax;
  for (int64_t step = 1; high < kMax && below(high); step *= 2)
    high = high + step < kMax ? high + step : kMax;
  while (low < high) {
    const int64_t middle = (low + high) >> 1;
    if (below(middle))
      low = middle + 1;
    else
      high = middle;
  }
  return nth_float(int32_t(low));
}

// Of all inputs of `next`; they are the outputs of the affine, several times over.
FoldedThresholds fold_thresholds(Arena& a, const Affine& affine, uint32_t outputs, float slope,
                                 const Quantiser& next) {
  const uint32_t n = next.channels;
  float *const theta1 = a.take<float>(n), *const high = a.take<float>(n),
               *const low = a.take<float>(n), *const factors = a.take<float>(n);
  if (!theta1) return {};
  for (uint32_t i = 0; i < n; ++i) {
    const float signed_gain = affine.gains[i % outputs], shift = affine.shifts[i % outputs];
    const float gain = signed_gain < 0 ? -signed_gain : signed_gain;
    factors[i] = signed_gain < 0 ? 2 : -2;
    theta1[i] = limit(gain, shift, slope, next.theta1[i]);
    if (!next.high) continue;
    high[i] = limit(gain, shift, slope, next.high[i]);
    low[i] = limit(gain, shift, slope, next.low[i]);
  }
  return {theta1, high, low, factors};
}

bool can_fold_thresholds(const Network& n) {
  bool can = n.conv1_slope >= 0 && n.conv2_slope >= 0;
  for (uint32_t b = 0; b < n.config.layers; ++b) can = can && n.blocks[b].expand_slope >= 0;
  return can;
}

}  // namespace
}  // namespace bifsmn
