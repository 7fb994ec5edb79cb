// bifsmn-bench: how long a model takes on this machine, for every instruction set
// and thinning.
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <initializer_list>

#include "bifsmn.h"
#include "printable.h"

namespace {

constexpr uint32_t kMaxIsas = 8, kMaxThinnings = 7, kWarmUp = 20;
constexpr double kMaxSeconds = 1;  // of one instruction set at one thinning

const char kUsage[] =
    "usage: bifsmn-bench MODEL [--runs N] [--json]\n"
    "\n"
    "Measures features -> logits and audio -> posteriors of a .bifsmn file in one\n"
    "thread, for every instruction set of this machine and every thinning.\n"
    "\n"
    "  --runs N   at most so many runs of each (default 2000); slow ones end after 1 s\n"
    "  --json     print JSON instead of a table\n"
    "  --help     print this\n"
    "\n"
    "Exit codes: 0 done, 1 the model cannot be loaded or run, 2 wrong usage.\n";

[[noreturn]] void fail(int code, const char* what, const char* why) {
  fprintf(stderr, "bifsmn-bench: ");
  put_printable(stderr, what);
  fprintf(stderr, ": %s\n", why);
  exit(code);
}

void check(bifsmn_status status, const char* what) {
  if (status != BIFSMN_OK) fail(1, what, bifsmn_status_text(status));
}

void* allocate(size_t bytes) {
  void* memory = calloc(bytes, 1);
  if (!memory) fail(1, "measurements", "there is not enough memory; give fewer --runs");
  return memory;
}

// Where the results cannot be written, they have not been.
void flush() {
  errno = 0;
  if (fflush(stdout) || ferror(stdout)) fail(1, "stdout", strerror(errno ? errno : EIO));
}

double now() {  // µs
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return double(t.tv_sec) * 1e6 + double(t.tv_nsec) * 1e-3;
}

int ascending(const void* a, const void* b) {
  const double x = *static_cast<const double*>(a), y = *static_cast<const double*>(b);
  return (x > y) - (x < y);
}

struct Options {
  const char* model = nullptr;
  uint32_t runs = 2000;
  bool json = false;
};

Options parse(int count, char** words) {
  Options o;
  for (int i = 1; i < count; ++i) {
    const char* word = words[i];
    if (!strcmp(word, "--help") || !strcmp(word, "-h")) {
      fputs(kUsage, stdout);
      flush();
      exit(0);
    } else if (!strcmp(word, "--json")) {
      o.json = true;
    } else if (!strcmp(word, "--runs")) {
      const char* number = i + 1 < count ? words[++i] : "";
      char* end;
      errno = 0;
      const long runs = strtol(number, &end, 10);
      if (end == number || *end || errno || runs < 1 || runs > 10000000)
        fail(2, "--runs", "expected a number from 1 to 10000000 after it");
      o.runs = uint32_t(runs);
    } else if (word[0] == '-') {
      fail(2, word, "no such option; see --help");
    } else if (o.model) {
      fail(2, word, "expected one model only; see --help");
    } else {
      o.model = word;
    }
  }
  if (!o.model) fail(2, "no model", "expected the path of a .bifsmn file; see --help");
  return o;
}

struct Contestant {
  const char* isa;
  bifsmn_model* model;
  bifsmn_state* state;
  double* times;  // µs, of the runs so far
  uint32_t runs;
  double total;
};

struct Input {
  float *audio, *features, *outputs;
  uint32_t samples;
};

enum class Task { kLogits, kClassify };

const char* name(Task task) {
  return task == Task::kLogits ? "features -> logits" : "audio -> posteriors";
}

void run(const Contestant& c, Task task, const Input& in) {
  if (task == Task::kLogits)
    check(bifsmn_logits(c.state, in.features, in.outputs), c.isa);
  else
    check(bifsmn_classify(c.state, in.audio, in.samples, in.outputs), c.isa);
}

// All contestants by turns, so that what disturbs the machine meets all alike.
void measure(Contestant* all, uint32_t n, Task task, uint32_t thinning, uint32_t runs,
             const Input& in) {
  for (uint32_t i = 0; i < n; ++i) {
    all[i].runs = 0;
    all[i].total = 0;
    check(bifsmn_set_thinning(all[i].state, thinning), "thinning");
  }
  for (uint32_t round = 0; round < runs; ++round)
    for (uint32_t k = 0; k < n; ++k) {
      Contestant& c = all[round % 2 ? n - 1 - k : k];
      if (c.total > kMaxSeconds * 1e6) continue;
      // Back to back with itself: the others have cooled its caches.
      const uint32_t warm_up = c.total > 0 && c.total / c.runs > 1000 ? 0 : kWarmUp;
      for (uint32_t i = 0; i < warm_up; ++i) run(c, task, in);
      for (uint32_t i = 0; i < 10 && c.runs < runs; ++i) {
        const double start = now();
        run(c, task, in);
        c.times[c.runs] = now() - start;
        c.total += c.times[c.runs++];
        if (c.total > kMaxSeconds * 1e6) break;
      }
    }
  for (uint32_t i = 0; i < n; ++i) qsort(all[i].times, all[i].runs, sizeof(double), ascending);
}

double quantile(const Contestant& c, double q) { return c.times[uint32_t(q * (c.runs - 1) + 0.5)]; }

void print(const Contestant& c, Task task, uint32_t thinning, bool json, bool first) {
  const double min = quantile(c, 0), p10 = quantile(c, 0.1), median = quantile(c, 0.5),
               p90 = quantile(c, 0.9), p99 = quantile(c, 0.99);
  if (json)
    printf(
        "%s\n    {\"task\": \"%s\", \"isa\": \"%s\", \"thinning\": %u, \"runs\": %u, "
        "\"us\": {\"min\": %.3f, \"p10\": %.3f, \"median\": %.3f, \"p90\": %.3f, "
        "\"p99\": %.3f}}",
        first ? "" : ",", name(task), c.isa, thinning, c.runs, min, p10, median, p90, p99);
  else
    printf("%-20s %-10s %8u %8u %10.2f %10.2f %10.2f %10.2f %10.2f\n", name(task), c.isa, thinning,
           c.runs, min, p10, median, p90, p99);
}

}  // namespace

int main(int count, char** words) {
  const Options o = parse(count, words);
  Contestant all[kMaxIsas];
  uint32_t n = 0;
  for (; n < kMaxIsas && bifsmn_available_isa(n); ++n) {
    Contestant& c = all[n];
    c = {bifsmn_available_isa(n), nullptr, nullptr, nullptr, 0, 0};
    setenv("BIFSMN_ISA", c.isa, 1);
    check(bifsmn_load_file(o.model, &c.model), o.model);
    check(bifsmn_state_new(c.model, &c.state), o.model);
    c.times = static_cast<double*>(allocate(o.runs * sizeof(double)));
  }
  bifsmn_info info;
  check(bifsmn_get_info(all[0].model, &info), o.model);

  Input in;
  in.samples = info.window_samples;
  in.audio = static_cast<float*>(allocate(in.samples * sizeof(float)));
  in.features = static_cast<float*>(allocate(size_t(info.mels) * info.frames * sizeof(float)));
  in.outputs = static_cast<float*>(allocate(info.classes * sizeof(float)));
  uint32_t noise = 1;
  for (uint32_t i = 0; i < in.samples; ++i) {
    noise = noise * 1664525u + 1013904223u;
    in.audio[i] = float(int32_t(noise)) * 0x1p-33f;
  }
  check(bifsmn_features(all[0].state, in.audio, in.samples, in.features), "features");

  if (o.json) {
    printf("{\n  \"model\": ");
    put_json_string(stdout, bifsmn_name(all[0].model));
    printf(",\n  \"file_bytes\": %u,\n  \"results\": [", info.file_bytes);
  } else {
    printf("µs of one decision, one thread\n%-20s %-10s %8s %8s %10s %10s %10s %10s %10s\n", "task",
           "isa", "thinning", "runs", "min", "p10", "median", "p90", "p99");
  }
  bool first = true;
  for (Task task : {Task::kLogits, Task::kClassify})
    for (uint32_t thinning = 1; thinning < 1u << info.thinnings; thinning *= 2) {
      measure(all, n, task, thinning, o.runs, in);
      for (uint32_t i = 0; i < n; ++i, first = false) print(all[i], task, thinning, o.json, first);
    }
  if (o.json) printf("\n  ]\n}\n");
  flush();

  free(in.outputs);
  free(in.features);
  free(in.audio);
  for (uint32_t i = 0; i < n; ++i) {
    free(all[i].times);
    bifsmn_state_free(all[i].state);
    bifsmn_free(all[i].model);
  }
  return 0;
}
