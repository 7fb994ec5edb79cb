// Any processor: ranks XORed with weights, and their sums in bytes.
#include "network/forward.h"

namespace bifsmn {
namespace {

struct Portable : VectorIsa<1, 1> {
  static constexpr const char* kName = "portable";
  static bool runs_here() { return true; }
};

}  // namespace

extern const Backend portable_backend;
const Backend portable_backend = Fast<Portable>::backend();

}  // namespace bifsmn
