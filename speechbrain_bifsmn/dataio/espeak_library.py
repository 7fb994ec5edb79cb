"""The library of eSpeak NG (GPL-3.0), called through its C interface."""

from __future__ import annotations

import _ctypes
import contextlib
import ctypes
import os
import sys
import threading
from pathlib import Path

NATIVE_RATE = 22050  # Hz

# Values of enumerations of speak_lib.h.
_SYNCHRONOUS, _DONT_EXIT, _CHARACTERS, _UTF8 = 2, 0x8000, 1, 1
_IPA = 2
_RATE, _VOLUME, _PITCH, _RANGE = 1, 2, 3, 4

_INT, _UINT, _TEXT = ctypes.c_int, ctypes.c_uint, ctypes.c_char_p
_POINTER, _SIZE = ctypes.c_void_p, ctypes.c_size_t
_CALLBACK = ctypes.CFUNCTYPE(
    _INT, ctypes.POINTER(ctypes.c_short), _INT, _POINTER
)
_SIGNATURES = {  # result, then arguments
    "espeak_Initialize": (_INT, _INT, _INT, _TEXT, _INT),
    "espeak_SetSynthCallback": (None, _CALLBACK),
    "espeak_ng_SetRandSeed": (_INT, ctypes.c_long),
    "espeak_SetVoiceByName": (_INT, _TEXT),
    "espeak_SetParameter": (_INT, _INT, _INT, _INT),
    "espeak_Synth": (
        *(_INT, _TEXT, _SIZE, _UINT, _INT, _UINT, _UINT),
        *(_POINTER, _POINTER),
    ),
    "espeak_TextToPhonemes": (_TEXT, ctypes.POINTER(_TEXT), _INT, _INT),
    "espeak_Terminate": (_INT,),
}
_LOCK = threading.Lock()  # the library is one set of global variables


def _new_lock():
    """A child of fork cannot wait for a thread that only its parent has."""
    global _LOCK
    _LOCK = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_new_lock)


def _close(library):
    """Unloads a library; ctypes has no public way."""
    if sys.platform == "win32":
        _ctypes.FreeLibrary(library._handle)
    else:
        _ctypes.dlclose(library._handle)


class EspeakLibrary:
    """Speaks, in one call after another that know nothing of each other.

    The library keeps hidden state (where its flutter of the pitch stands), so
    it is loaded afresh for every call, which takes a millisecond.

    Arguments
    ---------
    path : str
        The shared library.
    data : Path
        The folder ``espeak-ng-data`` with its voices.
    """

    def __init__(self, path: str, data: Path) -> None:
        self._path, self._data = path, data

    def synthesise(
        self, text: str, voice: str, rate: int, pitch: int, pitch_range: int
    ) -> bytes:
        """Speaks a text.

        Arguments
        ---------
        text, voice, rate, pitch, pitch_range
            Arguments of ``Espeak.speak``.

        Returns
        -------
        bytes
            Samples of 16 bits at ``NATIVE_RATE``.
        """
        blocks = []

        @_CALLBACK
        def collect(samples, count, _):
            if samples and count > 0:
                blocks.append(ctypes.string_at(samples, 2 * count))
            return 0

        with _LOCK, self._loaded() as library:
            library.espeak_SetSynthCallback(collect)
            self._call(library, "espeak_ng_SetRandSeed", 1)
            self._call(library, "espeak_SetVoiceByName", voice.encode())
            for key, value in (
                (_RATE, rate),
                (_VOLUME, 100),
                (_PITCH, pitch),
                (_RANGE, pitch_range),
            ):
                self._call(library, "espeak_SetParameter", key, value, 0)
            data = text.encode() + b"\0"
            self._call(
                library, "espeak_Synth",
                data, len(data), 0, _CHARACTERS, 0, _UTF8, None, None,
            )  # fmt: skip
        return b"".join(blocks)

    def phonemes(self, text: str, voice: str, ipa: bool = False) -> str:
        """Returns the phonemes of a text, in eSpeak NG's notation or IPA."""
        mode = _IPA if ipa else 0
        rest, phonemes = _TEXT(text.encode()), []
        with _LOCK, self._loaded() as library:
            self._call(library, "espeak_SetVoiceByName", voice.encode())
            while rest.value is not None:
                part = ctypes.byref(rest)
                phonemes.append(
                    library.espeak_TextToPhonemes(part, _UTF8, mode)
                )
        return b" ".join(phonemes).decode()

    @contextlib.contextmanager
    def _loaded(self):
        """The library as a new process would find it."""
        library = ctypes.CDLL(self._path)
        try:
            for name, (result, *arguments) in _SIGNATURES.items():
                function = getattr(library, name)
                function.restype, function.argtypes = result, arguments
            rate = library.espeak_Initialize(
                _SYNCHRONOUS, 0, str(self._data.parent).encode(), _DONT_EXIT
            )
            if rate != NATIVE_RATE:
                raise RuntimeError(
                    f"eSpeak NG: expected to start at {NATIVE_RATE} Hz, got "
                    f"{rate}; reinstall espeakng-loader"
                )
            yield library
            library.espeak_Terminate()
        finally:
            _close(library)

    @staticmethod
    def _call(library, name, *arguments):
        code = getattr(library, name)(*arguments)
        if code != 0:
            raise RuntimeError(f"eSpeak NG: {name} failed with code {code}")
