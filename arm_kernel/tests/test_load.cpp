// Loading through the C ABI: files, instruction sets, and arguments that are null.
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <initializer_list>

#include "load.h"

using namespace bifsmn;

namespace {

// A file with these bytes, until the end of its scope.
class TemporaryFile {
 public:
  TemporaryFile(const uint8_t* bytes, size_t size) {
    const char* folder = getenv("TMPDIR");
    snprintf(path_, sizeof path_, "%s/bifsmn-XXXXXX", folder ? folder : "/tmp");
    const int file = mkstemp(path_);
    CHECK(file >= 0 && write(file, bytes, size) == ssize_t(size), "%s written", path_);
    close(file);
  }
  ~TemporaryFile() { unlink(path_); }
  const char* path() const { return path_; }

 private:
  char path_[512];
};

bifsmn_status load_file(const char* path) {
  bifsmn_model* model = nullptr;
  const bifsmn_status status = bifsmn_load_file(path, &model);
  CHECK((status == BIFSMN_OK) == (model != nullptr), "status %d", status);
  bifsmn_free(model);
  return status;
}

void test_files() {
  const Buffer file = random_model(smallest_config(), 1);
  const TemporaryFile whole(file.data(), file.size());
  const TemporaryFile half(file.data(), file.size() / 2);
  const TemporaryFile empty(file.data(), 0);
  CHECK(load_file(whole.path()) == BIFSMN_OK, "a file");
  CHECK(load_file(half.path()) == BIFSMN_WRONG_LENGTH, "half a file");
  CHECK(load_file(empty.path()) == BIFSMN_NOT_A_MODEL, "an empty file");
  CHECK(load_file("/tmp") == BIFSMN_NO_FILE, "a folder");
  CHECK(load_file("/dev/zero") == BIFSMN_NO_FILE, "a device");
  char pipe[] = "/tmp/bifsmn-pipe-XXXXXX";
  CHECK(mkdtemp(pipe), "a folder");
  char name[64];
  snprintf(name, sizeof name, "%s/pipe", pipe);
  CHECK(mkfifo(name, 0600) == 0, "a pipe");
  CHECK(load_file(name) == BIFSMN_NO_FILE, "a pipe without a writer");
  unlink(name);
  rmdir(pipe);
  CHECK(load_file("") == BIFSMN_NO_FILE, "no name");
  CHECK(load_file("/tmp/no/such/model.bifsmn") == BIFSMN_NO_FILE, "no file");

  const TemporaryFile large(file.data(), file.size());
  CHECK(truncate(large.path(), (off_t(1) << 28) + 1) == 0, "a sparse file");
  CHECK(load_file(large.path()) == BIFSMN_WRONG_LENGTH, "more than 2^28 bytes");
}

void test_isas() {
  const Buffer file = random_model(smallest_config(), 1);
  const auto isa_named = [&](const char* name) {
    bifsmn_model* model = nullptr;
    setenv("BIFSMN_ISA", name, 1);
    CHECK(bifsmn_load_memory(file.data(), file.size(), &model) == BIFSMN_OK, "%s", name);
    const char* isa = bifsmn_isa(model);
    bifsmn_free(model);
    return isa;
  };
  uint32_t isas = 0;
  while (const char* name = bifsmn_available_isa(isas)) {
    CHECK(strcmp(isa_named(name), name) == 0, "%s", name);
    ++isas;
  }
  CHECK(strcmp(isa_named(""), bifsmn_available_isa(0)) == 0, "the best by default");
  CHECK(strcmp(bifsmn_available_isa(isas - 1), "reference") == 0, "the reference last");
  CHECK(!bifsmn_available_isa(isas + 1) && !bifsmn_available_isa(~0u), "no more");
  for (const char* name : {"none", "Reference", "reference "}) {
    setenv("BIFSMN_ISA", name, 1);
    CHECK(load(file.data(), file.size()) == BIFSMN_NO_ISA, "%s", name);
    CHECK(load(file.data(), 100) == BIFSMN_WRONG_LENGTH, "the file first");
  }
  unsetenv("BIFSMN_ISA");
}

void test_bytes_are_copied() {
  bifsmn_model* model = nullptr;
  {
    Buffer file = random_model(smallest_config(), 1);
    CHECK(bifsmn_load_memory(file.data(), file.size(), &model) == BIFSMN_OK, "a model");
    memset(file.data(), 0xFF, file.size());
  }
  CHECK(strcmp(bifsmn_label(model, 0), "word 0") == 0, "%s", bifsmn_label(model, 0));
  CHECK(strcmp(bifsmn_name(model), "random") == 0, "%s", bifsmn_name(model));
  CHECK(strcmp(bifsmn_licence(model), "CC0-1.0") == 0, "%s", bifsmn_licence(model));
  CHECK(*bifsmn_provenance(model) == 0, "%s", bifsmn_provenance(model));
  bifsmn_free(model);
}

#define REFUSED(call) CHECK((call) == BIFSMN_BAD_ARGUMENT, "a bad argument")

void test_bad_arguments() {
  const Buffer file = random_model(smallest_config(), 1);
  bifsmn_model* model = nullptr;
  bifsmn_state* state = nullptr;
  bifsmn_info info;
  REFUSED(bifsmn_load_memory(nullptr, file.size(), &model));
  REFUSED(bifsmn_load_memory(file.data(), file.size(), nullptr));
  REFUSED(bifsmn_load_file("model.bifsmn", nullptr));
  REFUSED(bifsmn_state_new(nullptr, &state));
  CHECK(!model && !state, "outputs left alone");
  CHECK(bifsmn_load_memory(file.data(), file.size(), &model) == BIFSMN_OK, "a model");
  REFUSED(bifsmn_state_new(model, nullptr));
  CHECK(bifsmn_state_new(model, &state) == BIFSMN_OK, "a state");
  REFUSED(bifsmn_get_info(nullptr, &info));
  REFUSED(bifsmn_get_info(model, nullptr));
  REFUSED(bifsmn_set_thinning(nullptr, 1));
  for (const uint32_t thinning : {0u, 2u, 3u, 32u, 1u << 31, ~0u})
    REFUSED(bifsmn_set_thinning(state, thinning));
  CHECK(bifsmn_get_thinning(state) == 1 && bifsmn_get_thinning(nullptr) == 0, "thinning 1");
  for (const uint32_t label : {2u, ~0u}) CHECK(!bifsmn_label(model, label), "%u", label);
  CHECK(!bifsmn_label(nullptr, 0) && !bifsmn_name(nullptr) && !bifsmn_isa(nullptr), "null");
  CHECK(!bifsmn_licence(nullptr) && !bifsmn_provenance(nullptr), "null");

  float features[16], logits[2] = {7, 7}, audio[1] = {}, posteriors[2];
  size_t used = 7;
  int ready = 7;
  REFUSED(bifsmn_logits(nullptr, features, logits));
  REFUSED(bifsmn_logits(state, nullptr, logits));
  REFUSED(bifsmn_logits(state, features, nullptr));
  REFUSED(bifsmn_push(nullptr, audio, 1, &used, posteriors, &ready));
  REFUSED(bifsmn_push(state, nullptr, 1, &used, posteriors, &ready));
  REFUSED(bifsmn_push(state, audio, 1, nullptr, posteriors, &ready));
  REFUSED(bifsmn_push(state, audio, 1, &used, nullptr, &ready));
  REFUSED(bifsmn_push(state, audio, 1, &used, posteriors, nullptr));
  CHECK(logits[0] == 7 && used == 7 && ready == 7, "outputs left alone");
  bifsmn_reset(nullptr);
  bifsmn_state_free(state);
  bifsmn_free(model);
}

}  // namespace

int main() {
  test_files();
  test_isas();
  test_bytes_are_copied();
  test_bad_arguments();
  puts("loading keeps its word");
}
