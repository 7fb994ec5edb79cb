/* From reset to main(), on Arm's boards of the emulator. */
#include <stdint.h>
#include <string.h>

#include "semihosting.h"

extern uint32_t data_begin[], data_end[], data_load[], bss_begin[], bss_end[];
extern uint32_t stack_begin[], stack_end[];

int main(void);

void reset(void) {
#ifdef __ARM_FP
  *(volatile uint32_t *)0xE000ED88 |= 0xfu << 20; /* switches the FPU on (CPACR) */
  __asm__ volatile("dsb\n isb");
#endif
  for (uint32_t *to = data_begin, *from = data_load; to < data_end;) *to++ = *from++;
  for (uint32_t *to = bss_begin; to < bss_end;) *to++ = 0;
  /* What of the stack is never used keeps this; measure.cpp looks. */
  uint32_t *const here = __builtin_frame_address(0);
  for (uint32_t *to = stack_begin; to < here - 16;) *to++ = 0x5A5A5A5A;
  end_program(main());
}

static void fault(void) {
  put("a fault\n");
  end_program(1);
}

__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {
    stack_end,     (void *)reset, (void *)fault, (void *)fault, (void *)fault, (void *)fault,
    (void *)fault, (void *)fault, (void *)fault, (void *)fault, (void *)fault, (void *)fault,
    (void *)fault, (void *)fault, (void *)fault, (void *)fault,
};
