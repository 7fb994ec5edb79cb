"""The detector in C++ and its twin in numpy give the same detections."""

import numpy as np
import pytest

from bifsmn_engine import load_model

KEYWORD_THRESHOLDS = [0.1, 0.3, 0.5, 0.7, 0.9]


@pytest.fixture(scope="module")
def models():
    """The shipped model: in the library, and in torch."""
    return load_model(backend="native"), load_model(backend="torch")


def posteriors_of(labels, windows, seed):
    """Posteriors [windows][classes] that wander slowly, with ties in them."""
    random = np.random.default_rng(seed)
    steps = random.normal(size=(windows, len(labels)))
    scores = np.exp(np.cumsum(steps, axis=0))
    posteriors = np.float32(scores / scores.sum(axis=1, keepdims=True))
    return np.round(posteriors, 2) if seed % 2 else posteriors


def detections(model, rows, **options):
    detector = model.detector(**options)
    found = [each for row in rows for each in detector.add(row)]
    return found + detector.finish()


@pytest.mark.parametrize("smoothing", [1, 4, 24, 64])
@pytest.mark.parametrize("early", [False, True])
@pytest.mark.parametrize("refractory_s", [0, 0.5, 3])
def test_detections_are_equal(models, smoothing, early, refractory_s):
    native, twin = models
    options = {"smoothing": smoothing, "early": early}
    options["refractory_s"] = refractory_s
    keywords = native.detector().keywords
    each = dict(zip(keywords, 2 * KEYWORD_THRESHOLDS, strict=True))
    for seed, threshold in enumerate((0, 0.2, 0.5, each)):
        rows = posteriors_of(native.labels, 2000, seed)
        options["threshold"] = threshold
        expected = detections(twin, rows, **options)
        assert detections(native, rows, **options) == expected
        assert len(expected) > 3


def test_settings_of_the_model_file_are_the_default(models):
    native, twin = models
    rows = posteriors_of(native.labels, 5000, 0)
    given = {"threshold": native.thresholds, "smoothing": native.smoothing}
    expected = detections(twin, rows, **given)
    for model in models:
        assert detections(model, rows) == expected


def test_the_gate_is_equal(models):
    random = np.random.default_rng(0)
    gains = np.repeat([0.3, 1e-4, 0.01, 0, 0.1], 16000)
    audio = np.float32(random.normal(size=len(gains)) * gains)
    ungated = models[0].stream().push(audio)
    for gate_db in (-200, -60, -40, 0):
        native, twin = (m.stream(gate_db).push(audio) for m in models)
        quiet = (native == np.eye(12)[11]).all(axis=1)
        np.testing.assert_array_equal(
            quiet, (twin == np.eye(12)[11]).all(axis=1)
        )
        np.testing.assert_array_equal(native[~quiet], ungated[~quiet])
        np.testing.assert_allclose(native, twin, atol=1e-6)


def test_a_detector_outlives_its_model():
    detector = load_model(backend="native").detector(threshold=0, smoothing=1)
    assert detector.add(np.eye(12)[0]) == []
    (found,) = detector.finish()
    assert (found.keyword, found.score) == ("yes", 1)


@pytest.mark.parametrize("backend", ["native", "torch"])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"threshold": 1.5}, "threshold: expected 0 to 1"),
        ({"threshold": float("nan")}, "threshold: expected 0 to 1"),
        ({"threshold": {"yes": 0.5}}, "found none for no"),
        ({"smoothing": 0}, "smoothing: expected 1 to 64"),
        ({"smoothing": 65}, "smoothing: expected 1 to 64"),
        ({"smoothing": True}, "smoothing: expected 1 to 64"),
        ({"refractory_s": -1}, "refractory_s: expected 0 to 3600"),
        ({"refractory_s": float("nan")}, "refractory_s: expected 0 to 3600"),
    ],
)
def test_wrong_settings(backend, options, message):
    with pytest.raises(ValueError, match=message):
        load_model(backend=backend).detector(**options)


@pytest.mark.parametrize("backend", ["native", "torch"])
def test_wrong_posteriors(backend):
    detector = load_model(backend=backend).detector()
    with pytest.raises(ValueError, match=r"expected \[12\], one for each"):
        detector.add(np.zeros(11))
    with pytest.raises(ValueError, match="gate_db: expected -200 to 0"):
        load_model(backend=backend).stream(gate_db=1)
