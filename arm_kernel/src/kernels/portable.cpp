// Any processor: ranks XORed with weights, and their sums in bytes.
#include "network/forward.h"

namespace bifsmn {
namespace {

struct Portable : VectorIsa<1, 1> {
  static constexpr const char* kName = "portable";
  static bool runs_here() { return true; }

  typedef uint8_t Half __attribute__((vector_size(8)));

  static BIFSMN_INLINE Bytes look_up(Bytes table, Bytes weights) { return table ^ weights; }

  static BIFSMN_INLINE Bytes narrow(Shorts a, Shorts b) {
    const Half halves[2] = {__builtin_convertvector(a, Half), __builtin_convertvector(b, Half)};
    return load_bytes(halves);
  }

  static BIFSMN_INLINE void widen(Bytes a, Bytes b, Shorts* low, Shorts* high) {
    Half x[2], y[2];
    memcpy(x, &a, sizeof a);
    memcpy(y, &b, sizeof b);
    *low = __builtin_convertvector(x[0], Shorts) + __builtin_convertvector(y[0], Shorts);
    *high = __builtin_convertvector(x[1], Shorts) + __builtin_convertvector(y[1], Shorts);
  }

  // A table is its channel's rank, 16 times.
  struct Tables {
    explicit Tables(int16_t /*top*/) {}

    void put(uint8_t* to, size_t step, Bytes low, Bytes high) const {
      for (int i = 0; i < 8; ++i) {
        memset(to + size_t(i) * step, -low[2 * i], kTable);
        memset(to + size_t(i + 8) * step, -high[2 * i], kTable);
      }
    }
  };
};

}  // namespace

extern const Backend portable_backend;
const Backend portable_backend = Fast<Portable>::backend();

}  // namespace bifsmn
