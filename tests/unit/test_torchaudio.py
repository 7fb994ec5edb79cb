"""A broken torchaudio can be imported, and a healthy one is left alone."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BROKEN = "import os\nraise OSError('libsomething.so: cannot open it')\n"
HEALTHY = "_IS_TORCHAUDIO_EXT_AVAILABLE = True\n"
MEND = f"""
import runpy
guard = runpy.run_path({str(ROOT / "speechbrain_bifsmn" / "_torchaudio.py")!r})
guard['patch_torchaudio']()
"""
ASK = """
import torchaudio
print(torchaudio.transforms._IS_TORCHAUDIO_EXT_AVAILABLE)
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
    return subprocess.run(
        [sys.executable, "-c", action],
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    ("extension", "available"), [(BROKEN, "False"), (HEALTHY, "True")]
)
def test_torchaudio_is_usable(tmp_path, extension, available):
    done = run(tmp_path, extension, MEND + MEND + ASK + ASK)
    assert (done.stdout, done.stderr) == (f"{available}\n" * 2, "")


def test_it_is_mended_after_an_attempt_that_failed(tmp_path):
    attempt = "try: import torchaudio\nexcept OSError: print('broken')\n"
    done = run(tmp_path, BROKEN, attempt + MEND + ASK)
    assert (done.stdout, done.stderr) == ("broken\nFalse\n", "")


def test_the_fixture_is_broken_without_the_guard(tmp_path):
    assert "OSError" in run(tmp_path, BROKEN, ASK).stderr


def test_an_error_in_its_python_part_is_shown(tmp_path):
    done = run(tmp_path, "raise ImportError('something else')\n", MEND + ASK)
    assert "ImportError: something else" in done.stderr


@pytest.mark.parametrize("first", ["speechbrain", "torchaudio"])
def test_features_work_here(first):
    """On this machine's torchaudio, whatever its state."""
    code = (
        f"import speechbrain_bifsmn, {first}, torchaudio, torch, speechbrain\n"
        "torchaudio.transforms.MelSpectrogram()(torch.zeros(1, 16000))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "module",
    [
        *("speechbrain_bifsmn", "speechbrain_bifsmn.cli"),
        *("bifsmn_engine.keyword_stream", "bifsmn_engine.cli.spot"),
    ],
)
def test_torch_is_not_imported_by(module):
    code = (
        f"import sys, {module}\n"
        "print(*({'torch', 'torchaudio', 'speechbrain'} & {*sys.modules}))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True
    )
    assert (done.stdout, done.stderr) == ("\n", "")
