"""Arguments that commands share, and what they load."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from bifsmn_engine.backends import BACKENDS
from bifsmn_engine.detection import REFRACTORY_S
from bifsmn_engine.interface import AnyModel
from bifsmn_engine.loading import load_model
from bifsmn_engine.pretrained import MODEL
from bifsmn_engine.printable import json_text


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
        help="posterior from which any keyword counts (default: the model's, "
        "one for each)",
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
    options = {
        "threshold": arguments.threshold,
        "smoothing": arguments.smoothing,
        "refractory_s": arguments.refractory,
        "gate_db": arguments.gate,
    }
    return {name: value for name, value in options.items() if value is not None}


def print_json(row: dict[str, Any]) -> None:
    """Prints an object as a line, at once."""
    # Escapes are read everywhere; other text would be no UTF-8 here and there.
    is_utf8 = (sys.stdout.encoding or "utf-8").lower().startswith("utf")
    print(json_text(row, ascii=not is_utf8), flush=True)
