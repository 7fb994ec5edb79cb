"""Listen to a microphone and report keywords at once, until Ctrl-C.

Each keyword is printed on stdout when it begins. On a terminal, bars show the
posteriors as they are. Needs the package sounddevice.

examples:
  bifsmn listen
  bifsmn listen --model own.bifsmn --threshold 0.8 --gate -50
  bifsmn listen --device USB --json | my_program
  bifsmn listen --threshold 0.5 --keep heard
"""

from __future__ import annotations

import os
import queue
import sys
import time
from argparse import ArgumentParser, Namespace

from bifsmn_engine.audio.microphone import open_microphone
from bifsmn_engine.cli.options import (
    add_detection,
    add_keep,
    add_model,
    add_thinning,
    detection,
    load,
    print_json,
)
from bifsmn_engine.keeping_stream import KeepingStream
from bifsmn_engine.keyword_stream import KeywordStream
from bifsmn_engine.printable import printable

BAR = 40  # characters
EVERY_S = 0.1  # the bars change
MAX_BARS = 12
MAX_LABEL = 30  # characters; a bar is to fit into a line
PATIENCE_S = 10  # with a microphone that says nothing, not even silence


def add_arguments(parser: ArgumentParser) -> None:
    """Adds the arguments of ``bifsmn listen``."""
    add_model(parser)
    add_thinning(parser)
    add_detection(parser)
    add_keep(parser)
    add = parser.add_argument
    add(
        "--device",
        metavar="NAME",
        help="part of a microphone's name, or its number in `python -m "
        "sounddevice`",
    )
    add("--seconds", type=float, metavar="S", help="stop after so much audio")
    add("--json", action="store_true", help="a JSON object a line")


def run(arguments: Namespace) -> None:
    """Prints keywords as they begin."""
    if arguments.seconds is not None and not arguments.seconds > 0:
        raise ValueError(
            f"--seconds: expected more than 0, got {arguments.seconds}"
        )
    model, options = load(arguments), detection(arguments)
    with open_microphone(arguments.device) as microphone:
        stream = KeywordStream(
            model,
            early=True,
            rate=round(microphone.samplerate),  # some are measured
            **options,
        )
        bars = _Bars(stream) if _can_draw() else None
        kept = _kept(stream, microphone, arguments) if arguments.keep else None
        print("listening; Ctrl-C ends", file=sys.stderr)
        try:
            _listen(microphone, kept or stream, bars, arguments)
        except KeyboardInterrupt:
            pass
        finally:
            if kept:
                kept.write_rest()
            if bars:
                bars.clear()


def _kept(stream, microphone, arguments):
    rate, begin = round(microphone.samplerate), time.strftime("%Y-%m-%d %H%M%S")
    return KeepingStream(stream, arguments.keep, rate, begin)


def _can_draw():
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def _listen(microphone, stream, bars, arguments):
    seconds = float("inf") if arguments.seconds is None else arguments.seconds
    heard = 0

    def report(found):
        for each in found:
            if bars:
                bars.clear()
            _report(each, arguments.json)

    while heard < seconds * microphone.samplerate:
        try:
            chunk = microphone.chunks.get(timeout=PATIENCE_S)
        except queue.Empty:
            raise OSError(
                "expected sound from the microphone, found none for "
                f"{PATIENCE_S} s; see whether it is still plugged in"
            ) from None
        heard += len(chunk)
        report(stream.push(chunk))
        if bars:
            bars.draw()
        if microphone.overflowed.is_set():
            microphone.overflowed.clear()
            if bars:
                bars.clear()
            print("sound was lost; this machine is busy", file=sys.stderr)
    report(stream.finish())


def _report(found, as_json):
    if as_json:
        row = {"start": round(found.start, 3), "label": found.keyword}
        print_json({**row, "score": round(found.score, 6)})
    else:
        keyword = printable(found.keyword)
        print(f"{found.end:8.2f} s  {keyword}  {found.score:.3f}", flush=True)


class _Bars:
    """A line for each of the keywords, on stderr, drawn over the last ones."""

    def __init__(self, stream):
        self._stream, self._last, self._lines = stream, 0.0, 0

    def draw(self):
        now = time.monotonic()
        if self._stream.posteriors is None or now < self._last + EVERY_S:
            return
        labels = self._stream.detector.labels
        labels = [printable(label)[:MAX_LABEL] for label in labels]
        rows = list(zip(labels, self._stream.posteriors, strict=True))
        if len(rows) > MAX_BARS:
            rows = sorted(rows, key=lambda row: -row[1])[:MAX_BARS]
        width = max(map(len, labels))
        self.clear()
        for label, posterior in rows:
            bar = "#" * round(BAR * float(posterior))
            sys.stderr.write(f"{label:{width}} {bar:{BAR}} {posterior:.2f}\n")
        sys.stderr.flush()
        self._last, self._lines = now, len(rows)

    def clear(self):
        if self._lines:
            sys.stderr.write(f"\x1b[{self._lines}A\x1b[J")
            sys.stderr.flush()
        self._lines = 0
