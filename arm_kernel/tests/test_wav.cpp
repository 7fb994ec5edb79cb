// WAV files of all codings that are read, and broken ones.
#include "check.h"
#include "format/wav.h"
#include "random_model.h"

using namespace bifsmn;

namespace {

struct Format {
  uint32_t coding, bits, channels, rate;
  bool extensible;
};

void put_text(Buffer& file, const char* text) { file.append(text, strlen(text)); }

void put_sample(Buffer& file, const Format& f, float value) {
  if (f.coding == 3) return file.put(value);
  const int64_t half = int64_t(1) << (f.bits - 1);
  const int64_t level = int64_t(value * float(half)) + (f.bits == 8 ? 128 : 0);
  file.append(&level, f.bits / 8);
}

// `frames` samples of each channel: sample(i, channel).
template <class Sample>
Buffer write_wav(const Format& f, uint32_t frames, Sample sample) {
  const uint32_t frame_bytes = f.channels * f.bits / 8;
  Buffer file;
  put_text(file, "RIFF");
  file.put(uint32_t(0));  // set below
  put_text(file, "WAVEjunk");
  file.put(uint32_t(3));
  put_text(file, "abc");
  file.grow(1);  // so that the next one begins at an even place
  put_text(file, "fmt ");
  file.put(uint32_t(f.extensible ? 40 : 16));
  file.put(uint16_t(f.extensible ? 0xFFFE : f.coding));
  file.put(uint16_t(f.channels));
  file.put(f.rate);
  file.put(f.rate * frame_bytes);
  file.put(uint16_t(frame_bytes));
  file.put(uint16_t(f.bits));
  if (f.extensible) {
    file.grow(8);
    file.put(uint16_t(f.coding));
    file.grow(14);
  }
  put_text(file, "data");
  file.put(frames * frame_bytes);
  for (uint32_t i = 0; i < frames; ++i)
    for (uint32_t c = 0; c < f.channels; ++c) put_sample(file, f, sample(i, c));
  const uint32_t size = uint32_t(file.size() - 8);
  memcpy(file.data() + 4, &size, 4);
  return file;
}

float staircase(uint32_t i, uint32_t channel) {
  return float(int(i % 16) - 8) / 8 * (channel % 2 ? 0.5f : 1);
}

// The bytes end where memory ends, for sanitizers.
WavError read_exactly(const uint8_t* bytes, size_t length, float* last) {
  uint8_t* copy = static_cast<uint8_t*>(malloc(length + !length));
  memcpy(copy, bytes, length);
  Wav wav;
  const WavError error = read_wav(copy, length, &wav);
  if (error == WavError::kNone) decode_mono(wav, wav.samples - 1, 1, last);
  free(copy);
  return error;
}

void test_codings() {
  const Format formats[] = {
      {1, 8, 1, 8000, false},   {1, 16, 1, 16000, false}, {1, 24, 1, 44100, false},
      {1, 32, 1, 96000, false}, {3, 32, 1, 16000, false}, {1, 16, 2, 16000, false},
      {1, 24, 3, 16000, true},  {3, 32, 6, 48000, true},  {1, 8, 7, 11025, true}};
  for (const Format& f : formats) {
    const Buffer file = write_wav(f, 19, staircase);
    Wav wav;
    CHECK(read_wav(file.data(), file.size(), &wav) == WavError::kNone, "%u bits", f.bits);
    CHECK(wav.sample_rate == f.rate && wav.channels == f.channels && wav.samples == 19,
          "%u Hz, %u channels, %zu samples", wav.sample_rate, wav.channels, wav.samples);
    float audio[19];
    decode_mono(wav, 0, 4, audio);
    decode_mono(wav, 4, 15, audio + 4);
    for (uint32_t i = 0; i < 19; ++i) {
      double mean = 0;
      for (uint32_t c = 0; c < f.channels; ++c) mean += double(staircase(i, c)) / f.channels;
      CHECK(std::fabs(double(audio[i]) - mean) < 1e-6, "%u bits, %u channels, sample %u: %f",
            f.bits, f.channels, i, double(audio[i]));
    }
  }
}

void test_extremes() {
  const float values[] = {-1, 0, 32767.0f / 32768};
  const Buffer file =
      write_wav({1, 16, 1, 16000, false}, 3, [&](uint32_t i, uint32_t) { return values[i]; });
  Wav wav;
  float audio[3];
  CHECK(read_wav(file.data(), file.size(), &wav) == WavError::kNone, "a good file");
  decode_mono(wav, 0, 3, audio);
  for (int i = 0; i < 3; ++i) CHECK(audio[i] == values[i], "sample %d: %f", i, double(audio[i]));
}

// A file of 10 samples that says that it has so many bytes of them.
Buffer wav_of_length(uint32_t length, uint32_t outer) {
  Buffer file = write_wav({1, 16, 1, 16000, false}, 10, staircase);
  memcpy(file.data() + file.size() - 24, &length, 4);
  memcpy(file.data() + 4, &outer, 4);
  return file;
}

// What sox, ffmpeg, arecord and others write where the end is not known.
void test_unknown_length() {
  const uint32_t placeholders[] = {0,          0x7FFFEFF0, 0x7FFFF000, 0x7FFFFFDB, 0x7FFFFFFF,
                                   0x80000000, 0x80000024, 0xFFFFFFDB, 0xFFFFFFFF};
  for (const uint32_t length : placeholders) {
    const Buffer file = wav_of_length(length, length + 36);
    Wav wav;
    CHECK(read_wav(file.data(), file.size(), &wav) == WavError::kNone, "%x bytes", length);
    CHECK(wav.samples == 10, "%zu samples", wav.samples);
  }
  const uint32_t lengths[] = {21, 1000000, 0x7FFEFFFF, 0x80010001, 0xFFFEFFFF};
  for (const uint32_t length : lengths) {
    const Buffer file = wav_of_length(length, length + 36);
    Wav wav;
    CHECK(read_wav(file.data(), file.size(), &wav) == WavError::kTruncated, "%x bytes", length);
  }
}

// One is read and one is not: better none.
void test_joined_files() {
  const Buffer one = write_wav({1, 16, 1, 16000, false}, 10, staircase);
  Buffer file(one.data(), one.size());
  file.append("LIST\3\0\0\0abc", 12);  // with its byte of padding
  const size_t size = file.size();
  Wav wav;
  CHECK(read_wav(file.data(), size, &wav) == WavError::kNone, "a list behind the samples");
  file.append(one.data(), one.size());
  const size_t lengths[] = {size + 8, size + 20, size + one.size()};
  for (const size_t length : lengths)
    CHECK(read_wav(file.data(), length, &wav) == WavError::kJoined, "%zu bytes", length);
}

void expect(Buffer file, size_t at, uint32_t bytes, uint32_t value, WavError expected) {
  float last;
  if (bytes) memcpy(file.data() + at, &value, bytes);
  const WavError error = read_exactly(file.data(), file.size(), &last);
  CHECK(error == expected, "%u at byte %zu: error %d", value, at, int(error));
}

void test_errors() {
  const auto good = [] { return write_wav({1, 16, 1, 16000, false}, 10, staircase); };
  constexpr size_t kFormat = 24;
  expect(good(), 0, 0, 0, WavError::kNone);
  expect(good(), 0, 1, 'X', WavError::kNotWav);
  expect(good(), 8, 1, 'X', WavError::kNotWav);
  expect(good(), kFormat, 1, 'X', WavError::kNoFormat);
  expect(good(), kFormat + 4, 4, 15, WavError::kNoFormat);
  expect(good(), kFormat + 4, 4, 1000, WavError::kTruncated);
  expect(good(), kFormat + 8, 2, 2, WavError::kCoding);
  expect(good(), kFormat + 8, 2, 3, WavError::kCoding);       // float of 16 bits
  expect(good(), kFormat + 10, 2, 0, WavError::kChannels);
  expect(good(), kFormat + 10, 2, 1025, WavError::kChannels);
  expect(good(), kFormat + 10, 2, 65535, WavError::kChannels);
  expect(good(), kFormat + 10, 2, 2, WavError::kNoFormat);    // does not fit the rest
  expect(good(), kFormat + 12, 4, 0, WavError::kRate);
  expect(good(), kFormat + 12, 4, 999, WavError::kRate);
  expect(good(), kFormat + 12, 4, 1000, WavError::kNone);
  expect(good(), kFormat + 12, 4, 768000, WavError::kNone);
  expect(good(), kFormat + 12, 4, 768001, WavError::kRate);
  expect(good(), kFormat + 12, 4, 0xFFFFFFFF, WavError::kRate);
  expect(good(), kFormat + 22, 2, 12, WavError::kCoding);     // bits
  expect(good(), kFormat + 22, 2, 64, WavError::kCoding);
  expect(good(), kFormat + 24, 1, 'X', WavError::kNoAudio);
  expect(good(), kFormat + 28, 4, 21, WavError::kTruncated);
  expect(good(), kFormat + 28, 4, 1, WavError::kNoAudio);     // half a sample
  expect(good(), kFormat + 28, 4, 0, WavError::kNoAudio);
  for (int error = 0; error <= int(WavError::kNoAudio) + 1; ++error)
    CHECK(*wav_error_text(WavError(error)), "error %d", error);
}

// No prefix of a file passes, and no altered byte does harm.
void test_corruption() {
  const Buffer file = write_wav({1, 24, 2, 16000, true}, 10, staircase);
  float last;
  for (size_t length = 0; length < file.size(); ++length)
    CHECK(read_exactly(file.data(), length, &last) != WavError::kNone, "%zu bytes", length);
  for (size_t at = 0; at < file.size(); ++at)
    for (uint32_t value = 0; value < 256; ++value) {
      Buffer altered(file.data(), file.size());
      altered[at] = uint8_t(value);
      read_exactly(altered.data(), altered.size(), &last);
    }
}

}  // namespace

int main() {
  test_codings();
  test_extremes();
  test_unknown_length();
  test_joined_files();
  test_errors();
  test_corruption();
  puts("WAV files are read");
}
