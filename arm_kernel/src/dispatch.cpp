#include "path.h"

namespace bifsmn {

extern const Path portable_path;
#if defined(__x86_64__)
extern const Path avx2_path, avx512_path;
#elif defined(__aarch64__)
extern const Path neon_path;
#endif

const Path* available_path(uint32_t index) {
  static const Path* const paths[] = {
#if defined(__x86_64__)
      &avx512_path, &avx2_path,
#elif defined(__aarch64__)
      &neon_path,
#endif
      &portable_path, &reference_path};
  for (const Path* path : paths)
    if (path->runs_here() && index-- == 0) return path;
  return nullptr;
}

}  // namespace bifsmn
