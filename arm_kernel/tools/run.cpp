// bifsmn-run: finds keywords in WAV files.
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "bifsmn.h"
#include "detector.h"
#include "wav.h"

using namespace bifsmn;

namespace {

constexpr int kFailed = 1, kUsage = 2;

const char kHelp[] =
    "usage: bifsmn-run MODEL FILE.wav [FILE.wav ...] [options]\n"
    "\n"
    "Classifies each file. In a file longer than the model's window, or with\n"
    "--stream, the window moves over the file, and each keyword is told whose\n"
    "posterior, smoothed, reaches the model's threshold: from when to when, which,\n"
    "and its best posterior. The same keyword again in less than half a second is\n"
    "the same utterance, and not told.\n"
    "\n"
    "  --depth D   run at depth setting D: 0 is the most accurate (default 0)\n"
    "  --stream    move a window over short files too\n"
    "  --top N     the N likeliest classes of a classified file (default 1)\n"
    "  --json      one JSON object a line\n"
    "  --help      this text\n"
    "\n"
    "Files are PCM of 8 to 32 bits or 32-bit float, at the model's sample rate; of\n"
    "several channels the mean is taken. Exit status: 0; 1 where a file failed; 2\n"
    "where the arguments make no sense.\n"
    "\n"
    "examples:\n"
    "  bifsmn-run words.bifsmn yes.wav --top 3\n"
    "  bifsmn-run words.bifsmn meeting.wav --depth 2\n"
    "  bifsmn-run words.bifsmn *.wav --json > words.jsonl\n";

struct Options {
  const char* model = nullptr;
  char** files = nullptr;  // [count]
  int count = 0;
  uint32_t depth = 0, top = 1;
  bool stream = false, json = false, help = false;
};

// Bytes of a file, freed with their owner.
class File {
 public:
  ~File() { free(bytes_); }

  bool read(const char* path) {
    FILE* file = fopen(path, "rb");
    if (!file) return false;
    bool whole = false;
    if (fseek(file, 0, SEEK_END) == 0) {
      const long length = ftell(file);
      if (length == LONG_MAX) errno = EISDIR;
      if (length >= 0 && length < LONG_MAX && fseek(file, 0, SEEK_SET) == 0) {
        length_ = size_t(length);
        bytes_ = static_cast<uint8_t*>(malloc(length_ + 1));
        whole = bytes_ && fread(bytes_, 1, length_, file) == length_;
      }
    }
    fclose(file);
    return whole;
  }
  const uint8_t* bytes() const { return bytes_; }
  size_t length() const { return length_; }

 private:
  uint8_t* bytes_ = nullptr;
  size_t length_ = 0;
};

void print_json_string(const char* text) {
  putchar('"');
  for (; *text; ++text) {
    const unsigned char c = static_cast<unsigned char>(*text);
    if (c == '"' || c == '\\') putchar('\\');
    if (c < 0x20)
      printf("\\u%04x", c);
    else
      putchar(c);
  }
  putchar('"');
}

// All that is needed for file after file.
class Runner {
 public:
  explicit Runner(const Options& options) : options_(options) {}
  ~Runner() {
    bifsmn_state_free(state_);
    bifsmn_free(model_);
    free(audio_);
  }

  int prepare() {
    bifsmn_status status = bifsmn_load_file(options_.model, &model_);
    if (status == BIFSMN_OK) status = bifsmn_state_new(model_, &state_);
    if (status == BIFSMN_OK) {
      bifsmn_get_info(model_, &info_);
      audio_ = static_cast<float*>(malloc(info_.window_samples * sizeof(float)));
      if (!audio_) status = BIFSMN_NO_MEMORY;
    }
    if (status != BIFSMN_OK) return complain(options_.model, bifsmn_status_text(status));
    if (bifsmn_set_depth(state_, options_.depth) == BIFSMN_OK) return 0;
    fprintf(stderr, "--depth: expected 0 to %u, found %u\n", info_.depths - 1, options_.depth);
    return kUsage;
  }

  int run(const char* path) {
    File file;
    errno = 0;
    if (!file.read(path)) return complain(path, strerror(errno ? errno : EIO));
    Wav wav;
    const WavError error = read_wav(file.bytes(), file.length(), &wav);
    if (error != WavError::kNone) return complain(path, wav_error_text(error));
    if (wav.sample_rate != info_.sample_rate) {
      fprintf(stderr,
              "%s: expected %u Hz, found %u Hz; convert it: ffmpeg -i FILE -ar %u NEW.wav\n", path,
              info_.sample_rate, wav.sample_rate, info_.sample_rate);
      return kFailed;
    }
    const bool stream = options_.stream || wav.samples > info_.window_samples;
    const bifsmn_status status = stream ? detect(path, wav) : classify(path, wav);
    return status == BIFSMN_OK ? 0 : complain(path, bifsmn_status_text(status));
  }

 private:
  int complain(const char* path, const char* what) {
    fprintf(stderr, "%s: %s\n", path, what);
    return kFailed;
  }

  bifsmn_status classify(const char* path, const Wav& wav) {
    decode_mono(wav, 0, wav.samples, audio_);
    const bifsmn_status status = bifsmn_classify(state_, audio_, wav.samples, posteriors_);
    if (status != BIFSMN_OK) return status;
    const double end = double(wav.samples) / info_.sample_rate;
    for (uint32_t i = 0; i < options_.top && i < info_.classes; ++i) {
      uint32_t best = 0;
      for (uint32_t k = 1; k < info_.classes; ++k)
        if (posteriors_[k] > posteriors_[best]) best = k;
      print(path, {best, 0, end, posteriors_[best]});
      posteriors_[best] = -1;  // told
    }
    return BIFSMN_OK;
  }

  // The file, then zeros up to the first window that holds its last sample.
  bifsmn_status detect(const char* path, const Wav& wav) {
    Detector detector(model_);
    if (!detector.has_memory()) return BIFSMN_NO_MEMORY;
    const double duration = double(wav.samples) / info_.sample_rate;
    const auto tell = [&](Detection d) {
      if (d.end > duration) d.end = duration;
      print(path, d);
    };
    Detection found;
    size_t at = 0;
    int ready = 0;
    bifsmn_reset(state_);
    while (at < wav.samples || !ready) {
      const size_t left = wav.samples - at;
      const size_t part = left < info_.hop ? left : info_.hop;
      decode_mono(wav, at, part, audio_);
      memset(audio_ + part, 0, (info_.hop - part) * sizeof(float));
      size_t used;
      const bifsmn_status status =
          bifsmn_push(state_, audio_, info_.hop, &used, posteriors_, &ready);
      if (status != BIFSMN_OK) return status;
      at += used < left ? used : left;
      if (ready && detector.add(posteriors_, &found)) tell(found);
    }
    if (detector.finish(&found)) tell(found);
    return BIFSMN_OK;
  }

  void print(const char* path, const Detection& d) {
    const char* label = bifsmn_label(model_, d.label);
    if (!options_.json) {
      printf("%s  %.2f-%.2f s  %s  %.3f\n", path, d.start, d.end, label, double(d.score));
      return;
    }
    printf("{\"file\": ");
    print_json_string(path);
    printf(", \"start\": %.3f, \"end\": %.3f, \"label\": ", d.start, d.end);
    print_json_string(label);
    printf(", \"score\": %.6f}\n", double(d.score));
  }

  const Options& options_;
  bifsmn_model* model_ = nullptr;
  bifsmn_state* state_ = nullptr;
  bifsmn_info info_ = {};
  float* audio_ = nullptr;  // [window_samples]
  float posteriors_[BIFSMN_MAX_CLASSES];
};

bool parse_number(const char* option, const char* text, uint32_t least, uint32_t* value) {
  char* end = nullptr;
  errno = 0;
  const long long number = text ? strtoll(text, &end, 10) : -1;
  if (text && *text && !*end && !errno && number >= least && number <= 1000000) {
    *value = uint32_t(number);
    return true;
  }
  fprintf(stderr, "%s: expected a whole number from %u, found %s\n", option, least,
          text ? text : "nothing");
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
    } else if (strcmp(word, "--depth") == 0) {
      if (!parse_number(word, next, 0, &options->depth)) return false;
      ++i;
    } else if (strcmp(word, "--top") == 0) {
      if (!parse_number(word, next, 1, &options->top)) return false;
      ++i;
    } else if (word[0] == '-' && word[1]) {
      fprintf(stderr, "%s: no such option; see bifsmn-run --help\n", word);
      return false;
    } else {
      argv[others++] = argv[i];
    }
  }
  if (options->help) return true;
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
    return 0;
  }
  Runner runner(options);
  int worst = runner.prepare();
  if (worst) return worst;
  for (int i = 0; i < options.count; ++i)
    if (runner.run(options.files[i])) worst = kFailed;
  return worst;
}
