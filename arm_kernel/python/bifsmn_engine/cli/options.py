"""Arguments that commands share, and what they load."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from bifsmn_engine.backends import BACKENDS
from bifsmn_engine.cli import print_error
from bifsmn_engine.detection import REFRACTORY_S
from bifsmn_engine.interface import AnyModel
from bifsmn_engine.loading import find_model, load_model
from bifsmn_engine.pretrained import MODEL
from bifsmn_engine.printable import json_text
from bifsmn_engine.tuned import mismatch, read_tuned


def add_model(parser: ArgumentParser) -> None:
    """Adds which model runs, and how."""
    parser.add_argument(
        "--model",
        type=Path,
        default=MODEL,
        help="a .bifsmn file, or a folder with model.bifsmn (default: the "
        "model that comes with the package)",
    )
    add_backend(parser)


def add_backend(parser: ArgumentParser) -> None:
    """Adds what runs the model."""
    parser.add_argument(
        "--backend",
        choices=BACKENDS,
        default="auto",
        help="native: the engine; torch; auto: the engine where it is "
        "installed (default)",
    )


def add_thinning(parser: ArgumentParser) -> None:
    """Adds the thinning."""
    parser.add_argument(
        "--thinning",
        type=int,
        default=1,
        metavar="N",
        help="every N-th block runs: 1 is the most accurate, 2 and 4 are "
        "faster (default: 1)",
    )


def add_detection(parser: ArgumentParser) -> None:
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


def add_keep(parser: ArgumentParser) -> None:
    """Adds where the audio of detections is kept."""
    parser.add_argument(
        "--keep",
        type=Path,
        metavar="FOLDER",
        help="write the audio of each detection as a wav file, to hear, or to "
        "train with; a lower --threshold keeps what nearly was one, too",
    )


def load(arguments: Namespace) -> AnyModel:
    """Returns the model that the arguments ask for."""
    return load_model(arguments.model, arguments.backend, arguments.thinning)


def detection(arguments: Namespace) -> dict[str, Any]:
    """Returns what ``KeywordStream`` takes of the arguments."""
    values = [arguments.threshold, arguments.smoothing, arguments.refractory]
    if arguments.tuned:
        if None not in values:
            raise ValueError(
                "--tuned: expected something to take from it, found "
                "--threshold, --smoothing and --refractory too; leave out it, "
                "or one of them"
            )
        tuned = zip(values, read_tuned(arguments.tuned), strict=True)
        values = [own if value is None else value for value, own in tuned]
    names = "threshold", "smoothing", "refractory_s", "gate_db"
    options = zip(names, (*values, arguments.gate), strict=True)
    return {name: value for name, value in options if value is not None}


def warn_of_tuned(arguments: Namespace) -> None:
    """Says where ``--tuned`` is of another model, or of another thinning."""
    if arguments.tuned:
        model = find_model(arguments.model)
        if warning := mismatch(arguments.tuned, model, arguments.thinning):
            print_error(arguments.command, warning)


def print_json(row: dict[str, Any]) -> None:
    """Prints an object as a line, at once."""
    # Escapes are read everywhere; other text would be no UTF-8 here and there.
    is_utf8 = (sys.stdout.encoding or "utf-8").lower().startswith("utf")
    print(json_text(row, ascii=not is_utf8), flush=True)
