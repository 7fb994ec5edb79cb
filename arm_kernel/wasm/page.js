"use strict";

// One model and one source of audio at a time: a file or the microphone.
class Page {
  constructor() {
    this.view = new View();
    this.spotter = null;
    this.recording = null;
    this._microphone = null;
    this._wish = 0; // of a person; a later one outdoes those that still wait
    this._run = 0; // over a recording; a later one stops it
    this._state = []; // what the status says while nothing else is under way
    this._shown = null; // the posteriors that the bars show
  }

  async start() {
    const bytes = (id) => Uint8Array.from(atob(element(id).textContent), (c) => c.charCodeAt(0));
    const engine = bytes("engine-data");
    if (!window.WebAssembly || !WebAssembly.validate(engine))
      throw new Error(
        "This browser lacks WebAssembly with SIMD; use Chrome or Edge from 97, Firefox from " +
          "90 or Safari from 16.4 on.",
      );
    this._engine = await WebAssembly.compile(engine);
    const spotter = await Spotter.load(this._engine, bytes("model-data"));
    await this._useModel(spotter, "model.bifsmn");
    this._listenToControls();
    const draw = () => {
      this._draw();
      requestAnimationFrame(draw);
    };
    draw();
    this._settle("Ready.");
  }

  async _useModel(spotter, name) {
    await this._close();
    this.spotter = spotter;
    this.view.showModel(spotter, name);
    this.view.clear();
  }

  _listenToControls() {
    const choices = [
      ["choose-audio", "audio-file"],
      ["choose-model", "model-file"],
    ];
    for (const [button, input] of choices) {
      element(button).onclick = () => element(input).click();
      element(input).onchange = ({ target }) => {
        if (target.files.length) this.open(target.files[0]);
        target.value = ""; // so that the same file can be chosen again
      };
    }
    element("microphone").onclick = () => this.toggleMicrophone();
    element("thinning").onchange = ({ target }) => this.setThinning(Number(target.value));
    element("controls")
      .querySelectorAll("button")
      .forEach((button) => (button.disabled = false));
    const dragged = (over) => (event) => {
      event.preventDefault();
      document.body.classList.toggle("dragged", over);
    };
    document.ondragover = dragged(true);
    document.ondragleave = dragged(false);
    document.ondrop = (event) => {
      dragged(false)(event);
      if (event.dataTransfer.files.length) this.open(event.dataTransfer.files[0]);
    };
  }

  // Does what a person asked for, and tells them in one sentence where it fails.
  // Then what was heard before still is.
  async _try(action) {
    const wish = ++this._wish;
    this.view.showError(null);
    try {
      await action(wish);
    } catch (error) {
      this.view.say(...this._state);
      this.view.showError(error);
    }
  }

  _settle(...state) {
    this._state = state;
    this.view.say(...state);
  }

  // A file: a model if it is named like one, else audio.
  open(file) {
    const isModel = /\.bifsmn$/i.test(file.name);
    return this._try((wish) =>
      isModel ? this._openModel(file, wish) : this._openAudio(file, wish),
    );
  }

  async _openModel(file, wish) {
    const bytes = new Uint8Array(await file.arrayBuffer());
    const spotter = await Spotter.load(this._engine, bytes).catch((error) => {
      throw new FileError(file.name, `${error.message}.`);
    });
    if (wish !== this._wish) return;
    await this._useModel(spotter, file.name);
    this._settle(new Quoted(file.name), " is in use.");
  }

  async _openAudio(file, wish) {
    this.view.say("Decoding ", new Quoted(file.name), " …");
    const recording = await Recording.open(file, this.spotter.info.sampleRate);
    if (wish !== this._wish) return;
    await this._close();
    this.recording = recording;
    const player = element("player");
    player.src = URL.createObjectURL(file);
    player.hidden = false;
    await this._spotRecording();
  }

  async _spotRecording() {
    const { recording, spotter, view } = this;
    const run = ++this._run;
    view.clear();
    let found = 0;
    let pause = performance.now() + 50;
    for (const detections of recording.spot(spotter)) {
      for (const detection of detections)
        view.addDetection(detection, () => this._playFrom(detection.start));
      found += detections.length;
      if (performance.now() < pause) continue;
      view.say(new Quoted(recording.name), `: ${(100 * recording.share).toFixed(0)} % …`);
      await new Promise((resume) => setTimeout(resume));
      if (run !== this._run) return;
      pause = performance.now() + 50;
    }
    const keywords = found === 1 ? "keyword" : "keywords";
    const seconds = recording.duration.toFixed(2);
    const said = `: ${seconds} s, ${found || "no"} ${keywords}.`;
    this._settle(new Quoted(recording.name), said);
  }

  _playFrom(seconds) {
    const player = element("player");
    player.currentTime = seconds;
    player.play();
  }

  toggleMicrophone() {
    return this._try(async (wish) => {
      if (!this._microphone) return this._openMicrophone(wish);
      await this._close();
      this._settle("The microphone is off.");
    });
  }

  async _openMicrophone(wish) {
    const { spotter, view } = this;
    view.say("Waiting for the microphone …");
    const microphone = await Microphone.open(spotter.info.sampleRate);
    if (wish !== this._wish) return microphone.close();
    await this._close();
    this._microphone = microphone;
    spotter.reset();
    view.clear();
    microphone.onAudio = (audio) => {
      for (const { posteriors, ended, current } of spotter.push(audio)) {
        this._shown = posteriors;
        if (ended) view.addDetection(ended);
        if (current) view.beginDetection(current);
      }
    };
    microphone.onLost = () =>
      this._try(async () => {
        await this._close();
        this._state = [];
        throw new Error("The microphone is gone; connect it and try again.");
      });
    this._showMicrophone(true);
    this._settle("Listening: say one of the words below.");
  }

  _showMicrophone(on) {
    element("microphone").textContent = on ? "Stop listening" : "Use the microphone";
    element("microphone").setAttribute("aria-pressed", on);
  }

  // Ends what is heard now.
  async _close() {
    this._run += 1;
    const microphone = this._microphone;
    this._microphone = null;
    if (microphone) {
      await microphone.close();
      const last = this.spotter.finish();
      if (last) this.view.addDetection(last);
      this._showMicrophone(false);
    }
    this.recording = this._shown = null;
    const player = element("player");
    if (player.src) URL.revokeObjectURL(player.src);
    player.removeAttribute("src");
    player.hidden = true;
  }

  setThinning(thinning) {
    this.spotter.thinning = thinning;
    if (this.recording) return this._spotRecording();
  }

  _draw() {
    const { recording, spotter, view } = this;
    if (recording) this._shown = recording.posteriorsAt(element("player").currentTime);
    if (!this._shown) return;
    view.showPosteriors(this._shown);
    view.showSpeed(spotter);
  }
}

const page = new Page();
page.start().catch((error) => {
  page.view.say();
  page.view.showError(error);
});
