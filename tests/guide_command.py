"""Stands in for `bifsmn` where guides are followed.

It does what the command does, but little of it: trainings are of one epoch, and
nobody speaks at the microphone.
"""

import sys

import sounddevices

from bifsmn_engine import cli

SMALL_TRAINING = (
    "--layers=4 --channels=16 --hidden=16 --front_channels=8 --batch_size=24 "
    "--teacher_epochs=1 --student_epochs=1 --seed=1234 "
    "--device=cpu --noprogressbar"
).split()
OF_KEYWORDS = (
    "--spoken_clips=8 --voices=espeak --teacher_start= "
    "--false_alarms_per_hour=0 --reverberation_probability=0"
).split()


def main(words: list[str]) -> int:
    """Runs the command, as it was typed but for what takes long."""
    if words[0] == "serve" or "--push" in words:  # for ever, or to the hub
        cli.make_parser(words).parse_args(words)
        return 0
    if words[0] == "listen":
        microphone = sounddevices.stand_in(sounddevices.Microphone)
        sys.modules["sounddevice"] = microphone
        words = [*words, "--seconds=0.5"]
    if words[0] == "train":
        is_own = any(word.startswith("--words=") for word in words)
        small = SMALL_TRAINING + OF_KEYWORDS * is_own
        names = tuple(word.partition("=")[0] + "=" for word in small)
        words = [word for word in words if not word.startswith(names)] + small
    return cli.main(words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
