"""What a corpus of custom keywords holds: counted, marked, and described."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from bifsmn_engine.files.json_object import read_object
from speechbrain_bifsmn.dataio.synthetic import SHARES
from speechbrain_bifsmn.dataio.words import parse_words

MARKER = "custom_keywords.json"
_SPLITS = {"train": "training", "validation": "validation", "test": "test"}
_FOLLOWS = {
    "train": "the test does not measure how well people are recognised",
    "validation": "people are not trained on, nor tested",
    "test": "people are not trained on",
}


def read_marker(folder: Path) -> dict[str, Any]:
    """Returns the marker of a corpus.

    Arguments
    ---------
    folder : Path
        A folder that ``make_custom_corpus`` made, or another one.

    Returns
    -------
    dict
        {"description": ..., "clips": ...}; empty where there is no marker.
    """
    marker = folder / MARKER
    try:
        return read_object(marker) if marker.is_file() else {}
    except ValueError:
        return {}


def count_clips(
    words: Sequence[str],
    recorded: Iterable[Sequence[Any]],
    spoken: Iterable[Sequence[Any]],
) -> dict[str, dict[str, list[int]]]:
    """Counts the clips of keywords.

    Arguments
    ---------
    words : sequence of str
        The keywords.
    recorded, spoken : iterable of tuple
        Clips, of which each begins with split and word.

    Returns
    -------
    dict
        {word: {split: [recorded clips, synthetic clips]}}.

    Example
    -------
    >>> count_clips(["go"], [("test", "go")], [])["go"]["test"]
    [1, 0]
    """
    counts = {word: {split: [0, 0] for split in SHARES} for word in words}
    for kind, clips in enumerate((recorded, spoken)):
        for split, word, *_ in clips:
            if word in counts:
                counts[word][split][kind] += 1
    return counts


def describe(folder: str | Path, words: str | Sequence[str]) -> str:
    """Describes what a corpus of ``make_custom_corpus`` holds.

    Arguments
    ---------
    folder : str | Path
        The corpus.
    words : str | sequence of str
        Keywords of the corpus, in the order of the lines.

    Returns
    -------
    str
        A table of clips by keyword and split, recorded and synthetic; and a
        warning where the recordings of a keyword are all in one split.
    """
    words = parse_words(words)
    counts = read_marker(Path(folder)).get("clips", {})
    if not set(words) <= set(counts):
        raise ValueError(
            f"words: expected keywords of the corpus in {folder} "
            f"({', '.join(counts) or 'there is none'}), got "
            f"{', '.join(words)}; make it with these words first"
        )
    rows = [("keyword", *SHARES)]
    for word in words:
        rows.append(
            (word, *("{} + {}".format(*n) for n in counts[word].values()))
        )
    width = max(len(word) for word, *_ in rows)
    lines = [
        f"{word:<{width}}" + "".join(f"{cell:>14}" for cell in cells)
        for word, *cells in rows
    ]
    lines += ["(recorded + synthetic clips)", *_warnings(words, counts)]
    return "\n".join(lines)


def _warnings(words, counts):
    """Yields a warning of keywords with all their recordings in one split."""
    alone: dict[str, list[str]] = {split: [] for split in SHARES}
    for word in words:
        splits = [split for split in SHARES if counts[word][split][0]]
        if len(splits) == 1:
            alone[splits[0]].append(word)
    for split, lacking in alone.items():
        if lacking:
            others = [_SPLITS[other] for other in SHARES if other != split]
            yield (
                f"Warning: all recordings of {', '.join(lacking)} are for "
                f"{_SPLITS[split]}, none for {' or '.join(others)}: "
                f"{_FOLLOWS[split]}. Record more speakers (of one, all clips "
                "are in one split), or list clips in validation_list.txt and "
                "testing_list.txt."
            )
