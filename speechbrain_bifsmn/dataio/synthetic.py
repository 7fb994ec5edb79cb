"""A keyword corpus of synthetic voices, laid out like Speech Commands.

For trying a recipe out, for tests, and for keywords that nobody has recorded:
eSpeak NG says every word in many voices. The voices of the training,
validation and test clips are different ones.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.io import wavfile
from tqdm import tqdm

from bifsmn_engine.files.json_object import read_object
from speechbrain_bifsmn.dataio.backgrounds import (
    BACKGROUNDS,
    babble,
    coloured_noise,
)
from speechbrain_bifsmn.dataio.corpus import NOISE_FOLDER
from speechbrain_bifsmn.dataio.espeak import SAMPLE_RATE, Espeak
from speechbrain_bifsmn.dataio.espeak_data import ACCENTS
from speechbrain_bifsmn.dataio.kokoro import Kokoro
from speechbrain_bifsmn.dataio.speakers import (
    VARIANTS,
    Speaker,
    natural_speakers,
    speakers,
    stable_random,
)
from speechbrain_bifsmn.dataio.split_lists import LISTS
from speechbrain_bifsmn.dataio.words import COMMANDS, check_word, words_of
from speechbrain_bifsmn.files.atomic import clear_leftovers
from speechbrain_bifsmn.files.owned import owned_folder

VERSION = 1  # of what this file makes; part of the marker
MARKER = "synthetic.json"
WORDS = tuple(words_of("0.02"))
SAMPLES = SAMPLE_RATE  # of a clip
MAX_CLIP_SAMPLES = int(0.95 * SAMPLES)  # of the speech in a clip

SHARES = {"train": 1.0, "validation": 0.17, "test": 0.23}  # of clips


class PlannedClip(NamedTuple):
    """A clip that a synthetic voice is to speak."""

    split: str  # "train", "validation" or "test"
    word: str
    speaker: Speaker
    take: int


def make_clip(
    voices: Espeak | Kokoro, word: str, speaker: Speaker, take: int, seed: int
) -> NDArray[np.float64]:
    """Makes one second with a word at a random place, loudness and SNR.

    Arguments
    ---------
    voices : Espeak | Kokoro
        What speaks.
    word : str
        A word or short phrase.
    speaker : Speaker
        The voice; rate, pitch and its range vary a little about those given.
    take : int
        Number of the clip among those of this speaker and word.
    seed : int
        Seed of the corpus.

    Returns
    -------
    numpy.ndarray
        (16000,) at 16 kHz, from -1 to 1, but for peaks of the noise.
    """
    random = stable_random(seed, word, speaker.name, take)
    wav = voices.say(
        word,
        speaker.voice,
        MAX_CLIP_SAMPLES,
        round(speaker.rate * random.uniform(0.93, 1.07)),
        round(speaker.pitch + random.uniform(-4, 4)),
        round(speaker.pitch_range + random.uniform(-8, 8)),
    )
    start = random.randint(SAMPLES - len(wav) + 1)
    clip = np.zeros(SAMPLES)
    clip[start : start + len(wav)] = wav
    clip *= 10 ** (random.uniform(-20, -2) / 20) / np.abs(wav).max()
    # Half of the clips are nearly clean, but no microphone is silent.
    snr = random.uniform(10, 30) if random.rand() < 0.5 else 50
    noise = coloured_noise(SAMPLES, random, random.uniform(0, 2))
    power = np.square(clip).sum() / len(wav)
    return clip + noise * np.sqrt(power) * 10 ** (-snr / 20)


def plan_clips(
    clips: Mapping[str, int],
    seed: int,
    accents: Sequence[str] = ACCENTS,
    natural: bool = False,
) -> list[PlannedClip]:
    """Lists every clip of a corpus.

    Clip ``n`` of a word is the same whatever else is asked for.

    Arguments
    ---------
    clips : dict
        {word: training clips}.
    seed : int
        Seed of the corpus.
    accents : sequence of str
        Accents of eSpeak's voices.
    natural : bool
        Natural voices in their place.

    Returns
    -------
    list of PlannedClip
        In the order of splits, words and clips.
    """
    plan = []
    for split, share in SHARES.items():
        people = (
            natural_speakers(split, seed)
            if natural
            else speakers(split, seed, accents)
        )
        for word in sorted(clips):
            first = stable_random(seed, split, word).randint(len(people))
            for index in range(max(1, round(share * clips[word]))):
                take, person = divmod(index, len(people))
                speaker = people[(first + person) % len(people)]
                plan.append(PlannedClip(split, word, speaker, take))
    return plan


def make_corpus(
    folder: str | Path,
    words: Collection[str] = WORDS,
    clips: int | dict[str, int] | None = None,
    seed: int = 1234,
    background_seconds: int = 60,
) -> Path:
    """Makes a corpus, unless ``folder`` already holds the same one.

    The layout is that of Speech Commands: ``word/speaker_nohash_take.wav``
    (one second, 16 kHz, 16 bits), ``_background_noise_``, and the lists
    ``validation_list.txt`` and ``testing_list.txt``. A phrase is a word like
    any other: its folder has spaces in its name, as have the lists. All is
    built beside ``folder`` and moved there when whole.

    Arguments
    ---------
    folder : str | Path
        Where to put it: a corpus of this function, empty, or not there yet.
    words : collection of str
        Words and short phrases.
    clips : int | dict, optional
        Training clips of each word, or of each of these words; else 300 for
        the ten commands and 100 for other words. For validation and test there
        are 17 % and 23 % as many again.
    seed : int
        The same arguments give the same files.
    background_seconds : int
        Length of each background recording.

    Returns
    -------
    Path
        ``folder``.
    """
    folder = Path(folder)
    clear_leftovers(folder)
    clips = _count_clips(words, clips)
    description = {"version": VERSION, "clips": clips, "seed": seed}
    description["background_seconds"] = background_seconds
    if _is_there(folder, description):
        return folder
    with owned_folder(folder, "synthetic corpus") as corpus:
        _write_corpus(corpus, description)
    return folder


def _count_clips(words, clips):
    for word in words:
        check_word(word)
    if not 0 < len(words) == len({word.casefold() for word in words}):
        raise ValueError(f"words: expected different words, got {words!r}")
    if clips is None:
        clips = {word: 300 if word in COMMANDS else 100 for word in words}
    elif isinstance(clips, int):
        clips = dict.fromkeys(words, clips)
    if set(clips) != set(words) or min(clips.values()) < 1:
        raise ValueError(
            f"clips: expected at least 1 for each of {', '.join(words)}, "
            f"got {clips!r}"
        )
    return dict(sorted(clips.items()))


def _is_there(folder, description):
    """Whether a folder holds this corpus; raises if it holds another one."""
    marker = folder / MARKER
    if not marker.is_file():
        return False
    if read_object(marker) != description:
        raise FileExistsError(
            f"{folder} holds a synthetic corpus made with other settings: "
            "remove it or choose another folder"
        )
    return True


def write_wav(path: Path, wav: NDArray[np.floating]) -> None:
    """Writes samples from -1 to 1 as a 16 kHz wav file of 16 bits."""
    path.parent.mkdir(parents=True, exist_ok=True)
    codes = np.round(wav * 32767).clip(-32768, 32767).astype(np.int16)
    wavfile.write(path, SAMPLE_RATE, codes)


def write_backgrounds(
    folder: Path, seconds: int, seed: int, espeak: Espeak | None = None
) -> None:
    """Writes the background noises of a corpus.

    Arguments
    ---------
    folder : Path
        The corpus.
    seconds : int
        Length of each noise.
    seed : int
        Seed of the corpus.
    espeak : Espeak, optional
        What speaks babble; None leaves babble out.
    """
    kinds: dict[str, Callable[..., Any]] = dict(BACKGROUNDS)
    if espeak:
        variants = VARIANTS["train"][::5][: len(ACCENTS)]
        accents = cycle(espeak.accents)
        voices = [f"{a}+{v}" for a, v in zip(accents, variants, strict=False)]
        kinds["babble"] = partial(babble, espeak=espeak, voices=voices)
    for kind, make in kinds.items():
        random = stable_random(seed, kind)
        noise = 0.1 * make(seconds * SAMPLE_RATE, random)
        write_wav(folder / NOISE_FOLDER / f"{kind}.wav", noise)


def write_lists(folder: Path, clips: Mapping[str, Iterable[str]]) -> None:
    """Writes the official lists of ``{split: names of clips}``."""
    for split, name in LISTS.items():
        text = "".join(f"{clip}\n" for clip in sorted(clips[split]))
        (folder / name).write_text(text, "utf-8", newline="\n")


def _write_corpus(folder, description):
    espeak, seed = Espeak(), description["seed"]
    written: dict[str, list[str]] = {split: [] for split in SHARES}
    for split, word, speaker, take in tqdm(
        plan_clips(description["clips"], seed), "speaking", unit="clip"
    ):
        name = f"{word}/{speaker.name}_nohash_{take}.wav"
        write_wav(folder / name, make_clip(espeak, word, speaker, take, seed))
        written[split].append(name)
    seconds = description["background_seconds"]
    write_backgrounds(folder, seconds, seed, espeak)
    write_lists(folder, written)
    (folder / MARKER).write_text(json.dumps(description), "utf-8")
