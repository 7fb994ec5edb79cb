"""Made-up rooms: impulse responses for reverberation."""

import csv
from pathlib import Path

import numpy as np
import soundfile

from speechbrain_bifsmn.files.atomic import atomic_write

SAMPLE_RATE = 16000


def impulse_response(random):
    """A direct sound, and an echo that falls by 60 dB in 0.1 to 0.6 s.

    Arguments
    ---------
    random : numpy.random.RandomState
        Decides on the room.

    Returns
    -------
    numpy.ndarray
        (samples,), of the energy 1.

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


def make_rooms(manifest, rooms=50, seed=1234):
    """Makes rooms up, unless the manifest is there already.

    Arguments
    ---------
    manifest : str | Path
        The CSV file that SpeechBrain's ``AddReverb`` reads; the impulse
        responses are written beside it.
    rooms : int
        How many.
    seed : int
        The same seed gives the same rooms.
    """
    manifest = Path(manifest).resolve()
    if manifest.is_file():
        return
    manifest.parent.mkdir(parents=True, exist_ok=True)
    random, rows = np.random.RandomState(seed), []
    for index in range(rooms):
        name = f"room{index:03d}"
        wav = manifest.parent / f"{name}.wav"
        room = impulse_response(random)
        soundfile.write(wav, room, SAMPLE_RATE, subtype="FLOAT")
        rows.append((name, f"{len(room) / SAMPLE_RATE:.4f}", wav, "wav", ""))
    with (
        atomic_write(manifest) as place,
        place.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.writer(file)
        writer.writerow(("ID", "duration", "wav", "wav_format", "wav_opts"))
        writer.writerows(rows)
