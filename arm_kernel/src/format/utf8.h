// Whether bytes are UTF-8.
#pragma once
#include <cstddef>
#include <cstdint>

namespace bifsmn {

// The bytes that follow the first one of a character; -1 where none begins so.
inline int utf8_continuation(uint8_t first) {
  if (first < 0x80) return 0;
  if (first >> 5 == 6) return 1;
  if (first >> 4 == 14) return 2;
  return first >> 3 == 30 ? 3 : -1;
}

inline bool is_utf8(const uint8_t* bytes, size_t n) {
  constexpr uint32_t min[] = {0, 0x80, 0x800, 0x10000};  // by length: no longer forms
  for (size_t i = 0; i < n;) {
    const uint8_t first = bytes[i++];
    const int more = utf8_continuation(first);
    if (more < 0 || n - i < size_t(more)) return false;
    uint32_t point = more ? first & (0x3f >> more) : first;
    for (int k = 0; k < more; ++k, ++i) {
      if (bytes[i] >> 6 != 2) return false;
      point = point << 6 | (bytes[i] & 0x3f);
    }
    const bool surrogate = point >> 11 == 27;
    if (point < min[more] || point > 0x10ffff || surrogate) return false;
  }
  return true;
}

}  // namespace bifsmn
