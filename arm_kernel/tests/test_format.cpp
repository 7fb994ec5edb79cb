// Strings and the network: every bound of FORMAT.md, on both of its sides.
#include <cfloat>
#include <initializer_list>

#include "load.h"

using namespace bifsmn;

namespace {

// The file with another string `index`.
Buffer with_text(const Buffer& file, uint32_t index, const char* text, size_t n) {
  size_t at = 124;
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
  CHECK(with(file, 124, uint16_t(65535)) == BIFSMN_INVALID, "a string beyond the end");
  // The length of the next string would continue this one's last character.
  const Buffer next = with_text(file, 1, text, 0x80);
  CHECK(load_with_text(next, 0, "\xc2", 1) == BIFSMN_INVALID, "half a character");
}

void check_floats(Buffer& file, const Mark& mark) {
  const float beyond = std::nextafter(kMax, FLT_MAX);
  for (uint32_t i = 0; i < mark.n; ++i)
    for (const float value : {NAN, INFINITY, -INFINITY, beyond, -beyond})
      CHECK(with(file, mark.at + 4 * i, value) == BIFSMN_INVALID, "%g at %u", value, mark.at);
}

// s1 and s2, and their quotient.
void check_scales(Buffer& file, const Mark& mark) {
  check_floats(file, mark);
  for (uint32_t i = 0; i < mark.n; ++i)
    for (const float value : {0.0f, -0.0f, -FLT_TRUE_MIN, -1.0f})
      CHECK(with(file, mark.at + 4 * i, value) == BIFSMN_INVALID, "%g at %u", value, mark.at);
  struct Scales {
    float s1, s2;
  };
  if (mark.n == 1) {
    CHECK(with(file, mark.at, FLT_TRUE_MIN) == BIFSMN_OK, "s1 at %u", mark.at);
    CHECK(with(file, mark.at, kMax) == BIFSMN_OK, "s1 at %u", mark.at);
    return;
  }
  for (const Scales s : {Scales{1, kMax}, {0x1p-20f, 1}, {kMax, FLT_TRUE_MIN}})
    CHECK(with(file, mark.at, s) == BIFSMN_OK, "%g, %g at %u", s.s1, s.s2, mark.at);
  const float below = std::nextafter(1.0f, 0.0f);
  for (const Scales s : {Scales{below, kMax}, {0x1p-21f, 1}, {FLT_TRUE_MIN, 1}})
    CHECK(with(file, mark.at, s) == BIFSMN_INVALID, "%g, %g at %u", s.s1, s.s2, mark.at);
}

// Offset, step and values; codes of one bit, of which the first is 1.
void check_vector(Buffer& file, const Mark& mark) {
  check_floats(file, {Mark::kFloat, mark.at, 2});
  struct __attribute__((packed)) Vector {
    float offset, step;
    uint8_t codes;
  };
  for (const Vector v :
       {Vector{kMax, 0, 1}, {-kMax, 0, 1}, {kMax - 1, 1, 1}, {1 - kMax, -1, 1}, {kMax, -kMax, 1}})
    CHECK(with(file, mark.at, v) == BIFSMN_OK, "%g + %g at %u", v.offset, v.step, mark.at);
  for (const Vector v : {Vector{kMax, 1, 1}, {-kMax, -1, 1}, {kMax, kMax, 1}, {1, kMax, 1}})
    CHECK(with(file, mark.at, v) == BIFSMN_INVALID, "%g + %g at %u", v.offset, v.step, mark.at);
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

void test_network(uint32_t planes) {
  Config c = smallest_config();
  c.planes = planes;
  c.thinnings = c.layers = 2;
  c.taps_before = c.taps_after = 1;
  Buffer marks;
  Buffer file = random_model(c, 1, &marks);
  const Mark* mark = reinterpret_cast<const Mark*>(marks.data());
  for (size_t i = 0; i < marks.size() / sizeof(Mark); ++i) switch (mark[i].kind) {
      case Mark::kFloat: check_floats(file, mark[i]); break;
      case Mark::kPositive: check_scales(file, mark[i]); break;
      case Mark::kVector: check_vector(file, mark[i]); break;
      case Mark::kSigns: check_signs(file, mark[i]); break;
    }
}

}  // namespace

int main() {
  test_strings();
  test_network(1);
  test_network(2);
  puts("every bound holds on both sides");
}
