"use strict";

const REFUSALS = {
  NotAllowedError: "The microphone was refused; allow it for this page and try again.",
  NotFoundError: "Expected a microphone, found none; connect one and try again.",
  NotReadableError: "The microphone is in use by another program; close that and try again.",
};

// The microphone, as mono audio at the rate asked for. Set `onAudio`, which is called with
// each block (Float32Array), and `onLost`, for when the microphone goes away.
class Microphone {
  static async open(rate) {
    if (!navigator.mediaDevices || !window.AudioWorkletNode)
      throw new Error(
        "Browsers lend the microphone to secure pages only; open this one by https, " +
          "from localhost, or as a file.",
      );
    const microphone = new Microphone();
    try {
      await microphone._start(rate);
    } catch (error) {
      await microphone.close();
      throw new Error(REFUSALS[error.name] || `The microphone failed: ${error.message}.`);
    }
    return microphone;
  }

  constructor() {
    this.onAudio = this.onLost = () => {};
  }

  async _start(rate) {
    // What is meant for calls only blurs words.
    const plain = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    this._media = await navigator.mediaDevices.getUserMedia({ audio: plain });
    this._media.getTracks()[0].onended = () => this.onLost();
    this._context = new AudioContext();
    const code = document.getElementById("capture-code").textContent;
    // No blob: pages that are files may not load those here.
    const url = `data:text/javascript,${encodeURIComponent(code)}`;
    await this._context.audioWorklet.addModule(url);
    const mono = { channelCount: 1, channelCountMode: "explicit" };
    const capture = new AudioWorkletNode(this._context, "capture", mono);
    const resampler = new Resampler(this._context.sampleRate, rate);
    capture.port.onmessage = ({ data }) => this.onAudio(resampler.push(data));
    // Its output is silent; without a way to the speakers it may not run.
    this._context.createMediaStreamSource(this._media).connect(capture);
    capture.connect(this._context.destination);
    await this._context.resume();
  }

  async close() {
    this.onAudio = this.onLost = () => {};
    if (this._media) this._media.getTracks().forEach((track) => track.stop());
    if (this._context) await this._context.close();
  }
}
