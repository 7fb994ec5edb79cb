"""Keywords trained from typed text and from recordings, measured on people.

    python -m benchmarks.keywords RECORDINGS --negatives TRAIN --other MEASURE

RECORDINGS has a folder of recordings for each keyword. By a hash of its name, a
recording is for training or for measuring. A network is trained with the
defaults: from the words alone, and for each number of recordings (0: no one)
beside the audio of TRAIN. Its misses are counted at rates of false alarms in
that of MEASURE. Runs that are done are not repeated; results are written after
each run, beside those of other numbers of recordings, to ``--out``.

Then other keyword spotters (``benchmarks.peers``) and the network of the words
alone score the same audio. With ``--only`` one half of this is done.
"""

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from benchmarks import RESULTS
from benchmarks.compare import RECIPE
from benchmarks.harness.results import write
from benchmarks.peers import compare
from bifsmn_engine.loading import load_model
from speechbrain_bifsmn.dataio.words import task_name
from speechbrain_bifsmn.evaluation.false_alarms import false_alarms
from speechbrain_bifsmn.operating_points.tune import tune

OUTPUT = RECIPE / "results" / "keywords"  # a folder for each set of words
COMMAND = (
    "python -m benchmarks.keywords RECORDINGS --negatives TRAIN --other MEASURE"
)
FEW = 50  # recordings; with fewer, synthetic voices speak beside them


def is_measured(path: Path) -> bool:
    """Whether a recording measures; the others train.

    Example
    -------
    >>> is_measured(Path("alexa/ann.wav")), is_measured(Path("alexa/bob.wav"))
    (True, False)
    """
    return hashlib.sha256(path.name.encode()).digest()[0] % 2 == 1


def divide(recordings: Path, count: int, place: Path) -> tuple[Path, Path]:
    """Copies recordings into a folder that trains and one that measures.

    Arguments
    ---------
    recordings : Path
        A folder for each keyword.
    count : int
        How many of each keyword train.
    place : Path
        Where both folders are made.

    Returns
    -------
    training, measuring : Path
    """
    training, measuring = place / f"train_{count}", place / "measure"
    for word in sorted(path for path in recordings.iterdir() if path.is_dir()):
        given = 0
        for path in sorted(word.iterdir()):
            place = measuring if is_measured(path) else training
            given += place == training
            if place == training and given > count:
                continue
            (place / word.name).mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, place / word.name / path.name)
    return training, measuring


def options_of(
    count: int, training: Path, negatives: Sequence[Path]
) -> list[str]:
    """Returns the options of a training with so many recordings.

    Example
    -------
    >>> options_of(0, Path("train_0"), [])
    []
    >>> options_of(150, Path("train_150"), [])
    ['--data_folder=train_150', '--speak=never']
    >>> options_of(0, Path("train_0"), [Path("radio.mp3")])
    ['--negatives=["shipped", "radio.mp3"]']
    """
    options = []
    if negatives:
        audio = json.dumps(["shipped", *map(str, negatives)])
        options.append(f"--negatives={audio}")
    if count:
        speak = "always" if count < FEW else "never"
        options += [f"--data_folder={training}", f"--speak={speak}"]
    return options


def train(
    words: Sequence[str], folder: Path, options: Sequence[str]
) -> dict[str, Any]:
    """Trains, or goes on; returns the results of the run, with its folder."""
    results = folder / "results.json"
    if not results.exists():
        command = [
            *(sys.executable, "train.py", "hparams/custom_keywords.yaml"),
            f"--words={', '.join(words)}",
            f"--output_folder={folder}",
            *options,
            *("--device=cpu", "--noprogressbar"),
        ]
        if subprocess.run(command, cwd=RECIPE, check=False).returncode:
            sys.exit(
                f"keywords: expected a training in {folder}, which has failed; "
                "mend what it says above, and start again"
            )
    return json.loads(results.read_text("utf-8")) | {"folder": folder}


def measure(
    run: dict[str, Any], measuring: Path, other: Sequence[Path]
) -> dict[str, Any]:
    """Counts misses and false alarms of a run's model file."""
    path = run["folder"] / "model.bifsmn"
    found = tune(path, measuring, other, 1.0, unseen=True)
    stored = [
        false_alarms(load_model(path, "auto"), audio)["by_thinning"]["1"]
        for audio in other
    ]
    return {
        "rates": found["rates"]["1"],
        "clips": found["thinnings"]["1"]["clips"],
        "hours": found["thinnings"]["1"]["hours"],
        "at_stored_threshold": stored,
        "minutes": sum(run["seconds"].values()) / 60,
        "seed": run["seed"],
        "commit": run["commit"],
    }


class Results:
    """The results file: of these words, what an earlier run has left there.

    Arguments
    ---------
    path : Path
        Where it is.
    words : sequence of str
        The keywords; results of others are dropped.

    Attributes
    ----------
    place : Path
        The folder of these words' recordings and runs.
    """

    def __init__(self, path: Path, words: Sequence[str]):
        self.path, self.place = path, OUTPUT / task_name(0, words)
        self.found: dict[str, Any] = {"words": list(words), "rows": {}}
        if path.exists():
            earlier = json.loads(path.read_text("utf-8"))
            if earlier["words"] == self.found["words"]:
                self.found |= earlier

    def write(self, **parts: Any) -> None:
        """Adds or replaces parts, and writes all."""
        self.found |= parts
        write(self.path, self.found)


def measure_runs(options: argparse.Namespace, results: Results) -> None:
    """Trains with each number of recordings, and measures."""
    negatives = [path.resolve() for path in options.negatives]
    runs = [("alone", 0, []), *((str(n), n, negatives) for n in options.counts)]
    rows = results.found["rows"]
    for name, count, audio in tqdm(runs, "training", unit="run"):
        training, measuring = divide(options.recordings, count, results.place)
        given, folder = options_of(count, training, audio), f"run_{name}"
        run = train(results.found["words"], results.place / folder, given)
        rows[name] = measure(run, measuring, options.other)
        counts = [name for name in rows if name != "alone"]
        given = ["--counts", *counts] if counts else []
        results.write(rows=rows, command=" ".join([COMMAND, *given]))


def measure_peers(options: argparse.Namespace, results: Results) -> None:
    """Measures other keyword spotters beside the network of the words alone."""
    _, measuring = divide(options.recordings, 0, results.place)
    words = results.found["words"]
    run = train(words, results.place / "run_alone", [])
    model = run["folder"] / "model.bifsmn"
    for found in compare(model, measuring, options.other, words):
        results.write(peers=found | {"command": f"{COMMAND} --only peers"})


HALVES = {"trainings": measure_runs, "peers": measure_peers}


def main() -> None:
    """Trains and measures, and writes the results after each run."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("recordings", type=Path)
    parser.add_argument("--negatives", type=Path, nargs="+", required=True)
    parser.add_argument("--other", type=Path, nargs="+", required=True)
    parser.add_argument("--counts", type=int, nargs="+", default=[0, 10, 150])
    parser.add_argument("--only", choices=HALVES)
    parser.add_argument("--out", type=Path, default=RESULTS / "keywords.json")
    options = parser.parse_args()
    options.recordings = options.recordings.resolve()
    folders = filter(Path.is_dir, options.recordings.iterdir())
    words = sorted(path.name for path in folders)
    results = Results(options.out.resolve(), words)
    for half in [options.only] if options.only else HALVES:
        HALVES[half](options, results)


if __name__ == "__main__":
    main()
