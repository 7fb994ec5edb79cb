"""Speak words into a folder: clips of synthetic voices, to train on or to test.

Makes WORD/*.wav of a second each for the keywords, other words that they are
told from, background noise, and lists of who is in which split: what `bifsmn
train` takes as --data_folder. Needs the package espeakng-loader.

examples:
  bifsmn synth "hey robot, lights on" corpus
  bifsmn synth "hey robot" corpus --clips 20
"""

from pathlib import Path

from speechbrain_bifsmn.utils.printable import printable


def add_arguments(parser):
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


def run(arguments):
    """Makes the folder, whole or not at all."""
    from speechbrain_bifsmn.dataio.own_words import describe, make_own_corpus

    make_own_corpus(
        arguments.folder,
        arguments.words,
        clips=arguments.clips,
        seed=arguments.seed,
    )
    for line in describe(arguments.folder, arguments.words).split("\n"):
        print(printable(line))
