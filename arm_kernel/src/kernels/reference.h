// The network written plainly in integers: it defines what every other backend must
// compute, and is small enough for microcontrollers.
#pragma once
#include "network/network.h"

namespace bifsmn {

// Receives every layer's result, one position after another; for tests.
struct Trace {
  // dots: [n] sums of the first convolution or products P; null for the input and the
  // classifier's codes. values: [n] what the layer passes on: codes of the input and
  // of the classifier, levels behind limits, else x.
  void (*row)(void* self, const char* name, uint32_t block, size_t n, const int32_t* dots,
              const int32_t* values);
  void* self;
};

size_t reference_scratch_bytes(const Network&);
void reference_forward(const Network&, void* scratch, uint32_t log2_thinning, const float* features,
                       float* logits, const Trace* trace);

}  // namespace bifsmn
