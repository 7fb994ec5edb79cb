// Fuzzes the reader of WAV files.
#include "check_wav.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  bifsmn::check_wav(bytes, size);
  return 0;
}
