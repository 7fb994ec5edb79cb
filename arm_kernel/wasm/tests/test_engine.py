"""The engine in the page gives the bits of the native one."""

import numpy as np
import pytest
from native import RATE, detections, posteriors, write_wav

from bifsmn_engine import Model


def random_sounds(seed, seconds=6.3):
    """Tones that come and go, in noise."""
    random = np.random.RandomState(seed)
    time = np.arange(round(seconds * RATE)) / RATE
    audio = 0.01 * random.randn(len(time))
    for _ in range(12):
        start, frequency = random.uniform(0, seconds), random.uniform(100, 6000)
        near = np.exp(-(((time - start) / random.uniform(0.05, 0.4)) ** 2))
        audio += 0.2 * near * np.sin(2 * np.pi * frequency * time)
    return audio


def test_logits(page, models):
    random = np.random.RandomState(1)
    for path in models:
        page.choose_model(path)
        model = Model.load(path)
        for thinning in model.thinnings:
            model.thinning = thinning
            page.run("page.spotter.thinning = arguments[0]", thinning)
            features = random.uniform(-100, 20, (model.frames, model.mels))
            features = features.astype(np.float32)
            found = page.run(
                "return Array.from(page.spotter.logits(arguments[0]))",
                features.ravel().tolist(),
            )
            wanted = model.logits(features)
            assert np.array_equal(np.float32(found), wanted), (
                path.name,
                thinning,
            )


def test_files(page, models, programs, tmp_path):
    rows = 0
    for seed, path in enumerate(models):
        page.choose_model(path)
        wav = write_wav(tmp_path / "sounds.wav", random_sounds(seed))
        page.choose_audio(wav)
        for thinning in (1, 2, 4):
            page.run("page.view.say('')")
            page.click(f"#thinning input[value='{thinning}']")
            if thinning > 1:  # else it is clicked already
                page.wait_for(" keyword")
            wanted = posteriors(path, wav, thinning)
            found = np.float32(page.posteriors()).reshape(wanted.shape)
            assert np.abs(found - wanted).max() < 1e-6, (path.name, thinning)
            shown = page.detections()
            assert shown == detections(programs, path, wav, thinning)
            rows += len(shown)
    assert rows > 2


def test_detections_are_shown_as_they_begin(page, models):
    page.choose_model(models[0])
    windows = page.run(
        "const audio = Float32Array.from(arguments[0]);"
        "return [...page.spotter.push(audio)].map((w) => [w.current, w.ended])",
        random_sounds(1).astype(np.float32).tolist(),
    )
    current = [None, *(window[0] for window in windows)]
    ended = [(i, window[1]) for i, window in enumerate(windows) if window[1]]
    for i, detection in ended:
        assert current[i] == detection  # in the window before
    begun = {now["start"] for now in current if now}
    assert begun
    cut = page.run("return page.spotter.finish()")
    assert begun == {d["start"] for d in (*(d for _, d in ended), cut) if d}


@pytest.mark.parametrize("seconds", (0.3, 1.0, 1.032, 1.5))
def test_lengths(page, models, tmp_path, seconds):
    page.choose_model(models[1])
    wav = write_wav(tmp_path / "short.wav", random_sounds(5, seconds))
    page.choose_audio(wav)
    wanted = posteriors(models[1], wav)
    found = np.float32(page.posteriors()).reshape(wanted.shape)
    assert np.abs(found - wanted).max() < 1e-6
