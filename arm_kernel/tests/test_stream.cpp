// A stream gives what bifsmn_classify gives of its last window, bit for bit,
// however the audio comes in pieces.
#include "bifsmn.h"
#include "check.h"
#include "random_model.h"

using namespace bifsmn;

namespace {

constexpr float kUntouched = -1;

// A model with a state that streams and one that does not.
class Pair {
 public:
  explicit Pair(const Config& c) : c_(c) {
    const Buffer file = random_model(c, 5);
    CHECK(bifsmn_load_memory(file.data(), file.size(), &model_) == BIFSMN_OK, "a model");
    CHECK(bifsmn_state_new(model_, &stream_) == BIFSMN_OK, "a state");
    CHECK(bifsmn_state_new(model_, &offline_) == BIFSMN_OK, "a state");
  }
  ~Pair() {
    bifsmn_state_free(stream_);
    bifsmn_state_free(offline_);
    bifsmn_free(model_);
  }
  Pair(const Pair&) = delete;

  bifsmn_state* stream() { return stream_; }

  void set_thinning(uint32_t thinning) {
    CHECK(bifsmn_set_thinning(stream_, thinning) == BIFSMN_OK, "thinning %u", thinning);
    CHECK(bifsmn_set_thinning(offline_, thinning) == BIFSMN_OK, "thinning %u", thinning);
  }

  // Pushes audio[at] to audio[at + n - 1]. Returns the windows that came.
  uint32_t push(const float* audio, size_t at, size_t n, size_t since_reset) {
    uint32_t windows = 0;
    float posteriors[20], expected[20];
    for (const size_t end = at + n; at < end || n == 0;) {
      size_t used = 0;
      int ready = -1;
      for (float& p : posteriors) p = kUntouched;
      const bifsmn_status status =
          bifsmn_push(stream_, n ? audio + at : nullptr, end - at, &used, posteriors, &ready);
      CHECK(status == BIFSMN_OK, "status %d", status);
      at += used;
      since_reset += used;
      const bool due = since_reset >= c_.window_samples &&
                       (since_reset - c_.window_samples) % c_.hop == 0 && used > 0;
      CHECK(ready == due, "after %zu samples: ready is %d", since_reset, ready);
      CHECK(due || (at == end && posteriors[0] == kUntouched), "%zu of %zu used", at, end);
      if (due) {
        ++windows;
        const float* window = audio + at - c_.window_samples;
        bifsmn_classify(offline_, window, c_.window_samples, expected);
        CHECK(memcmp(posteriors, expected, c_.classes * sizeof(float)) == 0,
              "the window that ends after sample %zu differs", since_reset);
      }
      if (n == 0) break;
    }
    return windows;
  }

 private:
  const Config c_;
  bifsmn_model* model_ = nullptr;
  bifsmn_state *stream_ = nullptr, *offline_ = nullptr;
};

class Audio {
 public:
  Audio(size_t n, Random& r) : data_(static_cast<float*>(malloc(n * sizeof(float)))), n_(n) {
    for (size_t i = 0; i < n; ++i)  // loud and soft by turns
      data_[i] = r.uniform(-1, 1) * float((i >> 11) % 7) / 7;
  }
  ~Audio() { free(data_); }
  Audio(const Audio&) = delete;
  operator float*() { return data_; }
  size_t size() const { return n_; }

 private:
  float* data_;
  size_t n_;
};

size_t random_chunk(const Config& c, Random& r) {
  switch (r.below(5)) {
    case 0: return 0;
    case 1: return 1;
    case 2: return c.hop;
    case 3: return r.below(c.hop);
    default: return r.below(2 * c.window_samples);
  }
}

void test_chunks(const Config& c, Random& r) {
  Pair pair(c);
  Audio audio(c.window_samples + 40 * c.hop, r);
  uint32_t windows = 0;
  for (size_t at = 0; at < audio.size();) {
    const size_t left = audio.size() - at, wanted = random_chunk(c, r);
    const size_t n = wanted < left ? wanted : left;
    pair.set_thinning(1u << r.below(c.thinnings));
    windows += pair.push(audio, at, n, at);
    at += n;
  }
  CHECK(windows == 41, "%u windows", windows);
}

void test_single_samples(Random& r) {
  const Config c = smallest_config();
  Pair pair(c);
  Audio audio(c.window_samples + 10 * c.hop, r);
  for (size_t i = 0; i < audio.size(); ++i) pair.push(audio, i, 1, i);
}

// More samples than the ring holds many times over, in one call each.
void test_long(Random& r) {
  const Config c = smallest_config();
  Pair pair(c);
  Audio audio(1 << 17, r);
  const uint32_t windows = pair.push(audio, 0, audio.size(), 0);
  CHECK(windows == 1 + (audio.size() - c.window_samples) / c.hop, "%u windows", windows);
}

// NaN and infinity are refused and not taken; what else uses the state does not
// disturb the stream; a reset forgets.
void test_disturbances(Random& r) {
  const Config c = default_config();
  Pair pair(c);
  Audio audio(c.window_samples + 8 * c.hop, r), other(c.window_samples, r);
  size_t at = 0;
  while (at < audio.size()) {
    float bad[3] = {0.5f, at % 2 ? NAN : INFINITY, 0.5f}, posteriors[12];
    size_t used = 77;
    int ready = 77;
    const bifsmn_status status = bifsmn_push(pair.stream(), bad, 3, &used, posteriors, &ready);
    CHECK(status == BIFSMN_NOT_FINITE && used == 77 && ready == 77, "status %d", status);
    bifsmn_classify(pair.stream(), other, other.size(), posteriors);
    const size_t left = audio.size() - at, n = left < 333 ? left : 333;
    pair.push(audio, at, n, at);
    at += n;
  }
  bifsmn_reset(pair.stream());
  const uint32_t windows = pair.push(audio, 100, audio.size() - 100, 0);
  CHECK(windows == 8, "%u windows after the reset", windows);
  bifsmn_reset(nullptr);
}

void test_arguments() {
  Pair pair(default_config());
  float audio[4] = {}, posteriors[12];
  size_t used;
  int ready;
  bifsmn_state* s = pair.stream();
  CHECK(bifsmn_push(nullptr, audio, 4, &used, posteriors, &ready) == BIFSMN_BAD_ARGUMENT, "null");
  CHECK(bifsmn_push(s, nullptr, 4, &used, posteriors, &ready) == BIFSMN_BAD_ARGUMENT, "null");
  CHECK(bifsmn_push(s, audio, 4, nullptr, posteriors, &ready) == BIFSMN_BAD_ARGUMENT, "null");
  CHECK(bifsmn_push(s, audio, 4, &used, nullptr, &ready) == BIFSMN_BAD_ARGUMENT, "null");
  CHECK(bifsmn_push(s, audio, 4, &used, posteriors, nullptr) == BIFSMN_BAD_ARGUMENT, "null");
}

}  // namespace

int main() {
  for (uint32_t seed = 0; seed < 12; ++seed) {
    Random r(seed);
    Config c = random_config(r, 32, 4);
    if (seed == 0) c = default_config();
    if (seed == 1) c = smallest_config();
    if (seed == 2) c.hop = c.n_fft, c.window_samples = (c.frames - 1) * c.hop;
    if (seed == 3) c.hop = 50, c.n_fft = 1024, c.frames = 12, c.window_samples = 599;
    test_chunks(c, r);
  }
  Random r(99);
  test_single_samples(r);
  test_long(r);
  test_disturbances(r);
  test_arguments();
  puts("streams agree with windows");
}
