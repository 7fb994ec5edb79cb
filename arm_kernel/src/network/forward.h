// The forward pass of the fast backends, written once: `Fast<Isa>::backend()` is that
// of an instruction set. What that must bring is in isa.h.
#pragma once
#include "network/backend.h"
#include "network/blocks.h"
#include "network/convolutions.h"
#include "network/isa_primitives.h"

namespace bifsmn {
namespace {  // see isa.h

template <class Isa>
struct Fast {
  static constexpr Backend backend() {
    return {Isa::kName,    Isa::runs_here, prepared_bytes,           prepare,
            scratch_bytes, forward,        &IsaPrimitives<Isa>::kAll};
  }

 private:
  static size_t prepared_bytes(const Network& n) {
    Arena a(nullptr);
    Preparation<Isa>(n, a).run();
    return a.used();
  }

  static void prepare(const Network& n, void* prepared) {
    Arena a(prepared);
    Preparation<Isa>(n, a).run();
  }

  static size_t scratch_bytes(const Network& n) {
    Arena a(nullptr);
    Scratch<Isa> s(n.config, a);
    return a.used();
  }

  static void forward(const Network& n, const void* prepared, void* scratch, uint32_t log2_thinning,
                      const float* features, float* logits) {
    const Prepared& p = *static_cast<const Prepared*>(prepared);
    Arena a(scratch);
    const Scratch<Isa> s(n.config, a);
    FastConvolutions<Isa> convolutions(n, p, s);
    FastBlocks<Isa> blocks(n, p, s);
    convolutions.input(features);
    convolutions.first();
    for (uint32_t first = 0; first < n.config.block_frames(); first += kFrames) {
      convolutions.second(first);
      blocks.projection(first);
    }
    for (uint32_t b = 0; b < n.config.layers; ++b)
      if (n.config.runs(b, log2_thinning)) blocks.run(b, log2_thinning);
    blocks.classify(logits);
  }
};

}  // namespace
}  // namespace bifsmn
