"""Find keywords in audio files.

A file of up to a second (the model's window) is classified: its likeliest
class is printed, which may be "unknown" or "silence". A longer file is listened
to, whatever its length, and each keyword printed with its times. So is a short
one with --threshold, --smoothing, --refractory, --gate or --keep.

Files: wav, flac, ogg or mp3, of any sample rate, mono or stereo; - is standard
input, of which wav is listened to as it comes. Without --model, the model that
comes with the package.

examples:
  bifsmn spot yes.wav
  arecord -f S16_LE -r 16000 -t wav | bifsmn spot -
  bifsmn spot recordings/*.flac --format json > words.jsonl
  bifsmn spot meeting.mp3 --threshold 0.9 --thinning 4
  bifsmn spot call.wav --format ctm
  bifsmn spot radio.mp3 --keep false_alarms
"""

from __future__ import annotations

import re
import sys
from argparse import ArgumentParser, Namespace
from contextlib import contextmanager, nullcontext
from itertools import chain
from pathlib import Path

import numpy as np
from tqdm import tqdm

from bifsmn_engine.audio.decode import form_of
from bifsmn_engine.audio.files import audio_chunks
from bifsmn_engine.audio.pipe import open_pipe
from bifsmn_engine.audio.source import is_open
from bifsmn_engine.cli import FAILED, print_error
from bifsmn_engine.cli.options import (
    add_detection,
    add_keep,
    add_model,
    add_thinning,
    detection,
    load,
    print_json,
)
from bifsmn_engine.detection import Detection
from bifsmn_engine.keeping_stream import KeepingStream
from bifsmn_engine.keyword_stream import KeywordStream
from bifsmn_engine.labels import SILENCE, UNKNOWN
from bifsmn_engine.printable import printable

LONG_S = 60  # whose progress is shown
PART_S = 0.1  # of a file, listened to at once


def add_arguments(parser: ArgumentParser) -> None:
    """Adds the arguments of ``bifsmn spot``."""
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="- is standard input"
    )
    add_model(parser)
    add_thinning(parser)
    add_detection(parser)
    add_keep(parser)
    parser.add_argument(
        "--format",
        choices=FORMATS,
        default="table",
        help="table, a JSON object a line, or CTM, which leaves out silence "
        "and unknown words, and has _ for spaces (default: table)",
    )


def run(arguments: Namespace) -> int:
    """Prints what is in each file; one that fails does not stop the rest."""
    if arguments.files.count("-") > 1:
        raise ValueError(
            "files: expected - once, got it several times; standard input is "
            "read once"
        )
    model = load(arguments)
    options = detection(arguments)
    stream = KeywordStream(model, **options)
    # Neither would do anything where clips are classified.
    clips = not (options or arguments.keep)
    show = FORMATS[arguments.format](arguments.files, model.labels)
    failed: list[str] = []
    for path in arguments.files:
        failures, found = len(failed), None
        stream.reset()
        with _kept(stream, model, path, arguments.keep) as heard:
            for found in _try_to_spot(model, heard, clips, path, failed):
                show(path, found)
        if found is None and len(failed) == failures:
            print(f"{printable(path)}: no keyword", file=sys.stderr)
    return FAILED if failed else 0


@contextmanager
def _kept(stream, model, path, folder):
    """Gives the stream, or with a folder one that keeps what it detects."""
    if not folder:
        yield stream
        return
    kept = KeepingStream(stream, folder, model.sample_rate, Path(path).stem)
    try:
        yield kept
    finally:
        kept.write_rest()


def _try_to_spot(model, stream, clips, path, failed):
    """Yields what is in a file; where that fails, prints why, and lists it."""
    try:
        with _opened(path) as source:
            yield from _spot(model, stream, clips, source)
    except (OSError, ValueError) as error:
        print_error("spot", error)
        failed.append(path)


def _opened(path):
    """Gives standard input, or an open pipe; else the path itself."""
    if path != "-":
        return open_pipe(path) or nullcontext(path)
    if sys.stdin is None or sys.stdin.isatty():
        found = "a terminal" if sys.stdin else "it closed"
        raise ValueError(
            f"-: expected audio on standard input, found {found}; have "
            "something write to it, as in `sox yes.flac -t wav - | bifsmn "
            "spot -`"
        )
    return nullcontext(sys.stdin.buffer)


def _spot(model, stream, clips, source):
    """Yields what is in a file; how long it is, its decoder says.

    With ``clips``, what fits into a window is classified.
    """
    rate, window = model.sample_rate, model.window_samples
    parts, clip = audio_chunks(source, rate, PART_S), np.zeros(0, np.float32)
    while len(clip) <= window:
        part = next(parts, None)
        if part is None:
            break
        clip = np.append(clip, part)
    if clips and len(clip) <= window:
        posteriors = model.classify(clip)
        best = int(posteriors.argmax())
        score = float(posteriors[best])
        yield Detection(model.labels[best], score, 0.0, len(clip) / rate)
        return
    samples = 0
    with _bar(source) as bar:
        for part in chain([clip], parts):
            yield from stream.push(part)
            samples += len(part)
            bar.update(round(samples / rate) - bar.n)
    yield from stream.finish()


def _bar(source):
    """Returns a progress bar; of a short file, none is shown."""
    form = None if is_open(source) else form_of(source)
    total = form and form.samples and round(form.samples / form.rate)
    # None: unless it is not on a terminal.
    hidden = True if total is not None and total < LONG_S else None
    return tqdm(total=total, unit="s", disable=hidden)


def _table(files, labels):
    name = max(map(len, ["file", *map(printable, files)]))
    label = max(map(len, ["keyword", *map(printable, labels)]))
    row = f"{{:{name}}}  {{:>9}}  {{:>9}}  {{:{label}}}  {{}}"
    head = [row.format("file", "start", "end", "keyword", "score")]

    def show(path, found):
        if head:
            print(head.pop())
        start, end = f"{found.start:.2f}", f"{found.end:.2f}"
        file, keyword = printable(path), printable(found.keyword)
        score = f"{found.score:.3f}"
        print(row.format(file, start, end, keyword, score), flush=True)

    return show


def _json(files, labels):
    def show(path, found):
        print_json(
            {
                "file": path,
                "start": round(found.start, 3),
                "end": round(found.end, 3),
                "label": found.keyword,
                "score": round(found.score, 6),
            }
        )

    return show


def _ctm(files, labels):
    def show(path, found):
        if found.keyword in (SILENCE, UNKNOWN):
            return
        length = found.end - found.start
        name, word = map(_one_field, (path, found.keyword))
        times = f"{found.start:.3f} {length:.3f}"
        print(f"{name} 1 {times} {word} {found.score:.3f}", flush=True)

    return show


def _one_field(text):
    return printable(re.sub(r"\s+", "_", text))


FORMATS = {"table": _table, "json": _json, "ctm": _ctm}
