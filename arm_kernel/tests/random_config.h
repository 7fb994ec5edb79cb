// Headers of model files: the usual, the smallest, and random ones.
#pragma once
#include "network/network.h"
#include "random.h"

namespace bifsmn {

// The paper's sizes: 12 classes, all thinnings, 32 frames.
inline Config default_config() {
  return {12,    32,   32,  8,  3, 16, 128, 256,  2,      2,   2,    16000,
          16000, 2048, 512, 64, 1, 1,  0,   8000, 1e-10f, -80, 1.6f, 1};
}

// The smallest network that the format allows.
inline Config smallest_config() {
  return {2,   4,   4,  1,  1, 8, 16, 16,  0,      0,   1,     1000,
          192, 256, 64, 58, 0, 0, 0,  500, 1e-10f, -95, 0.77f, 1};
}

// The front end that makes so many frames (4 to 256): hop and window_samples.
inline void set_frames(Config& c, uint32_t frames) {
  c.frames = frames;
  c.hop = c.n_fft / 4;
  c.window_samples = (frames - 1) * c.hop + c.hop / 2;
}

// Any network of at most so many channels and layers.
inline Config random_config(Random& r, uint32_t max_channels, uint32_t max_layers) {
  Config c = default_config();
  c.classes = r.between(2, 20);
  c.mels = 4 * r.between(1, 10);
  c.n_fft = 256u << r.below(5);
  set_frames(c, 4 * r.between(1, 12));
  c.thinnings = r.between(1, 3);
  while ((1u << (c.thinnings - 1)) > max_layers) --c.thinnings;
  c.layers = r.between(1, max_layers >> (c.thinnings - 1)) << (c.thinnings - 1);
  c.front_channels = 8 * r.between(1, 8);
  c.channels = 16 * r.between(1, max_channels / 16);
  c.hidden = 16 * r.between(1, max_channels / 8);
  c.taps_before = r.below(8);
  c.taps_after = r.below(8);
  c.planes = r.between(1, 2);
  c.input_pad = r.below(128);
  c.input_reference = r.below(2);
  c.pooling = r.below(2);
  return c;
}

}  // namespace bifsmn
