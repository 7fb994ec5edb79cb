// Random models whose labels are chosen.
#pragma once
#include <initializer_list>

#include "bifsmn.h"
#include "check.h"
#include "random_model.h"

namespace bifsmn {

// Windows of 1 s every 32 ms.
inline bifsmn_model* labelled_model(std::initializer_list<const char*> labels, float threshold,
                                    uint32_t smoothing) {
  Config c = default_config();
  c.classes = uint32_t(labels.size());
  c.smoothing = smoothing;
  const Buffer random = random_model(c, 1);
  constexpr size_t kLabels = 20 + sizeof(Config), kLabelBytes = 2 + 6;  // "word 0"
  Buffer file(random.data(), kLabels);
  for (const char* label : labels) {
    file.put(uint16_t(strlen(label)));
    file.append(label, strlen(label));
  }
  constexpr size_t kTextBytes = 3 * 2 + 6 + 7;  // "random", "CC0-1.0", ""
  const uint8_t* rest = random.data() + kLabels + c.classes * kLabelBytes;
  file.append(rest, kTextBytes);
  for (uint32_t k = 0; k < c.classes; ++k) file.put(threshold);
  rest += kTextBytes + c.classes * sizeof threshold;
  file.append(rest, size_t(random.data() + random.size() - rest));
  seal(file.data(), file.size());
  bifsmn_model* model = nullptr;
  const bifsmn_status status = bifsmn_load_memory(file.data(), file.size(), &model);
  CHECK(status == BIFSMN_OK, "status %d", status);
  return model;
}

}  // namespace bifsmn
