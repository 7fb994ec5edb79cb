#include "network/backend.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace bifsmn {

extern const Backend portable_backend;
#if defined(__x86_64__)
extern const Backend avx2_backend, avx512_backend, avx512vl_backend, avx512vnni_backend;
#elif defined(__aarch64__)
extern const Backend neon_backend;
#elif defined(__wasm__)
extern const Backend wasm_backend;
#endif

#if defined(__x86_64__)
// Zen 4 takes vectors of 512 bits in two halves.
static bool takes_halves() {
  unsigned version, b, c, d;
  if (!__builtin_cpu_is("amd") || !__get_cpuid(1, &version, &b, &c, &d)) return false;
  const unsigned family = (version >> 8 & 0xf) + (version >> 20 & 0xff);
  return family == 0x19;
}
#endif

const Backend* available_backend(uint32_t index) {
#if defined(__x86_64__)
  const bool halves = takes_halves();
#endif
  const Backend* const all[] = {
#if defined(__x86_64__)
      halves ? &avx512vl_backend : &avx512vnni_backend,
      halves ? &avx512vnni_backend : &avx512vl_backend,
      &avx512_backend,
      &avx2_backend,
#elif defined(__aarch64__)
      &neon_backend,
#elif defined(__wasm__)
      &wasm_backend,  // a module has it or does not load: no other is needed
#endif
#if !defined(__wasm__)
      &portable_backend,
#endif
      &reference_backend};
  for (const Backend* backend : all)
    if (backend->runs_here() && index-- == 0) return backend;
  return nullptr;
}

}  // namespace bifsmn
