"""Measure a model on the test clips of a folder in Speech Commands' layout.

DATA holds <word>/*.wav and testing_list.txt; clips of other splits are ignored.
Silence is cut from its _background_noise_, where there is any. Accuracy is that
of torch and of the engine, with 95 % intervals; there should be no prediction
mismatches between the two.

examples:
  bifsmn evaluate speech_commands
  bifsmn evaluate speech_commands --model results/v1/12/1234
  bifsmn evaluate speech_commands --robustness --negatives radio
"""

from __future__ import annotations

import hashlib
import json
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from bifsmn_engine.files.checksum import sha256_of
from bifsmn_engine.files.json_object import read_object
from bifsmn_engine.pretrained import MODEL
from bifsmn_engine.printable import printable
from speechbrain_bifsmn.files.atomic import write_text

PICTURE = "noise_png_sha256"  # key for the checksum of the picture
DIGEST = "sha256"  # key for the checksum of all other keys


def add_arguments(parser: ArgumentParser) -> None:
    """Adds the arguments of ``bifsmn evaluate``."""
    add = parser.add_argument
    add("data", metavar="DATA", help="the unpacked data set")
    add(
        "--model",
        default=MODEL,
        help="a .bifsmn file or a folder with model.bifsmn (default: the model "
        "that comes with the package)",
    )
    add(
        "--out",
        type=Path,
        default=Path("evaluation.json"),
        metavar="FILE",
        help="what to write (default: %(default)s)",
    )
    add(
        "--test-set",
        default="",
        metavar="FOLDER",
        help="the unpacked official test set of 12 classes, where it is not "
        "beside DATA",
    )
    add(
        "--robustness",
        action="store_true",
        help="distort the clips too, compare speakers, and draw noise.png "
        "beside FILE",
    )
    add(
        "--negatives",
        metavar="FOLDER",
        help="audio without keywords, to count false alarms in",
    )


def run(arguments: Namespace) -> None:
    """Evaluates, prints the tables, and writes the file."""
    from speechbrain_bifsmn.dataio.negatives import find_audio
    from speechbrain_bifsmn.evaluation.run import evaluate_model
    from speechbrain_bifsmn.evaluation.tables import summary

    _check_places(arguments)
    if arguments.negatives is not None:
        find_audio(arguments.negatives)
    evaluation = evaluate_model(
        arguments.model,
        arguments.data,
        arguments.robustness,
        arguments.negatives,
        _command(arguments),
        arguments.test_set,
    )
    try:
        _check_places(arguments)
        if arguments.robustness:
            evaluation |= _draw(evaluation, _picture(arguments))
        evaluation[DIGEST] = _digest(evaluation)
        write_text(arguments.out, json.dumps(evaluation, indent=1) + "\n")
    finally:
        print(summary(evaluation), flush=True)
    print(f"Written: {printable(arguments.out)}", file=sys.stderr)


def _picture(arguments):
    return arguments.out.parent / "noise.png"


def _check_places(arguments):
    """Refuses to replace a file that this command has not written."""
    out, picture = arguments.out, _picture(arguments)
    before = _read(out)
    if out.name == picture.name or (out.exists() and not before):
        raise FileExistsError(
            "--out: expected a new file, or an evaluation that nobody changed, "
            f"found {out}; name another"
        )
    if arguments.robustness and picture.exists():
        if sha256_of(picture) != before.get(PICTURE):
            raise FileExistsError(
                f"{picture}: expected none, or the one that was drawn with "
                f"{out}, found another; move it, or name another --out"
            )


def _read(path):
    """Returns the evaluation in a file, {} where there is none."""
    try:
        found = read_object(path)
    except (OSError, ValueError):
        return {}
    return found if found.get(DIGEST) == _digest(found) else {}


def _digest(evaluation):
    """Returns the checksum of an evaluation, which its file holds."""
    rest = {name: value for name, value in evaluation.items() if name != DIGEST}
    text = json.dumps(rest, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _draw(evaluation, path):
    """Draws accuracy in noise; returns the checksum of the picture."""
    from speechbrain_bifsmn.evaluation.plots import plot_noise

    measured = evaluation["robustness"]
    noise = [row for row in measured["conditions"] if row["name"] == "noise"]
    if not noise:
        print(
            f"No {path.name}: expected recordings in _background_noise_ of "
            f"{printable(evaluation['data'])}, found none; without them, "
            "noise is no part of --robustness",
            file=sys.stderr,
        )
        return {}
    title = f"{measured['clips']:,} clips of {printable(evaluation['data'])}"
    try:
        plot_noise(noise, path, title)
    except (ImportError, ValueError, OSError) as error:
        print(f"No {path.name}: {printable(error)}", file=sys.stderr)
        return {}
    return {PICTURE: sha256_of(path)}


def _command(arguments):
    """Returns the command line, without absolute paths."""
    import shlex

    words = ["bifsmn", "evaluate", _place(arguments.data)]
    if arguments.model != MODEL:
        words.append(f"--model={_place(arguments.model)}")
    if arguments.test_set:
        words.append(f"--test-set={_place(arguments.test_set)}")
    if arguments.robustness:
        words.append("--robustness")
    if arguments.negatives:
        words.append(f"--negatives={_place(arguments.negatives)}")
    return shlex.join(words)


def _place(path):
    return Path(path).name if Path(path).is_absolute() else str(path)
