// What holds for any bytes: they are refused with a sentence, or they hold audio
// within them, which reads alike in one piece and in many.
#pragma once
#include <cmath>
#include <cstring>

#include "../tests/check.h"
#include "../tests/random_model.h"
#include "format/wav.h"

namespace bifsmn {

// Whether it is a wav file.
inline bool check_wav(const uint8_t* bytes, size_t size) {
  Wav wav = {};
  const WavError error = read_wav(bytes, size, &wav);
  if (error != WavError::kNone) {
    CHECK(strlen(wav_error_text(error)) > 20, "a sentence for error %d", int(error));
    CHECK(wav.data == nullptr, "no audio for error %d", int(error));
    return false;
  }
  const size_t before = size_t(wav.data - bytes);
  const size_t audio_bytes = wav.samples * wav.channels * wav.sample_bytes;
  CHECK(wav.samples > 0 && wav.channels > 0 && wav.channels <= 1024, "%zu samples of %u channels",
        wav.samples, wav.channels);
  CHECK(wav.sample_rate >= 1000 && wav.sample_rate <= 768000, "%u Hz", wav.sample_rate);
  CHECK(before <= size && audio_bytes <= size - before, "%zu bytes at %zu of %zu", audio_bytes,
        before, size);
  Buffer whole, pieces;
  whole.grow(4 * wav.samples);
  pieces.grow(4 * wav.samples);
  float* audio = reinterpret_cast<float*>(whole.data());
  float* parts = reinterpret_cast<float*>(pieces.data());
  decode_mono(wav, 0, wav.samples, audio);
  for (size_t first = 0, n = 1; first < wav.samples; first += n, n = 2 * n + 1) {
    if (n > wav.samples - first) n = wav.samples - first;
    decode_mono(wav, first, n, parts + first);
  }
  CHECK(memcmp(audio, parts, 4 * wav.samples) == 0, "the same audio in pieces");
  for (size_t i = 0; i < wav.samples && !wav.is_float; ++i)
    CHECK(std::fabs(audio[i]) <= 1, "sample %zu is %g", i, audio[i]);
  return true;
}

}  // namespace bifsmn
