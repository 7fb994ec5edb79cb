// The C ABI (include/bifsmn.h).
#include "bifsmn.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "format.h"
#include "path.h"

using namespace bifsmn;

struct bifsmn_model {
  const Network* network;
  const Path* path;
  void* prepared;
  uint32_t file_bytes;
};

struct bifsmn_state {
  const bifsmn_model* model;
  uint32_t depth;
  void* scratch;
};

namespace {

constexpr size_t kAlign = 64;

size_t aligned(size_t bytes) { return (bytes + kAlign - 1) / kAlign * kAlign; }

// Zeroed, aligned to 64 bytes; freed with free().
void* allocate(size_t bytes) {
  void* memory = aligned_alloc(kAlign, aligned(bytes));
  if (memory) memset(memory, 0, aligned(bytes));
  return memory;
}

bool all_finite(const float* values, size_t n) {
  for (size_t i = 0; i < n; ++i)
    if (!std::isfinite(values[i])) return false;
  return true;
}

// The path that BIFSMN_PATH names, or the best; null where it names none.
const Path* choose_path() {
  const char* wanted = getenv("BIFSMN_PATH");
  if (!wanted || !*wanted) return available_path(0);
  for (uint32_t i = 0; const Path* path = available_path(i); ++i)
    if (strcmp(path->name, wanted) == 0) return path;
  return nullptr;
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
    case BIFSMN_NO_PATH:
      return "BIFSMN_PATH names no instruction set of this machine; unset it or name another";
    case BIFSMN_BAD_ARGUMENT: return "an argument is null or out of range";
    case BIFSMN_NOT_FINITE: return "the input holds NaN or infinity; check where it comes from";
  }
  return "unknown status";
}

bifsmn_status bifsmn_load_memory(const void* bytes, size_t length, bifsmn_model** model) {
  if (!bytes || !model) return BIFSMN_BAD_ARGUMENT;
  const uint8_t* file = static_cast<const uint8_t*>(bytes);
  size_t network_bytes;
  const bifsmn_status status = check_file(file, length, &network_bytes);
  if (status != BIFSMN_OK) return status;
  const Path* path = choose_path();
  if (!path) return BIFSMN_NO_PATH;
  const size_t head = aligned(sizeof(bifsmn_model));
  uint8_t* memory = static_cast<uint8_t*>(allocate(head + network_bytes));
  if (!memory) return BIFSMN_NO_MEMORY;
  bifsmn_model* made = reinterpret_cast<bifsmn_model*>(memory);
  made->network = read_network(file, length, memory + head);
  made->path = path;
  made->file_bytes = uint32_t(length);
  const size_t prepared_bytes = path->prepared_bytes(*made->network);
  if (prepared_bytes) {
    made->prepared = allocate(prepared_bytes);
    if (!made->prepared) {
      free(memory);
      return BIFSMN_NO_MEMORY;
    }
    path->prepare(*made->network, made->prepared);
  }
  *model = made;
  return BIFSMN_OK;
}

bifsmn_status bifsmn_load_file(const char* path, bifsmn_model** model) {
  if (!path || !model) return BIFSMN_BAD_ARGUMENT;
  FILE* file = fopen(path, "rb");
  if (!file) return BIFSMN_NO_FILE;
  bifsmn_status status = BIFSMN_NO_FILE;
  long length = -1;
  if (fseek(file, 0, SEEK_END) == 0) length = ftell(file);
  if (length >= 0 && fseek(file, 0, SEEK_SET) == 0) {
    // A file without bytes is no model; malloc(0) may give null.
    uint8_t* bytes = static_cast<uint8_t*>(malloc(size_t(length) + 1));
    if (!bytes)
      status = BIFSMN_NO_MEMORY;
    else if (fread(bytes, 1, size_t(length), file) == size_t(length))
      status = bifsmn_load_memory(bytes, size_t(length), model);
    free(bytes);
  }
  fclose(file);
  return status;
}

void bifsmn_free(bifsmn_model* model) {
  if (model) free(model->prepared);
  free(model);
}

bifsmn_status bifsmn_get_info(const bifsmn_model* model, bifsmn_info* info) {
  if (!model || !info) return BIFSMN_BAD_ARGUMENT;
  const Config& c = model->network->config;
  *info = {c.classes,     c.mels,           c.frames, c.layers,    c.depths,
           c.front_channels, c.channels,    c.hidden, c.planes,    c.sample_rate,
           c.window_samples, c.hop,         c.threshold, c.smoothing, model->file_bytes};
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
const char* bifsmn_path(const bifsmn_model* m) { return m ? m->path->name : nullptr; }

const char* bifsmn_available_path(uint32_t index) {
  const Path* path = available_path(index);
  return path ? path->name : nullptr;
}

bifsmn_status bifsmn_state_new(const bifsmn_model* model, bifsmn_state** state) {
  if (!model || !state) return BIFSMN_BAD_ARGUMENT;
  const size_t head = aligned(sizeof(bifsmn_state));
  const size_t scratch = model->path->scratch_bytes(*model->network);
  uint8_t* memory = static_cast<uint8_t*>(allocate(head + scratch));
  if (!memory) return BIFSMN_NO_MEMORY;
  bifsmn_state* made = reinterpret_cast<bifsmn_state*>(memory);
  made->model = model;
  made->scratch = memory + head;
  *state = made;
  return BIFSMN_OK;
}

void bifsmn_state_free(bifsmn_state* state) { free(state); }

bifsmn_status bifsmn_set_depth(bifsmn_state* state, uint32_t depth) {
  if (!state || depth >= state->model->network->config.depths) return BIFSMN_BAD_ARGUMENT;
  state->depth = depth;
  return BIFSMN_OK;
}

uint32_t bifsmn_get_depth(const bifsmn_state* state) { return state ? state->depth : 0; }

bifsmn_status bifsmn_logits(bifsmn_state* state, const float* features, float* logits) {
  if (!state || !features || !logits) return BIFSMN_BAD_ARGUMENT;
  const bifsmn_model& m = *state->model;
  const Config& c = m.network->config;
  if (!all_finite(features, size_t(c.mels) * c.frames)) return BIFSMN_NOT_FINITE;
  m.path->forward(*m.network, m.prepared, state->scratch, state->depth, features, logits);
  return BIFSMN_OK;
}
