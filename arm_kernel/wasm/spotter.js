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
    this._endedAt = this._allocate(32);
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
      "classes mels frames layers depths frontChannels channels hidden planes sampleRate " +
      "windowSamples hop threshold smoothing fileBytes";
    const at = this._allocate(64);
    this._check(this._c.bifsmn_get_info(this._model, at));
    const view = new DataView(this._c.memory.buffer, at);
    this.info = {};
    fields.split(" ").forEach((field, i) => {
      const real = field === "threshold";
      this.info[field] = real ? view.getFloat32(4 * i, true) : view.getUint32(4 * i, true);
    });
    this._c.free(at);
    const label = (k) => this._text(this._c.bifsmn_label(this._model, k));
    this.labels = Array.from({ length: this.info.classes }, (_, k) => label(k));
    this.name = this._text(this._c.bifsmn_name(this._model));
    this.licence = this._text(this._c.bifsmn_licence(this._model));
    this.path = this._text(this._c.bifsmn_path(this._model));
  }

  // 0 runs all blocks, 1 half of them, ...; at any time.
  set depth(depth) {
    this._check(this._c.bifsmn_set_depth(this._state, depth));
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
    this._c.detector_free(this._detector || 0);
    this._detector = this._c.detector_new(this._model);
    if (!this._detector) throw new Error("There is not enough memory.");
    // Nothing else is allocated after loading, so these stay valid.
    const { buffer } = this._c.memory;
    this._words = new Uint32Array(buffer);
    this._floats = new Float32Array(buffer);
    this._doubles = new Float64Array(buffer);
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
      const hasEnded = this._c.detector_add(this._detector, _scoresAt, this._endedAt);
      const current = this._c.detector_current(this._detector);
      yield {
        posteriors: this._scores(),
        ended: hasEnded ? this._detection(this._endedAt) : null,
        current: current ? this._detection(current) : null,
      };
    }
  }

  // The detection that the end of the stream cuts off, or null.
  finish() {
    const cut = this._c.detector_finish(this._detector, this._endedAt);
    return cut ? this._detection(this._endedAt) : null;
  }

  _scores() {
    return this._floats.slice(this._scoresAt / 4, this._scoresAt / 4 + this.info.classes);
  }

  // struct Detection: label, start, end, score.
  _detection(at) {
    return {
      label: this.labels[this._words[at / 4]],
      start: this._doubles[at / 8 + 1],
      end: this._doubles[at / 8 + 2],
      score: this._floats[at / 4 + 6],
    };
  }
}
