"""A stream says of each window what a clip of that window says."""

import resource
import sys

import numpy as np
import pytest
import soundfile

from bifsmn_engine.keyword_stream import KeywordStream, detect_file
from bifsmn_engine.loading import load_model, window_posteriors


def chunks(samples, lengths):
    """Cuts audio into chunks of random lengths."""
    random, at = np.random.default_rng(1), 0
    while at < len(samples):
        length = random.integers(*lengths)
        yield samples[at : at + length]
        at += length


def listen(stream, parts):
    found = [each for part in parts for each in stream.push(part)]
    return found + stream.finish()


def half(model, scene):
    """A threshold that half of the windows reach, unsmoothed."""
    keywords = window_posteriors(model, scene)[:, :4].max(1)
    return float(np.floor(10000 * np.median(keywords)) / 10000)


@pytest.mark.parametrize("thinning", [1, 4])
@pytest.mark.parametrize("lengths", [(1, 300), (0, 5000), (40000, 40001)])
def test_streamed_posteriors_are_those_of_windows(
    model, scene, lengths, thinning
):
    model.thinning = thinning
    stream = model.stream()
    rows = [stream.push(part) for part in chunks(scene, lengths)]
    starts = range(0, len(scene) - 16000 + 1, model.hop)
    offline = [model.classify(scene[at : at + 16000]) for at in starts]
    np.testing.assert_allclose(np.concatenate(rows), offline, atol=1e-4)
    assert np.ptp(offline, 0).max() > 0.1  # windows do differ


def test_detections_do_not_depend_on_chunks(model, scene):
    options = {"threshold": half(model, scene), "smoothing": 1}
    whole = listen(KeywordStream(model, **options), [scene])
    assert len(whole) > 3
    for lengths in ((1, 999), (0, 20000)):
        stream = KeywordStream(model, **options)
        found = listen(stream, chunks(scene, lengths))
        assert [d[0::2] for d in found] == [d[0::2] for d in whole]
        again = listen(stream, chunks(scene, lengths))  # it has started again
        assert again == found


@pytest.mark.parametrize("thinning", [1, 4])
def test_both_backends_decide_alike(small_file, scene, thinning):
    pytest.importorskip("bifsmn_engine.model", exc_type=ImportError)
    found = []
    for backend in ("native", "torch"):
        model = load_model(small_file, backend, thinning)
        options = {"threshold": half(model, scene), "smoothing": 1}
        stream = KeywordStream(model, refractory_s=0.1, **options)
        found.append(listen(stream, [scene]))
    assert len(found[0]) > 9
    for one, other in zip(*found, strict=True):
        assert one[::2] == other[::2] and one.end == other.end
        assert one.score == pytest.approx(other.score, abs=1e-4)


def test_a_file_of_another_rate_and_two_channels(model, scene, tmp_path):
    """Detected as the same audio is in a live stream of that rate."""
    wide = np.repeat(scene, 3)  # 48 kHz
    stereo = np.stack([wide, 0.5 * wide], 1)
    path = tmp_path / "wide.wav"
    soundfile.write(path, stereo, 48000, subtype="FLOAT")
    options = {"threshold": half(model, scene), "smoothing": 2}
    live = KeywordStream(model, rate=48000, **options)
    expected = listen(live, chunks(stereo, (100, 9000)))
    assert len(expected) > 1
    found = list(detect_file(model, path, **options))
    assert [d[::2] for d in found] == [d[::2] for d in expected]


@pytest.mark.parametrize("samples", [100, 16000, 16001, 17000])
def test_the_end_is_filled_with_zeros(model, scene, samples):
    """All samples count; nothing ends after they do."""
    scene = scene[:samples]
    stream = KeywordStream(model, threshold=0.0, smoothing=1, refractory_s=0.0)
    stream.push(scene)
    found = stream.finish()
    assert found[-1].end == samples / 16000
    best = window_posteriors(model, scene)[:, :4].argmax(1)
    assert len(found) == 1 + np.count_nonzero(np.diff(best))
    assert found[-1].keyword == model.labels[best[-1]]
    assert stream.finish() == []  # nothing came after that


def test_the_gate_makes_quiet_windows_silence(model, scene):
    loud = 10 * np.log10(np.square(scene).mean())
    quiet = np.append(scene, scene * 0.001)
    options = {"threshold": half(model, scene), "smoothing": 1}
    found = listen(KeywordStream(model, **options), [quiet])
    gated = KeywordStream(model, gate_db=loud - 30, **options)
    kept = listen(gated, chunks(quiet, (1, 3000)))
    late = [each for each in found if each.start > 8]
    assert late  # else this test says nothing
    # (A window from 7.9 s on is almost all quiet.)
    assert kept == [each for each in found if each.start < 7.9]
    shut = KeywordStream(model, gate_db=0, **options)
    assert listen(shut, [quiet]) == []


def test_early_detections_come_while_the_word_is_spoken(model, scene):
    options = {"threshold": half(model, scene), "smoothing": 1}
    early = KeywordStream(model, early=True, **options)
    told = {
        each.start: early.samples / 16000
        for part in chunks(scene, (512, 513))
        for each in early.push(part)
    }
    late = listen(KeywordStream(model, **options), [scene])
    late = [d for d in late if d.start + 1 <= len(scene) / 16000]
    assert [each.start for each in late] == list(told)
    for each in late:  # a hop after its first window has ended, at most
        assert each.start + 1 <= told[each.start] < each.start + 1.033


def test_thinning_is_switched_while_it_streams(model, scene):
    stream = KeywordStream(model, threshold=1.0)
    stream.push(scene[:16000])
    shallow = model.copy()
    stream.thinning = shallow.thinning = 4
    end = 16000 + model.hop
    stream.push(scene[16000:end])
    expected = shallow.classify(scene[end - 16000 : end])
    np.testing.assert_allclose(stream.posteriors, expected, atol=1e-4)
    assert model.thinning == 1


def test_bad_chunks_are_refused_and_leave_the_stream_alone(model, scene):
    options = {"threshold": half(model, scene), "smoothing": 1}
    expected = listen(KeywordStream(model, **options), [scene])
    stream = KeywordStream(model, **options)
    found = stream.push(scene[:30000])
    for bad in (np.full(9, np.nan), np.arange(9), np.zeros((1, 1, 1))):
        with pytest.raises(ValueError, match="audio: expected"):
            stream.push(bad)
    found += stream.push(scene[30000:]) + stream.finish()
    assert [each[::2] for each in found] == [each[::2] for each in expected]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux for memory")
def test_an_hour_takes_no_more_memory_than_a_minute(scene):
    model = load_model()
    stream = KeywordStream(model, rate=48000, gate_db=-60)
    minute = np.resize(np.repeat(scene, 3), 60 * 48000)

    def listen_for(minutes):
        for _ in range(minutes):
            for part in np.array_split(minute, 61):
                stream.push(part)
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    before = listen_for(3)
    assert listen_for(60) - before < 1024  # KiB
    # But for what the resampler has yet to give.
    assert stream.samples == pytest.approx(63 * 60 * 16000, abs=100)
