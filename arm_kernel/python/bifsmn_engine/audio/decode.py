"""Audio files as samples, a block at a time, until their decoders end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bifsmn_engine.audio.source import Readable, Source

try:
    import soundfile
except (ImportError, OSError) as error:  # OSError: no libsndfile
    raise ImportError(
        f"expected the package soundfile, to read audio files, found none "
        f"({error}); install it with `pip install bifsmn-engine[audio]`"
    ) from None

from bifsmn_engine.audio import flac, mp3, ogg, wav
from bifsmn_engine.audio.pipe import Pipe
from bifsmn_engine.audio.source import (
    NO_AUDIO,
    NO_SAMPLES,
    TRUNCATED,
    Fault,
    Part,
    Window,
    check_form,
    is_open,
    name_of,
    open_regular,
    read_at,
    size_of,
)

_BLOCK = 1 << 14  # numbers that are decoded at once


class Form(NamedTuple):
    """Of what kind a file is; of a joined one, its first part."""

    rate: int  # Hz
    channels: int
    samples: int | None  # of each channel, None where only decoding tells


def blocks(
    path: Source, first: int = 0
) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Decodes a file to its end, in constant memory.

    Arguments
    ---------
    path : str | Path | binary file
        wav, flac, ogg or mp3. Joined flac, ogg and mp3 files are read one after
        another; they may differ in rate and channels. An open file, as that of
        a pipe, is read from where it is: wav as it comes, what is compressed
        when it has ended.
    first : int
        Samples of each channel to leave out.

    Yields
    ------
    rate : int
        In Hz.
    samples : numpy.ndarray
        float32 [samples][channels], one sample at least. Raises ValueError
        where the file is damaged, is no audio, or has none.

    Example
    -------
    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile(suffix=".flac") as file:
    ...     soundfile.write(file.name, [0.5] * 3, 8000)
    ...     [(rate, samples.tolist()) for rate, samples in blocks(file.name)]
    [(8000, [[0.5], [0.5], [0.5]])]
    """
    with _opened(path) as file, _named(path):
        if layout := _plain_wav(file):
            yield from _wav_blocks(file, layout, first)
        elif isinstance(file, Pipe):
            with file.spool(_check_beginning) as spooled:
                yield from _decoded_blocks(spooled, first)
        else:
            yield from _decoded_blocks(file, first)


def _wav_blocks(file, layout, first):
    waited_for = isinstance(file, Pipe)
    # Of what may still be spoken, a twentieth of a second.
    soon = layout.rate * layout.channels // 20
    block = min(_BLOCK, soon) if waited_for else _BLOCK
    found = layout.samples > 0 and not waited_for
    for samples in wav.decode(file, layout, first, block):
        found = True
        yield layout.rate, samples
    if not found:
        raise Fault(NO_SAMPLES)


def _decoded_blocks(file, first):
    found = False
    for part in _parts(file):
        for rate, samples in _decode(file, part):
            found = True
            kept = samples[first:]
            first -= len(samples) - len(kept)
            if len(kept):
                yield rate, kept
    if not found:
        raise Fault(NO_SAMPLES)


def _check_beginning(file):
    """Refuses what is no audio, before all of a pipe has been waited for."""
    head = read_at(file, 0, 12)
    known = wav.is_wav(head) or flac.MARK.match(head) or mp3.tag_size(head)
    if known or head[:4] == b"OggS":
        return
    if not next(mp3.frames(file, 0), None):
        raise Fault(NO_AUDIO)


def form_of(path: str | Path) -> Form:
    """Returns what a file says of itself, without decoding it.

    Arguments
    ---------
    path : str | Path
        As for ``blocks``.

    Returns
    -------
    Form
    """
    with open_regular(path) as file, _named(path):
        if layout := _plain_wav(file):
            return Form(layout.rate, layout.channels, layout.samples)
        parts = list(islice(_parts(file), 2))
        if not parts:
            raise Fault(NO_SAMPLES)
        with _Decoder(file, parts[0]) as decoder:
            samples = parts[0].samples if len(parts) == 1 else None
            return Form(decoder.samplerate, decoder.channels, samples)


def _opened(source):
    """Opens a file; of an open one, takes what is left, and leaves it open."""
    if is_open(source):
        return nullcontext(Pipe(source))
    return open_regular(source)


@contextmanager
def _named(source):
    """Says whose fault it is."""
    try:
        yield
    except Fault as fault:
        raise ValueError(f"{name_of(source)}: {fault}") from None


def _plain_wav(file):
    """Returns the layout of a wav file that needs no decoder."""
    head = read_at(file, 0, 12) if size_of(file) else b""
    if not head:
        raise Fault("expected audio, found an empty file; record it again")
    if not wav.is_wav(head):
        return None
    layout = wav.read_layout(file)
    return layout if layout.is_plain else None


def _parts(file):
    """Yields what a decoder is to read."""
    if wav.is_wav(read_at(file, 0, 12)):
        return [wav.decoder_part(wav.read_layout(file))]
    start = 0
    while tag := mp3.tag_size(read_at(file, start, 10)):
        start += tag
    head = read_at(file, start, 8)
    if flac.MARK.match(head):
        return flac.parts(file, start)
    if head[:4] == b"OggS" and not start:
        return ogg.parts(file)
    return mp3.parts(file, start)


class _Decoder(soundfile.SoundFile):
    """Decodes a part of a file."""

    def __init__(self, file: Readable, part: Part):
        self._window = Window(file, part)
        try:
            super().__init__(self._window)
        except soundfile.SoundFileError:
            raise self._window.error or Fault(NO_AUDIO) from None
        check_form(self.samplerate, self.channels)

    def seekable(self) -> bool:
        """Says that it is not, for else it is sought after each read.

        What has no length does not survive that.
        """
        return False

    def read_block(
        self, max_samples: int
    ) -> tuple[NDArray[np.float32], Fault | None]:
        """Decodes up to so many samples.

        Returns
        -------
        samples : numpy.ndarray
            float32 [samples][channels], none at the end.
        fault : Fault | None
            What ended the block before its time.
        """
        # Where the decoder fails, its number of samples is lost: they are told
        # by no longer being NaN.
        block = np.full((max_samples, self.channels), np.nan, np.float32)
        try:
            samples, fault = self.read(out=block), None
        except soundfile.SoundFileError:
            ready = ~np.isnan(block).any(1)
            samples, fault = block[: ready.argmin()], Fault(TRUNCATED)
        if self._window.error:
            raise self._window.error
        return samples, fault

    def has_ended(self) -> bool:
        """Whether all bytes have been read."""
        return self._window.has_ended()


def _decode(file, part):
    """Yields rate and samples of a part, without what an encoder added."""
    with _Decoder(file, part) as decoder:
        rate, read, fault = decoder.samplerate, 0, None
        max_samples = max(1, _BLOCK // decoder.channels)
        while not fault:
            left = max(0, part.samples - read) if part.declared else 0
            samples, fault = decoder.read_block(
                min(max_samples, left or max_samples)
            )
            if not len(samples) and not fault:
                break
            begin = max(0, part.first - read)
            end = len(samples) if part.last is None else part.last - read
            read += len(samples)
            if begin < min(end, len(samples)):
                yield rate, samples[begin : max(end, 0)]
        if part.declared:
            whole = read >= part.samples  # what follows may be no audio
        else:
            whole = not fault or decoder.has_ended()  # in the midst of a frame
    if not whole:
        raise Fault(TRUNCATED)
