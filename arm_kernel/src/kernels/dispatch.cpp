#include "network/backend.h"

namespace bifsmn {

extern const Backend portable_backend;
#if defined(__x86_64__)
extern const Backend avx2_backend, avx512_backend, avx512vl_backend, avx512vnni_backend;
#elif defined(__aarch64__)
extern const Backend neon_backend;
#elif defined(__wasm__)
extern const Backend wasm_backend;
#endif

const Backend* available_backend(uint32_t index) {
  static const Backend* const all[] = {
#if defined(__x86_64__)
      &avx512vl_backend, &avx512vnni_backend, &avx512_backend, &avx2_backend,
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
