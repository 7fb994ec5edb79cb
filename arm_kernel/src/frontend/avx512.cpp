// Without the flags that CMakeLists.txt gives this file, vectors are those of x86-64.
#if defined(__x86_64__)
#include "frontend/log_mel.h"

namespace bifsmn {

#if defined(__AVX512F__)
constexpr int kWidth = 16;
#else
constexpr int kWidth = 4;
#endif

void frame_avx512(const FrontEnd& f, void* scratch, const float* samples, float* features) {
  compute_frame<kWidth>(f, scratch, samples, features);
}

}  // namespace bifsmn
#endif
