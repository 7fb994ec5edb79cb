"""A keyword corpus of synthetic voices, laid out like Speech Commands.

For trying a recipe out, for tests, and for keywords that nobody has recorded:
eSpeak NG says every word in many voices. The voices of the training,
validation and test clips are different ones.
"""

import hashlib
import json
from collections import namedtuple
from functools import partial
from itertools import cycle
from pathlib import Path

import numpy as np
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
from speechbrain_bifsmn.dataio.split_lists import LISTS
from speechbrain_bifsmn.dataio.words import COMMANDS, check_word, words_of
from speechbrain_bifsmn.files.atomic import clear_leftovers
from speechbrain_bifsmn.files.owned import owned_folder

VERSION = 1  # of what this file makes; part of the marker
MARKER = "synthetic.json"
WORDS = tuple(words_of("0.02"))
SAMPLES = SAMPLE_RATE  # of a clip
MAX_CLIP_SAMPLES = int(0.95 * SAMPLES)  # of the speech in a clip

# Variants with nearly the same formants (aunty, f4) share a split. Whispers,
# robots and monsters are left out.
VARIANTS = {
    "train": (
        "Alex Alicia Andrea Andy Denis Diogo Gene Gene2 Henrique Hugo Lee "
        "Mario Michael Nguyen adam antonio benjamin boris david ed edward "
        "edward2 f1 f3 f5 grandma grandpa gustave iven4 john klatt klatt2 "
        "klatt3 klatt4 klatt5 klatt6 m1 m3 m5 m7 marcelo max pablo pedro "
        "quincy sandro steph steph2 steph3 travis"
    ).split(),
    "validation": "Annie Marco f2 ian m2 m4 victor".split(),
    "test": (
        "Mike aunty belinda f4 linda m6 m8 michel miguel paul rob robert shelby"
    ).split(),
}
SPEAKERS = {"train": 250, "validation": 42, "test": 65}
SHARES = {"train": 1.0, "validation": 0.17, "test": 0.23}  # of clips

# Who says a clip, in the manner of Espeak.speak.
Speaker = namedtuple("Speaker", "name voice rate pitch pitch_range")


def stable_random(*key):
    """Random numbers that depend on ``key`` (numbers, strings) alone.

    Example
    -------
    >>> stable_random(1234, "yes", 0).randint(100)
    40
    """
    digest = hashlib.sha256(json.dumps(key).encode()).digest()
    # Of NumPy's generators, the one whose stream is never to change.
    return np.random.RandomState(np.frombuffer(digest, "<u4"))


def speakers(split, seed, accents=ACCENTS):
    """The speakers of "train", "validation" or "test".

    Example
    -------
    >>> speakers("test", seed=1234)[0].voice
    'en-029+Mike'
    """
    variants, people = VARIANTS[split], []
    for index in range(SPEAKERS[split]):
        random = stable_random(seed, split, index)
        accent = accents[random.randint(len(accents))]
        voice = f"{accent}+{variants[index % len(variants)]}"
        rate, pitch = random.uniform(135, 195), random.uniform(38, 62)
        name, pitch_range = random.bytes(4).hex(), random.uniform(30, 70)
        people.append(Speaker(name, voice, rate, pitch, pitch_range))
    return people


def make_clip(espeak, word, speaker, take, seed):
    """One second with a word at a random place, loudness and noise level."""
    random = stable_random(seed, word, speaker.name, take)
    wav = espeak.say(
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


def plan_clips(clips, seed, accents=ACCENTS):
    """Lists every clip: its split, word, speaker and take.

    Clip ``n`` of a word is the same whatever else is asked for.
    """
    plan = []
    for split, share in SHARES.items():
        people = speakers(split, seed, accents)
        for word in sorted(clips):
            first = stable_random(seed, split, word).randint(len(people))
            for index in range(max(1, round(share * clips[word]))):
                take, person = divmod(index, len(people))
                speaker = people[(first + person) % len(people)]
                plan.append((split, word, speaker, take))
    return plan


def make_corpus(
    folder, words=WORDS, clips=None, seed=1234, background_seconds=60
):
    """Makes a corpus, unless ``folder`` already holds this very one.

    The layout is that of Speech Commands: ``word/speaker_nohash_take.wav``
    (one second, 16 kHz, 16 bits), ``_background_noise_``, and the lists
    ``validation_list.txt`` and ``testing_list.txt``. A phrase is a word like
    any other: its folder has spaces in its name, as have the lists. All is
    built beside ``folder`` and moved there when whole.

    Arguments
    ---------
    folder : str | Path
        Where to put it: a corpus of this function, empty, or not there yet.
    words : sequence of str
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


def write_wav(path, wav):
    """Writes 16 bits; ``wav`` is from -1 to 1."""
    path.parent.mkdir(parents=True, exist_ok=True)
    codes = np.round(wav * 32767).clip(-32768, 32767).astype(np.int16)
    wavfile.write(path, SAMPLE_RATE, codes)


def write_backgrounds(folder, seconds, seed, espeak=None):
    """Writes noises, and babble if there is someone to speak it."""
    kinds = dict(BACKGROUNDS)
    if espeak:
        variants = VARIANTS["train"][::5][: len(ACCENTS)]
        accents = cycle(espeak.accents)
        voices = [f"{a}+{v}" for a, v in zip(accents, variants, strict=False)]
        kinds["babble"] = partial(babble, espeak=espeak, voices=voices)
    for kind, make in kinds.items():
        random = stable_random(seed, kind)
        noise = 0.1 * make(seconds * SAMPLE_RATE, random)
        write_wav(folder / NOISE_FOLDER / f"{kind}.wav", noise)


def write_lists(folder, clips):
    """Writes the official lists of ``{split: names of clips}``."""
    for split, name in LISTS.items():
        text = "".join(f"{clip}\n" for clip in sorted(clips[split]))
        (folder / name).write_text(text, "utf-8", newline="\n")


def _write_corpus(folder, description):
    espeak, seed = Espeak(), description["seed"]
    written = {split: [] for split in SHARES}
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
