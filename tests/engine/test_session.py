"""Streams, copies, threads, and the end of each."""

import copy
import gc
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest


def test_a_stream_can_start_anew(model, audio):
    stream = model.stream()
    assert stream.push(audio[:0]).shape == (0, 12)
    assert stream.push(audio[:-1]).shape == (0, 12)
    stream.reset()
    (posteriors,) = stream.push(audio)
    np.testing.assert_array_equal(posteriors, model.classify(audio))


def test_a_refused_chunk_leaves_a_stream_as_it_was(model, audio):
    stream, bad = model.stream(), np.zeros(40_000)
    stream.push(audio[:9000])
    bad[-1] = np.nan
    with pytest.raises(ValueError, match="finite"):
        stream.push(bad)
    (posteriors,) = stream.push(audio[9000:])
    np.testing.assert_array_equal(posteriors, model.classify(audio))


def test_streams_and_clips_do_not_disturb_each_other(model, audio):
    stream, other = model.stream(), model.stream()
    stream.push(audio[:9000])
    model.classify(audio[::-1])
    other.push(audio[::-1])
    (posteriors,) = stream.push(audio[9000:])
    np.testing.assert_array_equal(posteriors, model.classify(audio))


def test_what_is_closed_says_so(engine, default, audio):
    with engine.Model.load(default.path) as model, model.stream() as stream:
        pass
    model.close()
    stream.close()
    for use in (
        lambda: model.classify(audio),
        lambda: model.features(audio),
        lambda: model.logits(default.features),
        lambda: model.thinning,
        lambda: setattr(model, "thinning", 2),
        model.copy,
        model.stream,
        model.__enter__,
    ):
        with pytest.raises(ValueError, match="this Model has been closed"):
            use()
    for use in (lambda: stream.push(audio), stream.reset):
        with pytest.raises(ValueError, match="this Stream has been closed"):
            use()
    assert model.labels == default.twin.labels


def test_a_stream_outlives_its_model(engine, default, audio):
    model = engine.Model.load(default.path)
    expected = model.classify(audio)
    stream = model.stream()
    model.close()
    del model
    gc.collect()
    np.testing.assert_array_equal(stream.push(audio), expected[None])


def test_a_network_is_freed_once_after_all_that_run_it(
    engine, default, monkeypatch
):
    freed, library = [], engine._library.library

    def record(name, free):
        def recorded(pointer):
            freed.append(name)
            free(pointer)

        monkeypatch.setattr(library, f"bifsmn_{name}", recorded)

    record("free", library.bifsmn_free)
    record("state_free", library.bifsmn_state_free)
    model = engine.Model.load(default.path)
    cycle = [model, model.stream(), model.copy()]
    cycle += [cycle, model._network]
    model.close()
    assert freed == ["state_free"]
    del model, cycle
    gc.collect()
    assert freed == ["state_free"] * 3 + ["free"]


def test_threads_get_what_one_thread_gets(model, features, audio):
    expected, posteriors = model.logits(features), model.classify(audio)
    copies = [model.copy() for _ in range(3)]

    def run(worker):
        own = (model, model, *copies)[worker]
        for _ in range(20):
            np.testing.assert_array_equal(own.logits(features), expected)
            np.testing.assert_array_equal(own.classify(audio), posteriors)
        return worker

    with ThreadPoolExecutor(5) as pool:
        assert list(pool.map(run, range(5))) == list(range(5))


def test_closing_waits_for_a_use_in_another_thread(model, features):
    batch, started = np.repeat(features, 200, axis=0), threading.Event()
    expected, own = model.logits(batch), model.copy()

    def run():
        started.set()
        return own.logits(batch)

    for _ in range(5):
        with ThreadPoolExecutor(4) as pool:
            first = pool.submit(run)
            started.wait()
            others = [pool.submit(own.logits, batch) for _ in range(3)]
            own.close()
            for each in (first, *others):
                error = each.exception()  # whole, or refused
                if error is None:
                    np.testing.assert_array_equal(each.result(), expected)
                else:
                    assert "this Model has been closed" in str(error)
        own = model.copy()
        started.clear()


def test_a_batch_is_one_use(model, features):
    """All of it at one thinning, whatever another thread sets."""
    batch, own, done = np.repeat(features[:1], 300, 0), model.copy(), []

    def switch():
        while not done:
            for thinning in own.thinnings:
                own.thinning = thinning

    with ThreadPoolExecutor(1) as pool:
        pool.submit(switch)
        try:
            for _ in range(10):
                logits = own.logits(batch)
                assert (logits == logits[0]).all()
        finally:
            done.append(True)


def test_a_push_cut_short_says_so(engine, model, audio, monkeypatch):
    stream, library = model.stream(), engine._library.library
    push, calls = library.bifsmn_push, iter(range(3))

    def out_of_memory(*arguments):
        if next(calls) == 2:
            raise MemoryError
        push(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(library, "bifsmn_push", out_of_memory)
        with pytest.raises(MemoryError):
            stream.push(np.tile(audio, 2))
    for _ in range(2):
        with pytest.raises(RuntimeError, match="cut a push short; reset"):
            stream.push(audio)
    stream.reset()
    np.testing.assert_array_equal(stream.push(audio)[0], model.classify(audio))


def test_pickling_is_refused(model):
    for session in (model, model.stream()):
        for refused in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match="cannot be pickled; pass the"):
                refused(session)
