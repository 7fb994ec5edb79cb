"""What a corpus of custom keywords holds: counted, kept in its marker, and said."""

from pathlib import Path

from bifsmn_engine.files.json_object import read_object
from speechbrain_bifsmn.dataio.synthetic import SHARES
from speechbrain_bifsmn.dataio.words import parse_words

MARKER = "custom_keywords.json"
_SPLITS = {"train": "training", "validation": "validation", "test": "test"}
_FOLLOWS = {
    "train": "the test does not tell how people are heard",
    "validation": "people are not trained on, nor tested",
    "test": "people are not trained on",
}


def read_marker(folder):
    """Returns what a corpus says of itself; nothing where it is none.

    Arguments
    ---------
    folder : Path
        Of ``make_custom_corpus``.

    Returns
    -------
    dict
    """
    marker = folder / MARKER
    try:
        return read_object(marker) if marker.is_file() else {}
    except ValueError:
        return {}


def count_clips(words, recorded, spoken):
    """Counts the clips of keywords.

    Arguments
    ---------
    words : sequence of str
        The keywords.
    recorded, spoken : sequence of tuple
        Each begins with split and word.

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


def describe(folder, words):
    """Says what a corpus of ``make_custom_corpus`` holds.

    Arguments
    ---------
    folder : str | Path
        The corpus.
    words : str | sequence of str
        Its keywords, in the order of the lines.

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
    """Says which keywords have all their recordings in one split."""
    alone = {split: [] for split in SHARES}
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
