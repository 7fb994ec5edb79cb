#include "kernels/avx512.h"

namespace bifsmn {

extern const Backend avx512_backend;
const Backend avx512_backend = Fast<Avx512>::backend();

}  // namespace bifsmn
