// Reads WAV files in memory: PCM of 8, 16, 24 or 32 bits and 32-bit float.
//
// Who writes to a pipe, or is cut off by a flat battery, leaves a length that
// stands for none; such samples go on to the end of the file. Any other length
// that a file does not hold proves that the rest of it is missing. The Python
// package reads files by the same rules (audiofile/wav.py).
#pragma once
#include <cstddef>
#include <cstdint>

namespace bifsmn {

enum class WavError {
  kNone,
  kNotWav,
  kTruncated,
  kNoFormat,
  kCoding,
  kRate,
  kChannels,
  kJoined,
  kNoAudio,
};

// What is wrong, and what to do: "expected ..., found ...; ...".
const char* wav_error_text(WavError);

struct Wav {
  uint32_t sample_rate;  // Hz
  uint32_t channels;
  uint32_t sample_bytes;
  bool is_float;
  size_t samples;       // of each channel; at least 1
  const uint8_t* data;  // [samples][channels][sample_bytes], within the file's bytes
};

// Nothing is copied: `wav` points into `bytes`. It is set only where kNone returns.
WavError read_wav(const uint8_t* bytes, size_t length, Wav* wav);

// Samples first <= i < first + n, from -1 to 1 (floats as they are), the mean of
// the channels. first + n is at most wav.samples.
void decode_mono(const Wav& wav, size_t first, size_t n, float* audio);

}  // namespace bifsmn
