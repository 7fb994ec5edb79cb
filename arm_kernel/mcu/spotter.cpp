// The C interface (bifsmn_spotter.h).
#include "bifsmn_spotter.h"

#include <cstring>

#include "core/all_below.h"
#include "core/arena.h"
#include "core/softmax.h"
#include "format/format.h"
#include "format/info.h"
#include "front_end.h"
#include "tables.h"

using namespace bifsmn;

struct bifsmn_spotter {
  const Network* network;
  const FrontEnd* front_end;
  uint32_t file_bytes;
  uint32_t log2_thinning;
  void* scratch;    // of the front end, or of the network
  float* features;  // [T][F]
  bool has_window;  // whether these are a whole window's
};

namespace {

constexpr size_t kAlign = 64, kConfigAt = 20;

size_t aligned(size_t bytes) { return (bytes + kAlign - 1) / kAlign * kAlign; }

// The network comes first, in so many bytes, then the spotter, then its memory.
bifsmn_spotter lay_out(const Network& n, Arena& arena) {
  const Config& c = n.config;
  const size_t frame = device_frames_scratch_bytes(c), forward = tables_backend.scratch_bytes(n);
  bifsmn_spotter s = {};
  arena.take<bifsmn_spotter>(1);
  s.network = &n;
  s.scratch = arena.take<uint8_t>(frame > forward ? frame : forward);
  s.features = arena.take<float>(size_t(c.frames) * c.mels);
  return s;
}

bool belong_together(const bifsmn_front_end& t, const Config& c) {
  const FrontEnd& f = t.tables;
  return t.sample_rate == c.sample_rate && t.f_min == c.f_min && t.f_max == c.f_max &&
         t.power_floor == c.power_floor && f.window_samples == c.window_samples &&
         f.n_fft == c.n_fft && f.hop == c.hop && f.frames == c.frames && f.mels == c.mels;
}

// Sizes of a file that has been checked: its header is a Config.
size_t bytes_behind_network(const uint8_t* file) {
  Network n = {};
  memcpy(&n.config, file + kConfigAt, sizeof n.config);
  Arena counting(nullptr);
  lay_out(n, counting);
  return counting.used();
}

void forward(bifsmn_spotter* s, const float* features, float* logits) {
  tables_backend.forward(*s->network, nullptr, s->scratch, s->log2_thinning, features, logits);
}

void decide(bifsmn_spotter* s, float* posteriors) {
  forward(s, s->features, posteriors);
  softmax(posteriors, s->network->config.classes, posteriors);
}

}  // namespace

bifsmn_status bifsmn_spotter_bytes(const void* file, size_t length, size_t* bytes) {
  if (!file || !bytes) return BIFSMN_BAD_ARGUMENT;
  const uint8_t* const from = static_cast<const uint8_t*>(file);
  size_t network_bytes;
  const bifsmn_status status = check_file(from, length, &network_bytes);
  if (status == BIFSMN_OK) *bytes = aligned(network_bytes) + bytes_behind_network(from);
  return status;
}

bifsmn_status bifsmn_spotter_load(const void* file, size_t length, const bifsmn_front_end* tables,
                                  void* memory, size_t bytes, bifsmn_spotter** spotter) {
  const bool is_aligned = reinterpret_cast<uintptr_t>(memory) % kAlign == 0;
  if (!file || !tables || !memory || !is_aligned || !spotter) return BIFSMN_BAD_ARGUMENT;
  const uint8_t* const from = static_cast<const uint8_t*>(file);
  size_t network_bytes;
  const bifsmn_status status = check_file(from, length, &network_bytes);
  if (status != BIFSMN_OK) return status;
  const size_t behind = bytes_behind_network(from);
  if (bytes < aligned(network_bytes) + behind) return BIFSMN_NO_MEMORY;
  uint8_t* const rest = static_cast<uint8_t*>(memory) + aligned(network_bytes);
  memset(memory, 0, aligned(network_bytes) + behind);
  const Network& network = *read_network(from, length, memory);
  if (!belong_together(*tables, network.config)) return BIFSMN_BAD_ARGUMENT;
  Arena arena(rest);
  const bifsmn_spotter made = lay_out(network, arena);
  *spotter = reinterpret_cast<bifsmn_spotter*>(rest);
  **spotter = made;
  (*spotter)->front_end = &tables->tables;
  (*spotter)->file_bytes = uint32_t(length);
  return BIFSMN_OK;
}

bifsmn_status bifsmn_spotter_info(const bifsmn_spotter* s, bifsmn_info* info) {
  if (!s || !info) return BIFSMN_BAD_ARGUMENT;
  *info = info_of(s->network->config, s->file_bytes);
  return BIFSMN_OK;
}

const char* bifsmn_spotter_label(const bifsmn_spotter* s, uint32_t index) {
  return s && index < s->network->config.classes ? s->network->labels[index] : nullptr;
}

float bifsmn_spotter_threshold(const bifsmn_spotter* s, uint32_t index) {
  return s && index < s->network->config.classes ? s->network->thresholds[index] : -1;
}

bifsmn_status bifsmn_spotter_set_thinning(bifsmn_spotter* s, uint32_t thinning) {
  if (!s) return BIFSMN_BAD_ARGUMENT;
  return find_thinning(s->network->config, thinning, &s->log2_thinning);
}

bifsmn_status bifsmn_spotter_features(bifsmn_spotter* s, const int16_t* audio, size_t samples,
                                      float* features) {
  if (!s || (!audio && samples > 0) || !features) return BIFSMN_BAD_ARGUMENT;
  if (samples > s->front_end->window_samples) return BIFSMN_BAD_ARGUMENT;
  compute_device_frames(*s->front_end, s->scratch, audio, samples, 0, s->front_end->frames,
                        features);
  return BIFSMN_OK;
}

bifsmn_status bifsmn_spotter_logits(bifsmn_spotter* s, const float* features, float* logits) {
  if (!s || !features || !logits) return BIFSMN_BAD_ARGUMENT;
  const Config& c = s->network->config;
  if (!all_below(kInfinity, features, size_t(c.mels) * c.frames)) return BIFSMN_NOT_FINITE;
  forward(s, features, logits);
  return BIFSMN_OK;
}

bifsmn_status bifsmn_spotter_classify(bifsmn_spotter* s, const int16_t* audio, size_t samples,
                                      float* posteriors) {
  if (!s || !posteriors) return BIFSMN_BAD_ARGUMENT;
  const bifsmn_status status = bifsmn_spotter_features(s, audio, samples, s->features);
  if (status != BIFSMN_OK) return status;
  s->has_window = samples == s->front_end->window_samples;
  decide(s, posteriors);
  return BIFSMN_OK;
}

// Inner frame t is what t + 1 was: only the last inner frame and those at the borders
// are new.
bifsmn_status bifsmn_spotter_move(bifsmn_spotter* s, const int16_t* window, float* posteriors) {
  if (!s || !window) return BIFSMN_BAD_ARGUMENT;
  const FrontEnd& f = *s->front_end;
  const uint32_t begin = f.inner_begin(), end = f.inner_end();
  if (s->has_window && begin < end) {
    float* const first = s->features + size_t(begin) * f.mels;
    memmove(first, first + f.mels, size_t(end - 1 - begin) * f.mels * sizeof(float));
    compute_device_frames(f, s->scratch, window, f.window_samples, 0, begin, s->features);
    compute_device_frames(f, s->scratch, window, f.window_samples, end - 1, f.frames, s->features);
  } else {
    compute_device_frames(f, s->scratch, window, f.window_samples, 0, f.frames, s->features);
  }
  s->has_window = true;
  if (posteriors) decide(s, posteriors);
  return BIFSMN_OK;
}
