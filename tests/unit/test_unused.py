"""Settings of a command line that do nothing are refused, and no others."""

import pytest

from speechbrain_bifsmn.dataio.words import task_labels
from speechbrain_bifsmn.runs.unused import check_used

USUAL = {
    "data_folder": "",
    "words": "",
    "classes": 12,
    "version": "any",
    "download": False,
    "synthetic_folder": "data/synthetic",
    "custom_corpus_folder": "corpus",
    "speak": "missing",
    "spoken_clips": 300,
    "language": "en",
    "protocol": "standard",
    "train_unknown_percentage": 20,
    "test_set": "",
    "unknown_percentage": 10,
    "silence_percentage": 10,
    "noise_probability": 0.5,
    "noise_snr": [0, 30],
    "reverberation_probability": 0.0,
    "rooms": "rooms.csv",
    "teacher": "",
    "teacher_epochs": 12,
}


def check(given):
    hparams = USUAL | given
    labels = task_labels(hparams["classes"], hparams["words"])
    text = "".join(f"{name}: {value}\n" for name, value in given.items())
    check_used(text, hparams | {"labels": labels})


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"download": True}, "download"),
        ({"download": True, "data_folder": "d", "words": "a"}, "download"),
        ({"synthetic_folder": "s", "data_folder": "d"}, "synthetic_folder"),
        ({"synthetic_folder": "s", "words": "a"}, "synthetic_folder"),
        ({"version": "0.01", "words": "a"}, "version"),
        ({"classes": 12, "words": "a"}, "classes"),
        ({"speak": "never"}, "speak"),
        ({"custom_corpus_folder": "c"}, "custom_corpus_folder"),
        ({"spoken_clips": 5}, "spoken_clips"),
        ({"spoken_clips": 5, "words": "a", "speak": "never"}, "spoken_clips"),
        ({"language": "de"}, "language"),
        ({"protocol": "paper", "classes": 20}, "protocol"),
        (
            {"train_unknown_percentage": 9, "classes": 35},
            "train_unknown_percentage",
        ),
        ({"negatives": ["radio.wav"], "classes": 20}, "negatives"),
        ({"test_set": "t", "classes": 20}, "test_set"),
        ({"test_set": "t", "protocol": "paper"}, "test_set"),
        ({"test_set": "t", "words": "a"}, "test_set"),
        ({"unknown_percentage": 5, "classes": 20}, "unknown_percentage"),
        ({"unknown_percentage": 5, "protocol": "paper"}, "unknown_percentage"),
        ({"silence_percentage": 5, "classes": 20}, "silence_percentage"),
        ({"noise_snr": "x", "noise_probability": 0}, "noise_snr"),
        ({"rooms": "mine.csv"}, "rooms"),
        ({"teacher_epochs": 9, "teacher": "shipped"}, "teacher_epochs"),
    ],
)
def test_what_does_nothing(given, name):
    with pytest.raises(ValueError) as raised:
        check(given)
    assert str(raised.value).startswith(f"--{name}: expected ")


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"download": True, "data_folder": "d", "version": "0.01"},
        {"download": False, "classes": 20},
        {"synthetic_folder": "s", "version": "0.01", "classes": 20},
        {"words": "a", "speak": "always", "spoken_clips": 5, "language": "de"},
        {"words": "a", "speak": "never", "custom_corpus_folder": "c"},
        {"words": "a", "unknown_percentage": 5, "silence_percentage": 5},
        {
            "protocol": "paper",
            "silence_percentage": 5,
        },
        {"noise_snr": "x"},
        {"rooms": "mine.csv", "reverberation_probability": 0.5},
        {"teacher_epochs": 9, "seed": 3},
        {"teacher": "shipped"},
        {"test_set": "t", "train_unknown_percentage": 9},
    ],
)
def test_what_does_something(given):
    check(given)
