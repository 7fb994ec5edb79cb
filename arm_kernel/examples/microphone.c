/* Prints keywords as they are said, by ALSA. Usage: microphone MODEL [DEVICE] */
#include <alsa/asoundlib.h>
#include <bifsmn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

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

/* Of an early detector, a detection comes as soon as its keyword is heard. */
static bifsmn_status listen(const bifsmn_model *model, bifsmn_state *state,
                            bifsmn_detector *detector, const int16_t *pcm, size_t n, float *audio) {
  float posteriors[BIFSMN_MAX_CLASSES];
  bifsmn_detection detection;
  size_t used;
  int ready, found = 0;
  for (size_t i = 0; i < n; ++i) audio[i] = (float)pcm[i] / 32768;
  do {
    bifsmn_status status = bifsmn_push(state, audio, n, &used, posteriors, &ready);
    if (!status && ready) status = bifsmn_detector_add(detector, posteriors, &detection, &found);
    if (status) return status;
    if (ready && found) {
      printf("%8.2f s  ", detection.end);
      put_printable(stdout, bifsmn_label(model, detection.label));
      printf("  %.3f\n", detection.score);
      fflush(stdout);
    }
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
  bifsmn_detector *detector;
  bifsmn_info info;
  bifsmn_status status = bifsmn_load_file(argv[1], &model);
  if (!status) status = bifsmn_state_new(model, &state);
  if (!status) status = bifsmn_detector_new(model, &detector);
  if (status) return fail(argv[1], bifsmn_status_text(status));
  bifsmn_detector_set_early(detector, 1);
  bifsmn_get_info(model, &info);

  const char *device = argc == 3 ? argv[2] : "default";
  const size_t period = (size_t)info.sample_rate * PERIOD_MS / 1000;
  int16_t *pcm = malloc(period * sizeof *pcm);
  float *audio = malloc(period * sizeof *audio);
  if (!pcm || !audio) return fail(argv[1], "there is not enough memory");
  snd_pcm_t *card;
  int error = snd_pcm_open(&card, device, SND_PCM_STREAM_CAPTURE, 0);
  if (error) return fail(device, snd_strerror(error));
  error = snd_pcm_set_params(card, SND_PCM_FORMAT_S16, SND_PCM_ACCESS_RW_INTERLEAVED, 1,
                             info.sample_rate, 1, LATENCY_US);
  if (error) return fail(device, snd_strerror(error));

  signal(SIGINT, stop);
  fprintf(stderr, "listening; Ctrl-C ends\n");
  while (!stopped && !status) {
    const snd_pcm_sframes_t n = snd_pcm_readi(card, pcm, period);
    if (n >= 0) {
      status = listen(model, state, detector, pcm, (size_t)n, audio);
    } else if (snd_pcm_recover(card, (int)n, 1) == 0) {
      bifsmn_reset(state); /* audio was lost: begin anew */
      bifsmn_detector_reset(detector);
    } else {
      return fail(device, snd_strerror((int)n));
    }
  }
  if (status) fail(device, bifsmn_status_text(status));
  snd_pcm_close(card);
  free(audio);
  free(pcm);
  bifsmn_detector_free(detector);
  bifsmn_state_free(state);
  bifsmn_free(model);
  return status != BIFSMN_OK;
}
