"use strict";

// A model in the engine: the C interface (bifsmn.h) in WebAssembly.
//
// Each model has an instance of the engine to itself, whose memory goes with it:
// nothing needs to be freed.
class Spotter {
  // engine: WebAssembly.Module; bytes: Uint8Array, a .bifsmn file.
  static async load(engine, bytes) {
    const none = () => 0; // no environment variables
    const instance = await WebAssembly.instantiate(engine, {
      env: { emscripten_notify_memory_growth() {} },
      wasi_snapshot_preview1: { environ_sizes_get: none, environ_get: none },
    });
    return new Spotter(instance.exports, bytes);
  }

  constructor(exports, bytes) {
    this._c = exports;
    exports._initialize();
    const file = this._allocate(bytes.length);
    new Uint8Array(exports.memory.buffer).set(bytes, file);
    this._model = this._made((at) => exports.bifsmn_load_memory(file, bytes.length, at));
    exports.free(file);
    this._state = this._made((at) => exports.bifsmn_state_new(this._model, at));
    this._readInfo();
    const { classes, mels, frames, hop } = this.info;
    this._audioAt = this._allocate(4 * hop);
    this._featuresAt = this._allocate(4 * mels * frames);
    this._scoresAt = this._allocate(4 * classes);
    this._usedAt = this._allocate(4);
    this._readyAt = this._allocate(4);
    this._detector = this._made((at) => exports.bifsmn_detector_new(this._model, at));
    this._detectionAt = this._allocate(24);
    this._foundAt = this._allocate(4);
    // Nothing else is allocated after loading, so these stay valid.
    const { buffer } = exports.memory;
    this._words = new Uint32Array(buffer);
    this._floats = new Float32Array(buffer);
    this._doubles = new Float64Array(buffer);
    this.reset();
  }

  _allocate(bytes) {
    const at = this._c.malloc(bytes);
    if (!at) throw new Error("There is not enough memory.");
    return at;
  }

  // What a function of C writes to the address it is given.
  _made(make) {
    const at = this._allocate(4);
    this._check(make(at));
    return new Uint32Array(this._c.memory.buffer)[at / 4];
  }

  _check(status) {
    if (status) throw new Error(this._text(this._c.bifsmn_status_text(status)));
  }

  _text(at) {
    const bytes = new Uint8Array(this._c.memory.buffer);
    return new TextDecoder().decode(bytes.slice(at, bytes.indexOf(0, at)));
  }

  _readInfo() {
    const fields =
      "classes mels frames layers thinnings frontChannels channels hidden planes sampleRate " +
      "windowSamples hop smoothing fileBytes";
    const at = this._allocate(64);
    this._check(this._c.bifsmn_get_info(this._model, at));
    const view = new DataView(this._c.memory.buffer, at);
    this.info = {};
    fields.split(" ").forEach((field, i) => {
      this.info[field] = view.getUint32(4 * i, true);
    });
    this._c.free(at);
    const label = (k) => this._text(this._c.bifsmn_label(this._model, k));
    this.labels = Array.from({ length: this.info.classes }, (_, k) => label(k));
    this.thresholds = this.labels.map((_, k) => this._c.bifsmn_threshold(this._model, k));
    this.name = this._text(this._c.bifsmn_name(this._model));
    this.licence = this._text(this._c.bifsmn_licence(this._model));
    this.isa = this._text(this._c.bifsmn_isa(this._model));
  }

  // 1 runs all blocks, 2 every second, ...; at any time.
  set thinning(thinning) {
    this._check(this._c.bifsmn_set_thinning(this._state, thinning));
  }

  // Whether the label of this index can be detected.
  isKeyword(index) {
    return Boolean(this._c.bifsmn_detector_is_keyword(this._detector, index));
  }

  // Float32Array [frames][mels] in dB -> [classes].
  logits(features) {
    this._floats.set(features, this._featuresAt / 4);
    this._check(this._c.bifsmn_logits(this._state, this._featuresAt, this._scoresAt));
    return this._scores();
  }

  // Forgets the stream, its detections and its times.
  reset() {
    this._c.bifsmn_reset(this._state);
    this._c.bifsmn_detector_reset(this._detector);
    this.windows = 0;
    this.milliseconds = 0; // that all windows took
  }

  // Takes audio: Float32Array of any length, at the model's rate. Yields for each window
  // that it completes its posteriors, the detection that has ended before it, and the one
  // that goes on in it, as far as it is known; null where there is none.
  *push(audio) {
    const { hop } = this.info;
    for (let at = 0; at < audio.length; ) {
      const part = audio.subarray(at, at + hop);
      this._floats.set(part, this._audioAt / 4);
      const began = performance.now();
      const { _audioAt, _usedAt, _scoresAt, _readyAt } = this;
      this._check(
        this._c.bifsmn_push(this._state, _audioAt, part.length, _usedAt, _scoresAt, _readyAt),
      );
      at += this._words[_usedAt / 4];
      if (!this._words[_readyAt / 4]) continue;
      this.milliseconds += performance.now() - began;
      this.windows += 1;
      const { bifsmn_detector_add, bifsmn_detector_current } = this._c;
      yield {
        posteriors: this._scores(),
        ended: this._detection((...to) => bifsmn_detector_add(this._detector, _scoresAt, ...to)),
        current: this._detection((...to) => bifsmn_detector_current(this._detector, ...to)),
      };
    }
  }

  // The detection that the end of the stream cuts off, or null.
  finish() {
    return this._detection((...to) => this._c.bifsmn_detector_finish(this._detector, ...to));
  }

  _scores() {
    return this._floats.slice(this._scoresAt / 4, this._scoresAt / 4 + this.info.classes);
  }

  // The bifsmn_detection (label, score, start, end) that a function of C writes, or null.
  _detection(find) {
    this._check(find(this._detectionAt, this._foundAt));
    if (!this._words[this._foundAt / 4]) return null;
    const at = this._detectionAt;
    return {
      label: this.labels[this._words[at / 4]],
      score: this._floats[at / 4 + 1],
      start: this._doubles[at / 8 + 1],
      end: this._doubles[at / 8 + 2],
    };
  }
}
