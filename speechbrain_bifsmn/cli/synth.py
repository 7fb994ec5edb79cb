"""Synthesise a corpus of keywords: clips of synthetic voices, to train or test.

Makes WORD/*.wav of a second each for the keywords and for other words (class
"unknown"), background noise, and the lists of the splits: a folder for
--data_folder of `bifsmn train`. With --recordings, synthetic clips complete the
recordings. Needs the package espeakng-loader.

examples:
  bifsmn synth "hey robot, lights on" corpus
  bifsmn synth "hey robot" corpus --clips 20
  bifsmn synth "hey robot" corpus --recordings recordings
  bifsmn synth "机器人" corpus --language cmn
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from bifsmn_engine.printable import printable


def add_arguments(parser: ArgumentParser) -> None:
    """Adds the arguments of ``bifsmn synth``."""
    add = parser.add_argument
    add("words", metavar="WORDS", help='the keywords: "hey robot, lights on"')
    add("folder", type=Path, metavar="FOLDER", help="new, or empty")
    add(
        "--clips",
        type=int,
        default=300,
        metavar="N",
        help="of each word, for training (default: %(default)s)",
    )
    add("--seed", type=int, default=1234, metavar="N")
    add(
        "--recordings",
        default="",
        metavar="FOLDER",
        help="yours, in folders named after their words",
    )
    add(
        "--voices",
        choices=("espeak", "natural"),
        default="espeak",
        help="natural: in English, half of the clips are said by voices like "
        "people's (default: %(default)s)",
    )
    add(
        "--language",
        default="en",
        metavar="NAME",
        help="of the voices, as eSpeak NG names it (default: %(default)s)",
    )


def run(arguments: Namespace) -> None:
    """Makes the folder, whole or not at all."""
    from speechbrain_bifsmn.dataio.custom_counts import describe
    from speechbrain_bifsmn.dataio.custom_keywords import make_custom_corpus

    make_custom_corpus(
        arguments.folder,
        arguments.words,
        arguments.recordings,
        clips=arguments.clips,
        seed=arguments.seed,
        language=arguments.language,
        voices=arguments.voices,
    )
    for line in describe(arguments.folder, arguments.words).split("\n"):
        print(printable(line))
    print(f"to hear them, play {printable(arguments.folder)}/WORD/*.wav")
