"use strict";

// Runs in the audio thread: hands the microphone's samples to the page, in blocks.
class Capture extends AudioWorkletProcessor {
  constructor() {
    super();
    this._block = new Float32Array(1024);
    this._filled = 0;
  }

  process([[channel]]) {
    if (!channel) return true; // nothing is connected yet
    this._block.set(channel, this._filled);
    this._filled += channel.length;
    if (this._filled === this._block.length) {
      this.port.postMessage(this._block);
      this._filled = 0;
    }
    return true;
  }
}

registerProcessor("capture", Capture);
