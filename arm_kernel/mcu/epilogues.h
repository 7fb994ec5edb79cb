// What follows a sum S (products.h): limits, or an affine and a PReLU.
#pragma once
#include "products.h"

namespace bifsmn {

// Limits of one channel, of x or of S.
class Count {
 public:
  // How many limits are above: with one plane the middle alone.
  Count(const Limits& l, bool two_planes, int32_t offset = 0)
      : low_((two_planes ? l.low : kNever) + offset),
        middle_(l.middle + offset),
        high_((two_planes ? l.high : kNever) + offset) {}

  uint32_t operator()(int32_t x) const {
    return uint32_t(x < low_) + uint32_t(x < middle_) + uint32_t(x < high_);
  }

 private:
  static constexpr int16_t kNever = -32768;  // nothing is below
  int32_t low_, middle_, high_;
};

// The levels of four frames behind output n of so many inputs. P / 2 is S - max / 2.
inline uint32_t levels_of(const Thresholds& t, size_t n, const Config& c, uint32_t inputs,
                          Sums sums) {
  const Count count(t.limits(n), c.planes == 2, int32_t(c.max_dot(inputs) / 2));
  return count(sums.of(0)) | count(sums.of(1)) << 8 | count(sums.of(2)) << 16 |
         count(sums.of(3)) << 24;
}

// Of dot products up to `max`: mul(P << k, gain) where P = 2 S - max, as one product and
// one sum. They may wrap around, their result does not.
class Line {
 public:
  Line(const Affine& a, uint32_t max, uint32_t shift_of_max, size_t n)
      : gain_(uint32_t(a.gains[n]) << (shift_of_max + 1)),
        offset_((1 << 14) - (max << shift_of_max) * uint32_t(a.gains[n])),
        shift_(a.shifts[n]),
        slope_(a.slope * (1 << 8)) {}

  int32_t operator()(int32_t sum) const {
    const int32_t product = int32_t(uint32_t(sum) * gain_ + offset_) >> 15;
    const int32_t y = clip16(product + shift_), below = mul(y, slope_);
    return y > below ? y : below;
  }

 private:
  uint32_t gain_, offset_;
  int32_t shift_, slope_;
};

}  // namespace bifsmn
