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

import sys

from tqdm import tqdm

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
from speechbrain_bifsmn.inference.audio import (
    audio_chunks,
    duration_of,
    read_audio,
)
from speechbrain_bifsmn.inference.detector import Detection
from speechbrain_bifsmn.inference.stream import KeywordStream

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
    code = 0
    for path in arguments.files:
        try:
            found = False
            for each in _spot(model, stream, path):
                show(path, each)
                found = True
        except BrokenPipeError:
            raise  # of stdout, not of the file
        except (OSError, ValueError) as error:
            complain(arguments, error)
            code = FAILED
        else:
            if not found:
                print(f"{path}: no keyword", file=sys.stderr)
    return code


def _spot(model, stream, path):
    """Yields what is in a file."""
    duration, rate = duration_of(path), model.sample_rate
    if duration * rate <= model.window_samples:
        posteriors = model.classify(read_audio(path, rate))
        best = int(posteriors.argmax())
        score = float(posteriors[best])
        yield Detection(model.labels[best], score, 0.0, duration)
        return
    stream.reset()
    hidden = True if duration < LONG_S else None  # None: unless on a terminal
    with tqdm(total=round(duration), unit="s", disable=hidden) as bar:
        for chunk in audio_chunks(path, rate):
            yield from stream.push(chunk)
            bar.update(round(stream.samples / rate) - bar.n)
    yield from stream.finish()


def _table(files, labels):
    name = max(map(len, ["file", *files]))
    label = max(map(len, ["keyword", *labels]))
    row = f"{{:{name}}}  {{:>9}}  {{:>9}}  {{:{label}}}  {{}}"
    head = [row.format("file", "start", "end", "keyword", "score")]

    def show(path, found):
        if head:
            print(head.pop())
        start, end = f"{found.start:.2f}", f"{found.end:.2f}"
        score = f"{found.score:.3f}"
        print(row.format(path, start, end, found.keyword, score), flush=True)

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
        name, word = ("_".join(t.split()) for t in (path, found.keyword))
        times = f"{found.start:.3f} {length:.3f}"
        print(f"{name} 1 {times} {word} {found.score:.3f}")

    return show


FORMATS = {"table": _table, "json": _json, "ctm": _ctm}
