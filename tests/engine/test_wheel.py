"""One wheel for all Pythons, which needs neither torch nor SpeechBrain."""

import json
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import numpy as np
import pytest

KERNEL = Path(__file__).resolve().parents[2] / "arm_kernel"
CLASSIFY = """
import importlib.metadata, json, sys
import numpy as np
from bifsmn_engine import Model
names = {d.metadata["Name"].lower() for d in importlib.metadata.distributions()}
model = Model.load(sys.argv[1])
audio = np.load(sys.argv[2])
print(json.dumps([sorted(names), model.classify(audio).tolist()]))
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not shutil.which("c++"), reason="no C++ compiler (c++); install g++"
    ),
]


def run(*command):
    """Runs a program away from the packages of these tests."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("PYTHON")
    }
    done = subprocess.run(
        list(map(str, command)), env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    pip = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps")
    run(*pip, "--wheel-dir", folder, KERNEL)
    (path,) = folder.iterdir()
    return path


def test_the_wheel_is_for_all_pythons_on_this_platform(wheel, engine):
    name, version, tag, abi, platform = wheel.stem.split("-")
    assert (name, version) == ("bifsmn_engine", engine.__version__)
    assert (tag, abi) == ("py3", "none")
    assert platform.startswith(("linux_", "macosx_"))


def test_the_wheel_holds_the_package_and_no_more(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (licence,) = (n for n in names if n.endswith("licenses/LICENSE"))
        text = archive.read(licence)
    inside = {name.partition("/")[2] for name in names if ".dist-" not in name}
    sources = KERNEL / "python" / "bifsmn_engine"
    expected = {
        path.relative_to(sources).as_posix()
        for path in sources.rglob("*")
        if path.suffix in (".py", ".typed", ".bifsmn")
    }
    (library,) = inside - expected
    assert library in ("libbifsmn.so", "libbifsmn.dylib")
    assert expected < inside
    assert text == (KERNEL.parent / "LICENSE").read_bytes()


def test_the_wheel_works_with_what_it_declares(
    wheel, engine, default, tmp_path
):
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", wheel)
    audio = np.random.default_rng(0).standard_normal(16000) * 0.1
    np.save(tmp_path / "audio.npy", audio)
    script = (python, "-I", "-c", CLASSIFY)  # not the folder it is run in
    output = run(*script, default.path, tmp_path / "audio.npy")
    names, posteriors = json.loads(output)
    assert set(names) - {"pip", "setuptools"} == {
        *("bifsmn-engine", "numpy", "argcomplete", "tqdm")
    }
    np.testing.assert_array_equal(
        np.float32(posteriors), engine.Model.load(default.path).classify(audio)
    )
