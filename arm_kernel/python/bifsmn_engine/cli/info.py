"""Say what a model file is. Needs neither torch nor the engine.

examples:
  bifsmn info
  bifsmn info results/v1/12/1234/model.bifsmn
  bifsmn info model.bifsmn --json
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from bifsmn_engine.cli.options import print_json
from bifsmn_engine.detection import of_keywords
from bifsmn_engine.format import model_file
from bifsmn_engine.format.layout import all_thinnings, thinnings_of
from bifsmn_engine.loading import find_model
from bifsmn_engine.pretrained import MODEL
from bifsmn_engine.printable import printable


def add_arguments(parser: ArgumentParser) -> None:
    """Adds the arguments of ``bifsmn info``."""
    parser.add_argument("model", nargs="?", type=Path, default=MODEL)
    parser.add_argument("--json", action="store_true", help="as one object")


def run(arguments: Namespace) -> None:
    """Prints what the file says of itself."""
    path = find_model(arguments.model)
    facts = describe(path)
    if arguments.json:
        print_json(facts)
        return
    for fact, value in facts.items():
        if isinstance(value, dict):
            value = [f"{name} {number:g}" for name, number in value.items()]
        if isinstance(value, list):
            value = ", ".join(map(str, value))
        print(f"{fact.replace('_', ' '):20}{printable(value)}")


def describe(path: Path) -> dict[str, Any]:
    """Returns what a file says of itself: plain values by name."""
    model = model_file.read(path)
    c = model.config
    blocks = [thinnings_of(c, block) for block in range(c.layers)]
    return {
        "file": str(path),
        "bytes": path.stat().st_size,
        "name": model.name,
        "licence": model.licence,
        "provenance": model.provenance,
        "labels": list(model.labels),
        "thresholds": {
            keyword: round(threshold, 6)
            for keyword, threshold in of_keywords(
                model.labels, model.thresholds
            ).items()
        },
        "smoothing": c.smoothing,
        "sample_rate_hz": c.sample_rate,
        "window_s": c.window_samples / c.sample_rate,
        "hop_s": c.hop / c.sample_rate,
        "blocks_by_thinning": [
            sum(thinning in thinnings for thinnings in blocks)
            for thinning in all_thinnings(c)
        ],
        "channels": c.channels,
        "hidden": c.hidden,
        "mel_bands": c.mels,
        "frames": c.frames,
    }
