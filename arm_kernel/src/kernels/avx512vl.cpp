// AVX-512 with VNNI in vectors of 256 bits: for processors that take those of 512 bits in
// two halves, and for which to repeat 128 bits in them is a shuffle, here part of a load.
#include "kernels/avx2.h"
#include "kernels/tap_fours.h"

namespace bifsmn {
namespace {

struct Avx512Vl : Avx2 {
  static constexpr const char* kName = "avx512vl";
  using Tables = PairTables<Avx512Vl>;
  using Fours = TapFours<Avx512Vl>;
  static constexpr size_t kWeights = Fours::kBytes;

  static bool runs_here() {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512vnni");
  }

  // Not what compilers take for registers from 16 on: that is a shuffle again.
  static BIFSMN_INLINE __m256i repeated(const void* from) {
    __m256i v;
    asm("vbroadcasti128 %1, %0" : "=x"(v) : "m"(*static_cast<const __m128i_u*>(from)));
    return v;
  }
  static BIFSMN_INLINE Shorts channels(const int16_t* from) { return Shorts(repeated(from)); }
  static BIFSMN_INLINE Bytes bytes(const uint8_t* from) { return Bytes(repeated(from)); }

  static void order_weights(const int8_t* weights, uint32_t n, uint8_t* to) {
    Fours::order(weights, n, to);
  }
  static BIFSMN_INLINE void convolve(const Code* codes, const uint8_t* weights,
                                     Shorts (&sums)[2][kBands][kPositions]) {
    Fours::convolve(codes, weights, sums);
  }

  static BIFSMN_INLINE Shorts zip_bytes(Bytes a, Bytes b) {
    return Shorts(_mm256_unpacklo_epi8(__m256i(a), __m256i(b)));
  }
  static BIFSMN_INLINE Bytes add_fours(Bytes sums, Bytes codes, Bytes weights) {
    return Bytes(_mm256_dpbusd_epi32(__m256i(sums), __m256i(codes), __m256i(weights)));
  }
  static BIFSMN_INLINE Shorts narrow_sums(Bytes a, Bytes b) {
    return Shorts(_mm256_packs_epi32(__m256i(a), __m256i(b)));
  }
};

}  // namespace

extern const Backend avx512vl_backend;
const Backend avx512vl_backend = Fast<Avx512Vl>::backend();

}  // namespace bifsmn
