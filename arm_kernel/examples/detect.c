/* Which words are said, and when? Usage: detect MODEL FILE.wav [GATE]
 *
 * Moves a window over a file of any length. Windows below GATE (dB of full scale,
 * such as -50) count as silence. Takes mono PCM of 16 bits behind a plain header of
 * 44 bytes, at the model's sample rate; bifsmn-run takes other files, too. */
#include <bifsmn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../tools/printable.h"
#include "plain_wav.h"

/* Ends the program. */
static void fail(const char *path, const char *what) {
  put_printable(stderr, path);
  fprintf(stderr, ": %s\n", what);
  exit(1);
}

static void check(bifsmn_status status, const char *path) {
  if (status) fail(path, bifsmn_status_text(status));
}

/* None ends after the audio. */
static void print(const bifsmn_model *model, const bifsmn_detection *d, double audio_end) {
  printf("%.3f-%.3f s  ", d->start, d->end < audio_end ? d->end : audio_end);
  put_printable(stdout, bifsmn_label(model, d->label));
  printf("  %.6f\n", d->score);
}

int main(int argc, char **argv) {
  if (argc != 3 && argc != 4) {
    fprintf(stderr, "usage: detect MODEL FILE.wav [GATE]\n");
    return 2;
  }
  bifsmn_model *model;
  bifsmn_state *state;
  bifsmn_detector *detector;
  bifsmn_info info;
  check(bifsmn_load_file(argv[1], &model), argv[1]);
  check(bifsmn_state_new(model, &state), argv[1]);
  check(bifsmn_detector_new(model, &detector), argv[1]);
  if (argc == 4) check(bifsmn_set_gate(state, strtof(argv[3], NULL)), argv[3]);
  bifsmn_get_info(model, &info);

  float *audio = malloc(info.window_samples * sizeof *audio);
  FILE *file = fopen(argv[2], "rb");
  if (!audio || !file) fail(argv[2], "cannot be opened");
  if (!read_plain_header(file, info.sample_rate))
    fail(argv[2], "expected mono PCM of 16 bits at the model's sample rate");

  /* Windows up to the first that holds the last sample, which zeros fill. */
  float posteriors[BIFSMN_MAX_CLASSES];
  bifsmn_detection detection;
  int ready, found;
  size_t n, used, total = 0;
  for (size_t missing = info.window_samples; (n = read_plain_samples(file, audio, missing)) > 0;
       missing = info.hop) {
    memset(audio + n, 0, (missing - n) * sizeof *audio);
    total += n;
    check(bifsmn_push(state, audio, missing, &used, posteriors, &ready), argv[2]);
    check(bifsmn_detector_add(detector, posteriors, &detection, &found), argv[2]);
    if (found) print(model, &detection, (double)total / info.sample_rate);
  }
  check(bifsmn_detector_finish(detector, &detection, &found), argv[2]);
  if (found) print(model, &detection, (double)total / info.sample_rate);

  fclose(file);
  free(audio);
  bifsmn_detector_free(detector);
  bifsmn_state_free(state);
  bifsmn_free(model);
  return 0;
}
