"""Words that people say: 565 clips of a second, to tell keywords from.

Folders are named after the words, 30 of them, each by up to 25 people. The
clips are training clips of Speech Commands v0.01 (Pete Warden, 2018; CC BY
4.0), compressed to Ogg Opus; ``scripts/make_people.py`` made them.
"""

from pathlib import Path

FOLDER = Path(__file__).parent
