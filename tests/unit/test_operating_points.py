"""The sweep over thresholds counts what the plain detector detects."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifsmn_engine.detection import keywords_of
from speechbrain_bifsmn.deploy.detector import Detector
from speechbrain_bifsmn.operating_points.scores import (
    NEVER,
    score_stream,
    smooth,
)
from speechbrain_bifsmn.operating_points.sweep import (
    THRESHOLDS,
    Sweep,
    best_thresholds,
    expected_alarms,
    first_allowed,
)

LABELS = ["yes", "unknown", "no", "silence", "up"]
KEYWORDS = ["yes", "no", "up"]
HOP, WINDOW = 0.032, 1.0


def walk(windows, seed):
    """Posteriors that rise and fall as those of speech do."""
    random = np.random.default_rng(seed)
    logits = 1.5 * random.standard_normal((windows, len(LABELS)))
    logits = logits.cumsum(0) - 0.9 * np.roll(logits.cumsum(0), 7, 0)
    odds = np.exp(logits - logits.max(1, keepdims=True))
    return (odds / odds.sum(1, keepdims=True)).astype(np.float32)


def detections(posteriors, threshold, smoothing, refractory_s):
    detector = Detector(
        LABELS, HOP, WINDOW, float(threshold), smoothing, refractory_s
    )
    found = [d for row in posteriors for d in detector.add(row)]
    return found + detector.finish()


@pytest.mark.parametrize("smoothing", [1, 3, 8, 64])
@pytest.mark.parametrize("refractory_s", [0, 0.032, 0.064, 0.5, 2.0])
def test_counts_are_those_of_the_detector(smoothing, refractory_s):
    posteriors = walk(700, smoothing)
    scores = score_stream(posteriors, LABELS, smoothing, HOP, refractory_s)
    some = [*THRESHOLDS[::20], *scores.score[::50], *scores.floor[1::90]]
    thresholds = [float(t) for t in some if t >= 0]
    counts = {k: scores.detections(thresholds, k) for k in range(3)}
    total = scores.detections(thresholds)
    for place, threshold in enumerate(thresholds):
        found = detections(posteriors, threshold, smoothing, refractory_s)
        assert total[place] == len(found)
        for k, keyword in enumerate(KEYWORDS):
            expected = sum(d.keyword == keyword for d in found)
            assert counts[k][place] == expected
    assert len(set(total)) > 2


@given(st.integers(1, 60), st.integers(1, 20), st.integers(0, 10**6))
def test_scores_are_those_of_the_detector(windows, smoothing, seed):
    """To the last bit, since a threshold may be equal to a score."""
    posteriors = walk(windows, seed)
    best = score_stream(posteriors, LABELS, smoothing, HOP, 0.5).best(3)
    found = detections(posteriors, 0, smoothing, 0)
    for k, keyword in enumerate(KEYWORDS):
        scores = [d.score for d in found if d.keyword == keyword]
        assert best[k] == max(scores, default=NEVER)


def test_smoothing_is_a_running_mean():
    posteriors = walk(50, 0)
    means = smooth(posteriors, 6)
    for window in range(50):
        rows = posteriors[max(0, window - 5) : window + 1]
        np.testing.assert_allclose(means[window], rows.mean(0), rtol=1e-6)


def sweep(clips=30, smoothing=4):
    spoken = [k % 3 for k in range(clips)]
    posteriors = [walk(40, 100 + index) for index in range(clips)]
    streams = {"radio": walk(900, 1), "street": walk(500, 2)}

    def scores(stream):
        return score_stream(stream, LABELS, smoothing, HOP, 0.5)

    of_clips = zip(spoken, map(scores, posteriors), strict=True)
    of_streams = {name: scores(stream) for name, stream in streams.items()}
    made = Sweep(list(of_clips), of_streams, KEYWORDS, HOP)
    return made, spoken, posteriors, streams


@pytest.mark.parametrize("threshold", [0.1, 0.5, 0.8, 0.97])
def test_a_sweep_counts_rejects_alarms_and_confusions(threshold):
    made, spoken, posteriors, streams = sweep()
    names = [
        {d.keyword for d in detections(row, threshold, 4, 0.5)}
        for row in posteriors
    ]
    expected = np.zeros((3, 3), int)
    for k, found in zip(spoken, names, strict=True):
        for keyword in found:
            expected[k, KEYWORDS.index(keyword)] += 1
    np.testing.assert_array_equal(made.confusions(threshold), expected)
    (rejects,) = made.rejects([threshold])
    assert rejects == len(spoken) - expected.trace()
    alarms = {
        name: len(detections(stream, threshold, 4, 0.5))
        for name, stream in streams.items()
    }
    assert made.alarms([threshold]) == sum(alarms.values())
    for name, count in alarms.items():
        assert made.alarms([threshold], stream=name) == count


def test_keywords_add_up():
    made, *_ = sweep()
    each = range(3)
    for count in (made.rejects, made.alarms):
        parts = [count(THRESHOLDS, k) for k in each]
        np.testing.assert_array_equal(np.sum(parts, 0), count(THRESHOLDS))
    assert sum(made.clips(k) for k in each) == made.clips() == 30
    assert made.hours["radio"] == pytest.approx(900 * HOP / 3600)


def test_nothing_is_detected_in_less_than_a_window():
    scores = score_stream(walk(0, 0), LABELS, 4, HOP, 0.5)
    assert not scores.detections(THRESHOLDS).any()
    assert (scores.best(3) == NEVER).all()


def test_rejects_grow_with_the_threshold():
    rejects = sweep()[0].rejects(THRESHOLDS)
    assert (np.diff(rejects) >= 0).all()
    assert rejects[0] < rejects[-1]


def test_without_clips_or_streams():
    made = Sweep([], {}, KEYWORDS, HOP)
    assert made.clips() == 0
    assert made.rejects([0.5]) == [0]
    assert made.alarms([0.5]) == 0


@pytest.mark.parametrize(
    ("alarms", "allowed", "place"),
    [
        ([0, 0, 0], 0, 0),
        ([9, 2, 1], 1.5, 2),
        ([1, 9, 2, 1, 0], 2, 2),  # one long detection, at the lowest
        ([3, 2, 1], 0, None),
    ],
)
def test_the_first_that_is_allowed(alarms, allowed, place):
    assert first_allowed(alarms, allowed) == place


def test_a_threshold_for_each_keyword():
    """As a detector counts that has them."""
    made, spoken, posteriors, streams = sweep()
    thresholds = {"yes": 0.3, "no": 0.9, "up": 0.6}
    rejects, alarms = made.at(list(thresholds.values()))
    detector = Detector(LABELS, HOP, WINDOW, thresholds, 4, 0.5)
    for stream in streams.values():
        found = [d for row in stream for d in detector.add(row)]
        found += detector.finish()
        alarms -= [sum(d.keyword == word for d in found) for word in KEYWORDS]
        detector.reset()
    assert alarms.tolist() == [0, 0, 0]
    for k, stream in zip(spoken, posteriors, strict=True):
        found = [d for row in stream for d in detector.add(row)]
        found += detector.finish()
        rejects[k] -= KEYWORDS[k] not in {d.keyword for d in found}
        detector.reset()
    assert rejects.tolist() == [0, 0, 0]


def test_no_threshold_for_all_beats_one_for_each():
    """Counted by what is to be expected."""
    made, *_ = sweep()
    alarms = [expected_alarms(made.alarms(THRESHOLDS, k)) for k in range(3)]
    table, expected = best_thresholds([made])
    rejects = made.at(table)[0].sum(1)
    for weight in (0.01, 0.1, 1, 10):
        shared = made.rejects(THRESHOLDS) + weight * np.sum(alarms, 0)
        own = rejects + weight * expected[:, 0]
        assert own.min() <= shared.min()


def test_best_thresholds_rise():
    table, expected = best_thresholds([sweep()[0]])
    assert (np.diff(table, axis=0) >= 0).all()
    assert (np.diff(expected[:, 0]) <= 0).all()
    assert len(np.unique(table, axis=0)) == len(table) > 3


def test_alarms_of_all_thinnings_are_expected_apart():
    one, other = sweep()[0], sweep(smoothing=8)[0]
    table, expected = best_thresholds([one, other])
    assert expected.shape == (len(table), 2)
    for column, made in enumerate((one, other)):
        of_each = [
            np.interp(
                table[:, k],
                THRESHOLDS,
                expected_alarms(made.alarms(THRESHOLDS, k)),
            )
            for k in range(3)
        ]
        np.testing.assert_allclose(expected[:, column], np.sum(of_each, 0))


def test_a_keyword_without_clips_is_not_mute():
    """It is as easy to hear as the others, for all that is known."""
    posteriors = [walk(40, 100 + index) for index in range(20)]
    scores = [score_stream(p, LABELS, 4, HOP, 0.5) for p in posteriors]
    streams = {"radio": score_stream(walk(900, 1), LABELS, 4, HOP, 0.5)}
    clips = [(k % 2, of_clip) for k, of_clip in enumerate(scores)]
    table, _ = best_thresholds([Sweep(clips, streams, KEYWORDS, HOP)])
    middle = table[len(table) // 2]
    assert middle[2] < THRESHOLDS[-1]


def test_what_falls_exponentially_goes_on_so():
    steps = np.arange(len(THRESHOLDS))
    for per_step in (0.7, 0.9, 0.95):
        exact = 1000 * per_step**steps
        seen = np.where(exact >= 1, exact, 0).round()
        found = expected_alarms(seen)
        np.testing.assert_array_equal(found[seen >= 20], seen[seen >= 20])
        likely = exact > 0.01
        np.testing.assert_array_less(found[likely] / exact[likely], 3)
        np.testing.assert_array_less(exact[likely] / found[likely], 3)


def test_no_threshold_expects_more_than_a_lower_one():
    counts = np.zeros(len(THRESHOLDS))
    assert not expected_alarms(counts).any()
    counts[:40] = np.random.default_rng(0).integers(0, 40, 40)
    found = expected_alarms(counts)
    assert (np.diff(found) <= 0).all() and (found[:40] > 0).all()
    counts[:] = 1  # one that lasts, at all of them
    assert (expected_alarms(counts) <= 1).all()


def test_what_is_no_keyword():
    assert keywords_of(LABELS) == KEYWORDS
