"use strict";

// Audio in a file, decoded by the browser, and the posteriors of all its windows.
class Recording {
  // The samples are mono, at the rate of the model.
  static async open(file, rate) {
    let audio;
    try {
      // Decodes to its own rate.
      const context = new OfflineAudioContext(1, 1, rate);
      audio = await context.decodeAudioData(await file.arrayBuffer());
    } catch {
      throw new FileError(
        file.name,
        "expected audio that this browser can decode, such as WAV, FLAC, Ogg or MP3, found " +
          "none; choose another file.",
      );
    }
    const samples = audio.getChannelData(0);
    for (let channel = 1; channel < audio.numberOfChannels; ++channel)
      audio.getChannelData(channel).forEach((sample, i) => (samples[i] += sample));
    const share = 1 / audio.numberOfChannels;
    return new Recording(file.name, samples.map((sample) => sample * share), rate);
  }

  constructor(name, samples, rate) {
    this.name = name;
    this.duration = samples.length / rate;
    this._samples = samples;
  }

  // Moves the window over the file, then over zeros up to the first window that holds
  // its last sample. Yields, a second of audio at a time, the detections since then.
  *spot(spotter) {
    const { windowSamples, hop, classes, sampleRate } = spotter.info;
    const beyond = Math.max(0, this._samples.length - windowSamples);
    const windows = Math.ceil(beyond / hop) + 1;
    this._first = windowSamples / sampleRate;
    this._hop = hop / sampleRate;
    this._posteriors = new Float32Array(windows * classes);
    this._classes = classes;
    this._windows = 0;
    spotter.reset();
    const length = windowSamples + (windows - 1) * hop;
    for (let at = 0; at < length; at += sampleRate) {
      const slice = new Float32Array(Math.min(sampleRate, length - at));
      slice.set(this._samples.subarray(at, at + slice.length));
      const found = [];
      for (const { posteriors, ended } of spotter.push(slice)) {
        this._posteriors.set(posteriors, this._windows++ * classes);
        if (ended) found.push(this._trimmed(ended));
      }
      yield found;
    }
    const last = spotter.finish();
    yield last ? [this._trimmed(last)] : [];
  }

  // Of the windows, those that are done.
  get share() {
    return (this._windows * this._classes) / this._posteriors.length;
  }

  _trimmed(detection) {
    return { ...detection, end: Math.min(detection.end, this.duration) };
  }

  // Of the last window that has ended at this time, or of the first; null where there is
  // none yet.
  posteriorsAt(seconds) {
    if (!this._windows) return null;
    const window = Math.floor((seconds - this._first) / this._hop + 1e-6);
    const start = Math.min(Math.max(window, 0), this._windows - 1) * this._classes;
    return this._posteriors.subarray(start, start + this._classes);
  }
}
