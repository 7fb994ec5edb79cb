// CRC-32 as in zlib, gzip and PNG.
#pragma once
#include <cstddef>
#include <cstdint>

namespace bifsmn {

// What each value of the low byte does to the rest.
struct CrcTable {
  uint32_t of[256];

  constexpr CrcTable() : of() {
    for (uint32_t byte = 0; byte < 256; ++byte) {
      uint32_t crc = byte;
      for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
      of[byte] = crc;
    }
  }
};

inline uint32_t crc32(const uint8_t* bytes, size_t length) {
  static constexpr CrcTable table;
  uint32_t crc = ~0u;
  for (size_t i = 0; i < length; ++i) crc = crc >> 8 ^ table.of[(crc ^ bytes[i]) & 0xff];
  return ~crc;
}

}  // namespace bifsmn
