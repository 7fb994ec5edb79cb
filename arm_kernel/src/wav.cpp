#include "wav.h"

#include <cstring>

namespace bifsmn {
namespace {

constexpr uint32_t kPcm = 1, kFloat = 3, kExtensible = 0xFFFE;
// The length of a chunk that was still being written.
constexpr uint32_t kUnknownLength = 0xFFFFFFFF;

uint32_t little_endian(const uint8_t* bytes, uint32_t n) {
  uint32_t value = 0;
  for (uint32_t i = 0; i < n; ++i) value |= uint32_t(bytes[i]) << 8 * i;
  return value;
}

struct Chunk {
  const uint8_t* content;
  size_t length;
};

class Chunks {
 public:
  Chunks(const uint8_t* bytes, size_t length) : at_(bytes), left_(length) {}

  // Steps on to the first chunk of that name.
  WavError find(const char* name, WavError if_absent, Chunk* chunk) {
    while (left_ >= 8) {
      const bool found = memcmp(at_, name, 4) == 0;
      const uint32_t length = little_endian(at_ + 4, 4);
      at_ += 8;
      left_ -= 8;
      size_t taken = length;
      if (length > left_) {
        if (length != kUnknownLength) return WavError::kTruncated;
        taken = left_;
      }
      *chunk = {at_, taken};
      if (taken < left_) taken += taken % 2;  // chunks begin at even places
      at_ += taken;
      left_ -= taken;
      if (found) return WavError::kNone;
    }
    return if_absent;
  }

 private:
  const uint8_t* at_;
  size_t left_;
};

WavError read_format(const Chunk& chunk, Wav* wav) {
  if (chunk.length < 16) return WavError::kNoFormat;
  uint32_t coding = little_endian(chunk.content, 2);
  wav->channels = little_endian(chunk.content + 2, 2);
  wav->sample_rate = little_endian(chunk.content + 4, 4);
  const uint32_t bits = little_endian(chunk.content + 14, 2);
  if (coding == kExtensible && chunk.length >= 26)
    coding = little_endian(chunk.content + 24, 2);  // the first bytes of its GUID
  wav->is_float = coding == kFloat;
  wav->sample_bytes = bits / 8;
  const bool pcm = coding == kPcm && bits % 8 == 0 && bits >= 8 && bits <= 32;
  if (!pcm && !(wav->is_float && bits == 32)) return WavError::kCoding;
  const uint32_t frame_bytes = little_endian(chunk.content + 12, 2);
  if (wav->channels == 0 || wav->sample_rate == 0 ||
      frame_bytes != wav->channels * wav->sample_bytes)
    return WavError::kNoFormat;
  return WavError::kNone;
}

float sample(const uint8_t* bytes, uint32_t n, bool is_float) {
  uint32_t bits = little_endian(bytes, n) << (32 - 8 * n);
  if (is_float) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
  }
  if (n == 1) bits ^= 0x80000000;  // 8 bits are unsigned
  int32_t value;
  memcpy(&value, &bits, sizeof value);
  return float(value) * 0x1p-31f;
}

}  // namespace

const char* wav_error_text(WavError error) {
  switch (error) {
    case WavError::kNone: return "no error";
    case WavError::kNotWav:
      return "expected a WAV file, found another; convert it with ffmpeg or sox";
    case WavError::kTruncated:
      return "expected as many bytes as its header says, found fewer; copy the file again";
    case WavError::kNoFormat:
      return "expected a format chunk that makes sense, found none; write the file again";
    case WavError::kCoding:
      return "expected PCM of 8, 16, 24 or 32 bits or 32-bit float, found another coding; "
             "convert it with ffmpeg or sox";
    case WavError::kNoAudio: return "expected samples, found none; record it again";
  }
  return "unknown error";
}

WavError read_wav(const uint8_t* bytes, size_t length, Wav* wav) {
  if (length < 12 || memcmp(bytes, "RIFF", 4) != 0 || memcmp(bytes + 8, "WAVE", 4) != 0)
    return WavError::kNotWav;
  // The length in the outer header is not looked at: those of the chunks matter.
  Chunks chunks(bytes + 12, length - 12);
  Chunk chunk;
  Wav found = {};
  WavError error = chunks.find("fmt ", WavError::kNoFormat, &chunk);
  if (error == WavError::kNone) error = read_format(chunk, &found);
  if (error == WavError::kNone) error = chunks.find("data", WavError::kNoAudio, &chunk);
  if (error != WavError::kNone) return error;
  found.samples = chunk.length / (size_t(found.channels) * found.sample_bytes);
  found.data = chunk.content;
  if (found.samples == 0) return WavError::kNoAudio;
  *wav = found;
  return WavError::kNone;
}

void decode_mono(const Wav& wav, size_t first, size_t n, float* audio) {
  const uint8_t* at = wav.data + first * wav.channels * wav.sample_bytes;
  for (size_t i = 0; i < n; ++i) {
    double sum = 0;
    for (uint32_t c = 0; c < wav.channels; ++c, at += wav.sample_bytes)
      sum += sample(at, wav.sample_bytes, wav.is_float);
    audio[i] = float(sum / wav.channels);
  }
}

}  // namespace bifsmn
