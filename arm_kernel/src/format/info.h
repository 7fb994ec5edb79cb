// What the C interfaces tell of a network, and ask of it.
#pragma once
#include "bifsmn.h"
#include "network/network.h"

namespace bifsmn {

inline bifsmn_info info_of(const Config& c, uint32_t file_bytes) {
  return {c.classes,        c.mels,     c.frames,    c.layers,  c.thinnings,
          c.front_channels, c.channels, c.hidden,    c.planes,  c.sample_rate,
          c.window_samples, c.hop,      c.smoothing, file_bytes};
}

// The logarithm of a thinning, if the network has it.
inline bifsmn_status find_thinning(const Config& c, uint32_t thinning, uint32_t* log2_thinning) {
  for (uint32_t k = 0; k < c.thinnings; ++k)
    if (thinning == 1u << k) {
      *log2_thinning = k;
      return BIFSMN_OK;
    }
  return BIFSMN_BAD_ARGUMENT;
}

}  // namespace bifsmn
