/* Which word is it? Usage: classify MODEL FILE.wav
 *
 * Takes mono PCM of 16 bits behind a plain header of 44 bytes, at the model's
 * sample rate; bifsmn-run takes other files, too. */
#include <bifsmn.h>
#include <stdio.h>
#include <stdlib.h>

#include "../tools/printable.h"
#include "plain_wav.h"

static int fail(const char *path, const char *what) {
  put_printable(stderr, path);
  fprintf(stderr, ": %s\n", what);
  return 1;
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: classify MODEL FILE.wav\n");
    return 2;
  }
  bifsmn_model *model;
  bifsmn_state *state;
  bifsmn_status status = bifsmn_load_file(argv[1], &model);
  if (!status) status = bifsmn_state_new(model, &state);
  if (status) return fail(argv[1], bifsmn_status_text(status));

  bifsmn_info info;
  bifsmn_get_info(model, &info);
  float *audio = malloc(info.window_samples * sizeof *audio);
  FILE *file = fopen(argv[2], "rb");
  if (!audio || !file) return fail(argv[2], "cannot be opened");
  if (!read_plain_header(file, info.sample_rate))
    return fail(argv[2], "expected mono PCM of 16 bits at the model's sample rate");
  const size_t n = read_plain_samples(file, audio, info.window_samples);
  fclose(file);

  float posteriors[BIFSMN_MAX_CLASSES];
  status = bifsmn_classify(state, audio, n, posteriors);
  if (status) return fail(argv[2], bifsmn_status_text(status));
  uint32_t best = 0;
  for (uint32_t k = 1; k < info.classes; ++k)
    if (posteriors[k] > posteriors[best]) best = k;
  put_printable(stdout, bifsmn_label(model, best));
  printf(" %.3f\n", posteriors[best]);

  free(audio);
  bifsmn_state_free(state);
  bifsmn_free(model);
  return 0;
}
