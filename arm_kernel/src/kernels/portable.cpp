// Any processor: popcounts by adding neighbouring bits.
#include "network/forward.h"

namespace bifsmn {
namespace {

struct Portable : VectorIsa<4, Order::kWords> {
  static constexpr const char* kName = "portable";
  static bool runs_here() { return true; }
  using Count = int32_t;

  typedef uint32_t Words __attribute__((vector_size(16)));

  // Popcounts of each half byte.
  static BIFSMN_INLINE Words popcount(Words x) {
    x = x - (x >> 1 & 0x55555555);
    return (x & 0x33333333) + (x >> 2 & 0x33333333);
  }

  template <int kRows, size_t kRow, size_t kStep>
  static void counts(const uint8_t* weights, const uint8_t* rows, uint32_t inputs,
                     Count (*out)[kTile]) {
    constexpr int kAtOnce = 4;
    for (int first = 0; first < kRows; first += kAtOnce)
      for (int n = 0; n < kTile; n += 4) {
        Words total[kAtOnce];
        for (auto& t : total) t = Words{} - inputs / 2;
        add<kRow, kStep>(weights + n * 4, rows + first * kRow, units(inputs, kUnit), total);
        for (int r = 0; r < kAtOnce; ++r) memcpy(out[first + r] + n, &total[r], sizeof total[r]);
      }
  }

  // Adds the counts of as many rows as there are totals, for 4 outputs.
  template <size_t kRow, size_t kStep, int kAtOnce>
  static BIFSMN_INLINE void add(const uint8_t* weights, const uint8_t* rows, uint32_t words,
                                Words (&total)[kAtOnce]) {
    // 3 words of at most 4 each fit into half a byte; 24 bits of their two halves, 10
    // times, into a byte.
    constexpr uint32_t kInHalf = 3, kInByte = 30;
    for (uint32_t start = 0; start < words; start += kInByte) {
      Words bytes[kAtOnce] = {};
      for (uint32_t k = start; k < start + kInByte && k < words; k += kInHalf) {
        Words halves[kAtOnce] = {};
        for (uint32_t i = k; i < k + kInHalf && i < words; ++i) {
          Words w;
          memcpy(&w, weights + i * kTile * 4, sizeof w);
          for (int r = 0; r < kAtOnce; ++r) {
            uint32_t row;
            memcpy(&row, rows + r * kRow + i * kStep, sizeof row);
            halves[r] += popcount(w ^ row);
          }
        }
        for (int r = 0; r < kAtOnce; ++r)
          bytes[r] += (halves[r] & 0x0f0f0f0f) + (halves[r] >> 4 & 0x0f0f0f0f);
      }
      for (int r = 0; r < kAtOnce; ++r) {
        const Words pairs = (bytes[r] & 0x00ff00ff) + (bytes[r] >> 8 & 0x00ff00ff);
        total[r] += (pairs & 0xffff) + (pairs >> 16);
      }
    }
  }
};

}  // namespace

extern const Backend portable_backend;
const Backend portable_backend = Fast<Portable>::backend();

}  // namespace bifsmn
