// What follows a sum S (products.h): limits, or an affine and a PReLU.
#pragma once
#include "four.h"
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
    return (uint32_t(x - low_) >> 31) + (uint32_t(x - middle_) >> 31) + (uint32_t(x - high_) >> 31);
  }
  // Of four frames, a byte each.
  __attribute__((always_inline)) uint32_t operator()(Four x) const {
    const Four low = (x - low_).shifted<31>(), middle = (x - middle_).shifted<31>();
    return (-(low + middle + (x - high_).shifted<31>())).bytes();
  }

 private:
  static constexpr int16_t kNever = -32768;  // nothing is below
  int32_t low_, middle_, high_;
};

// The levels of four frames behind output n of so many inputs. P / 2 is S - max / 2.
inline uint32_t levels_of(const Thresholds& t, size_t n, const Config& c, uint32_t inputs,
                          Sums sums) {
  const Count count(t.limits(n), c.planes == 2, int32_t(c.max_dot(inputs) / 2));
  return count(Four::of(sums));
}

// Of dot products up to `max`: mul(P << k, gain) where P = 2 S - max, as one product and
// one sum. They may wrap around, their result does not.
class Line {
 public:
  Line(const Affine& a, uint32_t max, uint32_t shift_of_max, size_t n)
      : gain_(a.gains[n] * (2 << shift_of_max)),
        offset_((1 << 14) - int32_t(max << shift_of_max) * a.gains[n]),
        shift_(a.shifts[n]),
        slope_(a.slope * (1 << 8)) {}

  __attribute__((always_inline)) Four operator()(Four sums) const {
    const Four y = ((sums * gain_ + offset_).shifted<15>() + shift_).saturated();
    return y.max((y * slope_ + (1 << 14)).shifted<15>());
  }

 private:
  int32_t gain_, offset_, shift_, slope_;
};

}  // namespace bifsmn
