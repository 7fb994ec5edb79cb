"""Find keywords in audio files.

A file of up to a second (the model's window) is classified: its likeliest
class is printed, which may be "unknown" or "silence". A longer file is listened
to, whatever its length, and each keyword printed with its times.

Files: wav, flac, ogg or mp3, of any sample rate, mono or stereo. Without
--model, the model that comes with the package.

examples:
  bifsmn spot yes.wav
  bifsmn spot recordings/*.flac --format json > words.jsonl
  bifsmn spot meeting.mp3 --threshold 0.9 --depth 2
  bifsmn spot call.wav --format ctm
"""

import re
import sys
from itertools import chain

from tqdm import tqdm

from speechbrain_bifsmn.audiofile.decode import form_of
from speechbrain_bifsmn.cli import FAILED, complain
from speechbrain_bifsmn.cli.options import (
    add_depth,
    add_detection,
    add_model,
    detection,
    load,
    print_json,
)
from speechbrain_bifsmn.dataio.words import SILENCE, UNKNOWN
from speechbrain_bifsmn.inference.audio import audio_chunks
from speechbrain_bifsmn.inference.detector import Detection
from speechbrain_bifsmn.inference.stream import KeywordStream
from speechbrain_bifsmn.utils.printable import printable

LONG_S = 60  # whose progress is shown


def add_arguments(parser):
    """Adds the arguments of ``bifsmn spot``."""
    parser.add_argument("files", nargs="+", metavar="FILE")
    add_model(parser)
    add_depth(parser)
    add_detection(parser)
    parser.add_argument(
        "--format",
        choices=FORMATS,
        default="table",
        help="table, a JSON object a line, or CTM, which leaves out silence "
        "and unknown words, and has _ for spaces (default: table)",
    )


def run(arguments):
    """Prints what is in each file; one that fails does not stop the rest."""
    model = load(arguments)
    stream = KeywordStream(model, **detection(arguments))
    show = FORMATS[arguments.format](arguments.files, model.labels)
    failed = []
    for path in arguments.files:
        failures, found = len(failed), None
        for found in _try_to_spot(model, stream, path, failed):
            show(path, found)
        if found is None and len(failed) == failures:
            print(f"{printable(path)}: no keyword", file=sys.stderr)
    return FAILED if failed else 0


def _try_to_spot(model, stream, path, failed):
    """Yields what is in a file; complains, and lists it, where that fails."""
    try:
        yield from _spot(model, stream, path)
    except (OSError, ValueError) as error:
        complain("spot", error)
        failed.append(path)


def _spot(model, stream, path):
    """Yields what is in a file; how long it is, its decoder says."""
    rate = model.sample_rate
    chunks = audio_chunks(path, rate, model.window_samples / rate)
    clip, more = next(chunks), next(chunks, None)
    if more is None:
        posteriors = model.classify(clip)
        best = int(posteriors.argmax())
        score = float(posteriors[best])
        yield Detection(model.labels[best], score, 0.0, len(clip) / rate)
        return
    stream.reset()
    with _bar(path) as bar:
        for chunk in chain([clip, more], chunks):
            yield from stream.push(chunk)
            bar.update(round(stream.samples / rate) - bar.n)
    yield from stream.finish()


def _bar(path):
    """Returns a progress bar; of a short file, none is shown."""
    form = form_of(path)
    total = form.samples and round(form.samples / form.rate)
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
