"""Audio in arrays and tensors, as one channel of floats.

What can be meant is understood: samples by channels, or channels by samples as
torchaudio has them. What would be nonsense is refused, not classified.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

MAX_CHANNELS = 32
_USUAL_CHANNELS = 8
# 24 dB above full scale: overshoots of lossy codecs stay far below it, and
# integers that were never divided by theirs are beyond it. So has the engine.
TOO_LOUD = 16.0
_CURES = {
    "int8": "divide them by 128",
    "uint8": "subtract 128 and divide by 128, if they are those of a wav file",
    "int32": "divide them by 2147483648, or by 32768 if they were of 16 bits",
}


def as_array(audio: ArrayLike) -> NDArray:
    """Returns audio as an array of int16 or floats, of whatever shape.

    Arguments
    ---------
    audio : array | torch.Tensor | sequence
        int16, or floats: of a tensor also bfloat16, on any device.

    Returns
    -------
    numpy.ndarray

    Example
    -------
    >>> as_array([[0.5, -0.5]]).shape
    (1, 2)
    """
    if hasattr(audio, "detach"):  # a tensor
        audio = _of_tensor(audio)
    try:
        audio = np.asarray(audio)
    except (RuntimeError, TypeError) as error:
        raise ValueError(
            f"audio: expected an array of samples, got another thing ({error})"
        ) from None
    except ValueError:  # numpy's own says "inhomogeneous shape"
        raise ValueError(
            "audio: expected clips of one length, got several; pad them with "
            "zeros, and give their lengths in wav_lens"
        ) from None
    if audio.dtype in (np.float32, np.int16):  # as it mostly is: at once
        return audio
    native = audio.dtype.newbyteorder("=")
    if native != np.int16 and audio.dtype.kind != "f":
        cure = _CURES.get(native.name, "convert them to floats from -1 to 1")
        raise ValueError(
            f"audio: expected int16 or float samples, got {native}; {cure}"
        )
    return audio.astype(native, copy=False)


def _of_tensor(audio):
    if audio.device.type == "meta":
        raise ValueError(
            "audio: expected samples, got a meta tensor, which holds none"
        )
    audio = audio.detach().cpu().resolve_neg()
    if audio.is_floating_point() and audio.element_size() < 4:
        audio = audio.float()  # numpy has no bfloat16
    return audio.numpy()


def as_clip(audio: ArrayLike) -> NDArray:
    """Returns one channel of audio as an array of int16 or floats, [samples].

    Example
    -------
    >>> as_clip([[0.5, -0.5]])
    Traceback (most recent call last):
        ...
    ValueError: audio: expected one channel, [samples], got (1, 2); pass one
    channel at a time
    """
    samples = as_array(audio)
    if samples.ndim != 1:
        raise ValueError(
            f"audio: expected one channel, [samples], got {samples.shape}; "
            "pass one channel at a time"
        )
    return samples


def write_floats(samples: NDArray, floats: NDArray[np.float32]) -> None:
    """Writes int16 or floats, [samples], as float32 from -1 to 1.

    Example
    -------
    >>> floats = np.empty(1, np.float32)
    >>> write_floats(np.array([16384], np.int16), floats)
    >>> floats
    array([0.5], dtype=float32)
    """
    if samples.dtype.kind == "f":
        with np.errstate(over="ignore"):  # infinity is refused later
            floats[...] = samples
    else:
        np.multiply(samples, np.float32(1 / 32768), out=floats)


def as_mono(audio: ArrayLike) -> NDArray:
    """Returns a clip as one channel of floats, as ``Downmix`` makes it."""
    return Downmix().push(audio)


class Downmix:
    """Makes one channel of the parts of a recording.

    Time is the axis that is longer than a recording has channels, if the other
    is not. What is too short to tell follows the parts before it, and without
    any is (samples, channels).

    Example
    -------
    >>> downmix = Downmix()
    >>> [len(downmix.push(np.zeros(shape))) for shape in ((2, 160), (2, 5))]
    [160, 5]
    >>> as_mono(np.array([[16384, -16384], [0, 16384]], np.int16))
    array([0.  , 0.25], dtype=float32)
    """

    def __init__(self):
        self.reset()

    def reset(self) -> None:
        """Starts another recording."""
        # The axis, once a part has told it.
        self._time: int | None = None

    def push(self, audio: ArrayLike) -> NDArray:
        """Converts a part; one that is refused changes nothing.

        Arguments
        ---------
        audio : array | torch.Tensor
            int16, or floats from -1 to 1: (samples,), (samples, channels) or
            (channels, samples). The mean of the channels is taken.

        Returns
        -------
        numpy.ndarray
            floats [samples].
        """
        audio = as_array(audio)
        if audio.ndim not in (1, 2):
            raise ValueError(
                "audio: expected (samples,), (samples, channels) or (channels, "
                f"samples), got {audio.shape}"
            )
        if audio.size == 0:
            return np.zeros(0, np.float32)
        if audio.dtype == np.int16:
            audio = audio.astype(np.float32) / 32768
        check_range(audio)
        if audio.ndim == 1:
            return audio
        self._time = time_axis(audio.shape, self._time)
        channel = 0 if self._time == 1 else 1
        if audio.shape[channel] == 1:  # faster than a mean
            return audio.reshape(-1)
        return audio.mean(axis=channel)


def time_axis(shape: tuple[int, ...], known: int | None = None) -> int | None:
    """Returns which axis of audio in two dimensions is time.

    Arguments
    ---------
    shape : tuple of int
        (samples, channels) or (channels, samples).
    known : int, optional
        Which it was in parts before.

    Returns
    -------
    int | None
        0 or 1, or ``known`` where the shape is too short to tell. Raises
        ValueError for what is neither, or for another than it was.

    Example
    -------
    >>> time_axis((160, 2)), time_axis((2, 160)), time_axis((1, 5), known=1)
    (0, 1, 1)
    """
    long = [length > MAX_CHANNELS for length in shape]
    found = long.index(True) if any(long) else known
    if all(long) or (
        found is None and shape[1] > max(shape[0], _USUAL_CHANNELS)
    ):
        raise ValueError(
            "audio: expected (samples, channels) or (channels, samples), got "
            f"{tuple(shape)}, which could be both; pass one channel"
        )
    if known not in (None, found):
        raise ValueError(
            f"audio: expected time on axis {known}, as in the chunks before, "
            f"got {tuple(shape)}; keep to one layout, or reset the stream"
        )
    return found


def check_range(audio: NDArray) -> None:
    """Raises ValueError for samples that are no audio from -1 to 1.

    Arguments
    ---------
    audio : array
        floats, of whatever shape.

    Example
    -------
    >>> check_range(np.array([3000.0]))
    Traceback (most recent call last):
        ...
    ValueError: audio: expected samples from -1 to 1, found 3000; divide those
    of 16-bit integers by 32768
    """
    if fault := find_fault(audio):
        raise ValueError(f"audio: {fault}")


def find_fault(audio: NDArray, where: str = "") -> str | None:
    """Returns what is wrong with samples, where, and what to do; or None."""
    # As for most short parts: what all together is not, none is. Quick.
    if np.vdot(audio, audio) < TOO_LOUD**2:
        return None
    peak = np.abs(audio).max()
    if peak < TOO_LOUD:
        return None
    if not np.isfinite(audio).all():
        return (
            f"expected finite samples, found NaN or infinity{where}; check "
            "where they come from"
        )
    return (
        f"expected samples from -1 to 1, found {peak:.5g}{where}; divide those "
        "of 16-bit integers by 32768"
    )


def as_clips(audio: ArrayLike) -> NDArray:
    """Returns a batch of clips as (B, samples) or (B, samples, channels).

    Arguments
    ---------
    audio : array | torch.Tensor
        int16 or floats: (samples,), (B, samples), (B, samples, channels) or
        (B, channels, samples), torch's order.

    Returns
    -------
    numpy.ndarray
        Of the same numbers.

    Example
    -------
    >>> as_clips(np.zeros((4, 1, 16000))).shape
    (4, 16000, 1)
    """
    audio = as_array(audio)
    clips = audio[None] if audio.ndim == 1 else audio
    lengths = clips.shape[1:]
    fits = clips.ndim in (2, 3) and 0 not in clips.shape
    # One clip of several channels, and not as many clips of a few samples.
    one = clips.ndim == 2 and lengths[0] <= _USUAL_CHANNELS < len(clips)
    if not fits or one:
        raise ValueError(
            "wavs: expected (batch, samples), (batch, samples, channels), "
            "(batch, channels, samples) or (samples,), got "
            f"{audio.shape}; give one clip of several channels as a batch "
            "of one"
        )
    if clips.ndim == 3 and time_axis(lengths) == 1:
        return np.moveaxis(clips, 1, 2)
    return clips
