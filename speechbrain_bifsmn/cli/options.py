"""Arguments that commands share, and what they load."""

import sys
from pathlib import Path

from speechbrain_bifsmn.cli import complain
from speechbrain_bifsmn.inference.detector import REFRACTORY_S
from speechbrain_bifsmn.inference.models import find_model, load_model
from speechbrain_bifsmn.pretrained import MODEL
from speechbrain_bifsmn.utils.engine import BACKENDS
from speechbrain_bifsmn.utils.printable import json_text
from speechbrain_bifsmn.utils.tuning_report import mismatch, read_own


def add_model(parser):
    """Adds which model runs, and how."""
    add = parser.add_argument
    add(
        "--model",
        type=Path,
        default=MODEL,
        help="a .bifsmn file, or a folder with model.bifsmn (default: the "
        "model that comes with the package)",
    )
    add(
        "--backend",
        choices=BACKENDS,
        default="auto",
        help="native: the engine; torch; auto: the engine where it is "
        "installed (default)",
    )


def add_depth(parser):
    """Adds the depth setting."""
    parser.add_argument(
        "--depth",
        type=int,
        default=0,
        metavar="D",
        help="0 runs all blocks and is the most accurate, each further one "
        "runs half of them (default: 0)",
    )


def add_detection(parser):
    """Adds what turns posteriors into detections."""
    add = parser.add_argument
    add(
        "--threshold",
        type=float,
        metavar="P",
        help="posterior from which a keyword counts (default: the model's)",
    )
    add(
        "--smoothing",
        type=int,
        metavar="N",
        help="windows whose posteriors are averaged (default: the model's)",
    )
    add(
        "--refractory",
        type=float,
        metavar="SECONDS",
        help="the same keyword again within this time is the same utterance "
        f"(default: {REFRACTORY_S:g})",
    )
    add(
        "--tuned",
        type=Path,
        metavar="FILE",
        help="a tune.json of `bifsmn tune`: its thresholds, one for each "
        "keyword, its smoothing and its refractory time, where none is given",
    )
    add(
        "--gate",
        type=float,
        metavar="DB",
        help="level below which a second of audio is silence, in dB of full "
        "scale, for example -50 (default: none)",
    )


def check_not_shipped(path):
    """Refuses to write the model file that comes with the package."""
    if path.exists() and path.samefile(MODEL):
        raise ValueError(
            f"{path}: expected a model file of your own to write, found the "
            "one that comes with the package; name another file"
        )


def load(arguments):
    """Returns the model that the arguments ask for."""
    return load_model(arguments.model, arguments.backend, arguments.depth)


def detection(arguments):
    """Returns what ``KeywordStream`` takes of the arguments."""
    values = arguments.threshold, arguments.smoothing, arguments.refractory
    if arguments.tuned:
        if None not in values:
            raise ValueError(
                "--tuned: expected something to take from it, found "
                "--threshold, --smoothing and --refractory too; leave out it, "
                "or one of them"
            )
        tuned = zip(values, read_own(arguments.tuned), strict=True)
        values = [own if value is None else value for value, own in tuned]
    names = "threshold", "smoothing", "refractory_s", "gate_db"
    options = zip(names, (*values, arguments.gate), strict=True)
    return {name: value for name, value in options if value is not None}


def warn_of_tuned(arguments):
    """Says where ``--tuned`` is of another model, or of another depth."""
    if arguments.tuned:
        model = find_model(arguments.model)
        if said := mismatch(arguments.tuned, model, arguments.depth):
            complain(arguments.command, said)


def print_json(row):
    """Prints an object as a line, at once."""
    # Escapes are read everywhere; other text would be no UTF-8 here and there.
    is_utf8 = (sys.stdout.encoding or "utf-8").lower().startswith("utf")
    print(json_text(row, ascii=not is_utf8), flush=True)
