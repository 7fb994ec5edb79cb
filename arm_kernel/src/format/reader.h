// Walks through a model file's bytes.
//
// It goes there twice: first to check them and to add up the memory that a network
// takes (no memory given: nothing is kept), then to make the network.
#pragma once
#include <cmath>
#include <cstring>

#include "core/arena.h"
#include "format/utf8.h"
#include "network/network.h"

namespace bifsmn {

inline uint32_t u32_at(const uint8_t* p) {
  return p[0] | p[1] << 8 | p[2] << 16 | uint32_t(p[3]) << 24;
}

class Reader {
 public:
  Reader(const uint8_t* bytes, size_t length, void* memory)
      : at_(bytes), end_(bytes + length), arena_(memory) {}

  bool ok() const { return ok_; }
  bool at_end() const { return at_ == end_; }
  size_t memory_bytes() const { return arena_.used(); }
  void require(bool condition) { ok_ = ok_ && condition; }

  // Room for n of a type; null in the first walk.
  template <class T>
  T* take(size_t n) {
    return arena_.take<T>(n);
  }

  // The next n bytes, or null where the file is too short.
  const uint8_t* bytes(size_t n) {
    if (size_t(end_ - at_) < n) ok_ = false;
    if (!ok_) return nullptr;
    const uint8_t* here = at_;
    at_ += n;
    return here;
  }

  uint8_t u8() {
    const uint8_t* p = bytes(1);
    return p ? *p : 0;
  }
  uint16_t u16() {
    const uint8_t* p = bytes(2);
    return p ? uint16_t(p[0] | p[1] << 8) : 0;
  }
  uint32_t u32() {
    const uint8_t* p = bytes(4);
    return p ? u32_at(p) : 0;
  }
  int8_t i8() { return int8_t(u8()); }
  int32_t i32() { return int32_t(u32()); }

  float f32() {
    const uint32_t word = u32();
    float value;
    memcpy(&value, &word, 4);
    require(std::fabs(value) <= 0x1p20f);  // NaN is not
    return value;
  }
  float positive() {
    const float value = f32();
    require(value > 0);
    return value;
  }

  // n codes, none below `lowest`.
  const int8_t* codes(size_t n, int8_t lowest = -128) {
    const int8_t* codes = reinterpret_cast<const int8_t*>(bytes(n));
    for (size_t i = 0; codes && i < n; ++i) require(codes[i] >= lowest);
    return codes;
  }

  Vector vector(size_t n, int8_t lowest = -128) {
    const uint32_t exponent = u8();
    require(exponent <= 8);
    return {codes(n, lowest), exponent};
  }

  // Chunks of 128 signs, of `rows` rows after one another before the next chunk
  // of each. What pads a row's last chunk must be zero: kernels count on it.
  const uint8_t* signs(size_t outputs, uint32_t inputs, size_t rows) {
    const size_t chunks = row_bytes(inputs) / 16;
    const uint8_t* signs = bytes(outputs * row_bytes(inputs));
    for (size_t i = 0; signs && i < outputs * chunks; ++i)
      for (size_t bit = inputs - i / rows % chunks * 128; bit < 128; ++bit)
        require(!(signs[16 * i + bit / 8] >> bit % 8 & 1));
    return signs;
  }

  // A string of C, which its file's is not; the memory is zeroed.
  const char* text(bool may_be_empty) {
    const size_t n = u16();
    require(n > 0 || may_be_empty);
    const uint8_t* source = bytes(n);
    char* copy = take<char>(n + 1);
    if (!source) return copy;
    require(memchr(source, 0, n) == nullptr && is_utf8(source, n));
    if (copy) memcpy(copy, source, n);
    return copy;
  }

 private:
  const uint8_t *at_, *end_;
  Arena arena_;
  bool ok_ = true;
};

}  // namespace bifsmn
