// AVX-512 with VNNI, for the first convolution.
#include "kernels/avx512.h"
#include "kernels/tap_fours.h"

namespace bifsmn {
namespace {

struct Avx512Vnni : Avx512 {
  static constexpr const char* kName = "avx512vnni";
  using Tables = PairTables<Avx512Vnni>;
  using Fours = TapFours<Avx512Vnni>;
  static constexpr size_t kWeights = Fours::kBytes;

  static bool runs_here() { return Avx512::runs_here() && __builtin_cpu_supports("avx512vnni"); }

  static void order_weights(const int8_t* weights, uint32_t n, uint8_t* to) {
    Fours::order(weights, n, to);
  }
  static BIFSMN_INLINE void convolve(const Code* codes, const uint8_t* weights,
                                     Shorts (&sums)[2][kBands][kPositions]) {
    Fours::convolve(codes, weights, sums);
  }

  static BIFSMN_INLINE Shorts zip_bytes(Bytes a, Bytes b) {
    return Shorts(_mm512_unpacklo_epi8(__m512i(a), __m512i(b)));
  }
  static BIFSMN_INLINE Bytes add_fours(Bytes sums, Bytes codes, Bytes weights) {
    return Bytes(_mm512_dpbusd_epi32(__m512i(sums), __m512i(codes), __m512i(weights)));
  }
  static BIFSMN_INLINE Shorts narrow_sums(Bytes a, Bytes b) {
    return Shorts(_mm512_packs_epi32(__m512i(a), __m512i(b)));
  }
};

}  // namespace

extern const Backend avx512vnni_backend;
const Backend avx512vnni_backend = Fast<Avx512Vnni>::backend();

}  // namespace bifsmn
