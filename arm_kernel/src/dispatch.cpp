#include "path.h"

namespace bifsmn {

extern const Path portable_path;
#if defined(__x86_64__)
extern const Path avx2_path, avx512_path;
#elif defined(__aarch64__)
extern const Path neon_path;
#elif defined(__wasm__)
extern const Path wasm_path;
#endif

const Path* available_path(uint32_t index) {
  static const Path* const paths[] = {
#if defined(__x86_64__)
      &avx512_path, &avx2_path,
#elif defined(__aarch64__)
      &neon_path,
#elif defined(__wasm__)
      &wasm_path,  // a module has it or does not load: no other is needed
#endif
#if !defined(__wasm__)
      &portable_path,
#endif
      &reference_path};
  for (const Path* path : paths)
    if (path->runs_here() && index-- == 0) return path;
  return nullptr;
}

}  // namespace bifsmn
