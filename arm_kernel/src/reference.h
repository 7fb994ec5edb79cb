// The network written plainly: it defines what every other path must compute.
#pragma once
#include "network.h"

namespace bifsmn {

// Told of every layer's result; for tests.
struct Trace {
  // dots1, dots2 (null with one plane): [n], in the order [frame][output];
  // values: [n] floats after the layer's PReLU and residual.
  void (*layer)(void* self, const char* name, uint32_t block, size_t n, const int32_t* dots1,
                const int32_t* dots2, const float* values);
  void* self;
};

size_t reference_scratch_bytes(const Network&);
void reference_forward(const Network&, void* scratch, uint32_t depth, const float* features,
                       float* logits, const Trace* trace);

}  // namespace bifsmn
