"""Write a finished run as a folder that is a complete hub repository.

RESULTS is the output folder of train.py. The files that `bifsmn tune --out
RESULTS` and `bifsmn evaluate DATA --model RESULTS --out
RESULTS/evaluation.json` have written there are published too. The folder is
loaded in a clean process before it is put in place. Nothing is uploaded without
--push.

examples:
  bifsmn publish results/v1/12/1234 my_model
  bifsmn publish results/v1/12/1234 my_model --samples yes.wav stop.wav
  bifsmn publish results/v1/12/1234 my_model --push me/my_model
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from bifsmn_engine.printable import printable


def add_arguments(parser: ArgumentParser) -> None:
    """Adds the arguments of ``bifsmn publish``."""
    add = parser.add_argument
    add(
        "results",
        type=Path,
        metavar="RESULTS",
        help="output folder of a finished run",
    )
    add("out", type=Path, metavar="OUT", help="what to write, a folder")
    add(
        "--samples",
        nargs="+",
        action="extend",
        default=[],
        type=Path,
        metavar="FILE",
    )
    add(
        "--data-note",
        default="",
        metavar="TEXT",
        help="a remark on the data, for the card",
    )
    add(
        "--benchmark",
        type=Path,
        metavar="FILE",
        help="results of benchmarks.engine, for the card",
    )
    add("--push", metavar="OWNER/NAME", help="upload to this repository")


def run(arguments: Namespace) -> None:
    """Publishes, and uploads where asked to."""
    from speechbrain_bifsmn.publishing.folder import publish

    if arguments.push is not None:
        _check_repository(arguments.push)
    sizes = publish(
        arguments.results,
        arguments.out,
        arguments.samples,
        arguments.data_note,
        arguments.benchmark,
    )
    for name, size in sizes.items():
        print(f"{size:>10,}  {printable(name)}")
    print(f"{sum(sizes.values()):>10,}  bytes in {printable(arguments.out)}")
    if arguments.push:
        from huggingface_hub.constants import ENDPOINT

        from speechbrain_bifsmn.publishing.push import push

        print(
            f"Uploading these {len(sizes)} files to {ENDPOINT}/"
            f"{printable(arguments.push)}",
            file=sys.stderr,
        )
        print(printable(push(arguments.out, arguments.push)))


def _check_repository(name):
    """Refuses a bad name before the minutes of work."""
    owner, _, rest = name.partition("/")
    if not owner or not rest:
        raise ValueError(
            f"--push: expected OWNER/NAME, got {name!r}; name a repository of "
            "yours"
        )
