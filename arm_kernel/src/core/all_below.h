// Whether numbers are within a limit.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace bifsmn {

constexpr uint32_t kInfinity = 0x7F800000;  // its bits

// Whether all magnitudes are below a limit, given by its bits; NaN never is. Without a
// branch, so that compilers make vectors of it, and with several sums, so that these need
// not wait for each other: magnitudes are ordered as their bits are, and what reaches the
// limit is made to reach the sign.
inline bool all_below(uint32_t limit, const float* values, size_t n) {
  constexpr size_t kSums = 16;
  uint32_t found[kSums] = {};
  const auto add = [&](size_t sum, size_t i) {
    uint32_t bits;
    memcpy(&bits, values + i, sizeof bits);
    found[sum] |= (bits & 0x7FFFFFFF) + (0x80000000 - limit);
  };
  size_t i = 0;
  for (; i + kSums <= n; i += kSums)
    for (size_t sum = 0; sum < kSums; ++sum) add(sum, i + sum);
  for (; i < n; ++i) add(0, i);
  for (size_t sum = 1; sum < kSums; ++sum) found[0] |= found[sum];
  return found[0] >> 31 == 0;
}

}  // namespace bifsmn
