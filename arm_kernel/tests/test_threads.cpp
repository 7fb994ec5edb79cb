// One model, many threads: each with a state of its own gets what one alone gets.
#include <pthread.h>

#include "bifsmn.h"
#include "check.h"
#include "random_model.h"

using namespace bifsmn;

namespace {

constexpr uint32_t kThreads = 4, kInputs = 3;

Config config() {
  Config c = default_config();
  c.layers = 4;
  set_frames(c, 16);
  return c;
}

struct Results {
  float logits[3][kInputs][12];  // by log2 of the thinning, and input
};

void classify_all(const bifsmn_model* model, uint32_t first, Results* results) {
  const Config c = config();
  float features[16 * 32];
  bifsmn_state* state = nullptr;
  CHECK(bifsmn_state_new(model, &state) == BIFSMN_OK, "a state");
  for (uint32_t i = 0; i < c.thinnings; ++i) {
    const uint32_t k = (first + i) % c.thinnings;
    CHECK(bifsmn_set_thinning(state, 1u << k) == BIFSMN_OK, "thinning %u", 1u << k);
    for (uint32_t input = 0; input < kInputs; ++input) {
      Random random(input);
      random_features(c, random, features);
      const bifsmn_status status = bifsmn_logits(state, features, results->logits[k][input]);
      CHECK(status == BIFSMN_OK, "status %d", status);
    }
  }
  bifsmn_state_free(state);
}

struct Task {
  pthread_t thread;
  uint32_t index;
  const Buffer* file;
  const bifsmn_model* shared;
  Results shared_results, own_results;
};

// On the model that all share, then on one that this thread loads.
void* run(void* argument) {
  Task* task = static_cast<Task*>(argument);
  classify_all(task->shared, task->index, &task->shared_results);
  bifsmn_model* own = nullptr;
  const bifsmn_status status = bifsmn_load_memory(task->file->data(), task->file->size(), &own);
  CHECK(status == BIFSMN_OK, "status %d", status);
  classify_all(own, 0, &task->own_results);
  bifsmn_free(own);
  return nullptr;
}

void test_isa(const char* isa, const Buffer& file) {
  setenv("BIFSMN_ISA", isa, 1);
  bifsmn_model* model = nullptr;
  CHECK(bifsmn_load_memory(file.data(), file.size(), &model) == BIFSMN_OK, "%s", isa);
  Results alone;
  classify_all(model, 0, &alone);
  Task tasks[kThreads];
  for (uint32_t i = 0; i < kThreads; ++i) {
    tasks[i].index = i;
    tasks[i].file = &file;
    tasks[i].shared = model;
    CHECK(pthread_create(&tasks[i].thread, nullptr, run, &tasks[i]) == 0, "thread %u", i);
  }
  for (Task& task : tasks) {
    pthread_join(task.thread, nullptr);
    CHECK(memcmp(&task.shared_results, &alone, sizeof alone) == 0, "thread %u on %s", task.index,
          isa);
    CHECK(memcmp(&task.own_results, &alone, sizeof alone) == 0, "thread %u on %s", task.index, isa);
  }
  bifsmn_free(model);
}

}  // namespace

int main() {
  const Buffer file = random_model(config(), 3);
  for (uint32_t i = 0; const char* isa = bifsmn_available_isa(i); ++i) test_isa(isa, file);
  puts("threads agree");
}
