"""The engine's Python package."""

import ctypes
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from processes import python

KERNEL = Path(__file__).resolve().parents[2] / "arm_kernel"
DAMAGES = {
    "nothing": lambda content: b"",
    "another kind of file": lambda content: b"RIFF" + content[4:],
    "a future version": lambda content: content[:8] + b"\5" + content[9:],
    "truncated": lambda content: content[:-1],
    "extended": lambda content: content + b"\0",
    "altered": lambda content: content[:-9] + b"\x55" + content[-8:],
}


def test_the_package_needs_no_torch(default):
    code = (
        "import sys\n"
        "for name in ('torch', 'speechbrain', 'speechbrain_bifsmn'):\n"
        "    sys.modules[name] = None\n"
        "import numpy as np, bifsmn_engine\n"
        "model = bifsmn_engine.Model.load(sys.argv[1])\n"
        "print(len(model.classify(np.zeros(9))))\n"
        "print([n for n in sys.modules if sys.modules[n] and 'torch' in n])"
    )
    done = python(code, default.path)
    assert done.stdout.split() == ["12", "[]"], done.stderr


def test_every_function_of_the_header_is_typed(engine):
    header = (KERNEL / "include" / "bifsmn.h").read_text()
    declared = set(re.findall(r"^BIFSMN_API .*?(bifsmn_\w+)\(", header, re.M))
    assert len(declared) > 15
    assert set(engine._library.FUNCTIONS) == declared
    struct = re.search(r"struct bifsmn_info \{(.*?)\}", header, re.S)[1]
    struct = re.sub(r"/\*.*?\*/", "", struct, flags=re.S)
    types = {"uint32_t": ctypes.c_uint32, "float": ctypes.c_float}
    fields = []
    for line in struct.split(";")[:-1]:
        kind, names = line.split(None, 1)
        fields += [(name.strip(), types[kind]) for name in names.split(",")]
    assert engine._library.Info._fields_ == fields


def test_the_versions_are_one(engine):
    lists = (KERNEL / "CMakeLists.txt").read_text()
    assert f"project(bifsmn VERSION {engine.__version__} " in lists


def test_a_model_says_what_it_is(model, default, engine):
    config = default.twin.config
    for name in (
        "classes frames mels sample_rate window_samples hop smoothing"
    ).split():
        assert getattr(model, name) == getattr(config, name), name
    assert model.labels == default.twin.labels
    stored = zip(model.labels, default.twin.thresholds, strict=True)
    assert model.thresholds == dict(stored)
    assert model.thinnings == default.twin.thinnings
    assert model.name == "random default"
    assert model.licence == "CC0-1.0"
    assert model.provenance == "Randomly made: knöws nothing."
    assert model.isa == engine.available_isas()[0]
    assert "random default" in repr(model)


def test_logits_of_a_batch_are_those_of_its_examples(model, features):
    batch = model.logits(features)
    assert batch.dtype == np.float32 and batch.shape == (6, 12)
    for logits, example in zip(batch, features, strict=True):
        np.testing.assert_array_equal(model.logits(example), logits)
    assert model.logits(features[:0]).shape == (0, 12)


def test_features_may_be_of_any_type_and_order(model, features):
    whole = np.rint(features)
    expected = model.logits(whole)
    unaligned = np.frombuffer(b"\0" + whole.tobytes(), np.uint8)[1:]
    for same in (
        whole.astype(np.float64),
        whole.astype(np.int16),
        whole.astype(">f4"),
        np.asfortranarray(whole),
        whole[:, ::-1][:, ::-1],
        unaligned.view(np.float32).reshape(whole.shape),
        whole.tolist(),
    ):
        np.testing.assert_array_equal(model.logits(same), expected)


def test_audio_may_be_of_any_type(model, audio):
    floats = audio.astype(np.float32) / 32768
    features, posteriors = model.features(floats), model.classify(floats)
    assert features.dtype == posteriors.dtype == np.float32
    assert posteriors.sum() == pytest.approx(1, abs=1e-5)
    wide = np.repeat(audio, 2)
    for same in (audio, audio.astype(">i2"), floats.astype(float), wide[::2]):
        np.testing.assert_array_equal(model.features(same), features)
        np.testing.assert_array_equal(model.classify(same), posteriors)
        (streamed,) = model.stream().push(same)
        np.testing.assert_array_equal(streamed, posteriors)


def test_what_is_missing_of_a_window_is_zeros(model, audio):
    filled = audio.copy()
    filled[5000:] = 0
    np.testing.assert_array_equal(
        model.classify(audio[:5000]), model.classify(filled)
    )
    assert model.features(audio[:0]).max() == -100  # dB, the floor
    # What was there before is gone.
    np.testing.assert_array_equal(
        model.features(audio[:0]), model.features(np.zeros(16000))
    )


def test_the_thinning_can_be_set(model, features):
    assert model.thinning == 1
    logits = []
    for thinning in (1, np.int64(2), 4):
        model.thinning = thinning
        assert model.thinning == thinning
        logits.append(model.logits(features[0]).tolist())
    assert len({str(row) for row in logits}) == 3
    stream, copied = model.stream(), model.copy()
    model.thinning = 1
    assert stream.thinning == copied.thinning == 4
    for thinning in (-1, 3, 2**32):
        with pytest.raises(
            ValueError, match=r"thinning: expected one of \[1, 2"
        ):
            model.thinning = thinning
    with pytest.raises(ValueError, match="thinning: expected one of"):
        model.thinning = 2.0
    assert model.thinning == 1


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (np.zeros((2, 16000)), "one channel"),
        (np.float32(0), "one channel"),
        (np.zeros(9, np.int32), "int16 or float samples, got int32"),
        (np.zeros(9, np.uint8), "int16 or float"),
        (np.zeros(9, complex), "int16 or float"),
        (["a"], "int16 or float"),
        (np.array([0, np.nan]), "NaN"),
        (np.array([-np.inf, 0]), "NaN"),
    ],
)
def test_bad_audio_is_refused(model, bad, message):
    stream = model.stream()
    for refuse in (model.classify, model.features, stream.push):
        with pytest.raises(ValueError, match=message):
            refuse(bad)


def test_audio_beyond_a_window_is_for_streams(model):
    with pytest.raises(ValueError, match="at most 16000.*16001; use a Stream"):
        model.classify(np.zeros(16001))


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (np.zeros((32, 31)), r"expected \[32\]\[32\]"),
        (np.zeros(32), r"expected \[32\]\[32\]"),
        (np.zeros((1, 1, 32, 32)), r"expected \[32\]\[32\]"),
        (np.zeros((32, 32), complex), "expected numbers"),
        (np.full((32, 32), np.nan), "NaN"),
        (np.full((2, 32, 32), np.inf), "NaN or infinity"),
    ],
)
def test_bad_features_are_refused(model, bad, message):
    with pytest.raises(ValueError, match=message):
        model.logits(bad)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_bad_file_is_refused(engine, default, tmp_path, damage):
    content = DAMAGES[damage](default.path.read_bytes())
    path = tmp_path / "bäd.bifsmn"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"bäd\.bifsmn: .*; .*") as from_file:
        engine.Model.load(str(path))
    with pytest.raises(ValueError) as from_memory:
        engine.Model(content)
    assert str(from_file.value) == f"{path}: {from_memory.value}"


def test_a_file_that_cannot_be_read_is_named(engine, tmp_path):
    with pytest.raises(FileNotFoundError, match="cannot be read.*nowhere"):
        engine.Model.load(tmp_path / "nowhere")
    with pytest.raises(OSError, match=re.escape(str(tmp_path))):
        engine.Model.load(tmp_path)


def test_a_model_comes_from_memory_too(engine, model, default, features):
    content = default.path.read_bytes()
    for same in (content, bytearray(content), memoryview(content)):
        other = engine.Model(same)
        np.testing.assert_array_equal(
            other.logits(features), model.logits(features)
        )


def test_an_unknown_instruction_set_is_refused(engine, default, monkeypatch):
    monkeypatch.setenv("BIFSMN_ISA", "abacus")
    with pytest.raises(ValueError, match="BIFSMN_ISA names no instruction"):
        engine.Model.load(default.path)


@pytest.mark.parametrize("content", [None, b"not a library"])
def test_without_its_library_the_package_says_what_to_do(
    engine, tmp_path, content
):
    source = Path(engine.__file__).parent
    copied = tmp_path / "bifsmn_engine"
    ignored = shutil.ignore_patterns("libbifsmn*", "__pycache__")
    shutil.copytree(source, copied, ignore=ignored)
    if content is not None:
        suffix = "dylib" if sys.platform == "darwin" else "so"
        (copied / f"libbifsmn.{suffix}").write_bytes(content)
    # Without site: an editable installation would be found before the copy.
    done = subprocess.run(
        [sys.executable, "-S", "-c", "import bifsmn_engine._library"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert re.search(
        r"ImportError: expected .* found .*; install bifsmn-engine", done.stderr
    )
