// Random numbers, and bytes that grow; for tests and fuzzers.
#pragma once
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace bifsmn {

// xorshift64*: the same numbers everywhere.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15u + 1) {}

  uint32_t next() {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return uint32_t(state_ * 0x2545F4914F6CDD1Du >> 32);
  }

  // 0 to n - 1.
  uint32_t below(uint32_t n) { return uint32_t(uint64_t(next()) * n >> 32); }
  uint32_t between(uint32_t low, uint32_t high) { return low + below(high - low + 1); }
  int32_t either(int32_t magnitude) {
    return int32_t(below(2 * uint32_t(magnitude) + 1)) - magnitude;
  }
  float uniform(float low, float high) {
    return low + (high - low) * (float(next() >> 8) * 0x1p-24f);
  }

 private:
  uint64_t state_;
};

// Bytes that grow; freed with their owner.
class Buffer {
 public:
  Buffer() = default;
  Buffer(const uint8_t* bytes, size_t n) { append(bytes, n); }
  Buffer(Buffer&& other) : data_(other.data_), size_(other.size_), room_(other.room_) {
    other.data_ = nullptr;
  }
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { free(data_); }

  uint8_t* data() { return data_; }
  const uint8_t* data() const { return data_; }
  size_t size() const { return size_; }
  uint8_t& operator[](size_t i) { return data_[i]; }

  // n more bytes, zeroed.
  uint8_t* grow(size_t n) {
    if (size_ + n > room_) {
      room_ = 2 * (size_ + n);
      data_ = static_cast<uint8_t*>(realloc(data_, room_));
      if (!data_) abort();
    }
    memset(data_ + size_, 0, n);
    size_ += n;
    return data_ + size_ - n;
  }

  void append(const void* bytes, size_t n) {
    uint8_t* at = grow(n);
    if (n) memcpy(at, bytes, n);
  }
  template <class T>
  void put(T value) {
    append(&value, sizeof value);  // little-endian, as all machines of the tests are
  }

 private:
  uint8_t* data_ = nullptr;
  size_t size_ = 0, room_ = 0;
};

}  // namespace bifsmn
