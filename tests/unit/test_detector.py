"""The rule that makes detections of posteriors."""

import numpy as np
import pytest

from bifsmn_engine.detection import Detection
from speechbrain_bifsmn.deploy.detector import Detector

LABELS = ["silence", "yes", "unknown", "no"]
HOP = 0.032


def detector(threshold=0.5, smoothing=1, **options):
    return Detector(LABELS, HOP, 1.0, threshold, smoothing, **options)


def windows(*said):
    """Posteriors of (label, value) pairs; what is left is silence's."""
    rows = np.zeros((len(said), len(LABELS)), np.float32)
    for row, (label, value) in zip(rows, said, strict=True):
        row[0] = 1 - value
        row[LABELS.index(label)] = value
    return rows


def run(listener, rows):
    told = [each for row in rows for each in listener.add(row)]
    return told + listener.finish()


def between(keyword, score, first, last):
    return Detection(
        keyword,
        pytest.approx(score),
        pytest.approx(first * HOP),
        pytest.approx(last * HOP + 1),
    )


def test_a_run_of_windows_is_one_detection():
    said = [("yes", v) for v in (0.2, 0.5, 0.9, 0.6)]
    said += [("no", 0.7), ("no", 0.1), ("yes", 0.4)]
    assert run(detector(), windows(*said)) == [
        between("yes", 0.9, 1, 3),
        between("no", 0.7, 4, 4),
    ]


def test_it_is_told_with_the_window_after_it():
    listener = detector()
    first, last = windows(("yes", 0.9), ("yes", 0.1))
    assert listener.add(first) == listener.add(first) == []
    assert listener.add(last) == [between("yes", 0.9, 0, 1)]
    assert listener.finish() == []


def test_the_end_ends_it():
    assert run(detector(), windows(("no", 0.8))) == [between("no", 0.8, 0, 0)]


def test_silence_and_unknown_are_no_keywords():
    assert detector().keywords == ["yes", "no"]
    said = windows(("silence", 1.0), ("unknown", 1.0), ("yes", 0.49))
    assert run(detector(), said) == []
    nothing = Detector(["silence", "unknown"], HOP, 1.0, 0.0)
    assert run(nothing, np.ones((3, 2))) == []


def test_the_mean_of_windows_counts():
    values = 0, 0, 1, 0, 0.6, 0.9, 0.6, 0, 0
    rows = windows(*[("yes", value) for value in values])
    (found,) = run(detector(0.6, smoothing=3), rows)
    assert found == between("yes", 0.7, 6, 6)
    # Of fewer windows than that, those that there are.
    (found,) = run(detector(0.6, smoothing=3), rows[2:4])
    assert found == between("yes", 1.0, 0, 0)


@pytest.mark.parametrize(("gap", "events"), [(15, 1), (16, 2), (40, 2)])
def test_refractory_time(gap, events):
    """Half a second is more than 15 windows."""
    rows = windows(*[("yes", 0.9)] + [("yes", 0.0)] * 60)
    rows[gap] = rows[0]
    assert len(run(detector(), rows)) == events
    assert len(run(detector(refractory_s=0.0), rows)) == 2


def test_what_is_dropped_holds_up_the_next_one_too():
    """A keyword that flickers on is one event, however long."""
    rows = windows(*[("yes", 0.9 * (k % 10 == 0)) for k in range(100)])
    assert len(run(detector(), rows)) == 1
    assert len(run(detector(refractory_s=0.3), rows)) == 10


def test_another_keyword_is_not_held_up():
    rows = windows(("yes", 0.9), ("no", 0.9), ("yes", 0.9))
    assert [each.keyword for each in run(detector(), rows)] == ["yes", "no"]


def test_early_tells_when_it_begins_and_only_then():
    rows = windows(*[("yes", v) for v in (0.1, 0.6, 0.9, 0.1, 0.9, 0.1)])
    early, late = detector(early=True), detector()
    told = [early.add(row) for row in rows]
    assert told == [[], [between("yes", 0.6, 1, 1)], [], [], [], []]
    assert early.finish() == []
    assert [each.start for each in run(late, rows)] == [told[1][0].start]


def test_early_and_late_tell_of_the_same_events():
    rows = np.random.default_rng(0).dirichlet([0.2] * 4, 500)
    early, late = (
        run(detector(smoothing=2, refractory_s=0.1, early=early), rows)
        for early in (True, False)
    )
    assert len(early) > 20
    assert [e[:1] + e[2:3] for e in early] == [e[:1] + e[2:3] for e in late]


def test_a_threshold_for_each_keyword():
    rows = windows(("yes", 0.7), ("no", 0.7))
    listener = detector({"yes": 0.8, "no": 0.6})
    assert [each.keyword for each in run(listener, rows)] == ["no"]
    listener.reset()
    listener.threshold = 0.6
    assert [each.keyword for each in run(listener, rows)] == ["yes", "no"]


def test_reset_forgets():
    listener = detector(smoothing=4)
    rows = windows(("yes", 0.9), ("yes", 0.0), ("yes", 0.8))
    first = run(listener, rows)
    listener.reset()
    assert run(listener, rows) == first


def test_keywords_are_those_of_the_model():
    for threshold, said in (
        ({"yes": 0.5}, "found none for no"),
        ({"yes": 0.5, "no": 0.5, "up": 0.5}, "found one for up"),
        ({}, "found none for yes"),
    ):
        with pytest.raises(ValueError, match=said):
            detector(threshold)


@pytest.mark.parametrize("value", [-0.1, 1.5, np.nan, np.inf, "0.5", None, []])
def test_thresholds_are_posteriors(value):
    for threshold in (value, {"yes": 0.5, "no": value}):
        with pytest.raises(ValueError, match="threshold: expected 0 to 1"):
            detector(threshold)
    with pytest.raises(ValueError, match="threshold: expected 0 to 1"):
        Detector(["silence"], HOP, 1.0, value)


@pytest.mark.parametrize("smoothing", [0, -1, 65, 10**400, 4.0, "4", None])
def test_smoothing_is_that_of_a_model_file(smoothing):
    with pytest.raises(ValueError, match="smoothing: expected 1 to 64"):
        detector(smoothing=smoothing)
    assert detector(smoothing=np.int64(64)).labels == LABELS


@pytest.mark.parametrize("seconds", [-1, np.nan, np.inf, -np.inf])
def test_times_are_finite(seconds):
    with pytest.raises(ValueError, match="refractory_s: expected 0 to 3600"):
        detector(refractory_s=seconds)
    for times in ((seconds, 1.0), (HOP, seconds), (0, 1.0), (HOP, 0)):
        with pytest.raises(ValueError, match="expected more than 0 seconds"):
            Detector(LABELS, *times)


def test_posteriors_are_one_for_each_label():
    with pytest.raises(ValueError, match=r"posteriors: expected \[4\]"):
        detector().add(np.zeros((1, 4)))
