"""The recordings on which a threshold is chosen, and confirmed.

These are clips of keywords, and audio without any. The two parts have different
speakers, or are different stretches of a recording; training clips are in
neither. Needs no torch.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bifsmn_engine.audio.files import (
    audio_chunks,
    duration_of,
    read_audio,
)
from speechbrain_bifsmn.dataio.corpus import NOISE_FOLDER
from speechbrain_bifsmn.dataio.negatives import find_audio
from speechbrain_bifsmn.dataio.recordings import find_recordings
from speechbrain_bifsmn.dataio.speakers import stable_random
from speechbrain_bifsmn.dataio.split_lists import has_lists
from speechbrain_bifsmn.dataio.tasks import NOISE_SHARES

SPLITS = {"choose": "validation", "confirm": "test"}
PARTS = tuple(SPLITS)
_STRETCHES = {"choose": NOISE_SHARES["valid"], "confirm": NOISE_SHARES["test"]}
MAX_CLIP_S = 60
PAUSE_S = 0.5  # between recordings that follow one another


class AudioSegment(NamedTuple):
    """A recording, or whole seconds of one."""

    path: Path
    first: int = 0  # second at which it begins
    last: int | None = None  # second at which it ends; None: the end

    def chunks(self, rate: int) -> Iterator[NDArray[np.float32]]:
        """Yields its audio at a sample rate, a second at a time."""
        return islice(audio_chunks(self.path, rate), self.first, self.last)

    @property
    def seconds(self) -> float:
        """Its length in seconds."""
        return (self.last or duration_of(self.path)) - self.first


def keyword_clips(
    folder: str | Path, keywords: Sequence[str], unseen: bool = False
) -> dict[str, list[tuple[int, AudioSegment]]]:
    """Lists the clips of keywords.

    Arguments
    ---------
    folder : str | Path
        Holds a folder of clips for each keyword, as for ``find_recordings``:
        validation clips choose, test clips confirm.
    keywords : sequence of str
        Names of the keywords, which are names of folders.
    unseen : bool
        No clip has been trained on: all are taken, with half of the speakers
        in each part.

    Returns
    -------
    dict
        By part, "choose" and "confirm": the index of the keyword and the clip,
        for each clip.
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
    clips: dict[str, list[tuple[int, AudioSegment]]]
    clips = {part: [] for part in PARTS}
    for clip in found:
        for part, split in SPLITS.items():
            if clip.speaker in halves[part] if unseen else clip.split == split:
                row = keywords.index(clip.word), AudioSegment(clip.path)
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
    """Divides speakers among the parts, by hashes of their names."""
    speakers = sorted(
        {clip.speaker for clip in clips},
        key=lambda speaker: hashlib.sha256(speaker.encode()).digest(),
    )
    return {part: set(speakers[k::2]) for k, part in enumerate(PARTS)}


def negative_audio(
    path: str | Path, keywords: Sequence[str]
) -> dict[str, list[AudioSegment]]:
    """Lists audio without keywords.

    Arguments
    ---------
    path : str | Path
        A file: its first half chooses, its second confirms. A folder in Speech
        Commands' layout: its validation clips choose, its test clips confirm,
        each with such stretches of its background recordings. Another folder:
        the first half of the files in it and in folders below chooses, the
        others confirm. Folders that are named after a keyword are left out.
    keywords : sequence of str
        What a network detects.

    Returns
    -------
    dict
        By part, "choose" and "confirm": the recordings that follow one another
        in a stream.
    """
    path = Path(path)
    if not path.is_dir():
        return _halves([path])
    if has_lists(path):
        return _held_out(path, keywords)
    return _halves(find_audio(path, keywords))


def _halves(paths):
    if len(paths) > 1:
        middle = len(paths) // 2
        halves = paths[:middle], paths[middle:]
        segments = [[AudioSegment(path) for path in half] for half in halves]
    else:
        middle = int(duration_of(paths[0]) / 2)
        segments = [
            [AudioSegment(paths[0], 0, middle)],
            [AudioSegment(paths[0], middle)],
        ]
    return dict(zip(PARTS, segments, strict=True))


def _held_out(folder, keywords):
    """Validation and test clips of other words, and of background noise."""
    segments: dict[str, list[AudioSegment]] = {part: [] for part in PARTS}
    for clip in find_recordings(folder, keywords):
        for part, split in SPLITS.items():
            if clip.word == NOISE_FOLDER:
                seconds = duration_of(clip.path)
                first, last = (share * seconds for share in _STRETCHES[part])
                segment = AudioSegment(
                    clip.path, math.ceil(first), math.ceil(last)
                )
                segments[part].append(segment)
            elif clip.split == split and clip.word not in keywords:
                segments[part].append(AudioSegment(clip.path))
    return segments


def in_context(
    segment: AudioSegment, rate: int, seconds: float
) -> NDArray[np.float32]:
    """Returns the audio of a clip with quiet noise before and after it.

    Arguments
    ---------
    segment : AudioSegment
        The clip, of up to a minute.
    rate : int
        Sample rate in Hz.
    seconds : float
        Length of the noise on either side: white, as loud as the quietest tenth
        of the clip.

    Returns
    -------
    numpy.ndarray
        [samples].
    """
    audio = read_audio(segment.path, rate, MAX_CLIP_S)
    random = stable_random(segment.path.name)
    before, after = (_quiet(audio, rate, seconds, random) for _ in range(2))
    return np.concatenate([before, audio, after])


def in_sequence(
    segments: Sequence[AudioSegment], rate: int
) -> Iterator[NDArray[np.float32]]:
    """Yields the audio of recordings one after another, a pause after each.

    Arguments
    ---------
    segments : sequence of AudioSegment
        The recordings.
    rate : int
        Sample rate in Hz.

    Yields
    ------
    numpy.ndarray
        [samples], about a second of them.
    """
    for segment in segments:
        chunk = None
        for chunk in segment.chunks(rate):
            yield chunk
        if chunk is not None:
            yield _quiet(chunk, rate, PAUSE_S, stable_random(segment.path.name))


def _quiet(audio, rate, seconds, random):
    """White noise as loud as the quietest tenth of the audio."""
    size = rate // 100
    frames = audio[: max(1, len(audio) // size) * size]
    frames = np.resize(frames, (max(1, len(audio) // size), size))
    level = np.percentile(np.sqrt(np.square(frames).mean(1)), 10)
    noise = random.standard_normal(round(seconds * rate))
    return (level * noise).astype(np.float32)
