"""Measure a model on the test clips of a folder in Speech Commands' layout.

DATA holds <word>/*.wav and testing_list.txt; clips of other splits are left
alone. Silence is cut from its _background_noise_, where there is any. Accuracy
is that of torch and of the engine, with 95 % intervals; the two should decide
alike on every clip.

examples:
  bifsmn evaluate speech_commands
  bifsmn evaluate speech_commands --model results/v1/12/1234
  bifsmn evaluate speech_commands --robustness --negatives radio
"""

import sys
from pathlib import Path

from speechbrain_bifsmn.pretrained import MODEL


def add_arguments(parser):
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


def run(arguments):
    """Evaluates, prints the tables, and writes the file."""
    import json

    from speechbrain_bifsmn.evaluation.run import evaluate_model
    from speechbrain_bifsmn.evaluation.tables import summary
    from speechbrain_bifsmn.files.atomic import write_text

    evaluation = evaluate_model(
        arguments.model,
        arguments.data,
        arguments.robustness,
        arguments.negatives,
        _command(arguments),
    )
    write_text(arguments.out, json.dumps(evaluation, indent=1) + "\n")
    _draw(evaluation, arguments.out.with_name("noise.png"))
    print(summary(evaluation))
    print(f"Written: {arguments.out}", file=sys.stderr)


def _draw(evaluation, path):
    """Draws accuracy in noise, where that was measured."""
    from speechbrain_bifsmn.utils.plots import plot_noise

    measured = evaluation.get("robustness", {"conditions": []})
    noise = [row for row in measured["conditions"] if row["name"] == "noise"]
    if noise:
        title = f"{measured['clips']:,} clips of {evaluation['data']}"
        try:
            plot_noise(noise, path, title)
        except ImportError as error:
            print(f"No {path.name}: {error}", file=sys.stderr)


def _command(arguments):
    """Returns the command line, without places of this machine."""
    import shlex

    words = ["bifsmn", "evaluate", _place(arguments.data)]
    if arguments.model != MODEL:
        words.append(f"--model={_place(arguments.model)}")
    if arguments.robustness:
        words.append("--robustness")
    if arguments.negatives:
        words.append(f"--negatives={_place(arguments.negatives)}")
    return shlex.join(words)


def _place(path):
    return Path(path).name if Path(path).is_absolute() else str(path)
