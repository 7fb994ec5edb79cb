"""Microphones, by the package sounddevice."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def open_microphone(device: str | int | None = None) -> Iterator[Any]:
    """Opens a microphone, at a rate of its own.

    Arguments
    ---------
    device : str | int, optional
        Part of its name, or its number in ``python -m sounddevice``, also as
        text; without it, the default one.

    Yields
    ------
    sounddevice.InputStream
        Its ``chunks`` is a queue of arrays [samples][channels], ``overflowed``
        an event: some sound was lost.
    """
    try:
        import sounddevice
    except (ImportError, OSError) as error:  # OSError: no PortAudio
        raise ImportError(
            f"expected the package sounddevice, found none ({error}); install "
            "it with `pip install sounddevice` (on Debian, also `apt install "
            "libportaudio2`), or use `bifsmn spot` with files"
        ) from None
    microphone = None
    try:
        microphone = _open(sounddevice, _number_or_name(device))
        microphone.start()
    except (sounddevice.PortAudioError, ValueError) as error:
        if microphone:
            microphone.close()
        reason = " ".join(str(error).split())
        raise OSError(
            f"--device: expected a microphone, found none to open ({reason}); "
            "`python -m sounddevice` lists them"
        ) from None
    try:
        yield microphone
    finally:
        microphone.close()


def _number_or_name(device):
    """Returns what sounddevice takes; to it, a text is never a number."""
    if isinstance(device, str):
        device = device.strip()
        if not device:
            raise ValueError("the name is empty")
        if device.lstrip("-").isdecimal():
            return int(device)
    return device


def _open(sounddevice, device):
    """Returns a microphone of one channel; of its two, where it has no one."""
    chunks: queue.SimpleQueue = queue.SimpleQueue()
    overflowed = threading.Event()

    def take(samples, frames, when, status):
        chunks.put(samples.copy())
        if status and status.input_overflow:
            overflowed.set()

    max_channels = sounddevice.query_devices(device, "input")[
        "max_input_channels"
    ]
    for channels in sorted({1, max_channels}):
        try:
            microphone = sounddevice.InputStream(
                device=device, channels=channels, dtype="float32", callback=take
            )
        except sounddevice.PortAudioError:
            if channels == max_channels:
                raise
        else:
            microphone.chunks, microphone.overflowed = chunks, overflowed
            return microphone
