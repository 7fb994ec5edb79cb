"""Speech from text with eSpeak NG, the same samples on every call.

eSpeak NG (GPL-3.0) comes from the optional package ``espeakng-loader``, which
nothing else in this project needs; it is called through its C interface.
"""

import _ctypes
import contextlib
import ctypes
import os
import shutil
import tempfile
import threading
import weakref
from pathlib import Path

import numpy as np
from scipy.signal import firwin, resample_poly

from speechbrain_bifsmn.dataio.espeak_data import accents_of, copy_voices
from speechbrain_bifsmn.dataio.scripts import without_accents

SAMPLE_RATE = 16000
NATIVE_RATE = 22050
UP, DOWN = 320, 441  # 16000 / 22050
EDGE = 320  # samples kept around what is loud: a word ends softly
RATES = (80, 450)
FASTEST = 320  # words per minute that can still be understood
# Their noise comes from the C library's rand(), so it never sounds twice.
UNREPEATABLE = ("Reed", "caleb")

# What English phonemes have where a letter is named and not said.
_NAMED = "_|"

# Values of enumerations of speak_lib.h.
_SYNCHRONOUS, _DONT_EXIT, _CHARACTERS, _UTF8 = 2, 0x8000, 1, 1
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


def _remove(folder, maker):
    """Removes a folder of its maker, and not of a child that has a copy."""
    if os.getpid() == maker:
        shutil.rmtree(folder, ignore_errors=True)


def _close(library):
    """Unloads a library; ctypes has no public way."""
    unload = getattr(_ctypes, "dlclose", None) or _ctypes.FreeLibrary
    unload(library._handle)


class Espeak:
    """Speaks in many voices.

    A voice is an accent and, after a plus, a variant: ``en-us+f3``. The library
    keeps hidden state (where its flutter of the pitch stands), so it is loaded
    afresh for every call, which takes a millisecond: a call's samples depend on
    its arguments alone.

    Arguments
    ---------
    language : str
        As of ``copy_voices``: "en", or another one that eSpeak NG speaks.

    Example
    -------
    >>> espeak = Espeak()  # doctest: +SKIP
    >>> espeak.speak("yes", "en-us+f3").dtype  # doctest: +SKIP
    dtype('float32')
    """

    def __init__(self, language="en"):
        try:
            import espeakng_loader
        except ImportError as error:
            raise ImportError(
                "synthetic speech needs the package espeakng-loader, which is "
                "not installed: run `pip install speechbrain-bifsmn[recipe]`"
            ) from error
        self.library = espeakng_loader.get_library_path()
        self._folder = tempfile.mkdtemp(prefix="espeak-")
        weakref.finalize(self, _remove, self._folder, os.getpid())
        source = Path(espeakng_loader.get_data_path())
        self.language = language
        self.accents = accents_of(language)
        copy_voices(source, self._data, language)
        found = {path.name for path in (self._data / "voices/!v").iterdir()}
        self.variants = sorted(found.difference(UNREPEATABLE))
        # resample_poly would design this filter anew on each call.
        cutoff = 1 / max(UP, DOWN)
        self._filter = firwin(20 * DOWN + 1, cutoff, window=("kaiser", 5.0))

    @property
    def _data(self):
        return Path(self._folder) / "espeak-ng-data"

    def speak(self, text, voice, rate=175, pitch=50, pitch_range=50):
        """Speaks.

        Arguments
        ---------
        text : str
            What to say.
        voice : str
            One of ``accents``, alone or with ``+`` and one of ``variants``.
        rate : int
            Words per minute, from 80 to 450.
        pitch : int
            From 0 to 99; 50 is the voice's own.
        pitch_range : int
            From 0 (monotone) to 99; 50 is the voice's own.

        Returns
        -------
        numpy.ndarray
            float32, 16 kHz, within -1 and 1; the silence around it is kept.
        """
        self._check(text, voice, rate, pitch, pitch_range)
        text, blocks = self._spelling(text, voice), []

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
        native = np.frombuffer(b"".join(blocks), np.int16) / 32768
        wav = resample_poly(native, UP, DOWN, window=self._filter)
        return wav.clip(-1, 1).astype(np.float32)

    def say(self, text, voice, longest, rate=175, pitch=50, pitch_range=50):
        """Speaks within a given time: faster than ``rate`` where it must.

        Arguments
        ---------
        text, voice, rate, pitch, pitch_range
            As in ``speak``.
        longest : int
            Samples.

        Returns
        -------
        numpy.ndarray
            float32, 16 kHz, without the silence around the speech.
        """
        while True:
            wav = self.speak(text, voice, rate, pitch, pitch_range)
            loud = np.flatnonzero(np.abs(wav) > 0.01 * np.abs(wav).max())
            if loud.size == 0:
                raise ValueError(f"text: {voice} keeps silent at {text!r}")
            wav = wav[max(loud[0] - EDGE, 0) : loud[-1] + EDGE + 1]
            if len(wav) <= longest:
                return wav
            if rate >= FASTEST:
                raise ValueError(
                    f"text: {text!r} lasts {len(wav) / SAMPLE_RATE:.2f} s even "
                    f"when said fast, but only {longest / SAMPLE_RATE:.2f} s "
                    "are free; choose a shorter one"
                )
            faster = rate * max(1.05, len(wav) / longest)
            rate = min(round(faster), FASTEST)

    def _spelling(self, text, voice):
        """Returns English in plain letters where others would be named."""
        if self.language != "en" or text.isascii():
            return text
        for spelling in (text, without_accents(text)):
            said = self.phonemes(spelling, voice)
            if said.strip() and _NAMED not in said:
                return spelling
        raise ValueError(
            f"text: expected letters that English has a sound for, got "
            f"{text!r}; write it as it sounds"
        )

    def phonemes(self, text, voice):
        """Returns how a text is said, in eSpeak NG's own signs.

        Example
        -------
        >>> Espeak().phonemes("café", "en-us")  # doctest: +SKIP
        "kaf'eI"
        """
        self._check(text, voice)
        rest, said = _TEXT(text.encode()), []
        with _LOCK, self._loaded() as library:
            self._call(library, "espeak_SetVoiceByName", voice.encode())
            while rest.value is not None:
                part = ctypes.byref(rest)
                said.append(library.espeak_TextToPhonemes(part, _UTF8, 0))
        return b" ".join(said).decode()

    def _check(self, text, voice, rate=175, pitch=50, pitch_range=50):
        if not text.strip():
            raise ValueError(f"text: expected words to say, got {text!r}")
        accent, plus, variant = voice.partition("+")
        if accent not in self.accents:
            raise ValueError(
                f"voice: expected an accent among {', '.join(self.accents)}, "
                f"got {accent!r}"
            )
        if plus and variant not in self.variants:
            raise ValueError(
                f"voice: eSpeak NG has no variant {variant!r}; choose from "
                f"{', '.join(self.variants)}"
            )
        for name, value, low, high in (
            ("rate", rate, *RATES),
            ("pitch", pitch, 0, 99),
            ("pitch_range", pitch_range, 0, 99),
        ):
            if not low <= value <= high:
                raise ValueError(
                    f"{name}: expected {low} to {high}, got {value}"
                )

    @contextlib.contextmanager
    def _loaded(self):
        """The library as a new process would find it."""
        library = ctypes.CDLL(self.library)
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
