// A backend is one implementation of the network for one instruction set.
//
// All give the same bits: kernels/reference.cpp, which is plain and never optimised,
// defines them.
#pragma once
#include <cstddef>
#include <cstdint>

#include "network/network.h"
#include "network/primitives.h"

namespace bifsmn {

struct Backend {
  const char* name;
  bool (*runs_here)();
  // Weights in the order that this backend reads them: made once, when a model is
  // loaded, into memory aligned to 64 bytes; 0 bytes where the file's order does.
  size_t (*prepared_bytes)(const Network&);
  void (*prepare)(const Network&, void* prepared);
  // Memory for one forward pass, aligned to 64 bytes.
  size_t (*scratch_bytes)(const Network&);
  // features [T][F] in dB -> logits [classes].
  void (*forward)(const Network&, const void* prepared, void* scratch, uint32_t log2_thinning,
                  const float* features, float* logits);
  const Primitives* primitives = nullptr;  // of the fast backends; for tests
};

// All of this build that run on this machine, best first; the reference is last.
extern const Backend reference_backend;
const Backend* available_backend(uint32_t index);  // null beyond the last

}  // namespace bifsmn
