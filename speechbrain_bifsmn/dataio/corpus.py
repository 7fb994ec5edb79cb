"""A folder in Speech Commands' layout: what is there, and whether it is whole.

``<word>/*.wav`` (or flac, ogg, mp3), ``validation_list.txt``,
``testing_list.txt``, recordings in ``_background_noise_``; and, inside the
folder or beside it, the official test set of the 12-class task.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from bifsmn_engine.audio.decode import blocks, form_of
from speechbrain_bifsmn.dataio.split_lists import (
    KINDS,
    read_split_lists,
    refuse_missing,
    without_ending,
)
from speechbrain_bifsmn.dataio.words import ADDED_IN_0_02

SAMPLE_RATE = 16000
SPLITS = ("train", "valid", "test")
LISTED = {"validation": "valid", "test": "test"}  # splits that have a list
NOISE_FOLDER = "_background_noise_"
NEGATIVES_FOLDER = "_negatives_"  # of minutes of audio without keywords
TEST_SET_FOLDER = "speech_commands_test_set_v{}"
# Each split takes its silence from a separate stretch of each recording: in ten
# seconds, even the shortest stretch is a second.
MIN_NOISE = 10 * SAMPLE_RATE
MAX_CLIP_SAMPLES = 3600 * SAMPLE_RATE  # held in memory at once


class Corpus(NamedTuple):
    """What a folder holds; paths are relative, with forward slashes."""

    folder: Path
    version: str  # "0.01" or "0.02", by its words
    clips: dict[str, dict[str, list[str]]]  # {split: {word: [path, ...]}}
    noise: list[str]  # paths of the background recordings
    test_set: dict[str, list[str]]  # {folder: [path, ...]}, empty without one
    samples: dict[str, int]  # of every path
    missing: tuple[str, ...] = ()  # what the lists name and is not there


def read_corpus(
    folder: str | Path,
    splits: Collection[str] = SPLITS,
    partial: bool = False,
    test_set: str | Path = "",
    negatives: str | Path = "",
) -> Corpus:
    """Lists a corpus and checks every file of it.

    A folder ``_negatives_`` counts as a word. Of ``x.wav`` and ``x.wav.wav``,
    or ``x.flac``, the first is taken. Hidden files, other folders that start
    with ``_``, and files of other kinds are left alone.

    Arguments
    ---------
    folder : str | Path
        The unpacked data set.
    splits : collection of str
        Which clips to list and check; without "train", other splits' lists
        need not be there.
    partial : bool
        Clips that an official list names may be missing.
    test_set : str | Path
        The folder of an official test set. Empty: that of this version, where
        it is inside ``folder`` or beside it.
    negatives : str | Path
        A folder of audio without keywords, which is for training, as another
        word. Empty: none.

    Returns
    -------
    Corpus
        Every list sorted.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(
            f"data_folder: expected the unpacked Speech Commands, found no "
            f"folder at {folder}; get it with --download=True, or leave "
            "data_folder out to train on synthetic speech"
        )
    words = {
        path.name: _clips(folder, path)
        for path in sorted(p for p in folder.iterdir() if p.is_dir())
        if (path.name[0] not in "._" or path.name == NEGATIVES_FOLDER)
        and not path.name.startswith("speech_commands_")
    }
    if negatives:
        words.setdefault(NEGATIVES_FOLDER, [])
        words[NEGATIVES_FOLDER] += _clips(folder, Path(negatives))
    split_of, missing = _read_lists(folder, splits, words.values())
    if not partial:
        refuse_missing(folder, missing)
    clips: dict[str, dict[str, list[str]]] = {split: {} for split in SPLITS}
    for word, wavs in words.items():
        for wav in wavs:
            split = split_of.get(wav, "train")
            if split in splits:
                clips[split].setdefault(word, []).append(wav)
    spoken = {word for word, wavs in words.items() if wavs}
    version = "0.02" if spoken & {*ADDED_IN_0_02} else "0.01"
    noise = _clips(folder, folder / NOISE_FOLDER)
    official = _test_set(folder, version, test_set)
    wavs = [wav for split in SPLITS for w in clips[split].values() for wav in w]
    wavs += noise + [wav for w in official.values() for wav in w]
    samples = _check_audio(folder, wavs)
    lacking = tuple(sorted(chain.from_iterable(missing.values())))
    return Corpus(folder, version, clips, noise, official, samples, lacking)


def speaker_of(wav: str) -> str:
    """Returns the speaker of a clip, by the clip's name.

    Arguments
    ---------
    wav : str
        A path such as ``yes/0a7c2a8d_nohash_0.wav``. In the official test set
        the word stands in front: ``_unknown_/bed_0a7c2a8d_nohash_0.wav.wav``.

    Returns
    -------
    str
        What stands before ``_nohash_``; without that, the name of the file.

    Example
    -------
    >>> speaker_of("_unknown_/bed_0a7c2a8d_nohash_0.wav.wav")
    '0a7c2a8d'
    """
    name = wav.rpartition("/")[2].partition(".")[0].partition("_nohash_")[0]
    official = re.fullmatch(r"[a-z]+_([0-9a-f]{8})", name)
    return official[1] if official else name


def _read_lists(folder, splits, words):
    """Returns the split of each listed clip, and what is listed in vain."""
    # What no list names is for training, which takes all lists to know.
    needed = [
        listed
        for listed, split in LISTED.items()
        if split in splits or "train" in splits
    ]
    clips = list(chain.from_iterable(words))
    split_of, missing = read_split_lists(folder, clips, needed)
    return {wav: LISTED[split] for wav, split in split_of.items()}, missing


def _clips(root, folder):
    """Returns the paths of a folder's clips."""
    clips: dict[str, str] = {}
    if not folder.is_dir():
        return []
    # (".." of a link to a folder is beside what it links to.)
    start = Path(os.path.relpath(folder.resolve(), root.resolve())).as_posix()
    for entry in sorted(os.listdir(folder)):
        if entry.lower().endswith(KINDS) and not entry.startswith("."):
            clips.setdefault(without_ending(entry), f"{start}/{entry}")
    return list(clips.values())


def _test_set(folder, version, given):
    """Returns the clips of the official test set, if it is there."""
    if given and not (Path(given) / "_unknown_").is_dir():
        raise FileNotFoundError(
            "test_set: expected the unpacked official test set, found no "
            f"folder {Path(given) / '_unknown_'}; name the one that holds it"
        )
    name = TEST_SET_FOLDER.format(version)
    places = (folder / name, folder.resolve().parent / name)
    for place in [Path(given)] if given else places:
        if place.is_dir():
            folders = sorted(p for p in place.iterdir() if p.is_dir())
            clips = {p.name: _clips(folder, p) for p in folders}
            return {name: wavs for name, wavs in clips.items() if wavs}
    return {}


def _check_audio(folder, wavs):
    """Returns samples by file; raises one error that names all damage."""
    samples, damage = {}, []
    for wav in tqdm(wavs, "Checking audio", unit="clip", leave=False):
        minimum = MIN_NOISE if wav.startswith(f"{NOISE_FOLDER}/") else 1
        try:
            samples[wav] = _count_samples(f"{folder}/{wav}")
        except ValueError as error:
            damage.append(str(error))
            continue
        if not minimum <= samples[wav] <= MAX_CLIP_SAMPLES:
            damage.append(
                f"{folder}/{wav}: expected {minimum} to {MAX_CLIP_SAMPLES} "
                f"samples, found {samples[wav]}"
            )
    if damage:
        raise ValueError(
            f"data_folder: expected whole 16 kHz mono recordings, found "
            f"{len(damage)} damaged in {folder}; unpack the archive again or "
            "remove them:\n  " + "\n  ".join(damage)
        )
    return samples


def _count_samples(path):
    form = form_of(path)
    _check_form(path, form.rate, form.channels)
    if form.samples is not None:
        return form.samples
    samples = 0
    for rate, block in blocks(path):
        _check_form(path, rate, block.shape[1])
        samples += len(block)
    return samples


def _check_form(path, rate, channels):
    if (rate, channels) != (SAMPLE_RATE, 1):
        raise ValueError(
            f"{path}: expected {SAMPLE_RATE} Hz mono, found {rate} Hz and "
            f"{channels} channel(s); convert it"
        )
