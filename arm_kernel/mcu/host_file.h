// Memory and files of the programs that run on the machine that builds the firmware.
#pragma once
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace bifsmn {

// Zeroed; ends with the program.
inline void* allocate(size_t bytes) {
  void* memory = aligned_alloc(64, (bytes + 63) / 64 * 64);
  if (!memory) abort();
  memset(memory, 0, bytes);
  return memory;
}

[[noreturn]] inline void fail(const char* program, const char* path, const char* what) {
  fprintf(stderr, "%s: %s: %s\n", program, path, what);
  exit(1);
}

struct HostFile {
  uint8_t* bytes;
  size_t length;

  HostFile(const char* program, const char* path) {
    FILE* file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END) != 0)
      fail(program, path, "expected a file, found none to read");
    length = size_t(ftell(file));
    bytes = static_cast<uint8_t*>(allocate(length));
    rewind(file);
    if (fread(bytes, 1, length, file) != length) fail(program, path, "expected to read, could not");
    fclose(file);
  }
};

}  // namespace bifsmn
