// The front end in flash, and its frames from audio of 16 bits.
#pragma once
#include "frontend/frontend.h"

struct bifsmn_front_end {
  bifsmn::FrontEnd tables;
  uint32_t sample_rate;  // what else of the model they were made of
  float f_min, f_max, power_floor;
};

namespace bifsmn {

// One frame, by vectors as wide as the tables are for.
void frame_of_device(const FrontEnd&, void* scratch, const float* samples, float* features);

size_t device_frames_scratch_bytes(const Config&);
// As compute_frames; a sample of 16 bits is so many 32768ths. The scratch is zeroed here.
void compute_device_frames(const FrontEnd&, void* scratch, const int16_t* audio, size_t samples,
                           uint32_t first, uint32_t end, float* features);

}  // namespace bifsmn
