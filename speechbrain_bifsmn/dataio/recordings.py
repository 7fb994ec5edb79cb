"""A user's recordings: found, shared among the splits, converted to clips."""

import hashlib
import json
import math
import os
import shutil
import unicodedata
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile
from scipy.signal import resample_poly
from tqdm import tqdm

from speechbrain_bifsmn.dataio.corpus import LEAST_NOISE, NOISE_FOLDER
from speechbrain_bifsmn.dataio.espeak import SAMPLE_RATE
from speechbrain_bifsmn.dataio.synthetic import LISTS, write_wav
from speechbrain_bifsmn.dataio.words import folded

KINDS = (".wav", ".flac", ".ogg", ".mp3")
USUAL = ("WAV", "PCM_16", SAMPLE_RATE, 1)  # what needs no conversion
HELD_OUT = 0.15  # of the speakers, for validation, and as many for test


class Recording(NamedTuple):
    """A file, and where it belongs in a corpus."""

    split: str  # "train", "validation" or "test"
    word: str  # its folder in the corpus
    speaker: str
    take: int
    path: Path


def find_recordings(folder, words):
    """Lists recordings; hidden files and those of other kinds are left alone.

    The files ``validation_list.txt`` and ``testing_list.txt`` decide the splits
    if both are there. Else a hash of the speaker's name does: about 15 % of
    speakers each are for validation and test, whoever else is there. The name
    is what stands before ``_nohash_`` in a file's name, else all of it.

    Arguments
    ---------
    folder : str | Path
        Holds ``<word>/*.wav`` (or flac, ogg, mp3) and maybe
        ``_background_noise_``.
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
    listed, found = _read_lists(folder), []
    names = {folded(word): word for word in words}
    for place in sorted(path for path in folder.iterdir() if path.is_dir()):
        is_noise = place.name == NOISE_FOLDER
        if place.name[0] in "._" and not is_noise:
            continue
        word = place.name
        if not is_noise:
            word = names.setdefault(folded(word), word)
        for path in sorted(place.iterdir()):
            if path.name[0] == "." or path.suffix.lower() not in KINDS:
                continue
            stem, _, take = path.stem.partition("_nohash_")
            speaker = _printable(stem)
            if is_noise:
                split = "train"
            elif listed is None:
                split = _split(speaker)
            else:
                split = listed.get(f"{place.name}/{path.name}", "train")
            number = int(take) if take.isdecimal() else 0
            found.append(Recording(split, word, speaker, number, path))
    return found


def _read_lists(folder):
    """Returns the split of each listed file; None unless both are there."""
    if not all((folder / name).is_file() for name in LISTS.values()):
        return None
    return {
        line.strip().removeprefix("./"): split
        for split, name in LISTS.items()
        for line in (folder / name).read_text(encoding="utf-8").splitlines()
    }


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


def fingerprint(folder, recordings):
    """Returns what changes when a recording does, or who is in which split.

    Arguments
    ---------
    folder : str | Path
        Where they are.
    recordings : sequence of Recording
        What to look at: names, sizes and times of change.

    Returns
    -------
    str
    """
    rows = []
    for clip in recordings:
        name, stat = clip.path.relative_to(folder), clip.path.stat()
        row = name.as_posix(), clip.split, stat.st_size, stat.st_mtime_ns
        rows.append(row)
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def convert_recordings(recordings, targets):
    """Writes 16 kHz mono wav files of 16 bits.

    Clips are cut to their loudest second; background noises of less than ten
    seconds are repeated up to that. What needs none of it is linked, or copied
    where links fail.

    Arguments
    ---------
    recordings : sequence of Recording
        What to convert.
    targets : sequence of Path
        What to write, one for each; their folders are made.
    """
    damage = []
    jobs = list(zip(recordings, targets, strict=True))
    for clip, target in tqdm(jobs, "converting", unit="clip"):
        target.parent.mkdir(parents=True, exist_ok=True)
        is_noise = clip.word == NOISE_FOLDER
        bounds = (LEAST_NOISE, math.inf) if is_noise else (1, SAMPLE_RATE)
        try:
            _convert(clip.path, target, *bounds)
        except soundfile.SoundFileError:
            damage.append(f"{clip.path}: not readable as audio")
        except ValueError as error:
            damage.append(f"{clip.path}: {error}")
    if damage:
        raise ValueError(
            f"recordings: expected readable audio, found {len(damage)} "
            "damaged; replace or remove them:\n  " + "\n  ".join(damage)
        )


def _convert(source, target, shortest, longest):
    info = soundfile.info(source)
    form = (info.format, info.subtype, info.samplerate, info.channels)
    is_clip = form == USUAL and shortest <= info.frames <= longest
    if is_clip and _is_whole(source):
        _link(source, target)
        return
    wav, rate = soundfile.read(source, dtype="float32", always_2d=True)
    if not len(wav):
        raise ValueError("no samples")
    if not np.isfinite(wav).all():
        raise ValueError("NaN or infinity among its samples")
    common = math.gcd(rate, SAMPLE_RATE)
    up, down = SAMPLE_RATE // common, rate // common
    wav = resample_poly(wav.mean(axis=1), up, down)
    wav = np.resize(wav, max(len(wav), shortest))
    write_wav(target, _loudest(wav, longest))


def _is_whole(path):
    """Whether a wav file has all the bytes that its header promises."""
    with open(path, "rb") as file:
        promised = int.from_bytes(file.read(8)[4:], "little")
        return 8 + promised <= os.fstat(file.fileno()).st_size


def _link(source, target):
    try:
        os.link(source.resolve(), target)
    except OSError:
        shutil.copyfile(source, target)


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
