"""What all tests share."""

import random
import signal
import sys

import speechbrain_bifsmn  # noqa: F401  first: it repairs torchaudio

# isort: split
import hypothesis
import numpy as np
import pytest
import speechbrain  # noqa: F401
import torch
from speechbrain.utils.importutils import LazyModule

# Hypothesis asks every module for its file; SpeechBrain's lazy ones would
# then import what is not installed.
for _module in list(sys.modules.values()):
    if isinstance(_module, LazyModule):
        _module.__file__ = None


# A shared machine may be slow for a moment: time is no property of a function.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


@pytest.fixture
def usual_signals():
    """What a test starts takes Ctrl-C, also where the tests themselves do not.

    A shell has what it runs in the background ignore some signals.
    """
    before = {}
    for number in (signal.SIGINT, getattr(signal, "SIGHUP", signal.SIGINT)):
        if signal.getsignal(number) is signal.SIG_IGN:
            before[number] = signal.signal(number, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture(autouse=True)
def _seed():
    """Starts each test from the same random state."""
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)
