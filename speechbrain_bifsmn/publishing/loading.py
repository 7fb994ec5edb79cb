"""A check that a published folder loads, and computes the right posteriors."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from speechbrain_bifsmn.deploy.torch_model import TorchModel

LIMIT_S = 300  # for a process that imports torch on a busy machine

# What a user does, in a clean process.
LOAD = """
import json, sys, tempfile
import numpy as np
import speechbrain_bifsmn
import torch
from speechbrain.inference.classifiers import EncoderClassifier
from speechbrain_bifsmn.inference.keyword import KeywordSpotter

wavs = torch.from_numpy(np.load(sys.argv[2]))
with tempfile.TemporaryDirectory() as savedir:
    stock = EncoderClassifier.from_hparams(sys.argv[1], savedir=savedir)
    spotter = KeywordSpotter.from_hparams(sys.argv[1], backend="torch")
    found = {}
    for thinning in spotter.mods.embedding_model.thinnings:
        stock.mods.embedding_model.thinning = spotter.thinning = thinning
        found[thinning] = {
            "stock": stock.classify_batch(wavs)[0].tolist(),
            "spotter": spotter.encode_batch(wavs).softmax(-1).tolist(),
            "labels": stock.classify_batch(wavs)[3],
        }
print(json.dumps(found))
"""


def check_loads(folder: Path) -> None:
    """Loads a folder in a clean process, and compares its posteriors.

    Arguments
    ---------
    folder : Path
        Written by ``publish``; it is loaded without network access.
        RuntimeError where it does not load, or computes other posteriors than
        the model file.
    """
    model = TorchModel.load(folder / "model.bifsmn")
    random = np.random.RandomState(0)
    wavs = random.standard_normal((4, model.window_samples)) * 0.1
    wavs = wavs.astype(np.float32)
    found = _load(folder, wavs)
    for thinning in model.thinnings:
        model.thinning = thinning
        expected, loaded = model.classify_windows(wavs), found[str(thinning)]
        for name in ("stock", "spotter"):
            if not np.allclose(loaded[name], expected, atol=1e-5):
                raise RuntimeError(
                    "expected the posteriors of model.bifsmn at thinning "
                    f"{thinning}, found others by {name} loading; report this"
                )
        names = [model.labels[k] for k in expected.argmax(1)]
        if loaded["labels"] != names:
            raise RuntimeError(
                f"expected the labels {names}, found {loaded['labels']}"
            )


def _load(folder, wavs):
    with tempfile.TemporaryDirectory() as aside:
        path = Path(aside) / "wavs.npy"
        np.save(path, wavs)
        try:
            done = subprocess.run(
                [sys.executable, "-c", LOAD, str(folder.resolve()), str(path)],
                cwd=aside,
                env={**os.environ, "HF_HUB_OFFLINE": "1"},
                capture_output=True,
                text=True,
                errors="replace",
                timeout=LIMIT_S,
            )
        except subprocess.TimeoutExpired:
            raise RuntimeError(
                f"expected a folder that SpeechBrain loads in {LIMIT_S} s, "
                "found none; try again when the machine is less busy"
            ) from None
    if done.returncode:
        raise RuntimeError(
            "expected a folder that SpeechBrain loads, found one that fails: "
            f"{done.stderr.strip()[-2000:]}"
        )
    return json.loads(done.stdout.splitlines()[-1])
