#include "kernels/avx2.h"

namespace bifsmn {

extern const Backend avx2_backend;
const Backend avx2_backend = Fast<Avx2>::backend();

}  // namespace bifsmn
