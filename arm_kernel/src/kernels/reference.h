// The network written plainly: it defines what every other backend must compute.
#pragma once
#include "network/network.h"

namespace bifsmn {

// Receives every layer's result; for tests.
struct Trace {
  // dots1, dots2 (null with one plane): [n], in the order [frame][output];
  // values: [n] floats after the layer's PReLU and residual.
  void (*layer)(void* self, const char* name, uint32_t block, size_t n, const int32_t* dots1,
                const int32_t* dots2, const float* values);
  void* self;
};

size_t reference_scratch_bytes(const Network&);
void reference_forward(const Network&, void* scratch, uint32_t log2_thinning, const float* features,
                       float* logits, const Trace* trace);

}  // namespace bifsmn
