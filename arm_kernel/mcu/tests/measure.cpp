// What a device needs and gives, as lines "name value ..."; test.py reads them.
//
// The regions that it counts are, in their order: load, features, move, classify, logits at
// each thinning, and the reference's logits at thinning 1.
#include <cstring>

#include "bifsmn_spotter.h"
#include "board/semihosting.h"
#include "core/arena.h"
#include "format/format.h"
#include "kernels/reference.h"

extern "C" {
extern const uint8_t model[], clip[], features[];
extern const uint32_t model_bytes;
extern uint32_t stack_begin[], stack_end[];
}

namespace {

alignas(64) uint8_t memory[MEMORY];
float posteriors[64];
float computed[2048];  // the shipped models' frames and bands

void begin_region() { asm volatile(".inst.w 0xf3af8060" ::: "memory"); }
void end_region() { asm volatile(".inst.w 0xf3af8061" ::: "memory"); }

void put_hexadecimal(uint32_t number) {
  char text[10] = " 00000000";
  for (int i = 8; i > 0; --i, number >>= 4) text[i] = "0123456789abcdef"[number & 15];
  put(text);
}

void put_numbers(const char* name, const float* values, uint32_t n) {
  put(name);
  for (uint32_t i = 0; i < n; ++i) {
    uint32_t bits;
    memcpy(&bits, values + i, sizeof bits);
    put_hexadecimal(bits);
  }
  put("\n");
}

void put_line(const char* name, uint32_t value) {
  put(name);
  put_hexadecimal(value);
  put("\n");
}

void require(bifsmn_status status) {
  if (status == BIFSMN_OK) return;
  put_line("status", status);
  end_program(1);
}

void refuse(bifsmn_status status, bifsmn_status wanted) {
  if (status == wanted) return;
  put_line("refused with", status);
  end_program(1);
}

// How deep the stack has been, from what startup.c left there.
uint32_t stack_bytes() {
  const uint32_t* at = stack_begin;
  while (at < stack_end && *at == 0x5A5A5A5A) ++at;
  return uint32_t(stack_end - at) * 4;
}

}  // namespace

int main() {
  const int16_t* const audio = reinterpret_cast<const int16_t*>(clip);
  const float* const given = reinterpret_cast<const float*>(features);
  bifsmn_spotter* spotter;
  bifsmn_info info;
  size_t bytes;
  require(bifsmn_spotter_bytes(model, model_bytes, &bytes));
  put_line("memory", uint32_t(bytes));
  refuse(bifsmn_spotter_load(model, model_bytes, &bifsmn_tables, memory, bytes - 1, &spotter),
         BIFSMN_NO_MEMORY);
  refuse(bifsmn_spotter_load(model, model_bytes, &bifsmn_tables, memory + 8, bytes, &spotter),
         BIFSMN_BAD_ARGUMENT);
  refuse(bifsmn_spotter_load(model, model_bytes - 1, &bifsmn_tables, memory, bytes, &spotter),
         BIFSMN_WRONG_LENGTH);
  begin_region();
  require(bifsmn_spotter_load(model, model_bytes, &bifsmn_tables, memory, bytes, &spotter));
  end_region();
  require(bifsmn_spotter_info(spotter, &info));

  const uint32_t fewer = info.window_samples - 1000;  // as expect.cpp
  begin_region();
  require(bifsmn_spotter_features(spotter, audio, fewer, computed));
  end_region();
  put_numbers("features", computed, info.frames * info.mels);
  require(bifsmn_spotter_classify(spotter, audio, fewer, posteriors));
  put_numbers("posteriors", posteriors, info.classes);

  require(bifsmn_spotter_classify(spotter, audio, info.window_samples, posteriors));
  begin_region();
  require(bifsmn_spotter_move(spotter, audio + info.hop, posteriors));
  end_region();
  put_numbers("moved", posteriors, info.classes);
  begin_region();
  require(bifsmn_spotter_classify(spotter, audio + info.hop, info.window_samples, posteriors));
  end_region();
  put_numbers("moved", posteriors, info.classes);

  for (uint32_t thinning = 1; thinning < 1u << info.thinnings; thinning *= 2) {
    require(bifsmn_spotter_set_thinning(spotter, thinning));
    begin_region();
    require(bifsmn_spotter_logits(spotter, given, posteriors));
    end_region();
    put_numbers("logits", posteriors, info.classes);
  }
  put_line("stack", stack_bytes());

  using namespace bifsmn;
  memset(memory, 0, sizeof memory);
  const Network& network = *read_network(model, model_bytes, memory);
  alignas(64) static uint8_t scratch[REFERENCE_SCRATCH];
  if (reference_scratch_bytes(network) > sizeof scratch) {
    put_line("reference_scratch", uint32_t(reference_scratch_bytes(network)));
    return 1;
  }
  begin_region();
  reference_forward(network, scratch, 0, given, posteriors, nullptr);
  end_region();
  put_numbers("reference", posteriors, info.classes);
  return 0;
}
