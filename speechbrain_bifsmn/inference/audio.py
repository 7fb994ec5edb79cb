"""Audio files of any rate, as one channel at the rate of a network.

Needs no torch. Files are read in parts, so that their length does not matter.
"""

import math
import os
from pathlib import Path

import numpy as np
import soundfile

KINDS = "wav, flac, ogg or mp3"
UNKNOWN_BYTES = (0, 0xFFFFFFFF)  # lengths in wav files that were streamed


class Resampler:
    """Converts the rate of audio that comes in parts.

    The parts of the result, together, are what ``scipy.signal.resample_poly``
    makes of the whole, but for rounding.

    Arguments
    ---------
    rate : int
        Of the audio, in Hz.
    target : int
        What it is converted to.

    Example
    -------
    >>> resampler = Resampler(48000, 16000)
    >>> parts = [resampler.push(np.zeros(100)) for _ in range(480)]
    >>> len(np.concatenate([*parts, resampler.finish()]))
    16000
    """

    def __init__(self, rate, target):
        if rate < 1 or target < 1:
            raise ValueError(
                f"expected sample rates above 0, got {rate} and {target} Hz"
            )
        common = math.gcd(rate, target)
        self.up, self.down = target // common, rate // common
        if self.up == self.down:
            return
        # Late: on a small machine this import takes seconds.
        from scipy.signal import firwin, resample_poly

        self._resample = resample_poly
        # The filter that resample_poly would design in each call.
        most = max(self.up, self.down)
        self._filter = firwin(20 * most + 1, 1 / most, window=("kaiser", 5.0))
        # What it reaches to either side, in whole periods of the two rates.
        periods = math.ceil(10 * most / (self.up * self.down))
        self._margin = periods * self.down
        self._kept = np.zeros(self._margin, np.float32)

    def push(self, samples):
        """Returns what becomes ready with more samples, as float32."""
        if self.up == self.down:
            return np.asarray(samples, np.float32)
        audio = np.append(self._kept, np.asarray(samples, np.float32))
        periods = (len(audio) - 2 * self._margin) // self.down
        if periods <= 0:
            self._kept = audio
            return np.zeros(0, np.float32)
        ready = periods * self.down
        self._kept = audio[ready:]
        return self._convert(audio[: ready + 2 * self._margin], ready)

    def finish(self):
        """Returns the rest, and starts again."""
        if self.up == self.down:
            return np.zeros(0, np.float32)
        rest = len(self._kept) - self._margin
        audio = np.append(self._kept, np.zeros(self._margin, np.float32))
        self._kept = np.zeros(self._margin, np.float32)
        return self._convert(audio, rest)

    def _convert(self, audio, samples):
        """Converts so many samples, after those of the margin."""
        skipped = self._margin // self.down * self.up
        wanted = math.ceil(samples * self.up / self.down)
        result = self._resample(audio, self.up, self.down, window=self._filter)
        return result[skipped : skipped + wanted].astype(np.float32)


def as_mono(audio):
    """Returns audio as one channel of floats, or refuses it.

    Arguments
    ---------
    audio : array
        int16, or float from -1 to 1: [samples], or [samples][channels], whose
        mean is taken.

    Returns
    -------
    array
        float [samples].
    """
    audio = np.asarray(audio)
    if audio.dtype == np.int16:
        audio = audio.astype(np.float32) / 32768
    elif audio.dtype.kind != "f":
        raise ValueError(
            f"audio: expected int16 or float samples, got {audio.dtype}; "
            "convert them to floats from -1 to 1"
        )
    if audio.ndim == 2:
        audio = audio.mean(axis=1)
    if audio.ndim != 1:
        raise ValueError(
            "audio: expected [samples] or [samples][channels], got "
            f"{audio.shape}"
        )
    if not np.isfinite(audio).all():
        raise ValueError(
            "audio: expected finite samples, found NaN or infinity; check "
            "where they come from"
        )
    return audio


def read_audio(path, rate=16000):
    """Reads a file whole.

    Arguments
    ---------
    path : str | Path
        wav, flac, ogg or mp3, of any rate and any number of channels.
    rate : int
        What it is converted to, in Hz.

    Returns
    -------
    array
        float32 [samples], the mean of the channels.
    """
    return np.concatenate(list(audio_chunks(path, rate)))


def audio_chunks(path, rate=16000, chunk_s=1.0):
    """Reads a file in parts of about ``chunk_s`` seconds, one at a time.

    Arguments
    ---------
    path : str | Path
        As for ``read_audio``.
    rate : int
        What it is converted to, in Hz.
    chunk_s : float
        Bounds the memory needed.

    Yields
    ------
    array
        float32 [samples], one at least.
    """
    with _open(path) as file:
        resampler = Resampler(file.samplerate, rate)
        frames, read = max(1, int(chunk_s * file.samplerate)), 0
        while len(samples := _read(file, frames, path)):
            if not np.isfinite(samples).all():
                raise ValueError(
                    f"{path}: expected finite samples, found NaN or infinity "
                    f"after {read / file.samplerate:.2f} s; convert it again "
                    "from where it came from"
                )
            read += len(samples)
            chunk = resampler.push(samples.mean(axis=1))
            if len(chunk):
                yield chunk
        if read < file.frames:
            raise _truncated(path)
        if not read:
            raise ValueError(f"{path}: expected audio, found no samples")
        chunk = resampler.finish()
        if len(chunk):
            yield chunk


def duration_of(path):
    """Returns the seconds of audio that a file says it holds."""
    with _open(path) as file:
        return file.frames / file.samplerate


def _open(path):
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(
            f"{path}: expected an audio file, found a folder; name its files"
        )
    try:
        size = path.stat().st_size
        path.open("rb").close()
    except OSError as error:
        reason = error.strerror or "it cannot be read"
        raise type(error)(
            f"{path}: expected an audio file, found none ({reason})"
        ) from None
    if not size:
        raise ValueError(f"{path}: expected audio, found an empty file")
    if not _is_whole(path, size):
        raise _truncated(path)
    try:
        return soundfile.SoundFile(path)
    except (soundfile.SoundFileError, TypeError):  # TypeError: headerless
        raise ValueError(
            f"{path}: expected audio ({KINDS}), found something else; "
            "convert it, for example with ffmpeg"
        ) from None


def _is_whole(path, size):
    """Whether a wav file has the bytes that it says, but for a last pad byte.

    Other formats count samples, which shows when they are read.
    """
    with open(path, "rb") as file:
        head = file.read(12)
    if head[:4] != b"RIFF" or head[8:] != b"WAVE":
        return True
    promised = int.from_bytes(head[4:8], "little")
    return promised in UNKNOWN_BYTES or 8 + promised <= size + 1


def _read(file, frames, path):
    try:
        return file.read(frames, dtype="float32", always_2d=True)
    except soundfile.SoundFileError:
        raise _truncated(path) from None


def _truncated(path):
    return ValueError(
        f"{os.fspath(path)}: expected as much audio as its header says, found "
        "less or damaged; copy or convert it again"
    )
