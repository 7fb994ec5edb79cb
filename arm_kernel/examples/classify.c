/* Which word is it? Usage: classify MODEL FILE.wav
 *
 * Takes mono PCM of 16 bits behind a plain header of 44 bytes, at the model's
 * sample rate; bifsmn-run takes other files, too. */
#include <bifsmn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../tools/printable.h"

static int fail(const char *path, const char *what) {
  put_printable(stderr, path);
  fprintf(stderr, ": %s\n", what);
  return 1;
}

static int is_plain(const unsigned char header[44], uint32_t rate) {
  const uint32_t found = header[24] | header[25] << 8 | (uint32_t)header[26] << 16;
  return !memcmp(header, "RIFF", 4) && !memcmp(header + 36, "data", 4) && header[20] == 1 &&
         header[22] == 1 && header[34] == 16 && found == rate;
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
  unsigned char header[44], sample[2];
  if (!audio || !file) return fail(argv[2], "cannot be opened");
  if (fread(header, 1, 44, file) != 44 || !is_plain(header, info.sample_rate))
    return fail(argv[2], "expected mono PCM of 16 bits at the model's sample rate");
  size_t n = 0;
  while (n < info.window_samples && fread(sample, 1, 2, file) == 2)
    audio[n++] = (float)(int16_t)(sample[0] | sample[1] << 8) / 32768;
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
