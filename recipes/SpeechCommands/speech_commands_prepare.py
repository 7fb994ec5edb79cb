#!/usr/bin/env python3
"""Google Speech Commands, checked, and listed for SpeechBrain.

    python speech_commands_prepare.py --data_folder=DATA --save_folder=OUT
    python speech_commands_prepare.py --data_folder=DATA --save_folder=OUT \
        --version=0.02 --classes=35

writes ``OUT/manifest/{train,valid,test,noise}.csv`` and prints their counts. A
second run, another machine, another order of files give the same manifests.
"""

import argparse
from pathlib import Path

import speechbrain_bifsmn  # noqa: F401  first: it repairs torchaudio

# isort: split
from speechbrain_bifsmn.dataio.corpus import SPLITS, read_corpus
from speechbrain_bifsmn.dataio.manifests import summary, write_manifest
from speechbrain_bifsmn.dataio.tasks import (
    PROTOCOLS,
    Task,
    noise_rows,
    task_labels,
    task_rows,
    uses_official_test_set,
)

VERSIONS = ("0.01", "0.02")


def prepare_speech_commands(
    data_folder,
    save_folder,
    task,
    version="any",
    manifest_format="csv",
):
    """Writes the manifests of one task.

    Arguments
    ---------
    data_folder : str
        The unpacked data set.
    save_folder : str
        Where the folder ``manifest`` is made.
    task : Task
        What to tell apart.
    version : str
        "0.01" or "0.02": what the folder must hold; "any" takes either.
    manifest_format : str
        "csv" or "json".

    Returns
    -------
    str
        What was chosen, as a table.
    """
    corpus = read_corpus(data_folder)
    if version != "any" and _known(version) != corpus.version:
        raise ValueError(
            f"version: expected {version}, found the words of {corpus.version} "
            f"in {data_folder}; give --version={corpus.version} or another "
            "folder"
        )
    rows = task_rows(corpus, task)
    folder = Path(save_folder) / "manifest"
    for name, listed in {**rows, "noise": noise_rows(corpus)}.items():
        write_manifest(folder / f"{name}.{manifest_format}", listed)
    return f"{_title(corpus, task)}\n{summary(rows, task.labels)}"


def _title(corpus, task):
    official = uses_official_test_set(corpus, task)
    test = "the official test set" if official else "the testing list"
    used = {word for split in SPLITS for word in corpus.clips[split]}
    populated = [w for w in task.labels if w in used]
    title = f"Speech Commands {corpus.version}, {task.protocol} protocol, "
    if len(task.labels) == 35 and len(populated) < 35:
        title += f"{len(populated)} of 35 words, "
    return title + f"test clips from {test}"


def _known(version):
    """Returns a version as text: YAML may have made it a number."""
    if str(version) not in VERSIONS:
        raise ValueError(
            f"version: expected one of {', '.join(VERSIONS)}, got {version}"
        )
    return str(version)


def main():
    """Prepares a folder from the command line and prints the counts."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--data_folder", required=True, help="the unpacked data set")
    add("--save_folder", required=True, help="where manifest/ is made")
    add("--version", default="any", help="what DATA must hold: 0.01 or 0.02")
    add("--classes", type=int, default=12, choices=(12, 20, 35))
    add("--protocol", choices=PROTOCOLS, default=PROTOCOLS[0])
    add("--manifest_format", choices=("csv", "json"), default="csv")
    options = vars(parser.parse_args())
    labels = task_labels(options.pop("classes"))
    task = Task(labels, options.pop("protocol"))
    try:
        print(prepare_speech_commands(task=task, **options))
    except (OSError, ValueError) as error:
        parser.exit(2, f"{error}\n")


if __name__ == "__main__":
    main()
