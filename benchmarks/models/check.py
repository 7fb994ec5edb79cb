"""Checks that a model has the sizes of the network that the peers run."""

import sys
from pathlib import Path

from benchmarks.models import network
from bifsmn_engine.format import model_file

NAMES = (
    "classes mels frames layers thinnings front_channels channels hidden "
    "taps_before taps_after"
).split()


def check_sizes(path: Path) -> None:
    """Refuses a model that is not the network that the peers run."""
    expected = network.random_model().config
    given = model_file.read(path).config
    for name in NAMES:
        size, found = getattr(expected, name), getattr(given, name)
        if found != size:
            sys.exit(
                f"{path}: expected {name} = {size}, as in the network of the "
                f"peers, found {found}; give another model"
            )
