"""Sentences of synthetic voices."""

import re

import numpy as np
import pytest
from hum import Hum

from speechbrain_bifsmn.dataio.running_speech import running_speech
from speechbrain_bifsmn.dataio.sentences import SENTENCES, sentences_without
from speechbrain_bifsmn.dataio.speakers import natural_speakers
from speechbrain_bifsmn.dataio.words import COMMANDS


def test_sentences_are_different_and_whole():
    assert len({*SENTENCES}) == len(SENTENCES) > 100
    for sentence in SENTENCES:
        assert re.fullmatch(r"[A-Z][a-z' ,A-Z-]+[.?]", sentence), sentence


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("umbrella", "Please bring an umbrella, because it will rain"),
        ("Black_Cat", "A black cat sleeps under the kitchen table."),
        ("the weather", "The weather in the mountains may change"),
    ],
)
def test_no_keyword_is_said(word, said):
    left = sentences_without([word])
    assert any(sentence.startswith(said) for sentence in SENTENCES)
    assert not any(sentence.startswith(said) for sentence in left)
    assert len(SENTENCES) - 4 <= len(left) < len(SENTENCES)


def test_parts_of_words_are_no_keywords():
    assert sentences_without(["umbrell", "a black"]) != SENTENCES
    assert sentences_without(["umbrell"]) == SENTENCES


def test_enough_is_left_for_the_commands():
    assert len(sentences_without(COMMANDS)) > 100


def test_a_minute():
    one, other = natural_speakers("train", 1)[:2]
    audio = running_speech(Hum(), one, SENTENCES, 5, 1)
    assert audio.shape == (5 * 16000,)
    assert 0.05 < np.abs(audio).max() < 1.2
    again = running_speech(Hum(), one, SENTENCES, 5, 1)
    np.testing.assert_array_equal(audio, again)
    for changed in ((other, 1), (one, 2)):
        found = running_speech(Hum(), changed[0], SENTENCES, 5, changed[1])
        assert not np.array_equal(audio, found)
