// Prints text of strangers, labels and file names, for programs in C and C++. What a
// terminal would obey, or not show, becomes visible: \x1b, \u202e, and \xff for a byte
// that is no UTF-8. The rule is that of arm_kernel/python/bifsmn_engine/printable.py.
#ifndef BIFSMN_PRINTABLE_H
#define BIFSMN_PRINTABLE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

// Whether a character is a control, ends a line, changes the direction, or is ignorable;
// joiners and the variation selectors of emoji are not.
static inline int is_hidden(uint32_t point) {
  static const uint32_t ranges[][2] = {
      {0, 0x1f},        {0x7f, 0x9f},       {0xad, 0xad},       {0x34f, 0x34f},
      {0x61c, 0x61c},   {0x115f, 0x1160},   {0x17b4, 0x17b5},   {0x180b, 0x180f},
      {0x200b, 0x200b}, {0x200e, 0x200f},   {0x2028, 0x202e},   {0x2060, 0x206f},
      {0x3164, 0x3164}, {0xfe00, 0xfe0d},   {0xfeff, 0xfeff},   {0xffa0, 0xffa0},
      {0xfff0, 0xfffb}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff}};
  for (size_t i = 0; i < sizeof ranges / sizeof *ranges; ++i)
    if (point >= ranges[i][0] && point <= ranges[i][1]) return 1;
  return 0;
}

// Reads the character that begins a text; returns its bytes, 0 where it is no UTF-8.
static inline int read_character(const char *text, uint32_t *point) {
  static const uint32_t min[] = {0, 0, 0x80, 0x800, 0x10000};  // by length
  const unsigned char *bytes = (const unsigned char *)text;
  const int length = bytes[0] < 0x80         ? 1
                     : bytes[0] >> 5 == 0x6  ? 2
                     : bytes[0] >> 4 == 0xe  ? 3
                     : bytes[0] >> 3 == 0x1e ? 4
                                             : 0;
  if (length == 0) return 0;
  *point = length == 1 ? bytes[0] : bytes[0] & (0x7fu >> length);
  for (int i = 1; i < length; ++i) {
    if (bytes[i] >> 6 != 2) return 0;  // the end of the text, too
    *point = *point << 6 | (bytes[i] & 0x3fu);
  }
  const int is_surrogate = *point >> 11 == 0x1b;
  return *point < min[length] || *point > 0x10ffff || is_surrogate ? 0 : length;
}

// Writes text in one line.
static inline void put_printable(FILE *file, const char *text) {
  while (*text) {
    uint32_t point;
    const int length = read_character(text, &point);
    if (!length)
      fprintf(file, "\\x%02x", (unsigned char)*text);
    else if (!is_hidden(point))
      fwrite(text, 1, (size_t)length, file);
    else if (point < 0x100)
      fprintf(file, "\\x%02x", (unsigned)point);
    else
      fprintf(file, point < 0x10000 ? "\\u%04x" : "\\U%08x", (unsigned)point);
    text += length ? length : 1;
  }
}

// Writes a string of JSON, with its quotation marks. A byte that is no UTF-8 becomes
// U+DC80 to U+DCFF, as in Python.
static inline void put_json_string(FILE *file, const char *text) {
  fputc('"', file);
  while (*text) {
    uint32_t point;
    const int length = read_character(text, &point);
    if (!length)
      fprintf(file, "\\udc%02x", (unsigned char)*text);
    else if (point == '"' || point == '\\')
      fprintf(file, "\\%c", *text);
    else if (!is_hidden(point))
      fwrite(text, 1, (size_t)length, file);
    else if (point < 0x10000)
      fprintf(file, "\\u%04x", (unsigned)point);
    else
      fprintf(file, "\\u%04x\\u%04x", (unsigned)(0xd7c0 + (point >> 10)),
              (unsigned)(0xdc00 + (point & 0x3ff)));
    text += length ? length : 1;
  }
  fputc('"', file);
}

#endif
