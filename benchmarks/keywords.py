"""Keywords trained from typed text and from recordings, measured on people.

    python -m benchmarks.keywords RECORDINGS --negatives TRAIN --other MEASURE

RECORDINGS has a folder of recordings for each keyword. By a hash of its name, a
recording is for training or for measuring. For each number of recordings (0:
typed text alone) a network is trained with the defaults, beside the audio of
TRAIN, and its misses are counted at rates of false alarms in that of MEASURE.
Runs that are done are not repeated; results are written after each run.
"""

import argparse
import hashlib
import json
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from benchmarks import RESULTS
from benchmarks.compare import RECIPE
from bifsmn_engine.loading import load_model
from speechbrain_bifsmn.evaluation.false_alarms import false_alarms
from speechbrain_bifsmn.operating_points.tune import tune

OUTPUT = RECIPE / "results" / "keywords"
FEW = 50  # recordings; with fewer, synthetic voices speak beside them


def is_measured(path: Path) -> bool:
    """Whether a recording measures; the others train.

    Example
    -------
    >>> is_measured(Path("alexa/ann.wav")), is_measured(Path("alexa/bob.wav"))
    (False, True)
    """
    return hashlib.sha256(path.name.encode()).digest()[0] % 2 == 1


def divide(recordings: Path, count: int) -> tuple[Path, Path]:
    """Copies recordings into a folder that trains and one that measures.

    Arguments
    ---------
    recordings : Path
        A folder for each keyword.
    count : int
        How many of each keyword train.

    Returns
    -------
    training, measuring : Path
    """
    training, measuring = OUTPUT / f"train_{count}", OUTPUT / "measure"
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


def options_of(count: int, training: Path) -> list[str]:
    """Returns the options of a training with so many recordings.

    Example
    -------
    >>> options_of(0, Path("train_0")), options_of(150, Path("train_150"))
    ([], ['--data_folder=train_150', '--speak=never'])
    """
    if count == 0:
        return []
    speak = "always" if count < FEW else "never"
    return [f"--data_folder={training}", f"--speak={speak}"]


def train(
    words: Sequence[str], count: int, training: Path, negatives: Sequence[Path]
) -> dict[str, Any]:
    """Trains, or goes on; returns the results of the run, with its folder."""
    folder = OUTPUT / f"run_{count}"
    results = folder / "results.json"
    if not results.exists():
        audio = ", ".join(json.dumps(str(path)) for path in negatives)
        command = [
            *(sys.executable, "train.py", "hparams/custom_keywords.yaml"),
            f"--words={', '.join(words)}",
            f"--negatives=[{audio}]",
            f"--output_folder={folder}",
            *options_of(count, training),
            *("--device=cpu", "--noprogressbar"),
        ]
        subprocess.run(command, cwd=RECIPE, check=True)
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
    shared = found["shared"]
    return {
        "rates": shared["rates"]["1"],
        "clips": shared["thinnings"]["1"]["clips"],
        "hours": shared["thinnings"]["1"]["hours"],
        "at_stored_threshold": stored,
        "minutes": sum(run["seconds"].values()) / 60,
        "seed": run["seed"],
        "commit": run["commit"],
    }


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
    options = parser.parse_args()
    recordings = options.recordings.resolve()
    words = sorted(path.name for path in recordings.iterdir() if path.is_dir())
    found = {
        "words": words,
        "command": shlex.join(["python", "-m", "benchmarks.keywords"])
        + " RECORDINGS --negatives TRAIN --other MEASURE --counts "
        + " ".join(map(str, options.counts)),
        "rows": {},
    }
    for count in tqdm(options.counts, "training", unit="run"):
        training, measuring = divide(recordings, count)
        negatives = [path.resolve() for path in options.negatives]
        run = train(words, count, training, negatives)
        found["rows"][count] = measure(run, measuring, options.other)
        text = json.dumps(found, indent=2) + "\n"
        (RESULTS / "keywords.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
