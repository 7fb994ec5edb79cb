// Hands out memory in pieces aligned to 64 bytes; without memory it only counts.
#pragma once
#include <cstddef>
#include <cstdint>

namespace bifsmn {

class Arena {
 public:
  explicit Arena(void* memory) : memory_(static_cast<uint8_t*>(memory)) {}

  template <class T>
  T* take(size_t n) {
    const size_t start = used_;
    used_ += (n * sizeof(T) + 63) / 64 * 64;
    return memory_ ? reinterpret_cast<T*>(memory_ + start) : nullptr;
  }
  bool counting() const { return !memory_; }
  size_t used() const { return used_; }

 private:
  uint8_t* memory_;
  size_t used_ = 0;
};

}  // namespace bifsmn
