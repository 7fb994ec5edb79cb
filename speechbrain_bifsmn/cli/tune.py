"""Choose a model's thresholds and smoothing for a rate of false alarms.

Each clip of a keyword is surrounded by quiet noise; one in which the keyword is
not detected is a false reject. Each detection in audio without keywords is a
false alarm. One part of both chooses, the other confirms:

  KEYWORDS   folders named after the keywords. With validation_list.txt and
             testing_list.txt, as in Speech Commands, the validation clips
             choose and the test clips confirm; else 15 % of the speakers each,
             the same that `custom_keywords.yaml` keeps out of training.
  NEGATIVES  a file: its first half chooses, the second confirms. A folder: the
             first half of its files; with those lists, as above, the words
             that are no keywords. wav, flac, ogg, opus or mp3 of any rate.

For each smoothing, those thresholds are taken, one for each keyword, that have
the fewest false rejects where no more false alarms are to be expected than
wanted; then the smoothing with the fewest. What is to be expected beyond the
few loudest false alarms is extrapolated from those below. A model file holds
thresholds and smoothing. Nothing is written without --out or --write.

examples:
  bifsmn tune --keywords data --negatives radio.mp3 podcasts --out tuned
  bifsmn listen --model tuned
  bifsmn tune --keywords data --negatives radio.mp3 --noise street --snr 5
  bifsmn tune model.bifsmn --keywords data --negatives hours \\
      --false-alarms-per-hour 1 --write
  bifsmn tune model.bifsmn --keywords data --negatives data hours \\
      --thinning 1 2 4 --smoothing 8 --out tuned
"""

from __future__ import annotations

import math
import shlex
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from bifsmn_engine.detection import REFRACTORY_S, check_refractory
from bifsmn_engine.pretrained import MODEL
from speechbrain_bifsmn.deploy.writer import check_not_shipped
from speechbrain_bifsmn.files.owned import (
    adopt,
    check_file,
    claim,
    is_listed,
)
from speechbrain_bifsmn.files.owned import owner as owner_of


def add_arguments(parser: ArgumentParser) -> None:
    """Adds the arguments of ``bifsmn tune``."""
    add = parser.add_argument
    add(
        "model",
        nargs="?",
        default=MODEL,
        type=Path,
        help="a .bifsmn file or a folder with model.bifsmn (default: the model "
        "that comes with the package)",
    )
    add("--keywords", required=True, type=Path, metavar="FOLDER")
    add(
        "--negatives",
        required=True,
        nargs="+",
        action="extend",
        type=Path,
        metavar="PATH",
        help="audio without keywords, files and folders",
    )
    add(
        "--false-alarms-per-hour",
        default=0.5,
        type=float,
        metavar="RATE",
        help="of all keywords together (default: %(default)s)",
    )
    add(
        "--thinning",
        nargs="+",
        action="extend",
        type=int,
        help="thinnings at which the rate is to be kept (default: 1)",
    )
    add(
        "--smoothing",
        nargs="+",
        action="extend",
        type=int,
        metavar="WINDOWS",
        help="what to choose from (default: 1 2 4 8 12 16 24 32)",
    )
    add(
        "--refractory",
        type=float,
        metavar="SECONDS",
        help="that of `bifsmn listen --refractory` (default: "
        f"{REFRACTORY_S:g})",
    )
    add(
        "--noise",
        nargs="+",
        action="extend",
        default=[],
        type=Path,
        metavar="PATH",
        help="count the clips amid such noise too, files and folders",
    )
    add(
        "--snr",
        type=float,
        metavar="DB",
        help="power of the clips relative to it (default: 10)",
    )
    add(
        "--unseen",
        action="store_true",
        help="no clip of KEYWORDS was trained on: take all, half the speakers "
        "to choose and half to confirm",
    )
    add(
        "--figures-of",
        choices=("confirm", "choose"),
        default="confirm",
        help="'choose': leave the test clips alone for now (default: confirm)",
    )
    add("--backend", choices=("auto", "native", "torch"), default="auto")
    add(
        "--out",
        type=Path,
        metavar="FOLDER",
        help="write tune.json, det.png, keywords.png and a tuned model.bifsmn: "
        "a new folder, one of this command, or that of a run",
    )
    add("--write", action="store_true", help="write into the model file itself")


def run(arguments: Namespace) -> None:
    """Tunes a model."""
    from bifsmn_engine.loading import find_model
    from speechbrain_bifsmn.evaluation import plots
    from speechbrain_bifsmn.operating_points import report as tuning_report
    from speechbrain_bifsmn.operating_points import tune

    _check_numbers(arguments)
    source, owner = find_model(arguments.model), "tune"
    if arguments.write:
        check_not_shipped(source)
    if arguments.out:
        plots.figure_class()
        owner = _check_out(arguments.out, tuning_report.FILES)
    options = {
        "thinnings": arguments.thinning,
        "smoothings": arguments.smoothing,
        "refractory_s": arguments.refractory,
        "noise": arguments.noise,
        "snr_db": arguments.snr,
    }
    command = shlex.join(["bifsmn", *sys.argv[1:]])
    result = {"command": command} | tune.tune(
        source,
        arguments.keywords,
        arguments.negatives,
        arguments.false_alarms_per_hour,
        unseen=arguments.unseen,
        figures_of=arguments.figures_of,
        backend=arguments.backend,
        **{k: v for k, v in options.items() if v is not None},
    )
    if warning := tuning_report.warning(result):
        print(f"bifsmn tune: {warning}", file=sys.stderr)
    try:
        if arguments.out:
            tune.write_tuned(result, source, arguments.out, owner)
        if arguments.write:
            listed = is_listed(source)
            point = result["thresholds"], result["smoothing"]
            tune.store(*point, source, source)
            if listed:
                adopt(source.parent, [source.name])
    finally:
        print(tuning_report.text(result))


def _check_numbers(arguments):
    rate = arguments.false_alarms_per_hour
    if not 0 < rate < math.inf:
        raise ValueError(
            "--false-alarms-per-hour: expected a finite number above 0, got "
            f"{rate}"
        )
    if arguments.refractory is not None:
        check_refractory(arguments.refractory)


def _check_out(folder, names):
    """Refuses a folder before the work; returns the command that owns it."""
    command = "train" if owner_of(folder) == "train" else "tune"
    if not folder.exists():
        return command
    claim(folder, command)
    for name in (*names, MODEL.name):
        check_file(folder / name, command)
    return command
