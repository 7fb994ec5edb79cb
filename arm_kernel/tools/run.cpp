// bifsmn-run: finds keywords in WAV files.
#include <signal.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "bifsmn.h"
#include "format/wav.h"
#include "mapped_file.h"
#include "printable.h"

using namespace bifsmn;

namespace {

constexpr int kFailed = 1, kUsage = 2;
constexpr uint32_t kMaxNumber = 1000000;  // of an option

const char kHelp[] =
    "usage: bifsmn-run MODEL FILE.wav [FILE.wav ...] [options]\n"
    "\n"
    "Classifies each file. In a file longer than the model's window, or with\n"
    "--stream, the window moves over the file, and each keyword is printed whose\n"
    "posterior, smoothed, reaches the model's threshold: from when to when, which,\n"
    "and its best posterior. The same keyword again in less than half a second is\n"
    "the same utterance, and not printed.\n"
    "\n"
    "  --thinning N   run every N-th block: 1, 2, 4, ..., as far as the model has\n"
    "                 them; 1 is the most accurate (default 1)\n"
    "  --stream       move a window over short files too\n"
    "  --top N        the N likeliest classes of each file, of which none may be\n"
    "                 longer than the window (default 1)\n"
    "  --json         one JSON object a line\n"
    "  --help         this text\n"
    "\n"
    "Files are PCM of 8 to 32 bits or 32-bit float, at the model's sample rate; of\n"
    "several channels the mean is taken; - is standard input, read to its end. Exit\n"
    "status: 0; 1 where a file failed; 2 where the arguments make no sense.\n"
    "\n"
    "examples:\n"
    "  bifsmn-run words.bifsmn yes.wav --top 3\n"
    "  bifsmn-run words.bifsmn meeting.wav --thinning 4\n"
    "  bifsmn-run words.bifsmn *.wav --json > words.jsonl\n"
    "  ffmpeg -i yes.mp3 -ar 16000 -f wav - | bifsmn-run words.bifsmn -\n";

struct Options {
  const char* model = nullptr;
  char** files = nullptr;  // [count]
  int count = 0;
  uint32_t thinning = 1, top = 1;
  bool stream = false, json = false, help = false;
};

int print_error(const char* whose, const char* what) {
  put_printable(stderr, whose);
  fprintf(stderr, ": ");
  put_printable(stderr, what);
  fputc('\n', stderr);
  return kFailed;
}

// Brings what was printed to where it goes: 0, or the exit status.
int flush() {
  errno = 0;
  if (fflush(stdout) == 0 && !ferror(stdout)) return 0;
  return print_error("stdout", strerror(errno ? errno : EIO));
}

void end_of_file_is_gone(int) {
  static const char text[] =
      "bifsmn-run: expected a file that stays as it is, found one that became shorter "
      "while it was read; copy it first\n";
  if (write(STDERR_FILENO, text, sizeof text - 1) < 0) _exit(kFailed);
  _exit(kFailed);
}

// All that is needed for file after file.
class Runner {
 public:
  explicit Runner(const Options& options) : options_(options) {}
  ~Runner() {
    bifsmn_detector_free(detector_);
    bifsmn_state_free(state_);
    bifsmn_free(model_);
    free(audio_);
  }

  int prepare() {
    bifsmn_status status = bifsmn_load_file(options_.model, &model_);
    if (status == BIFSMN_OK) status = bifsmn_state_new(model_, &state_);
    if (status == BIFSMN_OK) status = bifsmn_detector_new(model_, &detector_);
    if (status == BIFSMN_OK) {
      bifsmn_get_info(model_, &info_);
      audio_ = static_cast<float*>(malloc(info_.window_samples * sizeof(float)));
      if (!audio_) status = BIFSMN_NO_MEMORY;
    }
    if (status != BIFSMN_OK) return print_error(options_.model, bifsmn_status_text(status));
    if (bifsmn_set_thinning(state_, options_.thinning) == BIFSMN_OK) return 0;
    fprintf(stderr, "--thinning: expected 1");
    for (uint32_t k = 1; k < info_.thinnings; ++k) fprintf(stderr, " or %u", 1u << k);
    fprintf(stderr, ", found %u\n", options_.thinning);
    return kUsage;
  }

  int run(const char* path) {
    MappedFile file;
    if (const char* wrong = file.open(path)) return print_error(path, wrong);
    Wav wav;
    const WavError error = read_wav(file.bytes(), file.length(), &wav);
    if (error != WavError::kNone) return print_error(path, wav_error_text(error));
    if (wav.sample_rate != info_.sample_rate) {
      char text[100];
      snprintf(text, sizeof text,
               "expected %u Hz, found %u Hz; convert it: ffmpeg -i FILE -ar %u NEW.wav",
               info_.sample_rate, wav.sample_rate, info_.sample_rate);
      return print_error(path, text);
    }
    const bool stream = options_.stream || wav.samples > info_.window_samples;
    if (stream && options_.top > 1)
      return print_error(path,
                         "--top: expected a file that fits into the model's window, found a "
                         "longer one, which is not classified; leave --top out");
    const bifsmn_status status = stream ? detect(path, wav) : classify(path, wav);
    return status == BIFSMN_OK ? 0 : print_error(path, bifsmn_status_text(status));
  }

 private:
  bifsmn_status classify(const char* path, const Wav& wav) {
    decode_mono(wav, 0, wav.samples, audio_);
    const bifsmn_status status = bifsmn_classify(state_, audio_, wav.samples, posteriors_);
    if (status != BIFSMN_OK) return status;
    const double end = double(wav.samples) / info_.sample_rate;
    for (uint32_t i = 0; i < options_.top && i < info_.classes; ++i) {
      uint32_t best = 0;
      for (uint32_t k = 1; k < info_.classes; ++k)
        if (posteriors_[k] > posteriors_[best]) best = k;
      print(path, {best, posteriors_[best], 0, end});
      posteriors_[best] = -1;  // printed
    }
    return BIFSMN_OK;
  }

  // The file, then zeros up to the first window that holds its last sample.
  bifsmn_status detect(const char* path, const Wav& wav) {
    const double duration = double(wav.samples) / info_.sample_rate;
    bifsmn_detection detection;
    const auto report = [&] {
      if (detection.end > duration) detection.end = duration;
      print(path, detection);
    };
    size_t at = 0;
    int ready = 0, found = 0;
    bifsmn_reset(state_);
    bifsmn_detector_reset(detector_);
    while (at < wav.samples || !ready) {
      const size_t left = wav.samples - at;
      const size_t part = left < info_.hop ? left : info_.hop;
      decode_mono(wav, at, part, audio_);
      memset(audio_ + part, 0, (info_.hop - part) * sizeof(float));
      size_t used;
      bifsmn_status status = bifsmn_push(state_, audio_, info_.hop, &used, posteriors_, &ready);
      if (status != BIFSMN_OK) return status;
      at += used < left ? used : left;
      if (!ready) continue;
      status = bifsmn_detector_add(detector_, posteriors_, &detection, &found);
      if (status != BIFSMN_OK) return status;
      if (found) report();
    }
    const bifsmn_status status = bifsmn_detector_finish(detector_, &detection, &found);
    if (status == BIFSMN_OK && found) report();
    return status;
  }

  void print(const char* path, const bifsmn_detection& d) {
    const char* label = bifsmn_label(model_, d.label);
    if (!options_.json) {
      put_printable(stdout, path);
      printf("  %.2f-%.2f s  ", d.start, d.end);
      put_printable(stdout, label);
      printf("  %.3f\n", double(d.score));
      return;
    }
    printf("{\"file\": ");
    put_json_string(stdout, path);
    printf(", \"start\": %.3f, \"end\": %.3f, \"label\": ", d.start, d.end);
    put_json_string(stdout, label);
    printf(", \"score\": %.6f}\n", double(d.score));
  }

  const Options& options_;
  bifsmn_model* model_ = nullptr;
  bifsmn_state* state_ = nullptr;
  bifsmn_detector* detector_ = nullptr;
  bifsmn_info info_ = {};
  float* audio_ = nullptr;  // [window_samples]
  float posteriors_[BIFSMN_MAX_CLASSES];
};

bool parse_number(const char* option, const char* text, uint32_t min, uint32_t* value) {
  char* end = nullptr;
  errno = 0;
  const long long number = text ? strtoll(text, &end, 10) : -1;
  if (text && *text && !*end && !errno && number >= min && number <= kMaxNumber) {
    *value = uint32_t(number);
    return true;
  }
  fprintf(stderr, "%s: expected a whole number from %u to %u, found ", option, min, kMaxNumber);
  put_printable(stderr, text ? text : "nothing");
  fputc('\n', stderr);
  return false;
}

// Moves what is no option to the front of argv.
bool parse(int argc, char** argv, Options* options) {
  int others = 0;
  for (int i = 1; i < argc; ++i) {
    const char* word = argv[i];
    const char* next = i + 1 < argc ? argv[i + 1] : nullptr;
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
      options->help = true;
    } else if (strcmp(word, "--stream") == 0) {
      options->stream = true;
    } else if (strcmp(word, "--json") == 0) {
      options->json = true;
    } else if (strcmp(word, "--thinning") == 0) {
      if (!parse_number(word, next, 1, &options->thinning)) return false;
      ++i;
    } else if (strcmp(word, "--top") == 0) {
      if (!parse_number(word, next, 1, &options->top)) return false;
      ++i;
    } else if (word[0] == '-' && word[1]) {
      print_error(word, "no such option; see bifsmn-run --help");
      return false;
    } else {
      argv[others++] = argv[i];
    }
  }
  if (options->help) return true;
  if (options->stream && options->top > 1) {
    print_error("--top", "expected without --stream, which classifies no file");
    return false;
  }
  if (others < 2) {
    fprintf(stderr, "expected MODEL FILE.wav ..., found %d of them; see bifsmn-run --help\n",
            others);
    return false;
  }
  options->model = argv[0];
  options->files = argv + 1;
  options->count = others - 1;
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!parse(argc, argv, &options)) return kUsage;
  if (options.help) {
    fputs(kHelp, stdout);
    return flush();
  }
  signal(SIGBUS, end_of_file_is_gone);
  Runner runner(options);
  int worst = runner.prepare();
  if (worst) return worst;
  for (int i = 0; i < options.count; ++i) {
    if (runner.run(options.files[i])) worst = kFailed;
    if (flush()) return kFailed;
  }
  return worst;
}
