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
 * one thread at a time; it holds the thinning, scratch memory and a stream. So
 * does a detector, which turns the posteriors of a stream into detections.
 * Nothing is allocated after bifsmn_state_new and bifsmn_detector_new. Every
 * function that can fail returns a bifsmn_status, and leaves its outputs alone
 * unless that is 0.
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
typedef struct bifsmn_detector bifsmn_detector;

typedef enum bifsmn_status {
  BIFSMN_OK = 0,
  BIFSMN_NO_FILE = 1,       /* cannot be opened or read */
  BIFSMN_NOT_A_MODEL = 2,   /* another kind of file */
  BIFSMN_WRONG_VERSION = 3, /* made for another version of this library */
  BIFSMN_WRONG_LENGTH = 4,  /* truncated, or longer than it says */
  BIFSMN_WRONG_CHECKSUM = 5,
  BIFSMN_INVALID = 6,       /* whole, but with values out of bounds */
  BIFSMN_NO_MEMORY = 7,
  BIFSMN_NO_ISA = 8,        /* BIFSMN_ISA names none that runs here */
  BIFSMN_BAD_ARGUMENT = 9,  /* null, or out of range */
  BIFSMN_NOT_FINITE = 10,   /* NaN or infinity in audio, features or posteriors */
  BIFSMN_TOO_LOUD = 11      /* a sample of magnitude 16 or more: no audio from -1 to 1 */
} bifsmn_status;

/* What a model is; sizes as in FORMAT.md. */
typedef struct bifsmn_info {
  uint32_t classes, mels, frames, layers;
  uint32_t thinnings; /* how many: 1, 2, 4, ... 1 << (thinnings - 1) */
  uint32_t front_channels, channels, hidden, planes;
  uint32_t sample_rate;    /* Hz */
  uint32_t window_samples; /* that one decision looks at */
  uint32_t hop;            /* samples between two decisions of a stream */
  uint32_t smoothing;      /* windows whose posteriors are averaged */
  uint32_t file_bytes;
} bifsmn_info;

/* One sentence for people. Never null. */
BIFSMN_API const char *bifsmn_status_text(bifsmn_status status);

/* Loads a model. The bytes are copied: they may be freed at once.
 * The instruction set is the best of this processor, or that which the
 * environment variable BIFSMN_ISA names. Free it after all of its states and
 * detectors. */
BIFSMN_API bifsmn_status bifsmn_load_file(const char *path, bifsmn_model **model);
BIFSMN_API bifsmn_status bifsmn_load_memory(const void *bytes, size_t length, bifsmn_model **model);
BIFSMN_API void bifsmn_free(bifsmn_model *model); /* null is fine */

BIFSMN_API bifsmn_status bifsmn_get_info(const bifsmn_model *model, bifsmn_info *info);
/* These strings live as long as the model; null for a class out of range. */
BIFSMN_API const char *bifsmn_label(const bifsmn_model *model, uint32_t index);
BIFSMN_API const char *bifsmn_name(const bifsmn_model *model);
BIFSMN_API const char *bifsmn_licence(const bifsmn_model *model);
BIFSMN_API const char *bifsmn_provenance(const bifsmn_model *model);
/* The averaged posterior from which a label counts as heard, 0 to 1; -1 for a
 * class out of range. */
BIFSMN_API float bifsmn_threshold(const bifsmn_model *model, uint32_t index);
/* The instruction set in use: "reference", "portable", "avx2", "avx512vnni", ... */
BIFSMN_API const char *bifsmn_isa(const bifsmn_model *model);
/* The name of instruction set `index` of those that run here, best first; null
 * beyond the last. */
BIFSMN_API const char *bifsmn_available_isa(uint32_t index);

BIFSMN_API bifsmn_status bifsmn_state_new(const bifsmn_model *model, bifsmn_state **state);
BIFSMN_API void bifsmn_state_free(bifsmn_state *state); /* null is fine */

/* Thinning: 1 runs all blocks, 2 every second, 4 every fourth. */
BIFSMN_API bifsmn_status bifsmn_set_thinning(bifsmn_state *state, uint32_t thinning);
BIFSMN_API uint32_t bifsmn_get_thinning(const bifsmn_state *state);

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
/* Makes bifsmn_push count quiet windows as silence: where the mean square of a
 * window is below 10^(db / 10), the posteriors are 1 for the label "silence" and
 * 0 for the others, and the network does not run. db is -200 to 0, of full
 * scale; -INFINITY switches the gate off, as it is at first. It may be set at
 * any time, and a bifsmn_reset leaves it set. */
BIFSMN_API bifsmn_status bifsmn_set_gate(bifsmn_state *state, float db);
/* Forgets all audio of the stream. */
BIFSMN_API void bifsmn_reset(bifsmn_state *state);

/* Detection: from the posteriors of a stream's windows to keywords.
 *
 *   bifsmn_detector *detector;
 *   bifsmn_detection detection;
 *   int found;
 *   bifsmn_detector_new(model, &detector);
 *   ... for the posteriors of each window, as bifsmn_push gives them:
 *   bifsmn_detector_add(detector, posteriors, &detection, &found);
 *   if (found) printf("%s\n", bifsmn_label(model, detection.label));
 *   ... and where the audio ends:
 *   bifsmn_detector_finish(detector, &detection, &found);
 *
 * The posteriors of the last `smoothing` windows are averaged. A keyword is heard
 * in a window where its average reaches its threshold and is the best of all
 * keywords; the labels "silence" and "unknown" are none. A run of such windows
 * is one detection. It is dropped where the same keyword was heard less than the
 * refractory time before its first window: that is one utterance still. */
typedef struct bifsmn_detection {
  uint32_t label;
  float score;       /* the best of its averaged posteriors */
  double start, end; /* of its first and its last window, in seconds */
} bifsmn_detection;

/* A detector with the model file's thresholds and smoothing, a refractory time of
 * 0.5 s, and not early. Free it before the model. */
BIFSMN_API bifsmn_status bifsmn_detector_new(const bifsmn_model *model, bifsmn_detector **detector);
BIFSMN_API void bifsmn_detector_free(bifsmn_detector *detector); /* null is fine */

/* The threshold of one keyword, 0 to 1. It may be set at any time. */
BIFSMN_API bifsmn_status bifsmn_detector_set_threshold(bifsmn_detector *detector, uint32_t label,
                                                       float threshold);
/* How many windows are averaged, 1 to 64. Starts again at time 0. */
BIFSMN_API bifsmn_status bifsmn_detector_set_smoothing(bifsmn_detector *detector, uint32_t windows);
/* 0 to 3600 seconds. It may be set at any time. */
BIFSMN_API bifsmn_status bifsmn_detector_set_refractory(bifsmn_detector *detector, double seconds);
/* Whether (not 0) a detection is given when it begins, as it is then, and not
 * when it has ended. It may be set at any time. */
BIFSMN_API bifsmn_status bifsmn_detector_set_early(bifsmn_detector *detector, int early);

/* 1 where the label can be detected; 0 for "silence", "unknown", and out of range. */
BIFSMN_API int bifsmn_detector_is_keyword(const bifsmn_detector *detector, uint32_t label);

/* Takes the posteriors [classes] of the next window. Says in *found (0 or 1)
 * whether a detection was written: one that has ended before this window, or, of
 * an early detector, one that begins with it. */
BIFSMN_API bifsmn_status bifsmn_detector_add(bifsmn_detector *detector, const float *posteriors,
                                             bifsmn_detection *detection, int *found);
/* The detection that the last window belongs to, as far as it is known; of an
 * early detector too, though it has been given already. Nothing changes. */
BIFSMN_API bifsmn_status bifsmn_detector_current(const bifsmn_detector *detector,
                                                 bifsmn_detection *detection, int *found);
/* Ends the stream: the detection that its end cuts off, if it has not been given
 * yet. Its end is that of its last window, which may be after that of the audio. */
BIFSMN_API bifsmn_status bifsmn_detector_finish(bifsmn_detector *detector,
                                                bifsmn_detection *detection, int *found);
/* Starts again at time 0; the settings stay. */
BIFSMN_API void bifsmn_detector_reset(bifsmn_detector *detector);

#ifdef __cplusplus
}
#endif
#endif
