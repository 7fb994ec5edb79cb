// The C ABI (include/bifsmn.h).
#include "bifsmn.h"

#include <sys/stat.h>

#include <cerrno>
#include <climits>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "core/all_below.h"
#include "core/arena.h"
#include "core/labels.h"
#include "core/softmax.h"
#include "format/format.h"
#include "format/info.h"
#include "frontend/frontend.h"
#include "network/backend.h"
#include "stream/stream.h"

using namespace bifsmn;

struct bifsmn_model {
  uint8_t* file;           // the network's codes and bits are there
  const Network* network;  // allocated with the model
  const Backend* backend;
  const FrontEnd* front_end;  // and what `prepared` points to: one allocation
  void* prepared;
  uint32_t file_bytes;
};

struct bifsmn_state {
  const bifsmn_model* model;
  uint32_t log2_thinning;
  void* scratch;            // of the backend
  void* front_end_scratch;  // starts zeroed, and is the front end's alone
  float* features;          // [T][F]
  float* logits;            // [classes]
  Stream stream;
};

namespace {

constexpr size_t kAlign = 64;
constexpr long kMaxFileBytes = 1L << 28;

size_t aligned(size_t bytes) { return (bytes + kAlign - 1) / kAlign * kAlign; }

// Zeroed, aligned to 64 bytes; freed with free().
void* allocate(size_t bytes) {
  void* memory = aligned_alloc(kAlign, aligned(bytes));
  if (memory) memset(memory, 0, aligned(bytes));
  return memory;
}

// Bits of 2^4, 24 dB above full scale: overshoots of lossy codecs stay far below it, and
// integers that were never divided by theirs are beyond it.
constexpr uint32_t kTooLoud = 0x41800000;

bifsmn_status check_audio(const float* audio, size_t samples, size_t max) {
  if ((!audio && samples > 0) || samples > max) return BIFSMN_BAD_ARGUMENT;
  if (all_below(kTooLoud, audio, samples)) return BIFSMN_OK;
  return all_below(kInfinity, audio, samples) ? BIFSMN_TOO_LOUD : BIFSMN_NOT_FINITE;
}

void forward(bifsmn_state* state, const float* features, float* logits) {
  const bifsmn_model& m = *state->model;
  m.backend->forward(*m.network, m.prepared, state->scratch, state->log2_thinning, features,
                     logits);
}

void decide(bifsmn_state* state, const float* features, float* posteriors) {
  forward(state, features, state->logits);
  softmax(state->logits, state->model->network->config.classes, posteriors);
}

void decide_silence(const bifsmn_model& m, Stream& stream, float* posteriors) {
  stream.skip();
  for (uint32_t k = 0; k < m.network->config.classes; ++k)
    posteriors[k] = names_silence(m.network->labels[k]);
}

// The state itself comes first, then its memory.
bifsmn_state lay_out(const bifsmn_model& m, Arena& arena) {
  const Config& c = m.network->config;
  arena.take<bifsmn_state>(1);
  uint8_t* scratch = arena.take<uint8_t>(m.backend->scratch_bytes(*m.network));
  uint8_t* front_end_scratch = arena.take<uint8_t>(front_end_scratch_bytes(c));
  float* features = arena.take<float>(size_t(c.frames) * c.mels);
  float* logits = arena.take<float>(c.classes);
  return {&m, 0, scratch, front_end_scratch, features, logits, Stream(*m.front_end, arena)};
}

// That which BIFSMN_ISA names, or the best; null where it names none.
const Backend* choose_backend() {
  const char* wanted = getenv("BIFSMN_ISA");
  if (!wanted || !*wanted) return available_backend(0);
  for (uint32_t i = 0; const Backend* backend = available_backend(i); ++i)
    if (strcmp(backend->name, wanted) == 0) return backend;
  return nullptr;
}

// Makes a model of a file that check_file has passed; on success the model owns it.
bifsmn_status make_model(uint8_t* file, size_t length, size_t network_bytes, bifsmn_model** model) {
  const Backend* backend = choose_backend();
  if (!backend) return BIFSMN_NO_ISA;
  const size_t head = aligned(sizeof(bifsmn_model));
  uint8_t* memory = static_cast<uint8_t*>(allocate(head + network_bytes));
  if (!memory) return BIFSMN_NO_MEMORY;
  const Network& network = *read_network(file, length, memory + head);
  const size_t front_end = aligned(front_end_bytes(network.config));
  uint8_t* tables = static_cast<uint8_t*>(allocate(front_end + backend->prepared_bytes(network)));
  if (!tables) {
    free(memory);
    return BIFSMN_NO_MEMORY;
  }
  bifsmn_model* made = reinterpret_cast<bifsmn_model*>(memory);
  const FrontEnd* front = make_front_end(network.config, backend->name, tables);
  *made = {file, &network, backend, front, tables + front_end, uint32_t(length)};
  backend->prepare(network, made->prepared);
  *model = made;
  return BIFSMN_OK;
}

}  // namespace

const char* bifsmn_status_text(bifsmn_status status) {
  switch (status) {
    case BIFSMN_OK: return "no error";
    case BIFSMN_NO_FILE: return "the file cannot be read; check its path and rights";
    case BIFSMN_NOT_A_MODEL: return "this is no .bifsmn file; export a model first";
    case BIFSMN_WRONG_VERSION:
      return "the file is of another format version; update this library or export the model again";
    case BIFSMN_WRONG_LENGTH: return "the file is truncated or too long; copy it again";
    case BIFSMN_WRONG_CHECKSUM: return "the file is damaged; copy it again";
    case BIFSMN_INVALID: return "the file holds values out of bounds; export the model again";
    case BIFSMN_NO_MEMORY: return "there is not enough memory";
    case BIFSMN_NO_ISA:
      return "BIFSMN_ISA names no instruction set of this machine; unset it or name another";
    case BIFSMN_BAD_ARGUMENT: return "an argument is null or out of range";
    case BIFSMN_NOT_FINITE: return "the input holds NaN or infinity; check where it comes from";
    case BIFSMN_TOO_LOUD:
      return "expected samples from -1 to 1, found some of 16 or more; divide those of 16-bit "
             "integers by 32768";
  }
  return "unknown status";
}

bifsmn_status bifsmn_load_memory(const void* bytes, size_t length, bifsmn_model** model) {
  if (!bytes || !model) return BIFSMN_BAD_ARGUMENT;
  const uint8_t* from = static_cast<const uint8_t*>(bytes);
  size_t network_bytes;
  bifsmn_status status = check_file(from, length, &network_bytes);
  if (status != BIFSMN_OK) return status;
  uint8_t* file = static_cast<uint8_t*>(malloc(length));
  if (!file) return BIFSMN_NO_MEMORY;
  memcpy(file, from, length);
  status = make_model(file, length, network_bytes, model);
  if (status != BIFSMN_OK) free(file);
  return status;
}

bifsmn_status bifsmn_load_file(const char* path, bifsmn_model** model) {
  if (!path || !model) return BIFSMN_BAD_ARGUMENT;
  struct stat about;
  if (stat(path, &about) != 0) return BIFSMN_NO_FILE;
  if (!S_ISREG(about.st_mode)) {  // a pipe would be waited for
    errno = S_ISDIR(about.st_mode) ? EISDIR : EINVAL;
    return BIFSMN_NO_FILE;
  }
  FILE* file = fopen(path, "rb");
  if (!file) return BIFSMN_NO_FILE;
  bifsmn_status status = BIFSMN_NO_FILE;
  long length = -1;
  if (fseek(file, 0, SEEK_END) == 0) length = ftell(file);
  if (length > kMaxFileBytes && length < LONG_MAX) {  // that is a folder's length
    status = BIFSMN_WRONG_LENGTH;
  } else if (length >= 0 && length < LONG_MAX && fseek(file, 0, SEEK_SET) == 0) {
    // A file without bytes is no model; malloc(0) may give null.
    uint8_t* bytes = static_cast<uint8_t*>(malloc(size_t(length) + 1));
    size_t network_bytes;
    if (!bytes)
      status = BIFSMN_NO_MEMORY;
    else if (fread(bytes, 1, size_t(length), file) == size_t(length))
      status = check_file(bytes, size_t(length), &network_bytes);
    if (status == BIFSMN_OK) status = make_model(bytes, size_t(length), network_bytes, model);
    if (status != BIFSMN_OK) free(bytes);
  }
  fclose(file);
  return status;
}

void bifsmn_free(bifsmn_model* model) {
  if (!model) return;
  free(const_cast<FrontEnd*>(model->front_end));
  free(model->file);
  free(model);
}

bifsmn_status bifsmn_get_info(const bifsmn_model* model, bifsmn_info* info) {
  if (!model || !info) return BIFSMN_BAD_ARGUMENT;
  *info = info_of(model->network->config, model->file_bytes);
  return BIFSMN_OK;
}

const char* bifsmn_label(const bifsmn_model* model, uint32_t index) {
  if (!model || index >= model->network->config.classes) return nullptr;
  return model->network->labels[index];
}

const char* bifsmn_name(const bifsmn_model* m) { return m ? m->network->name : nullptr; }
const char* bifsmn_licence(const bifsmn_model* m) { return m ? m->network->licence : nullptr; }
const char* bifsmn_provenance(const bifsmn_model* m) {
  return m ? m->network->provenance : nullptr;
}
float bifsmn_threshold(const bifsmn_model* model, uint32_t index) {
  if (!model || index >= model->network->config.classes) return -1;
  return model->network->thresholds[index];
}

const char* bifsmn_isa(const bifsmn_model* m) { return m ? m->backend->name : nullptr; }

const char* bifsmn_available_isa(uint32_t index) {
  const Backend* backend = available_backend(index);
  return backend ? backend->name : nullptr;
}

bifsmn_status bifsmn_state_new(const bifsmn_model* model, bifsmn_state** state) {
  if (!model || !state) return BIFSMN_BAD_ARGUMENT;
  Arena needed(nullptr);
  lay_out(*model, needed);
  void* memory = allocate(needed.used());
  if (!memory) return BIFSMN_NO_MEMORY;
  Arena arena(memory);
  const bifsmn_state made = lay_out(*model, arena);
  *state = static_cast<bifsmn_state*>(memory);
  **state = made;
  return BIFSMN_OK;
}

void bifsmn_state_free(bifsmn_state* state) { free(state); }

bifsmn_status bifsmn_set_thinning(bifsmn_state* state, uint32_t thinning) {
  if (!state) return BIFSMN_BAD_ARGUMENT;
  return find_thinning(state->model->network->config, thinning, &state->log2_thinning);
}

uint32_t bifsmn_get_thinning(const bifsmn_state* state) {
  return state ? 1u << state->log2_thinning : 0;
}

bifsmn_status bifsmn_logits(bifsmn_state* state, const float* features, float* logits) {
  if (!state || !features || !logits) return BIFSMN_BAD_ARGUMENT;
  const Config& c = state->model->network->config;
  if (!all_below(kInfinity, features, size_t(c.mels) * c.frames)) return BIFSMN_NOT_FINITE;
  forward(state, features, logits);
  return BIFSMN_OK;
}

bifsmn_status bifsmn_features(bifsmn_state* state, const float* audio, size_t samples,
                              float* features) {
  if (!state || !features) return BIFSMN_BAD_ARGUMENT;
  const FrontEnd& f = *state->model->front_end;
  const bifsmn_status status = check_audio(audio, samples, f.window_samples);
  if (status != BIFSMN_OK) return status;
  compute_frames(f, state->front_end_scratch, audio, samples, 0, f.frames, features);
  return BIFSMN_OK;
}

bifsmn_status bifsmn_classify(bifsmn_state* state, const float* audio, size_t samples,
                              float* posteriors) {
  if (!state || !posteriors) return BIFSMN_BAD_ARGUMENT;
  const bifsmn_status status = bifsmn_features(state, audio, samples, state->features);
  if (status == BIFSMN_OK) decide(state, state->features, posteriors);
  return status;
}

bifsmn_status bifsmn_push(bifsmn_state* state, const float* audio, size_t samples, size_t* used,
                          float* posteriors, int* ready) {
  if (!state || !used || !posteriors || !ready) return BIFSMN_BAD_ARGUMENT;
  Stream& stream = state->stream;
  const size_t n = samples < stream.missing() ? samples : stream.missing();
  const bifsmn_status status = check_audio(audio, n, n);
  if (status != BIFSMN_OK) return status;
  stream.push(audio, n);
  const bool due = stream.missing() == 0;
  if (due && stream.is_gated())
    decide_silence(*state->model, stream, posteriors);
  else if (due)
    decide(state, stream.features(state->front_end_scratch), posteriors);
  *used = n;
  *ready = due;
  return BIFSMN_OK;
}

bifsmn_status bifsmn_set_gate(bifsmn_state* state, float db) {
  const bool is_off = db == -INFINITY, is_level = db >= -200 && db <= 0;
  if (!state || !(is_off || is_level)) return BIFSMN_BAD_ARGUMENT;
  state->stream.set_gate(std::pow(10.0, double(db) / 10));
  return BIFSMN_OK;
}

void bifsmn_reset(bifsmn_state* state) {
  if (state) state->stream.reset();
}
