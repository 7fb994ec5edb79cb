// CRC-32 as in zlib, gzip and PNG.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace bifsmn {

constexpr size_t kCrcBytes = 8;  // at a time: their look-ups need not wait for each other

// of[k]: what each value of a byte does to the rest when k more bytes follow.
struct CrcTables {
  uint32_t of[kCrcBytes][256];

  constexpr CrcTables() : of() {
    for (uint32_t byte = 0; byte < 256; ++byte) {
      uint32_t crc = byte;
      for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
      of[0][byte] = crc;
    }
    for (size_t k = 1; k < kCrcBytes; ++k)
      for (uint32_t byte = 0; byte < 256; ++byte)
        of[k][byte] = of[k - 1][byte] >> 8 ^ of[0][of[k - 1][byte] & 0xff];
  }
};

inline uint32_t crc32(const uint8_t* bytes, size_t length) {
  static constexpr CrcTables table;
  uint32_t crc = ~0u;
  size_t i = 0;
  for (; i + kCrcBytes <= length; i += kCrcBytes) {
    uint64_t next;
    memcpy(&next, bytes + i, sizeof next);
    next ^= crc;
    crc = 0;
    for (size_t k = 0; k < kCrcBytes; ++k) crc ^= table.of[kCrcBytes - 1 - k][next >> 8 * k & 0xff];
  }
  for (; i < length; ++i) crc = crc >> 8 ^ table.of[0][(crc ^ bytes[i]) & 0xff];
  return ~crc;
}

}  // namespace bifsmn
