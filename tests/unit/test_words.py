"""Words of the tasks, and keywords of one's own."""

import pytest

from speechbrain_bifsmn.dataio.words import (
    canonical_name,
    parse_words,
    task_labels,
    words_of,
)


def test_labels_of_the_tasks():
    assert task_labels(12)[10:] == ["unknown", "silence"]
    assert len(set(task_labels(20))) == 20
    assert task_labels(35) == words_of("0.02") == sorted(words_of(0.02))
    assert set(words_of("0.02")) - set(words_of("0.01")) == {
        *("backward", "follow", "forward", "learn", "visual")
    }
    with pytest.raises(ValueError, match="expected 12, 20 or 35, got 30"):
        task_labels(30)
    own = ["go", "hey robot", "unknown", "silence"]
    assert task_labels(35, "go, hey robot") == own


def test_names_that_mean_the_same():
    assert (
        canonical_name(" Hey__Robot ")
        == canonical_name("hey-ROBOT")
        == "hey robot"
    )


def test_words_are_a_text_or_a_sequence():
    expected = ["hey robot", "lights on"]
    assert parse_words(" hey robot ,lights on") == expected
    assert parse_words((" hey robot", "lights on ")) == expected


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("", "expected 1 to 1022 keywords, got none"),
        (" ,, ", "got none; write them like 'hey robot, lights on'"),
        ([], "got none"),
        (["yes", ""], "has nothing to say"),
        (True, "put it in quotes"),
        ([True, "no"], "put it in quotes"),
        ("yes, Yes", "different words"),
        ("hey robot, Hey-Robot", "different words"),
        ("a/b", "must not hold"),
        ("yes, Unknown", "a class of its own"),
        ("silence", "a class of its own"),
    ],
)
def test_bad_words_are_refused(words, message):
    with pytest.raises(ValueError, match=message) as caught:
        parse_words(words)
    assert "\n" not in str(caught.value)
