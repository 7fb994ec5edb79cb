"""Devices that are not there, odd arguments, and imports that failed once."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from finished_run import write_run

from bifsmn_engine.keyword_stream import detect_file
from bifsmn_engine.loading import load_model
from bifsmn_engine.pretrained import MODEL
from speechbrain_bifsmn.deploy.torch_model import TorchModel
from speechbrain_bifsmn.inference import KeywordSpotter
from speechbrain_bifsmn.pretrained import FOLDER

CLIPS = np.zeros((2, 16000), np.float32)


@pytest.fixture(scope="module")
def spotter():
    """The model of the package."""
    return KeywordSpotter.from_hparams()


@pytest.mark.parametrize("device", ["cuda:77", "gpu", "mps:9", "meta", "", 99])
def test_devices_that_are_not_there(device):
    for use in (
        lambda: KeywordSpotter.from_hparams(run_opts={"device": device}),
        lambda: TorchModel.load(MODEL, device),
    ):
        with pytest.raises(ValueError, match="^device: expected one of this"):
            use()


@pytest.mark.skipif(torch.cuda.is_available(), reason="it is there")
def test_cuda_without_a_gpu():
    for device in ("cuda", torch.device("cuda")):
        with pytest.raises(ValueError, match=r"got cuda \(.*; use cpu"):
            KeywordSpotter.from_hparams(run_opts={"device": device})


def test_devices_that_are():
    for device in ("cpu", torch.device("cpu")):
        spotter = KeywordSpotter.from_hparams(run_opts={"device": device})
        assert len(spotter.classify_batch(CLIPS)[3]) == 2


@pytest.mark.parametrize(
    "lengths",
    [
        [1, 0.5],
        np.array([1, 0.5], np.float32),
        torch.tensor([1, 0.5], dtype=torch.bfloat16),
        torch.tensor([1, 0.5], requires_grad=True),
    ],
)
def test_lengths(spotter, lengths):
    assert len(spotter.classify_batch(CLIPS, lengths)[3]) == 2


@pytest.mark.parametrize(
    "lengths", [["a", "b"], [2, 1], [0, 1], [[1.0], [0.5]], [1], 1, [None, 1]]
)
def test_lengths_that_are_none(spotter, lengths):
    with pytest.raises(ValueError, match="wav_lens: expected 2 relative"):
        spotter.classify_batch(CLIPS, lengths)


@pytest.mark.parametrize("thinning", ["1", None, -1, 3, 0.5])
@pytest.mark.parametrize("backend", ["auto", "torch"])
def test_thinnings_that_are_none(backend, thinning):
    for load in (KeywordSpotter.from_hparams, load_model):
        with pytest.raises(
            ValueError, match=r"thinning: expected one of \[1, 2"
        ):
            load(backend=backend, thinning=thinning)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("gate_db", "-50"),
        ("gate_db", 1),
        ("refractory_s", "1"),
        ("refractory_s", None),
        ("smoothing", 4.0),
        ("smoothing", True),
        ("threshold", "0.5"),
        ("threshold", [0.5]),
    ],
)
def test_options_of_a_stream(spotter, option, value):
    with pytest.raises(ValueError, match=f"{option}: expected"):
        spotter.make_streaming_context(**{option: value})


def test_a_context_that_is_none(spotter, tmp_path):
    with pytest.raises(TypeError, match="expected that of make_streaming_con"):
        spotter.detect_chunk(None, CLIPS[0])
    with pytest.raises(TypeError, match="rate: expected none"):
        list(detect_file(spotter.model, tmp_path / "a.wav", rate=48000))


def test_every_way_to_name_a_model(tmp_path, spotter):
    run = write_run(tmp_path / "run")
    expected = spotter.classify_batch(CLIPS)[3]
    for source in (MODEL, str(MODEL), FOLDER, f"{FOLDER}/"):
        loaded = KeywordSpotter.from_hparams(source)
        assert loaded.classify_batch(CLIPS)[3] == expected
    for source in (run, str(run), f"{run}/", run / "model.bifsmn"):
        labels = KeywordSpotter.from_hparams(source).labels
        assert labels == list(load_model(source).labels)


def test_an_import_that_failed_once():
    """What it left behind is not taken for whole by the next one."""
    code = (
        "import importlib.abc, sys\n"
        "class Breaker(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'speechbrain.core': raise OSError('broken')\n"
        "sys.meta_path.insert(0, Breaker())\n"
        "try:\n"
        "    import speechbrain\n"
        "except OSError: pass\n"
        "else: raise SystemExit('it was to fail')\n"
        "del sys.meta_path[0]\n"
        "from speechbrain_bifsmn.inference import KeywordSpotter\n"
        "print(len(KeywordSpotter.from_hparams().labels))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
    )
    assert done.stdout == "12\n", done.stderr[-2000:]


@pytest.mark.parametrize("library", [None, b"no library", "another"])
def test_an_engine_that_does_not_work(tmp_path, library):
    """The same sentence, however often it is imported."""
    engine = pytest.importorskip("bifsmn_engine.model", exc_type=ImportError)
    package = tmp_path / "bifsmn_engine"
    source = Path(engine.__file__).parent
    ignored = shutil.ignore_patterns("libbifsmn*", "__pycache__")
    shutil.copytree(source, package, ignore=ignored)
    place = package / "libbifsmn.so"
    if library == "another":  # without our functions
        import _ctypes

        place.write_bytes(Path(_ctypes.__file__).read_bytes())
    elif library:
        place.write_bytes(library)
    code = (
        "from bifsmn_engine.backends import find_native\n"
        "for _ in range(2):\n"
        "    try: import bifsmn_engine.model\n"
        "    except ImportError as error: print(error)\n"
        "    try: find_native('native')\n"
        "    except ImportError as error: print('found none that works' in "
        "str(error))\n"
        "print(find_native('auto'))\n"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": f"{tmp_path}:{Path(np.__file__).parents[1]}"},
        capture_output=True,
        text=True,
    )
    first, native, second, again, auto = done.stdout.splitlines()
    assert first == second and first.startswith("expected ")
    assert (native, again, auto) == ("True", "True", "None")
    assert "Traceback" not in done.stderr
