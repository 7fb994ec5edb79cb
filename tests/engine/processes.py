"""Code in an interpreter of its own: a hang ends there."""

import os
import subprocess
import sys

# What most such code begins with; a model's path is its argument.
START = """
import os, random, signal, sys, threading
import numpy as np
import bifsmn_engine
from bifsmn_engine import Model

model = Model.load(sys.argv[1])
audio = np.random.default_rng(0).integers(-9999, 9999, 16000, np.int16)
expected = model.classify(audio)
"""


def python(code, *arguments, timeout=120, **environment):
    """Runs code.

    Arguments
    ---------
    code : str
        It is given ``arguments``.
    *arguments
        Of its command line.
    timeout : float
        Seconds; more are an error.
    **environment
        Added to that of this process.

    Returns
    -------
    subprocess.CompletedProcess
    """
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=timeout,
    )


def check(code, path):
    """Runs code after ``START``; it must end well, and print "done" last."""
    ended = python(START + code, path)
    assert ended.returncode == 0, ended.stderr[-3000:]
    assert ended.stdout.split()[-1:] == ["done"]
