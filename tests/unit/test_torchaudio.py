"""The guard repairs a broken torchaudio and leaves a healthy one alone."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "import {0}\nfrom torchaudio import _extension, transforms\n"
BROKEN = "raise OSError('libsomething.so: cannot open shared object file')\n"
HEALTHY = "_IS_TORCHAUDIO_EXT_AVAILABLE = True\n"
CHECK = """
import runpy, sys
guard = runpy.run_path({guard!r})
{action}
"""


def run(tmp_path, extension, action):
    """Runs code with a torchaudio whose extension is the given text."""
    package = tmp_path / "torchaudio"
    package.mkdir()
    lines = "import torchaudio._extension\nimport torchaudio.transforms\n"
    (package / "__init__.py").write_text(lines)
    (package / "_extension.py").write_text(extension)
    (package / "transforms.py").write_text(
        "from torchaudio._extension import _IS_TORCHAUDIO_EXT_AVAILABLE\n"
    )
    guard = str(ROOT / "speechbrain_bifsmn" / "_torchaudio.py")
    code = CHECK.format(guard=guard, action=action)
    return subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )


ENSURE = "guard['ensure_torchaudio']()\nimport torchaudio\n"
ASK = "print(torchaudio.transforms._IS_TORCHAUDIO_EXT_AVAILABLE)"


@pytest.mark.parametrize(
    ("extension", "available"), [(BROKEN, "False"), (HEALTHY, "True")]
)
def test_torchaudio_is_usable(tmp_path, extension, available):
    done = run(tmp_path, extension, ENSURE + ENSURE + ASK)
    assert (done.stdout, done.stderr) == (f"{available}\n", "")


def test_the_fixture_is_broken_without_the_guard(tmp_path):
    assert "OSError" in run(tmp_path, BROKEN, "import torchaudio").stderr


def test_an_error_in_its_python_part_is_shown(tmp_path):
    done = run(tmp_path, "raise ImportError('something else')\n", ENSURE)
    assert "ImportError: something else" in done.stderr


def test_features_work_here():
    """On this machine's torchaudio, whatever its state."""
    code = (
        "import speechbrain_bifsmn, torchaudio, torch, speechbrain\n"
        "torchaudio.transforms.MelSpectrogram()(torch.zeros(1, 16000))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
