"""Write the model file of a training run, for devices.

Takes the run's best checkpoint of the 1-bit network. A finished run has written
model.bifsmn already; this is for one that was stopped, or for a file with other
metadata. Where the engine is installed, it must be bit-exact with torch, or no
file is written.

examples:
  bifsmn export results/v1/12/1234 model.bifsmn
  bifsmn export results/custom_keywords/robot/1234 robot.bifsmn --threshold 0.8
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from bifsmn_engine.format import model_file
from bifsmn_engine.printable import printable
from speechbrain_bifsmn.deploy.writer import check_not_shipped
from speechbrain_bifsmn.files.owned import adopt, is_listed

CLIPS = 64  # of noise, on which torch and engine are compared


def add_arguments(parser: ArgumentParser) -> None:
    """Adds the arguments of ``bifsmn export``."""
    add = parser.add_argument
    add(
        "run_folder",
        type=Path,
        metavar="RUN",
        help="results folder of a training",
    )
    add("file", type=Path, metavar="FILE", help="NAME.bifsmn, to be written")
    add("--name", help="of the model (default: the run's)")
    add("--licence", help="of the model (default: the run's)")
    add("--provenance", help="of the model (default: the run's)")
    add(
        "--threshold",
        type=float,
        metavar="P",
        help="(default: the run's)",
    )
    add("--smoothing", type=int, metavar="N", help="(default: the run's)")


def run(arguments: Namespace) -> None:
    """Writes the file."""
    import torch

    from speechbrain_bifsmn.deploy.export import export
    from speechbrain_bifsmn.runs.folder import STUDENT, open_run
    from speechbrain_bifsmn.runs.record import NAME

    _check_target(arguments.file)
    listed = is_listed(arguments.file)
    run_folder = open_run(arguments.run_folder, (f"save/{NAME}", STUDENT))
    random = torch.Generator().manual_seed(0)
    levels = torch.logspace(-5, 0, CLIPS)[:, None]
    noise = torch.randn(CLIPS, 16000, generator=random) * levels
    names = ("name", "licence", "provenance", "threshold", "smoothing")
    given = {name: getattr(arguments, name) for name in names}
    given = {name: value for name, value in given.items() if value is not None}
    features = run_folder.features()
    done = export(
        run_folder.student(),
        arguments.file,
        run_folder.labels,
        features(noise),
        features=features,
        **{**run_folder.export_options(), **given},
    )
    if listed:
        adopt(arguments.file.parent, [arguments.file.name])
    file = printable(arguments.file)
    print(f"{file}: {done.bytes} bytes; engine: {done.engine}")


def _check_target(path):
    """Refuses to replace anything but a model file."""
    check_not_shipped(path)
    if path.is_file() and not model_file.is_model(path):
        raise FileExistsError(
            f"{path}: expected a new file, or a model file to replace, found "
            "another; name another"
        )
