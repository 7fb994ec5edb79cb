"""Clips of keywords amid noise, at a wanted ratio."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bifsmn_engine.audio.files import read_audio
from speechbrain_bifsmn.dataio.backgrounds import at_snr
from speechbrain_bifsmn.dataio.negatives import find_audio
from speechbrain_bifsmn.dataio.speakers import stable_random

MAX_SNR_DB = 100


class Noise:
    """Recordings of noise, stretches of which are mixed into clips.

    Arguments
    ---------
    paths : sequence of str | Path
        Files of up to ten minutes, and folders of such.
    rate : int
        Sample rate in Hz.
    snr_db : float
        Power of a clip relative to that of its noise, in dB.
    """

    def __init__(
        self, paths: Sequence[str | Path], rate: int, snr_db: float
    ) -> None:
        if not abs(snr_db) <= MAX_SNR_DB:
            raise ValueError(
                f"snr_db: expected -{MAX_SNR_DB} to {MAX_SNR_DB} dB, got "
                f"{snr_db}"
            )
        files: list[Path] = []
        for path in map(Path, paths):
            files += find_audio(path) if path.is_dir() else [path]
        self.snr_db = snr_db
        self._recordings = [read_audio(path, rate) for path in files]
        for path, recording in zip(files, self._recordings, strict=True):
            if not recording.any():
                raise ValueError(
                    f"noise: expected sound, found silence in {path}; leave it "
                    "out"
                )

    def mixed(
        self, audio: NDArray[np.float32], clip: slice, name: str
    ) -> NDArray[np.float32]:
        """Returns audio with noise all over it, cut off at full scale.

        Arguments
        ---------
        audio : numpy.ndarray
            [samples].
        clip : slice
            The part whose power counts.
        name : str
            By which the stretch of noise is chosen.

        Returns
        -------
        numpy.ndarray
            [samples].
        """
        random = stable_random(name)
        recording = self._recordings[random.randint(len(self._recordings))]
        start = random.randint(len(recording))
        stretch = np.arange(start, start + len(audio))
        noise = recording.take(stretch, mode="wrap")
        mixed = audio + at_snr(noise, audio[clip], self.snr_db)
        return mixed.clip(-1, 1).astype(np.float32)
