/* Which word is in the clip? Model and clip lie in flash (board/blobs.S). */
#include <stdint.h>
#include <string.h>

#include "bifsmn_spotter.h"
#include "board/semihosting.h"

extern const uint8_t model[], clip[];
extern const uint32_t model_bytes, clip_bytes;

#define CLASSES 64 /* at most */

/* bifsmn_spotter_bytes says how much it must be. */
static _Alignas(64) uint8_t memory[MEMORY];

static void put_number(uint32_t number) {
  char digits[11] = {0};
  char *at = digits + 10;
  do *--at = (char)('0' + number % 10);
  while (number /= 10);
  put(at);
}

static void require(bifsmn_status status) {
  if (status == BIFSMN_OK) return;
  put("failed, with status ");
  put_number(status);
  put("\n");
  end_program(1);
}

int main(void) {
  bifsmn_spotter *spotter;
  bifsmn_info info;
  float posteriors[CLASSES];
  require(bifsmn_spotter_load(model, model_bytes, &bifsmn_tables, memory, sizeof memory, &spotter));
  require(bifsmn_spotter_info(spotter, &info));
  if (info.classes > CLASSES) require(BIFSMN_NO_MEMORY);
  const size_t clip_samples = clip_bytes / 2, window = info.window_samples;
  const size_t samples = clip_samples < window ? clip_samples : window;
  require(bifsmn_spotter_classify(spotter, (const int16_t *)clip, samples, posteriors));

  uint32_t best = 0;
  for (uint32_t k = 0; k < info.classes; ++k) {
    put_number((uint32_t)(posteriors[k] * 1000 + 0.5f));
    put(" thousandths ");
    put(bifsmn_spotter_label(spotter, k));
    put("\n");
    if (posteriors[k] > posteriors[best]) best = k;
  }
  const char *const label = bifsmn_spotter_label(spotter, best);
  const int is_keyword = strcmp(label, "silence") != 0 && strcmp(label, "unknown") != 0;
  const int is_heard = is_keyword && posteriors[best] >= bifsmn_spotter_threshold(spotter, best);
  put(is_heard ? "keyword: " : "no keyword; the best is ");
  put(label);
  put("\n");
  return 0;
}
