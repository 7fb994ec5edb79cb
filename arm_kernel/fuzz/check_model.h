// What holds for any bytes: they are refused, or they are a model of which all
// instruction sets compute the same finite logits.
#pragma once
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "../tests/check.h"
#include "../tests/random_model.h"
#include "bifsmn.h"

namespace bifsmn {

// Of a file that was loaded.
inline Config config_of(const uint8_t* file) {
  Config c;
  memcpy(&c, file + 20, sizeof c);
  return c;
}

// Logits of every thinning, [thinnings][classes], on one instruction set.
inline Buffer logits_on(const char* isa, const uint8_t* file, size_t size, const float* features) {
  const Config c = config_of(file);
  Buffer logits;
  logits.grow(4 * size_t(c.thinnings) * c.classes);
  float* out = reinterpret_cast<float*>(logits.data());
  bifsmn_model* model = nullptr;
  bifsmn_state* state = nullptr;
  setenv("BIFSMN_ISA", isa, 1);
  bifsmn_status status = bifsmn_load_memory(file, size, &model);
  unsetenv("BIFSMN_ISA");
  CHECK(status == BIFSMN_OK, "status %d on %s", status, isa);
  CHECK(strcmp(bifsmn_isa(model), isa) == 0, "%s, not %s", bifsmn_isa(model), isa);
  status = bifsmn_state_new(model, &state);
  CHECK(status == BIFSMN_OK, "status %d on %s", status, isa);
  for (uint32_t d = 0; d < c.thinnings; ++d) {
    CHECK(bifsmn_set_thinning(state, 1u << d) == BIFSMN_OK, "thinning %u", 1u << d);
    status = bifsmn_logits(state, features, out + d * c.classes);
    CHECK(status == BIFSMN_OK, "status %d on %s", status, isa);
  }
  for (size_t i = 0; i < size_t(c.thinnings) * c.classes; ++i)
    CHECK(std::isfinite(out[i]), "logit %zu is %g on %s", i, out[i], isa);
  bifsmn_state_free(state);
  bifsmn_free(model);
  return logits;
}

// The logits that all instruction sets compute.
inline Buffer agreed_logits(const uint8_t* file, size_t size, const float* features) {
  Buffer expected = logits_on("reference", file, size, features);
  for (uint32_t i = 0; const char* isa = bifsmn_available_isa(i); ++i) {
    if (strcmp(isa, "reference") == 0) continue;
    const Buffer logits = logits_on(isa, file, size, features);
    CHECK(memcmp(logits.data(), expected.data(), expected.size()) == 0,
          "those of the reference on %s", isa);
  }
  return expected;
}

// Whether it is a model.
inline bool check_model(const uint8_t* bytes, size_t size) {
  bifsmn_model* model = nullptr;
  const bifsmn_status status = bifsmn_load_memory(bytes, size, &model);
  CHECK((status == BIFSMN_OK) == (model != nullptr), "status %d", status);
  if (status != BIFSMN_OK) return false;
  bifsmn_free(model);
  const Config c = config_of(bytes);
  Buffer memory;
  memory.grow(4 * size_t(c.mels) * c.frames);
  float* features = reinterpret_cast<float*>(memory.data());
  Random random(size);
  random_features(c, random, features);
  agreed_logits(bytes, size, features);
  return true;
}

}  // namespace bifsmn
