// Replays the fuzzers' inputs in fuzz/corpus: valid-* are models or wav files,
// refused-* are none, and what a fuzzer found is either.
#include <dirent.h>

#include "../fuzz/check_model.h"
#include "../fuzz/check_wav.h"

using namespace bifsmn;

namespace {

Buffer read(const char* path) {
  Buffer bytes;
  uint8_t block[4096];
  FILE* file = fopen(path, "rb");
  CHECK(file, "%s can be read", path);
  for (size_t n; (n = fread(block, 1, sizeof block, file)) > 0;) bytes.append(block, n);
  fclose(file);
  return bytes;
}

bool begins(const char* name, const char* with) { return !strncmp(name, with, strlen(with)); }

int replay(const char* corpus, const char* kind, bool (*check)(const uint8_t*, size_t)) {
  char path[1024];
  snprintf(path, sizeof path, "%s/%s", corpus, kind);
  DIR* folder = opendir(path);
  CHECK(folder, "%s is a folder", path);
  int files = 0;
  while (const dirent* entry = readdir(folder)) {
    const char* name = entry->d_name;
    if (name[0] == '.') continue;
    snprintf(path, sizeof path, "%s/%s/%s", corpus, kind, name);
    const Buffer bytes = read(path);
    const bool valid = check(bytes.data(), bytes.size());
    CHECK(valid || !begins(name, "valid-"), "%s was refused", path);
    CHECK(!valid || !begins(name, "refused-"), "%s was read", path);
    ++files;
  }
  closedir(folder);
  CHECK(files > 0, "%s holds inputs", path);
  return files;
}

}  // namespace

// The corpus may be named; it is that beside this file.
int main(int count, char** arguments) {
  char corpus[512];
  const char* slash = strrchr(__FILE__, '/');
  CHECK(count > 1 || slash, "the corpus as an argument");
  if (count > 1)
    snprintf(corpus, sizeof corpus, "%s", arguments[1]);
  else
    snprintf(corpus, sizeof corpus, "%.*s/../fuzz/corpus", int(slash - __FILE__), __FILE__);
  const int models = replay(corpus, "model", check_model);
  const int wavs = replay(corpus, "wav", check_wav);
  printf("%d models and %d wav files as before\n", models, wavs);
}
