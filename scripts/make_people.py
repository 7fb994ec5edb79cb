#!/usr/bin/env python3
"""Makes the words of ``speechbrain_bifsmn/people`` from Speech Commands.

    python scripts/make_people.py DATA_FOLDER

Of each word, whole seconds of up to 25 people from the training split.
"""

import hashlib
import sys
from pathlib import Path

import numpy as np
import soundfile

from speechbrain_bifsmn.dataio.corpus import (
    SAMPLE_RATE,
    read_corpus,
    speaker_of,
)
from speechbrain_bifsmn.people import FOLDER

PEOPLE = 25
QUIETEST = 0.05  # the least peak of a clip
COMPRESSION = 0.95  # about 17 kbit/s


def clips_of(folder: Path, names: list[str]) -> list[np.ndarray]:
    """Returns a clip of each of the first people, in an order by chance."""
    chosen: dict[str, np.ndarray] = {}
    names = sorted(names, key=lambda n: hashlib.sha256(n.encode()).digest())
    for name in names:
        if len(chosen) == PEOPLE:
            break
        speaker = speaker_of(name)
        if speaker in chosen:
            continue
        wav, _ = soundfile.read(folder / name, dtype="float32")
        if len(wav) == SAMPLE_RATE and np.abs(wav).max() >= QUIETEST:
            chosen[speaker] = wav
    return list(chosen.values())


def main() -> None:
    """Writes a file for each word."""
    if len(sys.argv) != 2:
        sys.exit("expected the folder of Speech Commands; see the docstring")
    folder = Path(sys.argv[1])
    for word, names in read_corpus(folder).clips["train"].items():
        clips = clips_of(folder, names)
        if not clips:
            continue
        place = FOLDER / word / "people.ogg"
        place.parent.mkdir(exist_ok=True)
        soundfile.write(
            place,
            np.concatenate(clips),
            SAMPLE_RATE,
            format="OGG",
            subtype="OPUS",
            compression_level=COMPRESSION,
        )
        print(f"{word}: {len(clips)} clips")


if __name__ == "__main__":
    main()
