/* What an emulator or a debugger does for the program: text, files, and an end. */
#ifndef SEMIHOSTING_H
#define SEMIHOSTING_H

static inline int semihosting(int operation, const void *argument) {
  register int r0 __asm__("r0") = operation;
  register const void *r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

static inline void put(const char *text) { semihosting(0x04, text); }

static inline void end_program(int status) {
  const int reason[] = {0x20026, status}; /* ended by itself */
  for (;;) semihosting(0x20, reason);
}

#endif
