#!/usr/bin/env python3
"""Checks the engine that is installed, where there is no torch.

check_installed.py [AUDIO...]

To be run with the Python that the wheel was installed for, in a folder without
the sources. Files of audio are spotted; that needs the extra ``audio``.
"""

import importlib.util
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import numpy as np

import bifsmn_engine
from bifsmn_engine.pretrained import MODEL

ABSENT = ("torch", "speechbrain", "scipy", "speechbrain_bifsmn")
COMMAND = Path(sysconfig.get_path("scripts"), "bifsmn")


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """Runs the command ``bifsmn``."""
    return subprocess.run([COMMAND, *words], capture_output=True, text=True)


def check_alone() -> None:
    """The package comes from the wheel, and nothing of training is there."""
    where = Path(bifsmn_engine.__file__).resolve()
    assert where.is_relative_to(Path(sys.prefix).resolve()), where
    for name in ABSENT:
        assert importlib.util.find_spec(name) is None, f"{name} is installed"


def check_model() -> None:
    """All instruction sets and a stream give the same as a clip."""
    audio = np.random.default_rng(0).normal(0, 0.1, 20000).astype(np.float32)
    isas = bifsmn_engine.available_isas()
    assert isas[-1] == "reference", isas
    expected: dict[int, np.ndarray] = {}
    for isa in isas:
        os.environ["BIFSMN_ISA"] = isa
        model = bifsmn_engine.Model.load(MODEL)
        assert model.isa == isa, (model.isa, isa)
        for thinning in model.thinnings:
            model.thinning = thinning
            streamed = model.stream().push(audio)
            clip = model.classify(audio[: model.window_samples])
            assert np.allclose(streamed[0], clip, atol=1e-4), (isa, thinning)
            same = expected.setdefault(thinning, streamed)
            assert np.array_equal(streamed, same), (isa, thinning)
    del os.environ["BIFSMN_ISA"]
    print(f"bit-exact: {', '.join(isas)}; thinnings {[*expected]}")


def check_commands(files: list[str]) -> None:
    """The commands of the engine work; those of the plugin say what lacks."""
    for words in (
        ("info",),
        ("listen", "--help"),
        *(("spot", "--threshold=0", file) for file in files),
    ):
        done = run(*words)
        assert done.returncode == 0 and done.stdout, done
        print(f"bifsmn {' '.join(words)}: {done.stdout.splitlines()[-1]}")
    done = run("train", "--help")
    lines = done.stderr.splitlines()
    assert done.returncode in (1, 2) and len(lines) == 1, done
    assert "pip install speechbrain-bifsmn" in lines[0], done
    print(lines[0])


if __name__ == "__main__":
    check_alone()
    check_model()
    check_commands(sys.argv[1:])
