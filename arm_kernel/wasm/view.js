"use strict";

const MAX_DETECTIONS = 1000; // in the list

const element = (id) => document.getElementById(id);

function made(parent, tag, className, text = "") {
  const child = document.createElement(tag);
  child.className = className;
  child.textContent = printable(text);
  parent.append(child);
  return child;
}

// What a file or a model says, for the middle of a sentence: it does not turn the rest.
class Quoted {
  constructor(text) {
    this.text = text;
  }
}

// Shows parts of a sentence, texts and Quoted ones.
function showParts(id, parts) {
  const place = element(id);
  place.replaceChildren();
  for (const part of parts)
    if (part instanceof Quoted) made(place, "bdi", "", part.text);
    else place.append(printable(part));
}

// What is wrong with a file, in parts of a sentence.
class FileError extends Error {
  constructor(name, wrong) {
    super(`${name}: ${wrong}`);
    this.parts = [new Quoted(name), `: ${wrong}`];
  }
}

// What the page shows.
class View {
  // A model: its bars, thinnings and provenance.
  showModel(spotter, file) {
    const { thinnings, layers, fileBytes, hop, sampleRate } = spotter.info;
    const bars = element("bars");
    bars.replaceChildren();
    this._bars = spotter.labels.map((label, k) => {
      const row = made(bars, "li", spotter.isKeyword(k) ? "" : "other");
      const threshold = spotter.thresholds[k];
      row.style.setProperty("--threshold", threshold);
      made(row, "bdi", "label", label);
      const bar = made(made(row, "span", "track"), "span", "bar");
      return { row, bar, threshold, number: made(row, "span", "number", "–") };
    });
    this._hop = (1000 * hop) / sampleRate;
    this._showThinnings(thinnings, layers);
    const size = `${fileBytes.toLocaleString("en")} bytes`;
    showParts("model", [
      new Quoted(spotter.name || file),
      `: ${size}, ${sampleRate} Hz`,
      ...(spotter.licence ? [", licence ", new Quoted(spotter.licence)] : []),
      `. Engine: ${spotter.isa}.`,
    ]);
  }

  _showThinnings(thinnings, layers) {
    const field = element("thinning");
    field.querySelectorAll("label").forEach((label) => label.remove());
    for (let thinning = 1; thinning < 1 << thinnings; thinning *= 2) {
      const blocks = layers / thinning;
      const label = made(field, "label", "");
      const radio = made(label, "input", "");
      const checked = thinning === 1;
      Object.assign(radio, { type: "radio", name: "thinning", value: thinning, checked });
      label.append(` ${thinning}: ${blocks} ${blocks === 1 ? "block" : "blocks"}`);
    }
  }

  showPosteriors(posteriors) {
    this._bars.forEach(({ row, bar, threshold, number }, k) => {
      const posterior = posteriors ? posteriors[k] : 0;
      bar.style.transform = `scaleX(${posterior})`;
      number.textContent = posteriors ? posterior.toFixed(2) : "–";
      row.classList.toggle("detected", posterior >= threshold);
    });
  }

  showSpeed({ windows, milliseconds }) {
    const mean = milliseconds / windows;
    element("speed").textContent = windows
      ? `${mean.toFixed(3)} ms per decision: ` +
        `${((100 * mean) / this._hop).toPrecision(2)} % of the ${this._hop} ms between two.`
      : "\u00a0";
  }

  clear() {
    this.showPosteriors(null);
    this.showSpeed({ windows: 0, milliseconds: 0 });
    element("detections").replaceChildren();
    this._begun = null;
    element("nothing").hidden = false;
    this.showError(null);
  }

  // One that has ended. seek: called when it is chosen; null where there is no sound left.
  addDetection({ label, score, start, end }, seek = null) {
    const row = this._begun || this._addRow(label, seek);
    this._begun = null;
    row.querySelector(".score").textContent = score.toFixed(3);
    row.querySelector(".time").textContent = `${start.toFixed(2)}–${end.toFixed(2)} s`;
  }

  // One that goes on: its row shows the rest when it is added.
  beginDetection({ label, start }) {
    if (this._begun) return;
    this._begun = this._addRow(label);
    this._begun.querySelector(".time").textContent = `from ${start.toFixed(2)} s`;
  }

  _addRow(label, seek = null) {
    const list = element("detections");
    const row = made(made(list, "li", ""), seek ? "button" : "span", "detection");
    if (seek) Object.assign(row, { type: "button", onclick: seek, title: "Play from here" });
    made(row, "bdi", "keyword", label);
    made(row, "span", "score");
    made(row, "span", "time");
    if (list.children.length > MAX_DETECTIONS) list.firstChild.remove();
    element("nothing").hidden = true;
    list.scrollTop = list.scrollHeight;
    return row;
  }

  say(...parts) {
    showParts("status", parts);
  }

  // An Error; null where all is well.
  showError(error) {
    showParts("error", error ? error.parts || [error.message] : []);
    element("error").hidden = !error;
  }
}
