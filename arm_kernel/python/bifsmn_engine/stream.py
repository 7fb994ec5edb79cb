"""Posteriors of audio that goes on."""

from __future__ import annotations

from ctypes import byref, c_int, c_size_t
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bifsmn_engine._library import library
from bifsmn_engine._session import Session
from bifsmn_engine.audio.waveform import as_clip, check_range, write_floats
from bifsmn_engine.detection import check_gate

if TYPE_CHECKING:
    from bifsmn_engine.model import Model


class Stream(Session):
    """Classifies a stream, whatever the length of its chunks.

    After the first ``model.window_samples`` samples, and after each
    ``model.hop`` more, there are the posteriors that ``model.classify`` gives
    of the last ``model.window_samples`` samples. A stream belongs to one
    thread; it does not need its model any longer, which may be closed.

    Arguments
    ---------
    model : Model
        Its thinning is where the stream's own starts.
    gate_db : float, optional
        Windows of a level below it (dB from -200 to 0, 0 is that of full-scale
        samples) count as silence, whatever the network says.

    Example
    -------
    >>> from bifsmn_engine import load_model
    >>> stream = Stream(load_model())
    >>> for chunk in (np.zeros(9000), np.zeros(7400)):  # of any length
    ...     for posteriors in stream.push(chunk):
    ...         print(posteriors.argmax())
    11
    11
    """

    def __init__(self, model: Model, gate_db: float | None = None):
        super().__init__(model._network, model.thinning)
        if gate_db is not None:
            check_gate(gate_db)
            self._use(library.bifsmn_set_gate, gate_db)
        self._torn = False
        self._posteriors = np.zeros(self.classes, np.float32)
        self._posteriors_at = self._posteriors.ctypes.data

    def push(self, audio: ArrayLike) -> NDArray[np.float32]:
        """Takes more audio.

        Arguments
        ---------
        audio : array
            [samples], int16, or float from -1 to 1; any number of them. A
            chunk that is refused leaves the stream as it was; after one that
            an exception cut short, as of Ctrl-C, ``reset`` must be called.

        Returns
        -------
        array
            Posteriors [n][classes]: those that have become ready.
        """
        samples = as_clip(audio)
        floats = np.empty(len(samples), np.float32)
        write_floats(samples, floats)
        check_range(floats)  # here, so that no part of a bad chunk is taken
        return self._use(self._push, floats)

    def _push(self, state, floats):
        if self._torn:
            raise RuntimeError(
                "this Stream lost audio when an exception, or a fork in "
                "another thread, cut a push short; reset() it, or make another"
            )
        rows, at, left = [], floats.ctypes.data, len(floats)
        used, ready = c_size_t(), c_int()
        self._torn = True  # until all has been taken
        while left or ready:
            if self._closed:
                self._refuse()
            library.bifsmn_push(
                *(state, at, left, byref(used)),
                *(self._posteriors_at, byref(ready)),
            )
            at += used.value * floats.itemsize
            left -= used.value
            if ready:
                rows.append(self._posteriors.copy())
        self._torn = False
        return np.array(rows, np.float32).reshape(-1, self.classes)

    def reset(self) -> None:
        """Forgets all audio so far."""
        self._use(self._reset)

    def _reset(self, state):
        library.bifsmn_reset(state)
        self._torn = False
