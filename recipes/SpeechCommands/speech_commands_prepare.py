#!/usr/bin/env python3
r"""Google Speech Commands, downloaded, checked, and listed for SpeechBrain.

    python speech_commands_prepare.py --data_folder=DATA --save_folder=OUT
    python speech_commands_prepare.py --data_folder=DATA --save_folder=OUT \
        --version=0.02 --classes=35 --download

writes ``OUT/manifest/{train,valid,test,noise}.csv`` and prints their counts. A
second run, another machine, another order of files give the same manifests.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import speechbrain_bifsmn  # noqa: F401  first: it repairs torchaudio

# isort: split
from bifsmn_engine.printable import printable
from speechbrain_bifsmn.dataio.corpus import SPLITS, read_corpus
from speechbrain_bifsmn.dataio.manifests import summary, write_manifest
from speechbrain_bifsmn.dataio.tasks import (
    PROTOCOLS,
    Task,
    noise_rows,
    task_rows,
    uses_official_test_set,
)
from speechbrain_bifsmn.dataio.words import CLASSES, task_labels
from speechbrain_bifsmn.files.archive import unpack
from speechbrain_bifsmn.files.atomic import clear_leftovers
from speechbrain_bifsmn.files.download import Archive, download
from speechbrain_bifsmn.files.owned import owned_folder

URL = "https://storage.googleapis.com/download.tensorflow.org/data/"
# The data set and the official test set of the 12-class task.
ARCHIVES = {
    "0.01": (
        Archive(
            URL + "speech_commands_v0.01.tar.gz",
            "743935421bb51cccdb6bdd152e04c5c70274e935c82119ad7faeec31780d811d",
            bytes=1_489_096_277,
            unpacked_bytes=2_300_000_000,
        ),
        Archive(
            URL + "speech_commands_test_set_v0.01.tar.gz",
            "baa084f6b62c91de660ff0588ae4dfc4e4d534aa99ac0e5f406cba75836cbd00",
            bytes=71_271_436,
            unpacked_bytes=110_000_000,
        ),
    ),
    "0.02": (
        Archive(
            URL + "speech_commands_v0.02.tar.gz",
            "af14739ee7dc311471de98f5f9d2c9191b18aedfe957f4a6ff791c709868ff58",
            bytes=2_428_923_189,
            unpacked_bytes=3_800_000_000,
        ),
        Archive(
            URL + "speech_commands_test_set_v0.02.tar.gz",
            "cc2a00c1147c2254e9be3fa0f779d8c17421dc349b86366567a8edfa9acd51df",
            bytes=112_563_277,
            unpacked_bytes=180_000_000,
        ),
    ),
}


def download_speech_commands(
    data_folder: str | Path,
    version: str | float,
    archives: Mapping[str, Sequence[Archive]] = ARCHIVES,
) -> None:
    """Downloads and unpacks the data set, or what is missing of it.

    The archives, and the folder of the official test set, are put beside
    ``data_folder``; the archives may be deleted afterwards.

    Arguments
    ---------
    data_folder : str | Path
        Where the data set is, or is to be.
    version : str | float
        "0.01" or "0.02", of which YAML may have made a number.
    archives : dict
        The archives of the data set and of the test set, by version.
    """
    data = Path(data_folder).resolve()
    for archive in archives[_known(version)]:
        name = archive.url.rpartition("/")[2]
        is_test_set = "_test_set_" in name
        folder = data.parent / name.removesuffix(".tar.gz")
        folder = folder if is_test_set else data
        clear_leftovers(folder)
        if not (folder.is_dir() and any(folder.iterdir())):
            path = download(archive, data.parent / name)
            unpack(path, folder, archive.unpacked_bytes)


def prepare_speech_commands(
    data_folder: str | Path,
    save_folder: str | Path,
    task: Task,
    version: str | float = "any",
    manifest_format: str = "csv",
    test_set: str | Path = "",
    negatives: str | Path = "",
) -> str:
    """Writes the manifests of one task.

    Arguments
    ---------
    data_folder : str | Path
        The unpacked data set.
    save_folder : str | Path
        Where the folder ``manifest`` is made.
    task : Task
        Labels, and the protocol by which clips are drawn.
    version : str | float
        "0.01" or "0.02": the version that the folder must hold; "any" allows
        either.
    manifest_format : str
        "csv" or "json".
    test_set : str | Path
        The folder of the official test set of 12 classes, where it is not
        beside ``data_folder``.
    negatives : str | Path
        A folder of audio without keywords, each second of which is a training
        clip of an unknown word.

    Returns
    -------
    str
        The numbers of clips, as a table.
    """
    corpus = read_corpus(data_folder, test_set=test_set, negatives=negatives)
    if version != "any" and _known(version) != corpus.version:
        raise ValueError(
            f"version: expected {version}, found the words of {corpus.version} "
            f"in {data_folder}; give --version={corpus.version} or another "
            "folder"
        )
    rows = task_rows(corpus, task)
    with owned_folder(Path(save_folder) / "manifest", "prepare") as folder:
        for name, listed in {**rows, "noise": noise_rows(corpus)}.items():
            write_manifest(folder / f"{name}.{manifest_format}", listed)
    return f"{_title(corpus, task)}\n{summary(rows, task.labels)}"


def _title(corpus, task):
    title = "Custom keywords"
    if task.labels in map(task_labels, CLASSES):
        title = f"Speech Commands {corpus.version}, {task.protocol} protocol"
    spoken = {word for split in SPLITS for word in corpus.clips[split]}
    if task.labels == task_labels(35) and not spoken >= set(task.labels):
        title += f", {len(spoken & set(task.labels))} of 35 words"
    official = uses_official_test_set(corpus, task)
    test = "the official test set" if official else "the testing list"
    return f"{title}, test clips from {test}"


def _known(version):
    """Returns a version as text, of which YAML may have made a number."""
    if str(version) not in ARCHIVES:
        raise ValueError(
            f"version: expected one of {', '.join(ARCHIVES)}, got {version}; "
            "say which with --version"
        )
    return str(version)


def main() -> None:
    """Prepares a folder from the command line and prints the counts."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--data_folder", required=True, help="the unpacked data set")
    add("--save_folder", required=True, help="where manifest/ is made")
    add("--version", default="any", help="what DATA must hold: 0.01 or 0.02")
    add("--classes", type=int, default=12, choices=CLASSES)
    add("--protocol", choices=PROTOCOLS, default=PROTOCOLS[0])
    add("--test_set", default="", help="folder of the official test set")
    add("--manifest_format", choices=("csv", "json"), default="csv")
    add("--download", action="store_true", help="get what is not there")
    options = vars(parser.parse_args())
    labels = task_labels(options.pop("classes"))
    task = Task(labels, options.pop("protocol"))
    try:
        if options.pop("download"):
            download_speech_commands(options["data_folder"], options["version"])
        print(prepare_speech_commands(task=task, **options))
    except (OSError, ValueError) as error:
        parser.exit(2, f"{printable(error)}\n")


if __name__ == "__main__":
    main()
