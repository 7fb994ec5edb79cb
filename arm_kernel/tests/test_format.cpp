// Strings and the network: every bound of FORMAT.md, on both of its sides.
#include <cfloat>
#include <initializer_list>

#include "load.h"

using namespace bifsmn;

namespace {

// The file with another string `index`.
Buffer with_text(const Buffer& file, uint32_t index, const char* text, size_t n) {
  size_t at = kStrings;
  const auto length = [&] { return file.data()[at] | file.data()[at + 1] << 8; };
  for (uint32_t i = 0; i < index; ++i) at += 2 + length();
  const size_t rest = at + 2 + length();
  Buffer changed(file.data(), at);
  changed.put(uint16_t(n));
  changed.append(text, n);
  changed.append(file.data() + rest, file.size() - rest);
  seal(changed.data(), changed.size());
  return changed;
}

bifsmn_status load_with_text(const Buffer& file, uint32_t index, const char* text, size_t n) {
  const Buffer changed = with_text(file, index, text, n);
  return load(changed.data(), changed.size());
}

void test_strings() {
  const Config c = smallest_config();
  Buffer file = random_model(c, 1);
  const char* good[] = {"a",
                        "\x7f",
                        "\xc2\x80",
                        "\xdf\xbf",
                        "\xe0\xa0\x80",
                        "\xed\x9f\xbf",
                        "\xee\x80\x80",
                        "\xef\xbf\xbf",
                        "\xf0\x90\x80\x80",
                        "\xf4\x8f\xbf\xbf",
                        "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80!"};
  const char* bad[] = {"\x80",
                       "\xbf",
                       "\xc0\xaf",
                       "\xc1\xbf",
                       "\xc2",
                       "\xc2 ",
                       "\xe0\x9f\xbf",
                       "\xe2\x82",
                       "\xed\xa0\x80",
                       "\xed\xbf\xbf",
                       "\xf0\x8f\xbf\xbf",
                       "\xf0\x9f\x98",
                       "\xf4\x90\x80\x80",
                       "\xf8\x88\x80\x80\x80",
                       "\xfe",
                       "\xf9\x80\x80\x80",
                       "\xff",
                       "a\xc3"};
  for (uint32_t i = 0; i < c.classes + 3; ++i) {
    for (const char* text : good)
      CHECK(load_with_text(file, i, text, strlen(text)) == BIFSMN_OK, "%u: %s", i, text);
    for (const char* text : bad)
      CHECK(load_with_text(file, i, text, strlen(text)) == BIFSMN_INVALID, "%u: %s", i, text);
    CHECK(load_with_text(file, i, "a\0b", 3) == BIFSMN_INVALID, "NUL in %u", i);
    const bifsmn_status empty = i < c.classes ? BIFSMN_INVALID : BIFSMN_OK;
    CHECK(load_with_text(file, i, "", 0) == empty, "empty %u", i);
  }
  Buffer longest;
  memset(longest.grow(65535), 'a', 65535);
  const char* text = reinterpret_cast<const char*>(longest.data());
  CHECK(load_with_text(file, 0, text, 65535) == BIFSMN_OK, "65535 bytes");
  CHECK(with(file, kStrings, uint16_t(65535)) == BIFSMN_INVALID, "a string beyond the end");
  // The length of the next string would continue this one's last character.
  const Buffer next = with_text(file, 1, text, 0x80);
  CHECK(load_with_text(next, 0, "\xc2", 1) == BIFSMN_INVALID, "half a character");
}

// A value at an offset is fine, or not.
#define GOOD(at, value) CHECK(with(file, at, value) == BIFSMN_OK, "at %zu", size_t(at))
#define BAD(at, value) CHECK(with(file, at, value) == BIFSMN_INVALID, "at %zu", size_t(at))

void check_conv1(Buffer& file, const Mark& mark) {
  struct Filter {
    int8_t weights[25];
  };
  for (uint32_t at = mark.at; at < mark.at + 25 * mark.n; at += 25) {
    GOOD(at, (Filter{{127, 127, 4}}));
    GOOD(at, (Filter{{-128, -127, 3}}));
    GOOD(at, (Filter{{-128, 0, 2, -128}}));
    BAD(at, (Filter{{127, 127, 5}}));
    BAD(at, (Filter{{-128, 0, 2, -128, 1}}));
    BAD(at, (Filter{{-128, -128, -128, -128}}));
  }
}

// middle [n], low [n], high [n] of a type; low and high only with two planes.
template <class T>
void check_order(Buffer& file, size_t at, uint32_t n, uint32_t planes) {
  constexpr int kLowest = sizeof(T) == 1 ? INT8_MIN : INT16_MIN, kHighest = -1 - kLowest;
  const size_t part = n * sizeof(T);
  for (size_t middle = at; middle < at + part; middle += sizeof(T)) {
    if (planes == 1) {
      GOOD(middle, T(kLowest));
      GOOD(middle, T(kHighest));
      continue;
    }
    T value;
    memcpy(&value, &file[middle], sizeof value);
    const size_t low = middle + part, high = low + part;
    GOOD(low, value);
    GOOD(low, T(kLowest));
    if (value < kHighest) BAD(low, T(value + 1));
    if (value < kHighest) BAD(low, T(kHighest));
    GOOD(high, value);
    GOOD(high, T(kHighest));
    if (value > kLowest) BAD(high, T(value - 1));
    if (value > kLowest) BAD(high, T(kLowest));
  }
}

void check_exponent(Buffer& file, size_t at) {
  GOOD(at, uint8_t(0));
  GOOD(at, uint8_t(8));
  BAD(at, uint8_t(9));
  BAD(at, uint8_t(255));
}

void check_vector(Buffer& file, const Mark& mark, int8_t least) {
  check_exponent(file, mark.at);
  for (uint32_t at = mark.at + 1; at <= mark.at + mark.n; ++at) {
    GOOD(at, int8_t(127));
    GOOD(at, least);
    if (least > -128) BAD(at, int8_t(least - 1));
  }
}

void check_slope(Buffer& file, size_t at) {
  GOOD(at, int8_t(127));
  GOOD(at, int8_t(-127));
  BAD(at, int8_t(-128));
}

void check_posteriors(Buffer& file, const Mark& mark) {
  for (uint32_t at = mark.at; at < mark.at + 4 * mark.n; at += 4) {
    for (const float value : {0.0f, 1.0f, FLT_TRUE_MIN}) GOOD(at, value);
    for (const float value : {-FLT_TRUE_MIN, std::nextafter(1.0f, 2.0f), NAN, INFINITY})
      BAD(at, value);
  }
}

void check_unit(Buffer& file, size_t at) {
  for (const float value : {FLT_TRUE_MIN, kMax}) GOOD(at, value);
  for (const float value : {0.0f, -0.0f, -FLT_TRUE_MIN, -1.0f}) BAD(at, value);
  for (const float value : {NAN, INFINITY, -INFINITY, std::nextafter(kMax, FLT_MAX)})
    BAD(at, value);
}

void check_shift(Buffer& file, size_t at) {
  GOOD(at, uint8_t(1));
  GOOD(at, uint8_t(8));
  for (const int shift : {0, 9, 255}) BAD(at, uint8_t(shift));
}

void check_biases(Buffer& file, const Mark& mark) {
  constexpr int32_t kBound = 1 << 30;
  for (uint32_t at = mark.at; at < mark.at + 4 * mark.n; at += 4) {
    for (const int32_t bias : {kBound, -kBound}) GOOD(at, bias);
    for (const int32_t bias : {kBound + 1, -kBound - 1, INT32_MAX, INT32_MIN}) BAD(at, bias);
  }
}

void check_weights(Buffer& file, const Mark& mark) {
  for (uint32_t at = mark.at; at < mark.at + mark.n / 2; ++at) {
    for (const int both : {0x99, 0x77, 0x00}) GOOD(at, uint8_t(both));
    for (const int both : {0x98, 0x89, 0x88}) BAD(at, uint8_t(both));
  }
}

void check_any(Buffer& file, size_t at, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i) {
    GOOD(at + i, uint8_t(0));
    GOOD(at + i, uint8_t(255));
  }
}

// The last sign may be any, what pads it only zero.
void check_signs(Buffer& file, const Mark& mark) {
  for (uint32_t bit = mark.n - 1; bit < 128; ++bit) {
    const size_t at = mark.at + bit / 8;
    const bifsmn_status status = with(file, at, uint8_t(file[at] ^ 1 << bit % 8));
    CHECK(status == (bit < mark.n ? BIFSMN_OK : BIFSMN_INVALID), "bit %u of %u, of which %u", bit,
          mark.at, mark.n);
  }
}

void check(Buffer& file, const Mark& mark, uint32_t planes) {
  switch (mark.kind) {
    case Mark::kPosteriors: return check_posteriors(file, mark);
    case Mark::kConv1: return check_conv1(file, mark);
    case Mark::kLimits: return check_order<int16_t>(file, mark.at, mark.n, planes);
    case Mark::kPads: return check_any(file, mark.at, mark.n / 8);
    case Mark::kSigns: return check_signs(file, mark);
    case Mark::kThresholds:
      check_exponent(file, mark.at);
      return check_order<int8_t>(file, mark.at + 1, mark.n, planes);
    case Mark::kVector: return check_vector(file, mark, -128);
    case Mark::kGains: return check_vector(file, mark, -127);
    case Mark::kSlope: return check_slope(file, mark.at);
    case Mark::kSpread: return check_any(file, mark.at, 2);
    case Mark::kUnit: return check_unit(file, mark.at);
    case Mark::kShift: return check_shift(file, mark.at);
    case Mark::kBiases: return check_biases(file, mark);
    case Mark::kWeights: return check_weights(file, mark);
  }
}

void test_network(uint32_t planes) {
  Config c = smallest_config();
  c.planes = planes;
  c.thinnings = c.layers = 2;
  c.taps_before = c.taps_after = 1;
  Buffer marks;
  Buffer file = random_model(c, 1, &marks);
  const Mark* mark = reinterpret_cast<const Mark*>(marks.data());
  const size_t n = marks.size() / sizeof(Mark);
  for (size_t i = 0; i < n; ++i) check(file, mark[i], planes);
}

}  // namespace

int main() {
  test_strings();
  test_network(1);
  test_network(2);
  puts("every bound holds on both sides");
}
