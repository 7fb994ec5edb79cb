"""A corpus of custom keywords, laid out like Speech Commands.

It is made of recordings, of synthetic voices, or of both.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

from tqdm import tqdm

from speechbrain_bifsmn.dataio import synthetic
from speechbrain_bifsmn.dataio.corpus import (
    MIN_NOISE,
    NEGATIVES_FOLDER,
    NOISE_FOLDER,
)
from speechbrain_bifsmn.dataio.custom_counts import (
    MARKER,
    count_clips,
    read_marker,
)
from speechbrain_bifsmn.dataio.custom_plan import (
    check_apart,
    check_number,
    plan_corpus,
)
from speechbrain_bifsmn.dataio.espeak import SAMPLE_RATE, Espeak
from speechbrain_bifsmn.dataio.kokoro import Kokoro
from speechbrain_bifsmn.dataio.negatives import MINUTE_S, write_negatives
from speechbrain_bifsmn.dataio.recordings import convert_recordings
from speechbrain_bifsmn.dataio.running_speech import running_speech
from speechbrain_bifsmn.dataio.sentences import sentences_without
from speechbrain_bifsmn.dataio.speakers import is_natural
from speechbrain_bifsmn.dataio.spoken import (
    OWNER,
    forget_spoken,
    spoken_folder,
)
from speechbrain_bifsmn.files.atomic import atomic_write, clear_leftovers
from speechbrain_bifsmn.files.owned import owned_folder

MIN_SECONDS = MIN_NOISE // SAMPLE_RATE  # of a background noise
MAX_SECONDS = 3600
MAX_THREADS = 8  # a natural voice takes 200 MB in each


def make_custom_corpus(
    folder: str | Path,
    words: str | Sequence[str],
    recordings: str | Path = "",
    speak: str = "missing",
    clips: int = 300,
    seed: int = 1234,
    background_seconds: int = 60,
    language: str = "en",
    negatives: str | Path | Sequence[str | Path] = (),
    voices: str = "espeak",
) -> Path:
    """Makes a corpus, unless ``folder`` already holds the same one.

    All is built beside ``folder`` and moved there when whole. A corpus made
    here of other words, settings or recordings is replaced then. What natural
    voices have said when it is stopped is not said again the next time.

    Arguments
    ---------
    folder : str | Path
        Where to put it: a corpus of this function, empty, or not there yet.
    words : str | sequence of str
        The keywords, as ``parse_words`` takes them.
    recordings : str | Path
        A folder with a folder of recordings for each word, as
        ``find_recordings`` takes it; they may be of any rate and length.
        Folders of other names are words to tell the keywords from. Sounds in
        ``_background_noise_`` take the place of the synthetic ones. Empty: no
        recordings.
    speak : str
        What synthetic voices say: "missing", each keyword in each split that
        has no recording of it; "always", all keywords for training as well;
        "never", nothing. Unless "never", they also say words to tell the
        keywords from, among them the parts of phrases.
    clips : int
        Synthetic training clips of each keyword, and about as many of all
        other words together. For validation and test there are 17 % and 23 %
        as many again.
    seed : int
        The same arguments and recordings give the same files.
    background_seconds : int
        Length of each synthetic background, at least 10.
    language : str
        Code of the voices' language, such as "en" or "cmn". What they would
        spell letter by letter, since it is in another script, is refused where
        they are to say it, and left out of the other words.
    negatives : str | Path | sequence of str | Path
        Files and folders of audio without keywords, hours of it: its seconds
        are words to tell the keywords from. "shipped": the words of people
        that come with the package.
    voices : str
        "espeak", or "natural": of English, those of ``Kokoro`` say half of the
        clips, and minutes of sentences. They carry over to people better, and
        take a second a clip.

    Returns
    -------
    Path
        ``folder``.

    Example
    -------
    >>> import soundfile, tempfile
    >>> with tempfile.TemporaryDirectory() as home:
    ...     clip = Path(home, "mine", "Hey_Robot", "ann.flac")
    ...     clip.parent.mkdir(parents=True)
    ...     soundfile.write(clip, [0.5] * 9600, 48000)
    ...     corpus = make_custom_corpus(
    ...         Path(home, "corpus"), "hey robot", Path(home, "mine"), "never"
    ...     )
    ...     soundfile.info(corpus / "hey robot" / "ann_nohash_0.wav").frames
    3200
    """
    folder = Path(folder)
    clear_leftovers(folder)
    plan = plan_corpus(
        words, recordings, speak, clips, seed, language, negatives, voices
    )
    check_apart(folder, [recordings] if recordings else [])
    check_apart(folder, plan.negatives)
    check_number(
        "background_seconds", background_seconds, MIN_SECONDS, MAX_SECONDS
    )
    description = plan.description | {"background_seconds": background_seconds}
    if read_marker(folder).get("description") == description:
        forget_spoken(folder)
        return folder
    kept_speech = (
        spoken_folder(folder, description)
        if plan.natural
        else nullcontext(folder)
    )
    with kept_speech as kept, owned_folder(folder, OWNER) as corpus:
        _write_corpus(corpus, kept, plan, seed, background_seconds)
        counts = count_clips(plan.words, plan.recorded, plan.spoken)
        marker = {"description": description, "clips": counts}
        (corpus / MARKER).write_text(json.dumps(marker), "utf-8")
    return folder


def describe_corpus(
    words: str | Sequence[str],
    recordings: str | Path = "",
    speak: str = "missing",
    clips: int = 300,
    seed: int = 1234,
    language: str = "en",
    negatives: str | Path | Sequence[str | Path] = (),
    voices: str = "espeak",
) -> dict[str, Any]:
    """Returns what decides on a corpus of ``make_custom_corpus``.

    Takes its arguments; returns plain data, and makes nothing.
    """
    plan = plan_corpus(
        words, recordings, speak, clips, seed, language, negatives, voices
    )
    return plan.description


def _write_corpus(corpus, kept, plan, seed, background_seconds):
    recorded, spoken = plan.recorded, plan.spoken
    speakers = _speakers(plan)  # first: one may be missing
    names = _names(recorded, spoken)
    of_recorded, of_spoken = names[: len(recorded)], names[len(recorded) :]
    convert_recordings(recorded, [corpus / name for name in of_recorded])
    listed = write_negatives(corpus, plan.negatives)
    _speak(corpus, kept, list(_speech(plan, of_spoken, speakers, seed)))
    if not any(clip.word == NOISE_FOLDER for clip in recorded):
        espeak = speakers.get(False)
        synthetic.write_backgrounds(corpus, background_seconds, seed, espeak)
    names += map(_minute_name, plan.minutes)
    made = *recorded, *spoken, *plan.minutes
    for part, name in zip(made, names, strict=True):
        listed[part.split].append(name)
    synthetic.write_lists(corpus, listed)


def _minute_name(minute):
    return f"{NEGATIVES_FOLDER}/{minute.speaker.name}_nohash_0.wav"


def _speech(plan, names, speakers, seed):
    """Yields what voices say: the file, whether naturally, the samples."""
    sentences = sentences_without(plan.words)
    clips = list(zip(names, plan.spoken, strict=True))
    # What is too long to be said is to be refused at once.
    clips.sort(key=lambda clip: -len(clip[1].word))
    for name, (_, word, speaker, take) in clips:
        natural = is_natural(speaker)
        arguments = speakers[natural], word, speaker, take, seed
        yield name, natural, partial(synthetic.make_clip, *arguments)
    for minute in plan.minutes:
        arguments = speakers[True], minute.speaker, sentences, MINUTE_S, seed
        yield _minute_name(minute), True, partial(running_speech, *arguments)


def _speak(corpus, kept, speech):
    """Writes what voices say, as much at once as there are processors."""

    def write(file):
        name, natural, speak = file
        if not natural:  # and fast
            synthetic.write_wav(corpus / name, speak())
            return
        if not (kept / name).exists():
            with atomic_write(kept / name) as place:
                synthetic.write_wav(place, speak())
        (corpus / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(kept / name, corpus / name)

    pool = ThreadPoolExecutor(min(os.cpu_count() or 1, MAX_THREADS))
    try:
        done = pool.map(write, speech)
        for _ in tqdm(done, "speaking", len(speech), unit="file"):
            pass
    finally:
        pool.shutdown(cancel_futures=True)


def _speakers(plan):
    """Returns what speaks: by whether it is natural."""
    if not plan.spoken:
        return {}
    espeak = Espeak(plan.language)
    if not plan.natural:
        return {False: espeak}
    return {False: espeak, True: Kokoro(espeak)}


def _names(recorded, spoken):
    """Returns different names, even where case makes no difference."""
    clips = [(clip.word, clip.speaker, clip.take) for clip in recorded]
    clips += [(word, speaker.name, take) for _, word, speaker, take in spoken]
    names, taken = [], set()
    for word, speaker, take in clips:
        stem = f"{word}/{speaker}_nohash_"
        while (stem.casefold(), take) in taken:
            take += 1
        taken.add((stem.casefold(), take))
        names.append(f"{stem}{take}.wav")
    return names
