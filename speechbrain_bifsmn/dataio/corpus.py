"""A folder in Speech Commands' layout: what is there, and whether it is whole.

``<word>/*.wav``, ``validation_list.txt``, ``testing_list.txt``, recordings in
``_background_noise_``; and, inside the folder or beside it, the official test
set of the 12-class task.
"""

import os
import re
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from speechbrain_bifsmn.audiofile.decode import blocks, form_of
from speechbrain_bifsmn.dataio.words import ADDED_IN_0_02

SAMPLE_RATE = 16000
SPLITS = ("train", "valid", "test")
LISTS = {"valid": "validation_list.txt", "test": "testing_list.txt"}
NOISE_FOLDER = "_background_noise_"
TEST_SET_FOLDER = "speech_commands_test_set_v{}"
# Each split takes its silence from a stretch of its own of each recording: in
# ten seconds, even the shortest stretch is a second.
LEAST_NOISE = 10 * SAMPLE_RATE
LONGEST = 3600 * SAMPLE_RATE  # what is held in memory at once: an hour of noise


class Corpus(NamedTuple):
    """What a folder holds; paths are relative, with forward slashes."""

    folder: Path
    version: str  # "0.01" or "0.02", by its words
    clips: dict  # {split: {word: [path, ...]}}
    noise: list  # paths of the background recordings
    test_set: dict  # {folder name: [path, ...]}, empty without one
    samples: dict  # of every path
    missing: tuple = ()  # what the lists name and is not there


def read_corpus(folder, splits=SPLITS, partial=False):
    """Lists a corpus and checks every file of it.

    Of ``x.wav`` and ``x.wav.wav``, the second is left out; alone, it stands for
    the first. Hidden files, other folders that start with ``_``, and files of
    other kinds are left alone.

    Arguments
    ---------
    folder : str | Path
        The unpacked data set.
    splits : sequence of str
        Which clips to list and check; without "train", other splits' lists
        need not be there.
    partial : bool
        Clips that an official list names may be missing.

    Returns
    -------
    Corpus
        Every list sorted.
    """
    folder = Path(folder)
    split_of = _read_lists(folder, splits)
    clips, found = {split: {} for split in SPLITS}, set()
    for path in sorted(p for p in folder.iterdir() if p.is_dir()):
        if path.name[0] in "._" or path.name.startswith("speech_commands_"):
            continue
        for name, wav in _wavs(folder, path).items():
            found.add(name)
            split = split_of.get(name, "train")
            clips[split].setdefault(path.name, []).append(wav)
    words = {word for split in SPLITS for word in clips[split]}
    clips |= {split: {} for split in SPLITS if split not in splits}
    version = "0.02" if words & {*ADDED_IN_0_02} else "0.01"
    noise = list(_wavs(folder, folder / NOISE_FOLDER).values())
    test_set = _test_set(folder, version)
    wavs = [wav for split in SPLITS for w in clips[split].values() for wav in w]
    wavs += noise + [wav for w in test_set.values() for wav in w]
    missing = tuple(sorted(set(split_of) - found))
    damage = [f"{name}: in an official list, not there" for name in missing]
    samples = _check_audio(folder, wavs, [] if partial else damage)
    return Corpus(folder, version, clips, noise, test_set, samples, missing)


def speaker_of(wav):
    """Returns who speaks in a clip, by its name.

    Arguments
    ---------
    wav : str
        A path such as ``yes/0a7c2a8d_nohash_0.wav``. In the official test set
        the word stands in front: ``_unknown_/bed_0a7c2a8d_nohash_0.wav.wav``.

    Returns
    -------
    str
        The name before ``_nohash_``; without that, the file's own.

    Example
    -------
    >>> speaker_of("_unknown_/bed_0a7c2a8d_nohash_0.wav.wav")
    '0a7c2a8d'
    """
    name = wav.rpartition("/")[2].partition(".")[0].partition("_nohash_")[0]
    official = re.fullmatch(r"[a-z]+_([0-9a-f]{8})", name)
    return official[1] if official else name


def _read_lists(folder, splits):
    """Returns the split of each clip that the official lists name."""
    if not folder.is_dir():
        raise FileNotFoundError(
            f"data_folder: expected the unpacked Speech Commands, found no "
            f"folder at {folder}; get it with --download=True, or leave "
            "data_folder out to train on synthetic speech"
        )
    split_of = {}
    for split, name in LISTS.items():
        # What no list names is for training, which takes all lists to know.
        if split not in splits and "train" not in splits:
            continue
        if not (folder / name).is_file():
            raise FileNotFoundError(
                f"data_folder: expected the official list {name} in {folder}, "
                "found none; unpack the whole archive there"
            )
        for line in _lines(folder / name):
            wav = line.strip().removeprefix("./")
            if wav and split_of.setdefault(wav, split) != split:
                raise ValueError(
                    f"data_folder: expected each clip in one official list, "
                    f"found {wav} in both of {folder}; unpack them again"
                )
    return split_of


def _lines(path):
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        raise ValueError(
            f"data_folder: expected UTF-8 in {path}, found something else; "
            "unpack it again"
        ) from None


def _wavs(root, folder):
    """Returns ``{path as the lists have it: path}`` of a folder's clips."""
    wavs = {}
    if not folder.is_dir():
        return wavs
    start = Path(os.path.relpath(folder, root)).as_posix()
    for entry in sorted(os.listdir(folder)):
        if entry.endswith(".wav") and not entry.startswith("."):
            name = entry.removesuffix(".wav").removesuffix(".wav") + ".wav"
            wavs.setdefault(f"{start}/{name}", f"{start}/{entry}")
    return wavs


def _test_set(folder, version):
    """Returns the clips of the official test set, if it is there."""
    name = TEST_SET_FOLDER.format(version)
    for place in (folder / name, folder.resolve().parent / name):
        if place.is_dir():
            folders = sorted(p for p in place.iterdir() if p.is_dir())
            clips = {p.name: list(_wavs(folder, p).values()) for p in folders}
            return {name: wavs for name, wavs in clips.items() if wavs}
    return {}


def _check_audio(folder, wavs, damage):
    """Returns samples by file; raises one error that names all damage."""
    samples = {}
    for wav in tqdm(wavs, "Checking audio", unit="clip", leave=False):
        least = LEAST_NOISE if wav.startswith(f"{NOISE_FOLDER}/") else 1
        try:
            samples[wav] = _count_samples(f"{folder}/{wav}")
        except ValueError as error:
            damage.append(str(error))
            continue
        if not least <= samples[wav] <= LONGEST:
            damage.append(
                f"{folder}/{wav}: expected {least} to {LONGEST} samples, found "
                f"{samples[wav]}"
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
