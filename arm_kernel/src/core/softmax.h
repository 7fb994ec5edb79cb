// Logits to posteriors.
#pragma once
#include <cmath>
#include <cstdint>

namespace bifsmn {

// In double precision, by the C library's exp: two libraries may differ in the
// last bit of a double, hence hardly ever in a posterior. Both may be one array.
inline void softmax(const float* logits, uint32_t classes, float* posteriors) {
  double max = logits[0], sum = 0;
  for (uint32_t k = 1; k < classes; ++k)
    if (logits[k] > max) max = logits[k];
  for (uint32_t k = 0; k < classes; ++k) sum += std::exp(logits[k] - max);
  for (uint32_t k = 0; k < classes; ++k) posteriors[k] = float(std::exp(logits[k] - max) / sum);
}

}  // namespace bifsmn
