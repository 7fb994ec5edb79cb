"""Manifests for SpeechBrain's data sets, and what they hold, as a table."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from speechbrain_bifsmn.dataio.corpus import SAMPLE_RATE, SPLITS
from speechbrain_bifsmn.dataio.tasks import Row
from speechbrain_bifsmn.files.atomic import atomic_write

COLUMNS = ("duration", "wav", "start", "stop", "gain", "label", "speaker")


def write_manifest(path: str | Path, rows: Iterable[Row]) -> None:
    """Writes a manifest, whole or not at all.

    Arguments
    ---------
    path : str | Path
        Ends with ``.csv`` or ``.json``, and decides the format. Wav files are
        written relative to ``data_root``, in SpeechBrain's notation.
    rows : sequence of Row
        What to list, in this order.
    """
    path = Path(path)
    root = {".csv": "$data_root", ".json": "{data_root}"}.get(path.suffix)
    if root is None:
        raise ValueError(f"manifest: expected .csv or .json, got {path.name}")
    entries = {_name(row): _entry(row, root) for row in rows}
    with (
        atomic_write(path) as place,
        place.open("w", newline="", encoding="utf-8") as file,
    ):
        if path.suffix == ".json":
            json.dump(entries, file, indent=1)
        else:
            writer = csv.writer(file)
            writer.writerow(("ID", *COLUMNS))
            for name, entry in entries.items():
                writer.writerow((name, *entry.values()))


def _name(row):
    return f"{row.wav.removesuffix('.wav')}_{row.start}_{row.gain:g}"


def _entry(row, root):
    seconds = f"{(row.stop - row.start) / SAMPLE_RATE:.4f}"
    wav, who = f"{root}/{row.wav}", (row.label, row.speaker)
    values = (seconds, wav, row.start, row.stop, row.gain, *who)
    return dict(zip(COLUMNS, values, strict=True))


def summary(rows: Mapping[str, Sequence[Row]], labels: Sequence[str]) -> str:
    """Returns a table of clips by label and split, and of speakers.

    Arguments
    ---------
    rows : dict
        {split: sequence of Row}.
    labels : sequence of str
        In the order of the lines.

    Returns
    -------
    str
        Ends with how many speakers two splits have in common.
    """
    counts = {s: Counter(row.label for row in rows[s]) for s in SPLITS}
    speakers = {s: {r.speaker for r in rows[s] if r.speaker} for s in SPLITS}
    width = max(10, *(len(label) + 1 for label in labels))
    table = [[label, *(counts[s][label] for s in SPLITS)] for label in labels]
    table.append(["all", *(len(rows[s]) for s in SPLITS)])
    table.append(["speakers", *(len(speakers[s]) for s in SPLITS)])
    pairs = [("train", "valid"), ("train", "test"), ("valid", "test")]
    shared = [f"{len(speakers[a] & speakers[b])} {a}/{b}" for a, b in pairs]
    return "\n".join(
        [
            f"{'label':<{width}}" + "".join(f"{split:>8}" for split in SPLITS),
            *(
                f"{label:<{width}}" + "".join(f"{n:>8}" for n in numbers)
                for label, *numbers in table
            ),
            f"speakers in common: {', '.join(shared)}",
        ]
    )
