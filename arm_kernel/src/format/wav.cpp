#include "format/wav.h"

#include <cstring>

namespace bifsmn {
namespace {

constexpr uint32_t kPcm = 1, kFloat = 3, kExtensible = 0xFFFE;
constexpr uint32_t kMinHz = 1000, kMaxHz = 768000, kMaxChannels = 1024;
// Bytes that writers take off a length that stands for none, for headers and for
// whole samples.
constexpr uint32_t kNear = 1 << 16;

uint32_t little_endian(const uint8_t* bytes, uint32_t n) {
  uint32_t value = 0;
  for (uint32_t i = 0; i < n; ++i) value |= uint32_t(bytes[i]) << 8 * i;
  return value;
}

// sox writes 0x7FFFF000, arecord 0x80000000, ffmpeg 0xFFFFFFFF.
bool is_placeholder(uint32_t length) {
  constexpr uint32_t kMiddle = 0x80000000;
  return (length >= kMiddle - kNear && length <= kMiddle + kNear) || length >= uint32_t(-kNear);
}

struct Chunk {
  const uint8_t* content;
  size_t length;
};

class Chunks {
 public:
  Chunks(const uint8_t* bytes, size_t length) : at_(bytes + 12), left_(length - 12) {
    const uint64_t stated = 8 + uint64_t(little_endian(bytes + 4, 4));
    ends_as_stated_ = stated == length || stated == uint64_t(length) + 1;
  }

  // Steps on to the first chunk of that name.
  WavError find(const char* name, WavError if_absent, Chunk* chunk) {
    while (left_ >= 8) {
      const bool found = memcmp(at_, name, 4) == 0;
      size_t length = little_endian(at_ + 4, 4);
      at_ += 8;
      left_ -= 8;
      if (found && memcmp(name, "data", 4) == 0) {
        const bool none = length == 0 && !ends_as_stated_;
        if (none || is_placeholder(uint32_t(length))) length = left_;
      }
      if (length > left_) return WavError::kTruncated;
      *chunk = {at_, length};
      if (length < left_) length += length % 2;  // chunks begin at even places
      at_ += length;
      left_ -= length;
      if (found) return WavError::kNone;
    }
    return if_absent;
  }

  // Steps on to a file that is joined to this one; what else follows may be broken.
  bool find_another() {
    while (left_ >= 8) {
      if (memcmp(at_, "RIFF", 4) == 0) return true;
      const uint64_t length = 8 + uint64_t(little_endian(at_ + 4, 4));
      if (length + length % 2 > left_) return false;
      at_ += length + length % 2;
      left_ -= size_t(length + length % 2);
    }
    return false;
  }

 private:
  const uint8_t* at_;
  size_t left_;
  bool ends_as_stated_;  // by the outer header
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
  if (wav->channels == 0 || wav->channels > kMaxChannels) return WavError::kChannels;
  if (frame_bytes != wav->channels * wav->sample_bytes) return WavError::kNoFormat;
  if (wav->sample_rate < kMinHz || wav->sample_rate > kMaxHz) return WavError::kRate;
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
    case WavError::kRate:
      return "expected a sample rate from 1000 to 768000 Hz, found another; write the file again";
    case WavError::kChannels:
      return "expected 1 to 1024 channels, found another number; write the file again";
    case WavError::kJoined:
      return "expected one WAV file, found another joined to its end; join them with sox or "
             "ffmpeg";
    case WavError::kNoAudio: return "expected samples, found none; record it again";
  }
  return "unknown error";
}

WavError read_wav(const uint8_t* bytes, size_t length, Wav* wav) {
  if (length < 12 || memcmp(bytes, "RIFF", 4) != 0 || memcmp(bytes + 8, "WAVE", 4) != 0)
    return WavError::kNotWav;
  Chunks chunks(bytes, length);
  Chunk chunk;
  Wav found = {};
  WavError error = chunks.find("fmt ", WavError::kNoFormat, &chunk);
  if (error == WavError::kNone) error = read_format(chunk, &found);
  if (error == WavError::kNone) error = chunks.find("data", WavError::kNoAudio, &chunk);
  if (error != WavError::kNone) return error;
  if (chunks.find_another()) return WavError::kJoined;
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
