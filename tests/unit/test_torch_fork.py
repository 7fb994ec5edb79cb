"""A child of fork classifies with torch, too."""

import os
import signal

import numpy as np
import pytest

from bifsmn_engine.pretrained import MODEL
from speechbrain_bifsmn.deploy.torch_model import TorchModel


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_child_of_fork_does_not_hang():
    model = TorchModel.load(MODEL)
    audio = np.random.default_rng(0).standard_normal(16000).astype(np.float32)
    expected = model.classify(audio)  # has torch start its threads
    child = os.fork()
    if not child:
        signal.alarm(60)
        code = 1
        try:
            code = int(not np.array_equal(model.classify(audio), expected))
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
