"""Speech from text with eSpeak NG, the same samples on every call.

eSpeak NG (GPL-3.0) comes from the optional package ``espeakng-loader``, which
nothing else in this project needs; it is called through its C interface.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.signal import firwin, resample, resample_poly

from speechbrain_bifsmn.dataio.espeak_data import accents_of, copy_voices
from speechbrain_bifsmn.dataio.espeak_library import EspeakLibrary
from speechbrain_bifsmn.dataio.scripts import without_accents

SAMPLE_RATE = 16000
UP, DOWN = 320, 441  # 16000 Hz / NATIVE_RATE
EDGE = 320  # samples kept around what is loud: a word ends softly
RATES = (80, 450)
MAX_CLEAR_RATE = 320  # words per minute that can still be understood
MAX_SQUEEZE = 1.15  # how much faster what was said so is played at most
# Their noise comes from the C library's rand(), so it differs on each call.
UNREPEATABLE = ("Reed", "caleb")

# What English phonemes have where a letter is named and not said.
_NAMED = "_|"


def _remove(folder, maker):
    """Removes a folder of its maker, and not of a child that has a copy."""
    if os.getpid() == maker:
        shutil.rmtree(folder, ignore_errors=True)


def trimmed(wav: NDArray[np.float32]) -> NDArray[np.float32]:
    """Returns speech without the silence around it.

    Example
    -------
    >>> len(trimmed(np.array([0.0] * 1000 + [1.0] + [0.0] * 1000)))
    641
    """
    loud = np.flatnonzero(np.abs(wav) > 0.01 * np.abs(wav).max())
    if not loud.size:
        return wav[:0]
    return wav[max(loud[0] - EDGE, 0) : loud[-1] + EDGE + 1]


def squeezed(wav: NDArray[np.float32], samples: int) -> NDArray[np.float32]:
    """Returns speech played faster, if it is a little longer than ``samples``.

    Some voices are slow: a word that most can say is not refused for them.

    Example
    -------
    >>> [len(squeezed(np.ones(n, np.float32), 100)) for n in (90, 110, 130)]
    [90, 100, 130]
    """
    if not samples < len(wav) <= MAX_SQUEEZE * samples:
        return wav
    return resample(wav, samples).clip(-1, 1).astype(np.float32)


class Espeak:
    """Speaks in many voices.

    A voice is an accent and, after a plus, a variant: ``en-us+f3``. The samples
    of a call depend on its arguments alone.

    Arguments
    ---------
    language : str
        "en", or the code of another language that eSpeak NG speaks, such as
        "de" or "cmn".

    Example
    -------
    >>> espeak = Espeak()  # doctest: +SKIP
    >>> espeak.speak("yes", "en-us+f3").dtype  # doctest: +SKIP
    dtype('float32')
    """

    def __init__(self, language: str = "en") -> None:
        try:
            import espeakng_loader
        except ImportError as error:
            raise ImportError(
                "synthetic speech needs the package espeakng-loader, which is "
                "not installed: run `pip install speechbrain-bifsmn[recipe]`"
            ) from error
        self._folder = tempfile.mkdtemp(prefix="espeak-")
        weakref.finalize(self, _remove, self._folder, os.getpid())
        source = Path(espeakng_loader.get_data_path())
        self.language = language
        self.accents = accents_of(language)
        data = Path(self._folder) / "espeak-ng-data"
        copy_voices(source, data, language)
        self._library = EspeakLibrary(espeakng_loader.get_library_path(), data)
        found = {path.name for path in (data / "voices/!v").iterdir()}
        self.variants = sorted(found.difference(UNREPEATABLE))
        # resample_poly would design this filter anew on each call.
        cutoff = 1 / max(UP, DOWN)
        self._filter = firwin(20 * DOWN + 1, cutoff, window=("kaiser", 5.0))

    def speak(
        self,
        text: str,
        voice: str,
        rate: int = 175,
        pitch: int = 50,
        pitch_range: int = 50,
    ) -> NDArray[np.float32]:
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
            From 0 to 99; 50 is the normal pitch of the voice.
        pitch_range : int
            From 0 (monotone) to 99; 50 is the normal range of the voice.

        Returns
        -------
        numpy.ndarray
            float32, 16 kHz, within -1 and 1; the silence around it is kept.
        """
        self._check(text, voice, rate, pitch, pitch_range)
        text = self._spelling(text, voice)
        codes = self._library.synthesise(text, voice, rate, pitch, pitch_range)
        native = np.frombuffer(codes, np.int16) / 32768
        wav = resample_poly(native, UP, DOWN, window=self._filter)
        return wav.clip(-1, 1).astype(np.float32)

    def say(
        self,
        text: str,
        voice: str,
        max_samples: int,
        rate: int = 175,
        pitch: int = 50,
        pitch_range: int = 50,
    ) -> NDArray[np.float32]:
        """Speaks within a given time: faster than ``rate`` where it must.

        Arguments
        ---------
        text, voice, rate, pitch, pitch_range
            Arguments of ``speak``.
        max_samples : int
            The given time, in samples at 16 kHz.

        Returns
        -------
        numpy.ndarray
            float32, 16 kHz, without the silence around the speech.
        """
        while True:
            wav = self.speak(text, voice, rate, pitch, pitch_range)
            wav = trimmed(wav)
            if not len(wav):
                raise ValueError(f"text: {voice} keeps silent at {text!r}")
            if rate >= MAX_CLEAR_RATE:
                wav = squeezed(wav, max_samples)
            if len(wav) <= max_samples:
                return wav
            if rate >= MAX_CLEAR_RATE:
                raise ValueError(
                    f"text: {text!r} lasts {len(wav) / SAMPLE_RATE:.2f} s even "
                    f"when said fast, but only {max_samples / SAMPLE_RATE:.2f} "
                    "s are free; choose a shorter one"
                )
            faster = rate * max(1.05, len(wav) / max_samples)
            rate = min(round(faster), MAX_CLEAR_RATE)

    def _spelling(self, text, voice):
        """Returns English in plain letters where others would be named."""
        if self.language != "en" or text.isascii():
            return text
        for spelling in (text, without_accents(text)):
            phonemes = self.phonemes(spelling, voice)
            if phonemes.strip() and _NAMED not in phonemes:
                return spelling
        raise ValueError(
            f"text: expected letters that English has a sound for, got "
            f"{text!r}; write it as it sounds"
        )

    def phonemes(self, text: str, voice: str, ipa: bool = False) -> str:
        """Returns the phonemes of a text, in eSpeak NG's notation or in IPA.

        Example
        -------
        >>> Espeak().phonemes("café", "en-us")  # doctest: +SKIP
        "kaf'eI"
        """
        self._check(text, voice)
        return self._library.phonemes(text, voice, ipa)

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
