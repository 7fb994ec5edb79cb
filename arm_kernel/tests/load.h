// Loads files, and changed copies of them.
#pragma once
#include "bifsmn.h"
#include "check.h"
#include "random_model.h"

namespace bifsmn {

constexpr float kMax = 1 << 20;   // the largest f32 of a file
constexpr size_t kStrings = 116;  // where they begin

inline bifsmn_status load(const uint8_t* bytes, size_t size) {
  bifsmn_model* model = nullptr;
  const bifsmn_status status = bifsmn_load_memory(bytes, size, &model);
  CHECK((status == BIFSMN_OK) == (model != nullptr), "status %d", status);
  bifsmn_free(model);
  return status;
}

// The status of a file in which a value stands at an offset; the file stays.
template <class T>
bifsmn_status with(Buffer& file, size_t at, T value) {
  uint8_t old[sizeof value];
  memcpy(old, file.data() + at, sizeof value);
  memcpy(file.data() + at, &value, sizeof value);
  seal(file.data(), file.size());
  const bifsmn_status status = load(file.data(), file.size());
  memcpy(file.data() + at, old, sizeof value);
  return status;
}

}  // namespace bifsmn
