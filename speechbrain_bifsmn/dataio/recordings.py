"""A user's recordings: found, shared among the splits, converted to clips."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import unicodedata
import wave
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from bifsmn_engine.audio.files import audio_chunks, read_audio
from bifsmn_engine.audio.source import Fault, open_regular, read_at
from bifsmn_engine.audio.wav import PCM, is_wav, read_layout
from bifsmn_engine.files.checksum import sha256_of
from speechbrain_bifsmn.dataio.corpus import (
    MAX_CLIP_SAMPLES,
    MIN_NOISE,
    NEGATIVES_FOLDER,
    NOISE_FOLDER,
)
from speechbrain_bifsmn.dataio.espeak import SAMPLE_RATE
from speechbrain_bifsmn.dataio.split_lists import (
    KINDS,
    has_lists,
    read_split_lists,
    refuse_missing,
)
from speechbrain_bifsmn.dataio.synthetic import write_wav
from speechbrain_bifsmn.dataio.words import canonical_name

_UNREADABLE = (FileNotFoundError, PermissionError, IsADirectoryError)
HELD_OUT = 0.15  # of the speakers, for validation, and as many for test


class Recording(NamedTuple):
    """A file, and where it belongs in a corpus."""

    split: str  # "train", "validation" or "test"
    word: str  # its folder in the corpus
    speaker: str
    take: int
    path: Path


def find_recordings(
    folder: str | Path, words: Iterable[str]
) -> list[Recording]:
    """Lists recordings; hidden files and those of other kinds are left alone.

    The files ``validation_list.txt`` and ``testing_list.txt`` decide the splits
    (``read_split_lists``; what they name must be there, and either comes with
    the other). Without them, a hash of the speaker's name does: about 15 % of
    speakers each are for validation and test, whoever else is there. The name
    is what stands before ``_nohash_`` in a file's name, else all of it.

    Arguments
    ---------
    folder : str | Path
        Holds ``<word>/*.wav`` (or flac, ogg, mp3) and maybe
        ``_background_noise_`` and ``_negatives_``.
    words : sequence of str
        What folders of the same name, but for ``_``, ``-`` and case, stand for.
        Other folders keep their names.

    Returns
    -------
    list of Recording
        In the order of folders and files.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(
            "recordings: expected a folder with a folder for each word, found "
            f"none at {folder}; leave recordings empty if you have none"
        )
    paths, found = _clips(folder), []
    listed = _listed(folder, paths)
    names = {canonical_name(word): word for word in words}
    for name, path in paths.items():
        word = path.parent.name
        stem, _, take = path.stem.partition("_nohash_")
        speaker = _printable(stem)
        split = "train"
        if word != NOISE_FOLDER:
            word = names.setdefault(canonical_name(word), word)
            if listed is None:
                split = _split(speaker)
            else:
                split = listed.get(name, split)
        number = int(take) if take.isdecimal() else 0
        found.append(Recording(split, word, speaker, number, path))
    return found


def _clips(folder):
    """Returns {word/file: path} of recordings and background noises."""
    return {
        f"{place.name}/{path.name}": path
        for place in sorted(path for path in folder.iterdir() if path.is_dir())
        if place.name[0] not in "._"
        or place.name in (NOISE_FOLDER, NEGATIVES_FOLDER)
        for path in sorted(place.iterdir())
        if path.name[0] != "." and path.suffix.lower() in KINDS
    }


def _listed(folder, clips):
    """Returns the split of each listed clip; None without lists."""
    if not has_lists(folder):
        return None
    split_of, missing = read_split_lists(folder, clips)
    refuse_missing(folder, missing)
    return split_of


def _printable(stem):
    """A speaker's name without what would end it: dots, and line breaks."""
    stem = unicodedata.normalize("NFC", stem)
    return "".join(c if c.isprintable() and c != "." else "-" for c in stem)


def _split(speaker):
    digest = hashlib.sha256(speaker.encode()).digest()
    place = int.from_bytes(digest[:4], "big") / 2**32
    if place < 2 * HELD_OUT:
        return "validation" if place < HELD_OUT else "test"
    return "train"


def fingerprint(folder: str | Path, recordings: Iterable[Recording]) -> str:
    """Returns a checksum of the names, splits and contents of recordings.

    Arguments
    ---------
    folder : str | Path
        Where they are.
    recordings : iterable of Recording
        Recordings in that folder.

    Returns
    -------
    str
        SHA-256, in hexadecimal digits.
    """
    rows = []
    for clip in recordings:
        name = clip.path.relative_to(folder).as_posix()
        rows.append((name, clip.split, _content(clip.path)))
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def _content(path):
    """Returns a file's checksum; None where converting it will fail."""
    try:
        return sha256_of(path) if path.is_file() else None
    except OSError:
        return None


def convert_recordings(
    recordings: Sequence[Recording], targets: Sequence[Path]
) -> None:
    """Writes 16 kHz mono wav files of 16 bits.

    Clips are cut to their loudest second; background noises of less than ten
    seconds are repeated up to that. What needs none of it is copied.

    Arguments
    ---------
    recordings : sequence of Recording
        What to convert: clips of up to ten minutes, noises of up to an hour.
    targets : sequence of Path
        Files to write, one for each; their folders are made.
    """
    damage = []
    jobs = list(zip(recordings, targets, strict=True))
    bar = tqdm(jobs, "converting", unit="clip", disable=not jobs)
    for clip, target in bar:
        target.parent.mkdir(parents=True, exist_ok=True)
        convert = _convert_noise if clip.word == NOISE_FOLDER else _convert_clip
        try:
            convert(clip.path, target)
        except (ValueError, *_UNREADABLE) as error:
            damage.append(str(error))
    if damage:
        raise ValueError(
            f"recordings: expected readable audio, found {len(damage)} "
            "damaged; replace or remove them:\n  " + "\n  ".join(damage)
        )


def _convert_clip(source, target):
    if _is_usual(source, 1, SAMPLE_RATE):
        shutil.copyfile(source, target)
    else:
        wav = read_audio(source, SAMPLE_RATE)
        write_wav(target, _loudest(wav, SAMPLE_RATE))


def _convert_noise(source, target):
    if _is_usual(source, MIN_NOISE, MAX_CLIP_SAMPLES):
        shutil.copyfile(source, target)
        return
    samples, beginning = 0, np.zeros(0, np.float32)
    with wave.open(os.fspath(target), "wb") as file:
        file.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))
        for chunk in audio_chunks(source, SAMPLE_RATE):
            samples += len(chunk)
            if samples > MAX_CLIP_SAMPLES:
                raise ValueError(
                    f"{source}: expected background noise of up to an hour, "
                    "found more; cut it"
                )
            file.writeframes(_codes(chunk))
            if samples < MIN_NOISE:
                beginning = np.append(beginning, chunk)
        if samples < MIN_NOISE:
            more = np.resize(beginning, MIN_NOISE)[samples:]
            file.writeframes(_codes(more))


def _codes(wav):
    """The bytes of samples from -1 to 1, in 16 bits each."""
    return np.round(wav * 32767).clip(-32768, 32767).astype("<i2").tobytes()


def _is_usual(path, min_samples, max_samples):
    """Whether a file has the form of those in a corpus, and its header."""
    with open_regular(path) as file:
        if not is_wav(read_at(file, 0, 12)):
            return False
        try:
            wav = read_layout(file)
        except Fault:
            return False
    form = wav.coding, wav.sample_bytes, wav.rate, wav.channels
    return (
        form == (PCM, 2, SAMPLE_RATE, 1)
        and wav.declared
        and min_samples <= wav.samples <= max_samples
    )


def _loudest(wav, samples):
    """Cuts a waveform to its loudest stretch.

    Of stretches as loud within 1 %, the middle one: a word is not at an edge.
    """
    if len(wav) <= samples:
        return wav
    sums = np.cumsum(np.square(np.append(0, wav), dtype=float))
    energy = sums[samples:] - sums[:-samples]
    loud = np.flatnonzero(energy >= 0.99 * energy.max())
    start = loud[len(loud) // 2]
    return wav[start : start + samples]
