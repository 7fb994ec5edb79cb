"""PocketSphinx, which searches for phrases that are typed: nothing is trained.

    python -m benchmarks.backends.keyword_sphinx AUDIO --words WORD ...

It has no score for each step, but one for each detection: how much likelier the
phrase is than other speech. A threshold does not change the search. So it is
searched once at a threshold that lets nearly all pass, and the score of a
detection stands at the step at which it ends.
"""

import argparse
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness import keyword_runner
from benchmarks.harness.keyword_runner import RATE, Spotter, known

# Words that its dictionary lacks, in its phones: "snow" and "boy".
PRONUNCIATIONS = {"snowboy": "S N OW B OY"}
LOWEST = -50  # powers of ten: from one detection in some seconds on
PHONE_LOOP = 0.1  # its own, too
DEFAULT = -30  # its own threshold, where none is given
STEP = RATE // 100  # samples
MAX_STEPS = 6000  # of an utterance, at whose end detections are read
# Of its scores: log10 of what one of them stands for, and what it lacks.
LOG10_OF_UNIT, OFFSET = 1024 * math.log10(1.0001), 1500


def pronunciations(
    lines: Iterable[str], words: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """Yields the entries of a dictionary that words need, variants among them.

    Arguments
    ---------
    lines : iterable of str
        Of the dictionary.
    words : sequence of str
        Words, or phrases of several.

    Example
    -------
    >>> lines = ["boy B OY", "either IY DH ER", "either(2) AY DH ER"]
    >>> dict(pronunciations(lines, ["either", "snowboy"]))
    {'either': 'IY DH ER', 'either(2)': 'AY DH ER', 'snowboy': 'S N OW B OY'}
    """
    wanted, found = {part for word in words for part in word.split()}, set()
    for line in lines:
        name, phones = line.strip().split(" ", 1)
        base = re.sub(r"\(\d+\)$", "", name)
        if base in wanted:
            found.add(base)
            yield name, phones
    for word in sorted(wanted - found):
        if word in PRONUNCIATIONS:
            yield word, PRONUNCIATIONS[word]


def log10_of(probability: float) -> float:
    """Returns log10 of a likelihood ratio, from what a detection says.

    Example
    -------
    >>> round(log10_of(1.0001 ** (-1500 - 300)), 1)  # 300 units below 1
    -13.3
    """
    units = math.log(probability) / math.log(1.0001) + OFFSET
    return units * LOG10_OF_UNIT


class Sphinx(Spotter):
    """All keywords at once, by its English acoustic model."""

    hop_s = STEP / RATE

    def __init__(self, words: list[str], phone_loop: float = PHONE_LOOP):
        import pocketsphinx

        package = Path(pocketsphinx.__file__).parent
        acoustic = Path(pocketsphinx.get_model_path("en-us/en-us"))
        spoken = acoustic.parent / "cmudict-en-us.dict"
        with spoken.open(encoding="utf-8") as lines:
            entries = dict(pronunciations(lines, words))
        sayable = [w for w in words if all(p in entries for p in w.split())]
        self.keywords = known(words, sayable, "words that it can pronounce")
        self.thresholds = [float(DEFAULT - LOWEST)] * len(self.keywords)
        with TemporaryDirectory() as folder:
            phrases = write_search(Path(folder), self.keywords, entries)
            self.decoder = pocketsphinx.Decoder(
                hmm=str(acoustic),
                dict=f"{folder}/dict",
                kws=f"{folder}/phrases",
                kws_plp=phone_loop,
                lm=None,
                loglevel="FATAL",
            )
        self.column = {p: self.keywords.index(w) for p, w in phrases.items()}
        self.samples, self.is_listening = 0, False
        self.model = [acoustic, spoken]
        self.library = [*package.glob("*.py"), *package.glob("*.so")]

    def reset(self) -> None:
        """Begins another stream."""
        self.finish()
        self.decoder.reinit_feat()  # the mean of the spectrum, too

    def take(self, chunk: NDArray[np.int16]) -> NDArray[np.float32]:
        """Returns the scores of an utterance, at its end."""
        if not self.is_listening:
            self.decoder.start_utt()
            self.is_listening, self.samples = True, 0
        self.decoder.process_raw(chunk.tobytes())
        self.samples += len(chunk)
        if self.samples < MAX_STEPS * STEP:
            return np.zeros((0, len(self.keywords)), np.float32)
        return self.finish()

    def finish(self) -> NDArray[np.float32]:
        """Returns the scores of what was said since the last ones."""
        steps = self.samples // STEP if self.is_listening else 0
        rows = np.zeros((steps, len(self.keywords)), np.float32)
        if self.is_listening:
            self.decoder.end_utt()
            self.is_listening = False
            for found in self.decoder.seg() or ():
                at = min(found.end_frame, steps - 1)
                column = self.column[found.word.strip()]
                value = log10_of(found.prob) - LOWEST
                rows[at, column] = max(rows[at, column], value)
        return rows


def write_search(
    folder: Path, words: Sequence[str], entries: dict[str, str]
) -> dict[str, str]:
    """Writes a dictionary, and the phrases to search for.

    Arguments
    ---------
    folder : Path
        Gets the files.
    words : sequence of str
        The keywords.
    entries : dict
        {entry of the dictionary: phones}.

    Returns
    -------
    dict
        {phrase: keyword}; each variant of a word is a phrase of its own.
    """
    phrases = {word: word for word in words}
    for entry in entries:
        base = entry.partition("(")[0]
        if base in words:
            phrases[entry] = base
    lines = {
        "dict": [f"{name} {phones}" for name, phones in entries.items()],
        "phrases": [f"{phrase} /1e{LOWEST}/" for phrase in phrases],
    }
    for name, listed in lines.items():
        text = "".join(f"{line}\n" for line in listed)
        (folder / name).write_text(text, "utf-8")
    return phrases


def main() -> None:
    """Scores or weighs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--phone_loop",
        type=float,
        default=PHONE_LOOP,
        help="probability of each phone of the other speech (%(default)s)",
    )
    options = keyword_runner.options_of(parser)
    load = partial(Sphinx, options.words, options.phone_loop)
    keyword_runner.main(load, options)


if __name__ == "__main__":
    main()
