"""Audio without keywords, of any length, as a part of a corpus.

A corpus has it in files of a minute, each of which is in one split. Every
second of them is a clip of an unknown word.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from bifsmn_engine.audio.files import audio_chunks
from bifsmn_engine.files.checksum import sha256_of
from speechbrain_bifsmn.dataio.corpus import NEGATIVES_FOLDER, SAMPLE_RATE
from speechbrain_bifsmn.dataio.split_lists import KINDS
from speechbrain_bifsmn.dataio.synthetic import write_wav
from speechbrain_bifsmn.dataio.words import canonical_name
from speechbrain_bifsmn.files.owned import owned_folder
from speechbrain_bifsmn.people import FOLDER as PEOPLE

AUDIO = (*KINDS, ".opus")
MINUTE_S = 60
# Of the minutes in turn: neighbours are alike, so the most are for training.
_TURNS = (*["train"] * 5, "validation", "test")


def find_audio(folder: str | Path, without: Sequence[str] = ()) -> list[Path]:
    """Lists the audio files of a folder and of those in it, sorted.

    Arguments
    ---------
    folder : str | Path
        Hidden files, and those of other kinds, are ignored.
    without : sequence of str
        Keywords: folders that are named after one are left out.

    Returns
    -------
    list of Path
    """
    if not str(folder):
        raise FileNotFoundError(
            "expected a folder of audio without keywords, found an empty "
            "name; name one"
        )
    names, found = {canonical_name(word) for word in without}, list[Path]()
    for root, folders, files in os.walk(folder):
        folders[:] = [f for f in folders if canonical_name(f) not in names]
        found += (
            Path(root, file)
            for file in files
            if file.lower().endswith(AUDIO) and file[0] != "."
        )
    if not found:
        raise FileNotFoundError(
            f"expected audio without keywords ({', '.join(AUDIO)}) in "
            f"{folder}, found none; name a folder of recordings"
        )
    return sorted(found)


def find_negatives(
    paths: str | Path | Sequence[str | Path], keywords: Sequence[str]
) -> list[Path]:
    """Lists the files of audio without keywords.

    Arguments
    ---------
    paths : str | Path | sequence of str | Path
        Files and folders, as for ``find_audio``; "shipped" for the words of
        people that come with the package.
    keywords : sequence of str
        Folders that are named after one are left out.

    Returns
    -------
    list of Path
    """
    found: list[Path] = []
    for path in [paths] if isinstance(paths, str | Path) else paths:
        place = PEOPLE if path == "shipped" else Path(path)
        found += find_audio(place, keywords) if place.is_dir() else [place]
    for path in found:
        if not path.is_file():
            raise FileNotFoundError(
                "negatives: expected files and folders of audio without "
                f"keywords, found none at {path}; check the path"
            )
    return found


def describe_negatives(paths: Sequence[Path]) -> list[list[str]]:
    """Returns name and SHA-256 of each file."""
    return [[path.name, sha256_of(path)] for path in paths]


def write_negatives(
    corpus: Path, paths: Sequence[Path]
) -> dict[str, list[str]]:
    """Writes audio as 16 kHz wav files of a minute.

    Arguments
    ---------
    corpus : Path
        The folder of the corpus.
    paths : sequence of Path
        Files of any length and rate.

    Returns
    -------
    dict
        {split: names of the files in the corpus}. Of seven minutes, five are
        for training, the sixth for validation, the seventh for test.
    """
    names: dict[str, list[str]] = {split: [] for split in _TURNS}
    written = 0
    files = tqdm(paths, "negatives", unit="file", disable=not paths)
    for number, path in enumerate(files):
        for minute, audio in enumerate(_minutes(path)):
            split = _TURNS[written % len(_TURNS)]
            name = f"{NEGATIVES_FOLDER}/{number}-{minute}_nohash_0.wav"
            write_wav(corpus / name, audio)
            names[split].append(name)
            written += 1
    return names


def make_negatives(folder: Path, paths: Sequence[Path], owner: str) -> Path:
    """Makes a folder of minutes of audio, for ``read_corpus``.

    Arguments
    ---------
    folder : Path
        Made anew, or not there yet.
    paths : sequence of Path
        Files of any length and rate.
    owner : str
        Who makes the folder, as for ``owned_folder``.

    Returns
    -------
    Path
        Where its files are.
    """
    with owned_folder(folder, owner) as place:
        write_negatives(place, paths)
    return folder / NEGATIVES_FOLDER


def _minutes(path: Path) -> Iterator[np.ndarray]:
    """Yields the minutes of a file, of which the last may be a part."""
    seconds: list[np.ndarray] = []
    for chunk in audio_chunks(path, SAMPLE_RATE):
        seconds.append(chunk)
        if len(seconds) == MINUTE_S:
            yield np.concatenate(seconds)
            seconds = []
    if seconds:
        yield np.concatenate(seconds)
