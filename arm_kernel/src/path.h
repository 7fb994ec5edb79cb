// A path is one implementation of the network for one instruction set.
//
// All give the same bits: reference.cpp, which is plain and never optimised,
// defines them.
#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels.h"
#include "network.h"

namespace bifsmn {

struct Path {
  const char* name;
  bool (*runs_here)();
  // Weights in the order that this path reads them: made once, when a model is
  // loaded, into memory aligned to 64 bytes; 0 bytes where the file's order does.
  size_t (*prepared_bytes)(const Network&);
  void (*prepare)(const Network&, void* prepared);
  // Memory for one forward pass, aligned to 64 bytes.
  size_t (*scratch_bytes)(const Network&);
  // features [T][F] in dB -> logits [classes].
  void (*forward)(const Network&, const void* prepared, void* scratch, uint32_t depth,
                  const float* features, float* logits);
  const Kernels* kernels = nullptr;  // of the fast paths; for tests
};

// All of this build that run on this machine, best first; the reference is last.
extern const Path reference_path;
const Path* available_path(uint32_t index);  // null beyond the last

}  // namespace bifsmn
