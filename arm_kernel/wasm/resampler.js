"use strict";

// Changes the sample rate of a stream, by a windowed sinc. (Not all browsers do it for
// microphones.) Rates are whole numbers, so that the sinc is needed at `up` phases only:
// output n lies at input n * down / up.
class Resampler {
  constructor(from, to) {
    const divisor = (a, b) => (b ? divisor(b, a % b) : a);
    const common = divisor(from, to);
    this._up = to / common;
    this._down = from / common;
    const zeros = 16; // of the sinc, on each side
    const cutoff = 0.95 * Math.min(1, to / from); // of half the input's rate
    this._half = Math.ceil(zeros / cutoff);
    this._taps = Array.from({ length: this._up }, (_, phase) => this._tapsOf(phase, cutoff));
    this._input = new Float32Array(this._half - 1); // zeros before the stream
    this._at = 0; // the first input of the next output's taps
    this._phase = 0; // how far behind their middle it lies, in 1 / up
  }

  _tapsOf(phase, cutoff) {
    const half = this._half;
    const taps = Float32Array.from({ length: 2 * half }, (_, i) => {
      const distance = i - (half - 1) - phase / this._up;
      const x = Math.PI * cutoff * distance;
      const hann = 0.5 + 0.5 * Math.cos((Math.PI * distance) / half);
      return (x === 0 ? 1 : Math.sin(x) / x) * hann;
    });
    const sum = taps.reduce((total, tap) => total + tap, 0);
    return taps.map((tap) => tap / sum);
  }

  // Float32Array -> Float32Array: what can be computed from the input so far.
  push(block) {
    const input = new Float32Array(this._input.length + block.length);
    input.set(this._input);
    input.set(block, this._input.length);
    const length = 2 * this._half;
    const output = [];
    while (this._at + length <= input.length) {
      const taps = this._taps[this._phase];
      let sum = 0;
      for (let i = 0; i < length; ++i) sum += taps[i] * input[this._at + i];
      output.push(sum);
      this._phase += this._down;
      this._at += Math.floor(this._phase / this._up);
      this._phase %= this._up;
    }
    const used = Math.min(this._at, input.length);
    this._input = input.slice(used);
    this._at -= used;
    return Float32Array.from(output);
  }
}
