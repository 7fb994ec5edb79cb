// Numbers of four frames, of 32 bits: plain, and as a vector. Sums and products wrap around.
#pragma once
#include "counts.h"

namespace bifsmn {

#if __ARM_FEATURE_MVE

struct Four {
  int32x4_t v;

  static Four of(const int16_t* x) { return {vldrhq_s32(x)}; }
  static Four of(const Sums& sums) {
    const uint32x4_t places = {0, 4, 2, 6};  // of frames 0, 1, 2, 3, in bytes
    const uint16_t* const halves = reinterpret_cast<const uint16_t*>(&sums);
    return {int32x4_t(vldrhq_gather_offset_u32(halves, places))};
  }
  static Four of_bytes(const uint32_t& bytes) {
    return {int32x4_t(vldrbq_u32(reinterpret_cast<const uint8_t*>(&bytes)))};
  }

  void to(int16_t* x) const { vstrhq_s32(x, v); }
  uint32_t bytes() const {
    uint32_t bytes;
    vstrbq_s32(reinterpret_cast<int8_t*>(&bytes), v);
    return bytes;
  }

  Four operator+(Four b) const { return {int32x4_t(uint32x4_t(v) + uint32x4_t(b.v))}; }
  Four operator+(int32_t b) const { return *this + Four{vdupq_n_s32(b)}; }
  Four operator-(int32_t b) const { return {v - vdupq_n_s32(b)}; }
  Four operator-() const { return {-v}; }
  Four operator*(int32_t b) const { return {int32x4_t(uint32x4_t(v) * uint32_t(b))}; }
  template <int kBits>
  Four shifted() const {
    return {vshrq_n_s32(v, kBits)};
  }
  Four max(Four b) const { return {vmaxq_s32(v, b.v)}; }
  Four saturated() const {
    return {vminq_s32(vmaxq_s32(v, vdupq_n_s32(-32768)), vdupq_n_s32(32767))};
  }
};

#else

struct Four {
  int32_t v[4];

  template <class Function>
  static Four each(Function f) {
    return {{f(0), f(1), f(2), f(3)}};
  }

  static Four of(const int16_t* x) {
    return each([=](int i) { return int32_t(x[i]); });
  }
  static Four of(const Sums& sums) {
    return each([&](int i) { return sums.of(i); });
  }
  static Four of_bytes(const uint32_t& bytes) {
    return each([&](int i) { return int32_t(bytes >> 8 * i & 0xff); });
  }

  void to(int16_t* x) const {
    each([&](int i) { return x[i] = int16_t(v[i]); });
  }
  uint32_t bytes() const {
    return uint32_t(v[0]) | uint32_t(v[1]) << 8 | uint32_t(v[2]) << 16 | uint32_t(v[3]) << 24;
  }

  Four operator+(Four b) const {
    return each([&](int i) { return int32_t(uint32_t(v[i]) + uint32_t(b.v[i])); });
  }
  Four operator+(int32_t b) const { return *this + Four{{b, b, b, b}}; }
  Four operator-(int32_t b) const {
    return each([&](int i) { return v[i] - b; });
  }
  Four operator-() const {
    return each([&](int i) { return -v[i]; });
  }
  Four operator*(int32_t b) const {
    return each([&](int i) { return int32_t(uint32_t(v[i]) * uint32_t(b)); });
  }
  template <int kBits>
  Four shifted() const {
    return each([&](int i) { return v[i] >> kBits; });
  }
  Four max(Four b) const {
    return each([&](int i) { return v[i] > b.v[i] ? v[i] : b.v[i]; });
  }
  Four saturated() const {
    return each([&](int i) { return v[i] < -32768 ? -32768 : v[i] > 32767 ? 32767 : v[i]; });
  }
};

#endif

}  // namespace bifsmn
