/* Keyword spotting on a microcontroller: no heap, and the model stays in flash.
 *
 *   static _Alignas(64) uint8_t memory[...];
 *   bifsmn_spotter *spotter;
 *   float posteriors[12];
 *   if (bifsmn_spotter_load(model, length, &bifsmn_tables, memory, sizeof memory, &spotter) ||
 *       bifsmn_spotter_classify(spotter, audio, samples, posteriors)) { ... }
 *
 * Every function that can fail returns a bifsmn_status, and leaves its outputs alone
 * unless that is 0. Nothing is ever freed: the memory is the caller's. */
#ifndef BIFSMN_SPOTTER_H
#define BIFSMN_SPOTTER_H

#include "bifsmn.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bifsmn_spotter bifsmn_spotter;

/* The tables of a model's front end, read-only: the program make_tables writes them
 * as source code on the machine that builds the firmware. */
typedef struct bifsmn_front_end bifsmn_front_end;
extern const bifsmn_front_end bifsmn_tables;

/* How much memory the model takes. Checks all of the file. */
bifsmn_status bifsmn_spotter_bytes(const void *file, size_t length, size_t *bytes);
/* Checks the file, and makes a spotter in memory aligned to 64 bytes. File, tables and
 * memory must stay as they are while it is in use. BIFSMN_NO_MEMORY: there are too few
 * bytes. BIFSMN_BAD_ARGUMENT: null, not aligned, or the tables are another model's. */
bifsmn_status bifsmn_spotter_load(const void *file, size_t length, const bifsmn_front_end *tables,
                                  void *memory, size_t bytes, bifsmn_spotter **spotter);

bifsmn_status bifsmn_spotter_info(const bifsmn_spotter *spotter, bifsmn_info *info);
const char *bifsmn_spotter_label(const bifsmn_spotter *spotter, uint32_t index);
/* The averaged posterior from which a label counts as heard; -1 for none such. */
float bifsmn_spotter_threshold(const bifsmn_spotter *spotter, uint32_t index);
/* 1 at first: all blocks; 2 runs every second, 4 every fourth. */
bifsmn_status bifsmn_spotter_set_thinning(bifsmn_spotter *spotter, uint32_t thinning);

/* audio [samples], at most window_samples (fewer are filled with zeros), wherever it
 * lies -> posteriors [classes], whose sum is 1. */
bifsmn_status bifsmn_spotter_classify(bifsmn_spotter *spotter, const int16_t *audio, size_t samples,
                                      float *posteriors);
/* The same of a window [window_samples] that has moved on by one hop since the last call of
 * this function, or since bifsmn_spotter_classify of a whole one: computes what is new of the
 * features. Without posteriors (null) these move, and the network does not run. */
bifsmn_status bifsmn_spotter_move(bifsmn_spotter *spotter, const int16_t *window,
                                  float *posteriors);

/* The two halves of bifsmn_spotter_classify: audio -> features [frames][mels] in dB, and
 * these -> logits [classes]. */
bifsmn_status bifsmn_spotter_features(bifsmn_spotter *spotter, const int16_t *audio, size_t samples,
                                      float *features);
bifsmn_status bifsmn_spotter_logits(bifsmn_spotter *spotter, const float *features, float *logits);

#ifdef __cplusplus
}
#endif
#endif
