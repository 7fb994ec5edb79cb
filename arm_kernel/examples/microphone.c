/* Prints keywords as they are said, by ALSA. Usage: microphone MODEL [DEVICE] */
#include <alsa/asoundlib.h>
#include <bifsmn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../tools/printable.h"

#define PERIOD_MS 32
#define LATENCY_US 200000 /* what the sound card may keep while we are busy */

static volatile sig_atomic_t stopped;

static void stop(int signal) {
  (void)signal;
  stopped = 1;
}

static int fail(const char *where, const char *what) {
  put_printable(stderr, where);
  fprintf(stderr, ": %s\n", what);
  return 1;
}

/* The likeliest keyword of the last `smoothing` windows: its posterior's mean. */
struct detector {
  const bifsmn_model *model;
  bifsmn_info info;
  float *history; /* [smoothing][classes] */
  unsigned long windows;
  uint32_t last; /* keyword told last; `classes` for none */
};

static void tell(struct detector *d, const float *posteriors) {
  const uint32_t classes = d->info.classes, rows = d->info.smoothing;
  uint32_t best = classes;
  float score = 0;
  memcpy(d->history + d->windows++ % rows * classes, posteriors, classes * sizeof(float));
  for (uint32_t k = 0; k < classes; ++k) {
    const char *label = bifsmn_label(d->model, k);
    float sum = 0;
    if (!strcmp(label, "silence") || !strcmp(label, "unknown")) continue;
    for (uint32_t i = 0; i < rows; ++i) sum += d->history[i * classes + k];
    if (sum / rows > score) {
      score = sum / rows;
      best = k;
    }
  }
  if (score < d->info.threshold) best = classes;
  if (best != d->last && best != classes) {
    const double samples = d->info.window_samples + (double)(d->windows - 1) * d->info.hop;
    printf("%8.2f s  ", samples / d->info.sample_rate);
    put_printable(stdout, bifsmn_label(d->model, best));
    printf("  %.3f\n", score);
    fflush(stdout);
  }
  d->last = best;
}

static bifsmn_status listen(bifsmn_state *state, struct detector *d, const int16_t *pcm, size_t n,
                            float *audio) {
  float posteriors[BIFSMN_MAX_CLASSES];
  size_t used;
  int ready;
  for (size_t i = 0; i < n; ++i) audio[i] = (float)pcm[i] / 32768;
  do {
    const bifsmn_status status = bifsmn_push(state, audio, n, &used, posteriors, &ready);
    if (status) return status;
    if (ready) tell(d, posteriors);
    audio += used;
    n -= used;
  } while (n > 0);
  return BIFSMN_OK;
}

int main(int argc, char **argv) {
  if (argc != 2 && argc != 3) {
    fprintf(stderr, "usage: microphone MODEL [DEVICE]\n");
    return 2;
  }
  bifsmn_model *model;
  bifsmn_state *state;
  bifsmn_status status = bifsmn_load_file(argv[1], &model);
  if (!status) status = bifsmn_state_new(model, &state);
  if (status) return fail(argv[1], bifsmn_status_text(status));
  struct detector d = {.model = model};
  bifsmn_get_info(model, &d.info);
  d.last = d.info.classes;
  d.history = calloc((size_t)d.info.smoothing * d.info.classes, sizeof(float));

  const char *device = argc == 3 ? argv[2] : "default";
  const size_t period = (size_t)d.info.sample_rate * PERIOD_MS / 1000;
  int16_t *pcm = malloc(period * sizeof *pcm);
  float *audio = malloc(period * sizeof *audio);
  if (!d.history || !pcm || !audio) return fail(argv[1], "there is not enough memory");
  snd_pcm_t *card;
  int error = snd_pcm_open(&card, device, SND_PCM_STREAM_CAPTURE, 0);
  if (error) return fail(device, snd_strerror(error));
  error = snd_pcm_set_params(card, SND_PCM_FORMAT_S16, SND_PCM_ACCESS_RW_INTERLEAVED, 1,
                             d.info.sample_rate, 1, LATENCY_US);
  if (error) return fail(device, snd_strerror(error));

  signal(SIGINT, stop);
  fprintf(stderr, "listening; Ctrl-C ends\n");
  while (!stopped && !status) {
    const snd_pcm_sframes_t n = snd_pcm_readi(card, pcm, period);
    if (n >= 0) {
      status = listen(state, &d, pcm, (size_t)n, audio);
    } else if (snd_pcm_recover(card, (int)n, 1) == 0) {
      bifsmn_reset(state); /* audio was lost: begin anew */
    } else {
      return fail(device, snd_strerror((int)n));
    }
  }
  if (status) fail(device, bifsmn_status_text(status));
  snd_pcm_close(card);
  free(audio);
  free(pcm);
  free(d.history);
  bifsmn_state_free(state);
  bifsmn_free(model);
  return status != BIFSMN_OK;
}
