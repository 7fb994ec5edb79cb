/* BiFSMNv2 keyword spotting on devices: one-bit networks from .bifsmn files.
 *
 *   bifsmn_model *model;
 *   bifsmn_state *state;
 *   float posteriors[BIFSMN_MAX_CLASSES];
 *   if (bifsmn_load_file("model.bifsmn", &model) ||
 *       bifsmn_state_new(model, &state) ||
 *       bifsmn_classify(state, audio, samples, posteriors)) { ... }
 *
 * A model is read-only: any number of threads may share it. A state belongs to
 * one thread at a time; it holds the depth setting, scratch memory and a stream.
 * Nothing is allocated after bifsmn_state_new. Every function that can fail
 * returns a bifsmn_status, and leaves its outputs alone unless that is 0.
 */
#ifndef BIFSMN_H
#define BIFSMN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(_WIN32)
#define BIFSMN_API __declspec(dllexport)
#else
#define BIFSMN_API __attribute__((visibility("default")))
#endif

#define BIFSMN_MAX_CLASSES 1024

typedef struct bifsmn_model bifsmn_model;
typedef struct bifsmn_state bifsmn_state;

typedef enum bifsmn_status {
  BIFSMN_OK = 0,
  BIFSMN_NO_FILE = 1,       /* cannot be opened or read */
  BIFSMN_NOT_A_MODEL = 2,   /* another kind of file */
  BIFSMN_WRONG_VERSION = 3, /* made for another version of this library */
  BIFSMN_WRONG_LENGTH = 4,  /* truncated, or longer than it says */
  BIFSMN_WRONG_CHECKSUM = 5,
  BIFSMN_INVALID = 6,       /* whole, but with values out of bounds */
  BIFSMN_NO_MEMORY = 7,
  BIFSMN_NO_PATH = 8,       /* BIFSMN_PATH names none that runs here */
  BIFSMN_BAD_ARGUMENT = 9,  /* null, or out of range */
  BIFSMN_NOT_FINITE = 10,   /* NaN or infinity in audio or features */
  BIFSMN_TOO_LOUD = 11      /* a sample of magnitude 16 or more: no audio from -1 to 1 */
} bifsmn_status;

/* What a model is; sizes as in FORMAT.md. */
typedef struct bifsmn_info {
  uint32_t classes, mels, frames, layers, depths;
  uint32_t front_channels, channels, hidden, planes;
  uint32_t sample_rate;    /* Hz */
  uint32_t window_samples; /* that one decision looks at */
  uint32_t hop;            /* samples between two decisions of a stream */
  float threshold;         /* posterior from which a keyword counts */
  uint32_t smoothing;      /* windows whose posteriors are averaged */
  uint32_t file_bytes;
} bifsmn_info;

/* One sentence for people. Never null. */
BIFSMN_API const char *bifsmn_status_text(bifsmn_status status);

/* Loads a model. The bytes are copied: they may be freed at once.
 * The instruction set is the best of this processor, or that which the
 * environment variable BIFSMN_PATH names. Free it after all of its states. */
BIFSMN_API bifsmn_status bifsmn_load_file(const char *path, bifsmn_model **model);
BIFSMN_API bifsmn_status bifsmn_load_memory(const void *bytes, size_t length, bifsmn_model **model);
BIFSMN_API void bifsmn_free(bifsmn_model *model); /* null is fine */

BIFSMN_API bifsmn_status bifsmn_get_info(const bifsmn_model *model, bifsmn_info *info);
/* These strings live as long as the model; null for a class out of range. */
BIFSMN_API const char *bifsmn_label(const bifsmn_model *model, uint32_t index);
BIFSMN_API const char *bifsmn_name(const bifsmn_model *model);
BIFSMN_API const char *bifsmn_licence(const bifsmn_model *model);
BIFSMN_API const char *bifsmn_provenance(const bifsmn_model *model);
/* The instruction set in use: "reference", "portable", "avx2", "avx512", ... */
BIFSMN_API const char *bifsmn_path(const bifsmn_model *model);
/* The name of instruction set `index` of those that run here, best first; null
 * beyond the last. */
BIFSMN_API const char *bifsmn_available_path(uint32_t index);

BIFSMN_API bifsmn_status bifsmn_state_new(const bifsmn_model *model, bifsmn_state **state);
BIFSMN_API void bifsmn_state_free(bifsmn_state *state); /* null is fine */

/* Depth setting: 0 runs all blocks, 1 half of them, 2 a quarter. */
BIFSMN_API bifsmn_status bifsmn_set_depth(bifsmn_state *state, uint32_t depth);
BIFSMN_API uint32_t bifsmn_get_depth(const bifsmn_state *state);

/* features [frames][mels] in dB -> logits [classes]. */
BIFSMN_API bifsmn_status bifsmn_logits(bifsmn_state *state, const float *features, float *logits);
/* audio [samples], -1 to 1, at most window_samples (fewer are filled with
 * zeros) -> features [frames][mels] in dB. */
BIFSMN_API bifsmn_status bifsmn_features(bifsmn_state *state, const float *audio, size_t samples,
                                         float *features);
/* audio as above -> posteriors [classes], whose sum is 1. */
BIFSMN_API bifsmn_status bifsmn_classify(bifsmn_state *state, const float *audio, size_t samples,
                                         float *posteriors);

/* Streaming: after the first window_samples samples, and after each hop more,
 * the posteriors [classes] are those that bifsmn_classify gives of the last
 * window_samples samples.
 *
 * Takes audio [samples] up to the point where posteriors are ready, says in
 * *used how many samples it took, and in *ready (0 or 1) whether posteriors
 * were written. Call it again with the rest while *used < samples or *ready. */
BIFSMN_API bifsmn_status bifsmn_push(bifsmn_state *state, const float *audio, size_t samples,
                                     size_t *used, float *posteriors, int *ready);
/* Forgets all audio of the stream. */
BIFSMN_API void bifsmn_reset(bifsmn_state *state);

#ifdef __cplusplus
}
#endif
#endif
