"""Synthetic room impulse responses (RIRs), for reverberation."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray
from scipy.io import wavfile

from speechbrain_bifsmn.files.atomic import clear_leftovers
from speechbrain_bifsmn.files.owned import owned_folder

SAMPLE_RATE = 16000


def impulse_response(random: RandomState) -> NDArray[np.float64]:
    """Makes a RIR: a direct sound, and an echo that decays.

    The echo falls by 60 dB in 0.1 to 0.6 s.

    Arguments
    ---------
    random : numpy.random.RandomState
        Decides on the room.

    Returns
    -------
    numpy.ndarray
        (samples,) at 16 kHz, of the energy 1.

    Example
    -------
    >>> room = impulse_response(np.random.RandomState(0))
    >>> round(float(np.square(room).sum()), 3)
    1.0
    """
    seconds = random.uniform(0.1, 0.6)
    time = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    echo = random.standard_normal(len(time)) * 10 ** (-3 * time / seconds)
    echo[: int(random.uniform(0.001, 0.01) * SAMPLE_RATE)] = 0
    decibels = random.uniform(-3, 12)  # of direct sound over echo
    echo *= 10 ** (-decibels / 20) / np.linalg.norm(echo)
    echo[0] = 1
    return echo / np.linalg.norm(echo)


def make_rooms(manifest: str | Path, rooms: int = 50, seed: int = 1234) -> None:
    """Makes synthetic RIRs, unless the manifest is there already.

    Arguments
    ---------
    manifest : str | Path
        The CSV file that SpeechBrain's ``AddReverb`` reads. Its folder is made
        for it, and for the RIRs.
    rooms : int
        How many RIRs, one for each room.
    seed : int
        The same seed gives the same RIRs.
    """
    manifest = Path(manifest).resolve()
    clear_leftovers(manifest.parent)
    if manifest.is_file():
        return
    folder, random = manifest.parent, RandomState(seed)
    columns = ("ID", "duration", "wav", "wav_format", "wav_opts")
    with owned_folder(folder, "rooms") as place:
        rows = []
        for index in range(rooms):
            name = f"room{index:03d}.wav"
            room = impulse_response(random)
            wavfile.write(place / name, SAMPLE_RATE, room.astype(np.float32))
            seconds = f"{len(room) / SAMPLE_RATE:.4f}"
            rows.append((name[:-4], seconds, folder / name, "wav", ""))
        with open(
            place / manifest.name, "w", newline="", encoding="utf-8"
        ) as file:
            csv.writer(file).writerows([columns, *rows])
