// CHECK(condition, format, ...): ends a test program, saying where and what.
#pragma once
#include <cstdio>
#include <cstdlib>

// abort(), so that a fuzzer keeps the input.
#define CHECK(condition, ...)                                                  \
  do {                                                                         \
    if (!(condition)) {                                                        \
      fprintf(stderr, "%s:%d: expected %s: ", __FILE__, __LINE__, #condition); \
      fprintf(stderr, __VA_ARGS__);                                            \
      fprintf(stderr, "\n");                                                   \
      abort();                                                                 \
    }                                                                          \
  } while (0)
