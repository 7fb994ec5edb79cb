"""What a threshold is chosen on, and what it is confirmed on.

Clips of keywords, and audio without any. Both parts are of other speakers, or
of other stretches of a recording; training clips are in neither. No torch.
"""

import hashlib
import math
import os
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bifsmn_engine.audio.files import (
    audio_chunks,
    duration_of,
    read_audio,
)
from speechbrain_bifsmn.dataio.corpus import NOISE_FOLDER
from speechbrain_bifsmn.dataio.recordings import find_recordings
from speechbrain_bifsmn.dataio.split_lists import KINDS, has_lists
from speechbrain_bifsmn.dataio.synthetic import stable_random
from speechbrain_bifsmn.dataio.tasks import NOISE_SHARES
from speechbrain_bifsmn.dataio.words import folded

SPLITS = {"choose": "validation", "confirm": "test"}
PARTS = tuple(SPLITS)
_STRETCHES = {"choose": NOISE_SHARES["valid"], "confirm": NOISE_SHARES["test"]}
MAX_CLIP_S = 60
PAUSE_S = 0.5  # between recordings that follow one another


class Piece(NamedTuple):
    """A recording, or whole seconds of one."""

    path: Path
    first: int = 0
    last: int | None = None  # the end

    def chunks(self, rate):
        """Yields its audio, a second at a time."""
        return islice(audio_chunks(self.path, rate), self.first, self.last)

    @property
    def seconds(self):
        """Its length."""
        return (self.last or duration_of(self.path)) - self.first


def keyword_clips(folder, keywords, unseen=False):
    """Lists the clips of keywords.

    Arguments
    ---------
    folder : str | Path
        As for ``find_recordings``: validation clips are there to choose, test
        clips to confirm.
    keywords : sequence of str
        Names of folders.
    unseen : bool
        No clip has been trained on: take all, half of the speakers each.

    Returns
    -------
    dict
        {part: list of (index of the keyword, Piece)}.
    """
    if not Path(folder).is_dir():
        raise FileNotFoundError(
            "keywords: expected a folder with a folder for each keyword, found "
            f"none at {folder}; check the path"
        )
    keywords = list(keywords)
    found = find_recordings(folder, keywords)
    found = [clip for clip in found if clip.word in keywords]
    halves = _speakers(found) if unseen else {}
    clips = {part: [] for part in PARTS}
    for clip in found:
        for part, split in SPLITS.items():
            if clip.speaker in halves[part] if unseen else clip.split == split:
                row = keywords.index(clip.word), Piece(clip.path)
                clips[part].append(row)
    for part, rows in clips.items():
        if not rows:
            raise ValueError(
                f"keywords: expected {SPLITS[part]} clips of "
                f"{', '.join(keywords)} in folders of these names, found none "
                f"in {folder}; name another folder, or say that none of its "
                "clips has been trained on"
            )
    return clips


def _speakers(clips):
    """Shares speakers between the parts, whatever their names' order."""
    speakers = sorted(
        {clip.speaker for clip in clips},
        key=lambda speaker: hashlib.sha256(speaker.encode()).digest(),
    )
    return {part: set(speakers[k::2]) for k, part in enumerate(PARTS)}


def negative_audio(path, keywords):
    """Lists audio in which no keyword is said.

    Arguments
    ---------
    path : str | Path
        A file: its first half is there to choose, its second to confirm. A
        folder in Speech Commands' layout: its validation and its test clips,
        and those stretches of its background recordings. Another folder: the
        first half of the files in it and in folders below. Folders that are
        named after a keyword are left out.
    keywords : sequence of str
        What a network detects.

    Returns
    -------
    dict
        {part: list of Piece}, to be heard one after another.
    """
    path = Path(path)
    if not path.is_dir():
        return _halves([path])
    if has_lists(path):
        return _held_out(path, keywords)
    names, found = {folded(keyword) for keyword in keywords}, []
    for root, folders, files in os.walk(path):
        folders[:] = sorted(f for f in folders if folded(f) not in names)
        found += [Path(root, f) for f in sorted(files) if _is_audio(f)]
    if not found:
        raise ValueError(
            f"negatives: expected audio ({', '.join(KINDS)}, .opus), found "
            f"none in {path}; name a folder or a file with some"
        )
    return _halves(found)


def _is_audio(name):
    return name.lower().endswith((*KINDS, ".opus")) and name[0] != "."


def _halves(paths):
    if len(paths) > 1:
        middle = len(paths) // 2
        halves = paths[:middle], paths[middle:]
        pieces = [[Piece(path) for path in half] for half in halves]
    else:
        middle = int(duration_of(paths[0]) / 2)
        pieces = [[Piece(paths[0], 0, middle)], [Piece(paths[0], middle)]]
    return dict(zip(PARTS, pieces, strict=True))


def _held_out(folder, keywords):
    """Validation and test clips of other words, and of background noise."""
    pieces = {part: [] for part in PARTS}
    for clip in find_recordings(folder, keywords):
        for part, split in SPLITS.items():
            if clip.word == NOISE_FOLDER:
                seconds = duration_of(clip.path)
                first, last = (share * seconds for share in _STRETCHES[part])
                piece = Piece(clip.path, math.ceil(first), math.ceil(last))
                pieces[part].append(piece)
            elif clip.split == split and clip.word not in keywords:
                pieces[part].append(Piece(clip.path))
    return pieces


def in_context(piece, rate, seconds):
    """Returns the audio of a clip with quiet before and after it.

    Arguments
    ---------
    piece : Piece
        The clip, of up to a minute.
    rate : int
        In Hz.
    seconds : float
        How much quiet on either side: noise as loud as the clip where it is
        quietest.

    Returns
    -------
    numpy.ndarray
        float32 [samples].
    """
    audio = read_audio(piece.path, rate, MAX_CLIP_S)
    random = stable_random(piece.path.name)
    before, after = (_quiet(audio, rate, seconds, random) for _ in range(2))
    return np.concatenate([before, audio, after])


def in_sequence(pieces, rate):
    """Yields the audio of recordings one after another, a pause after each.

    Arguments
    ---------
    pieces : sequence of Piece
        What to hear.
    rate : int
        In Hz.

    Yields
    ------
    numpy.ndarray
        float32 [samples], about a second of them.
    """
    for piece in pieces:
        chunk = None
        for chunk in piece.chunks(rate):
            yield chunk
        if chunk is not None:
            yield _quiet(chunk, rate, PAUSE_S, stable_random(piece.path.name))


def _quiet(audio, rate, seconds, random):
    """White noise as loud as the quietest tenth of the audio."""
    size = rate // 100
    frames = audio[: max(1, len(audio) // size) * size]
    frames = np.resize(frames, (max(1, len(audio) // size), size))
    level = np.percentile(np.sqrt(np.square(frames).mean(1)), 10)
    noise = random.standard_normal(round(seconds * rate))
    return (level * noise).astype(np.float32)
