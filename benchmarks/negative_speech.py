"""Speaks sentences without any command word, to count false alarms on.

    python -m benchmarks.negative_speech OUT --minutes=30

writes one flac file for each voice, of sentences in a drawn order with pauses
between them. The same arguments give the same files. eSpeak NG's voices are no
people; recordings of people tell more.
"""

import argparse
from pathlib import Path

import numpy as np
import soundfile
from tqdm import tqdm

from speechbrain_bifsmn.dataio.espeak import SAMPLE_RATE, Espeak
from speechbrain_bifsmn.dataio.running_speech import running_speech
from speechbrain_bifsmn.dataio.sentences import sentences_without
from speechbrain_bifsmn.dataio.speakers import speakers
from speechbrain_bifsmn.dataio.words import COMMANDS


def main() -> None:
    """Writes the files."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--minutes", type=int, default=30)
    arguments = parser.parse_args()
    people = speakers("test", seed=1234)
    if not 0 < arguments.minutes <= len(people):
        parser.error(f"--minutes: expected 1 to {len(people)}, one a voice")
    arguments.out.mkdir(parents=True, exist_ok=True)
    espeak, sentences = Espeak(), sentences_without(COMMANDS)
    for speaker in tqdm(people[: arguments.minutes], "speaking"):
        audio = running_speech(espeak, speaker, sentences, 60)
        path = arguments.out / f"{speaker.name}.flac"
        soundfile.write(path, audio.astype(np.float32), SAMPLE_RATE)


if __name__ == "__main__":
    main()
