"""Train a model: runs the recipe, with the arguments of its train.py.

The recipe's hyperparameter files can be named without their folder. Results are
written below the working directory. The recipe is part of the source code, and
not of the wheel.

examples:
  bifsmn train bifsmnv2.yaml
  bifsmn train custom_keywords.yaml --words="hey robot, lights on"
  bifsmn train v1_12.yaml --data_folder=speech_commands --device=cuda
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

import speechbrain_bifsmn

RECIPE = "recipes/SpeechCommands/BiFSMNv2/train.py"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of ``bifsmn train``."""
    parser.add_argument("hparams", metavar="YAML")
    parser.add_argument(
        "rest", nargs=argparse.REMAINDER, metavar="...", help="of the recipe"
    )


def run(arguments: argparse.Namespace) -> int | None:
    """Replaces this process by the recipe; on Windows, returns its code."""
    recipe = Path(speechbrain_bifsmn.__file__).parents[1] / RECIPE
    if not recipe.is_file():
        raise FileNotFoundError(
            f"expected the recipe at {recipe}, found none; get the sources, "
            "and install them with `pip install -e .`"
        )
    hparams = Path(arguments.hparams)
    if not hparams.is_file():
        hparams = recipe.parent / "hparams" / hparams.name
    if not hparams.is_file():
        known = ", ".join(sorted(p.name for p in hparams.parent.iterdir()))
        raise FileNotFoundError(
            f"{arguments.hparams}: expected a file, or one of the recipe's: "
            f"{known}; found none"
        )
    command = [sys.executable, str(recipe), str(hparams), *arguments.rest]
    if os.name == "nt":
        return subprocess.call(command)
    # Not a child: whoever ends this process ends the training, and its exit
    # code and terminal are the recipe's.
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, command)
