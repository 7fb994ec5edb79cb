"""The sides of the benchmark: each runs in processes of its own."""

import json
import sys

import numpy as np
import torch
from peers.prepare import PEERS, Missing, run

from speechbrain_bifsmn.lobes.models.deployed import DeployedBiDFSMN
from speechbrain_bifsmn.utils import model_file

DEPTHS = ("0", "1", "2")
# By what the results call them. ReLU in PReLU's place is another network, but
# what one would deploy in int8: it is the fastest.
LITERT = {
    "litert_fp32_prelu": "fp32_prelu",
    "litert_fp32_relu": "fp32_relu",
    "litert_int8_prelu": "int8_prelu",
    "litert_int8": "int8_relu",
}
LARGEST_DIFFERENCE = 1e-3  # of logits in real numbers


class LiteRT:
    """One form of the network in LiteRT."""

    def __init__(self, python, folder, name):
        self.folder, self.name = folder, LITERT[name]
        self.engine = name
        self.paths = [folder / f"{self.name}_{d}.tflite" for d in DEPTHS]
        inputs = folder / "inputs.npy"
        self.command = [python, PEERS / "litert.py", inputs, *self.paths]

    def _run(self, *options):
        found = json.loads(run([*self.command, *options]))
        return {
            depth: found[path.name]
            for depth, path in zip(DEPTHS, self.paths, strict=True)
        }

    def check(self):
        """Compares its logits with torch's: a broken peer might be fast."""
        activation, found = self.name.partition("_")[2], {}
        for depth, logits in self._run().items():
            path = self.folder / f"logits_{activation}_{depth}.npy"
            expected, logits = np.load(path), np.array(logits)
            difference = float(np.abs(logits - expected).max())
            if "fp32" in self.name and difference > LARGEST_DIFFERENCE:
                raise Missing(
                    f"{self.name}_{depth}: expected torch's logits, found "
                    f"them {difference:.2g} apart"
                )
            same = logits.argmax(1) == expected.argmax(1)
            found[depth] = {
                "largest_difference": difference,
                "same_decision": float(same.mean()),
            }
        return found

    def time(self, calls):
        """Returns microseconds by what was timed and depth setting."""
        return {self.engine: self._run(f"--calls={calls}")}


class Native:
    """One path of the engine."""

    def __init__(self, library, model, features, path="", more=False):
        script = PEERS / "native.py"
        self.command = [sys.executable, script, library, model, features]
        self.model, self.features = model, features
        self.path, self.more = path, more

    def _run(self, *options):
        chosen = {"BIFSMN_PATH": self.path} if self.path else {}
        return json.loads(run([*self.command, *options], **chosen))

    def paths(self):
        """Lists the paths that run here, best first."""
        return self._run()["paths"]

    def check(self):
        """Compares its logits with those of its twin in torch."""
        twin = DeployedBiDFSMN(model_file.read(self.model)).eval()
        features = torch.from_numpy(np.load(self.features))
        for depth, logits in self._run()["logits"].items():
            twin.depth = int(depth)
            with torch.no_grad():
                expected = twin(features).numpy()
            if not np.array_equal(np.float32(logits), expected):
                sys.exit(
                    f"{self.path}, depth {depth}: expected the logits of "
                    "DeployedBiDFSMN bit for bit, found others; repair the "
                    "engine first"
                )

    def time(self, calls):
        """Returns microseconds by what was timed and depth setting."""
        more = ["--more"] if self.more else []
        found = self._run(f"--calls={calls}", *more)
        return {f"bifsmn_{self.path}": found["logits"], **found["more"]}
