// The forward pass of the fast backends, written once: `Fast<Isa>::backend()` is that
// of an instruction set. What that must bring is in isa.h.
//
// Activations are stored as bits only; a layer's epilogue quantises for the next
// layer. What remains in floating point is x, which flows through the blocks.
#pragma once
#include "network/backend.h"
#include "network/blocks.h"
#include "network/convolutions.h"
#include "network/isa_primitives.h"

namespace bifsmn {
namespace {  // see vector.h

template <class Isa>
struct Fast {
  static constexpr Backend backend() {
    return {Isa::kName,    Isa::runs_here, prepared_bytes,           prepare_all,
            scratch_bytes, forward,        &IsaPrimitives<Isa>::kAll};
  }

 private:
  static size_t prepared_bytes(const Network& n) {
    Arena a(nullptr);
    prepare(n, Isa::kOrder, a);
    return a.used();
  }

  static void prepare_all(const Network& n, void* prepared) {
    Arena a(prepared);
    prepare(n, Isa::kOrder, a);
  }

  static size_t scratch_bytes(const Network& n) {
    Arena a(nullptr);
    Scratch s(n.config, Isa::kOrder, a);
    return a.used();
  }

  BIFSMN_STAGE static void classify(const Network& n, const Scratch& s, float* logits) {
    constexpr int kLanes = Isa::kLanes;
    using Floats = typename Isa::Floats;
    using Ints = typename Isa::Ints;
    const size_t size = n.config.outputs();
    const float* const x = s.x;
    int16_t* const rounded = s.q;
    Ints largest{};  // of the bits without the sign, which are in the order of magnitudes
    for (size_t i = 0; i < size; i += kLanes) {
      Ints bits;
      memcpy(&bits, x + i, sizeof bits);
      bits &= 0x7fffffff;
      largest = bits > largest ? bits : largest;
    }
    int32_t max_bits = 0;
    for (int i = 0; i < kLanes; ++i) max_bits = largest[i] > max_bits ? largest[i] : max_bits;
    float max;
    memcpy(&max, &max_bits, sizeof max);
    const Floats inverse = Isa::all(max < 0x1p-64f ? 0 : 16383 / max);
    // In 2^23 to 2^24 a float's last bit is 1: the sum rounds to the nearest integer.
    const Floats magic = Isa::all(0x1.8p23f);
    for (size_t i = 0; i < size; i += kLanes) {
      const Floats scaled = Isa::load(x + i) * inverse;
      Ints q;
      const Floats sum = scaled + magic;
      memcpy(&q, &sum, sizeof q);
      const auto low = __builtin_convertvector(q, typename Isa::Shorts);
      memcpy(rounded + i, &low, sizeof low);
    }
    const double unit = double(max) / 16383;
    const auto finish = [&](uint32_t k, int64_t sum) {
      const double scaled = double(sum) * (double(n.scales[k]) * unit);
      logits[k] = float(scaled + double(n.biases[k]));
    };
    uint32_t k = 0;
    for (; k + Isa::kClasses <= n.config.classes; k += Isa::kClasses) {
      int64_t sums[Isa::kClasses];
      Isa::template dots<Isa>(rounded, n.weights + k * size, size, sums);
      for (int i = 0; i < Isa::kClasses; ++i) finish(k + i, sums[i]);
    }
    for (; k < n.config.classes; ++k) finish(k, Isa::dot(rounded, n.weights + k * size, size));
  }

  template <int kPlanes, bool kFolded>
  static void run(const Network& n, const Prepared& p, const Scratch& s, uint32_t log2_thinning,
                  const float* features, float* logits) {
    FastConvolutions<Isa, kPlanes, kFolded> convolutions(n, p, s);
    convolutions.normalise(features);
    convolutions.first();
    convolutions.second();
    FastBlocks<Isa, kPlanes, kFolded> blocks(n, p, s);
    blocks.projection();
    for (uint32_t b = 0; b < n.config.layers; ++b)
      if (n.config.runs(b, log2_thinning)) blocks.run(b, log2_thinning);
    classify(n, s, logits);
  }

  static void forward(const Network& n, const void* prepared, void* scratch, uint32_t log2_thinning,
                      const float* features, float* logits) {
    const Prepared& p = *static_cast<const Prepared*>(prepared);
    Arena a(scratch);
    const Scratch s(n.config, Isa::kOrder, a);
    const bool two = n.config.planes == 2;
    const auto f = p.folds_thresholds ? (two ? run<2, true> : run<1, true>)
                                      : (two ? run<2, false> : run<1, false>);
    f(n, p, s, log2_thinning, features, logits);
  }
};

}  // namespace
}  // namespace bifsmn
