/* Reads the plainest of WAV files: mono PCM of 16 bits behind a header of 44 bytes. */
#ifndef PLAIN_WAV_H
#define PLAIN_WAV_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Whether a file begins like one of this sample rate. */
static inline int read_plain_header(FILE *file, uint32_t rate) {
  unsigned char header[44];
  if (fread(header, 1, 44, file) != 44) return 0;
  const uint32_t found = header[24] | header[25] << 8 | (uint32_t)header[26] << 16;
  return !memcmp(header, "RIFF", 4) && !memcmp(header + 36, "data", 4) && header[20] == 1 &&
         header[22] == 1 && header[34] == 16 && found == rate;
}

/* At most n samples, from -1 to 1; returns how many. */
static inline size_t read_plain_samples(FILE *file, float *audio, size_t n) {
  unsigned char sample[2];
  size_t i = 0;
  while (i < n && fread(sample, 1, 2, file) == 2)
    audio[i++] = (float)(int16_t)(sample[0] | sample[1] << 8) / 32768;
  return i;
}

#endif
