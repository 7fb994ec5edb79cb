// CRC-32 as in zlib, gzip and PNG.
#pragma once
#include <cstddef>
#include <cstdint>

namespace bifsmn {

inline uint32_t crc32(const uint8_t* bytes, size_t length) {
  uint32_t crc = ~0u;
  for (size_t i = 0; i < length; ++i) {
    crc ^= bytes[i];
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
  }
  return ~crc;
}

}  // namespace bifsmn
