"""The sides of the benchmark: each runs in processes of its own."""

import json
import sys

import numpy as np
import torch
from peers.prepare import PEERS, Missing, run

from bifsmn_engine.format import model_file
from speechbrain_bifsmn.deploy.network import DeployedBiDFSMN

DEPTHS = ("0", "1", "2")
LARGEST_DIFFERENCE = 1e-3  # of logits in real numbers


class Form:
    """One form of the network, run by one peer.

    Arguments
    ---------
    peer : registry.Peer
        Which.
    name : str
        One of its forms, by the name in the results.
    python : str | Path
        Runs the driver.
    networks, models : Path
        The folders of the inputs, and of the models.
    audio : tuple
        The engine's library and a model file, whose front end serves.
    """

    def __init__(self, peer, name, python, networks, models, audio=()):
        self.peer, self.engine, self.name = peer, name, peer.forms[name]
        self.networks, self.models, self.audio = networks, models, audio
        self.paths = [
            models / f"{self.name}_{depth}{peer.suffix}" for depth in DEPTHS
        ]
        self.command = [python, PEERS / peer.driver, networks / "inputs.npy"]

    def _run(self, *options, paths=()):
        return json.loads(
            run([*self.command, *(paths or self.paths), *options])
        )

    def _by_depth(self, found):
        return {
            depth: found[path.name]
            for depth, path in zip(DEPTHS, self.paths, strict=True)
        }

    def expected(self, depth):
        """Returns the logits of the source model for all inputs."""
        activation = self.name.partition("_")[2]
        name = f"logits_{activation}_{depth}.npy"
        own = self.models / name  # of a peer that runs another network
        return np.load(own if own.exists() else self.networks / name)

    def check(self):
        """Compares its logits with the source's: a broken peer may be fast."""
        found = {}
        for depth, logits in self._by_depth(self._run()).items():
            expected, logits = self.expected(depth), np.array(logits)
            difference = float(np.abs(logits - expected).max())
            self.refuse(depth, difference)
            other = logits.argmax(1) != expected.argmax(1)
            found[depth] = {
                "largest_difference": difference,
                "other_decisions": int(other.sum()),
                "inputs": len(expected),
            }
        return found

    def refuse(self, depth, difference, where=""):
        """Refuses a form in real numbers that is not the source's function.

        Where numbers are rounded on the way, to int8 or to a bit, a rounding
        error becomes a step: there, decisions are counted, no more.
        """
        if self.name.startswith("fp32") and difference > LARGEST_DIFFERENCE:
            raise Missing(
                f"{self.engine}_{depth}{where}: expected the source's "
                f"logits, found them {difference:.2g} apart"
            )

    def time(self, calls):
        """Returns microseconds by kind and depth setting."""
        audio = ["--audio", *self.audio] if self.audio else []
        found = self._run(f"--calls={calls}", *audio)
        return {kind: self._by_depth(us) for kind, us in found.items() if us}

    def bytes(self):
        """Returns the sizes of its files by depth setting."""
        return {
            depth: path.stat().st_size
            for depth, path in zip(DEPTHS, self.paths, strict=True)
        }

    def memory(self):
        """Returns KiB of a process that runs its full depth."""
        return self._run("--memory", paths=self.paths[:1])


class Native:
    """One path of the engine."""

    def __init__(self, library, model, features, path=""):
        script = PEERS / "native.py"
        self.command = [sys.executable, script, library, model, features]
        self.model, self.features = model, features
        self.path, self.engine = path, f"bifsmn_{path}"

    def _run(self, *options):
        chosen = {"BIFSMN_PATH": self.path} if self.path else {}
        return json.loads(run([*self.command, *options], **chosen))

    def paths(self):
        """Lists the paths that run here, best first."""
        return self._run()["paths"]

    def check(self):
        """Compares its logits with those of its twin in torch: all bits."""
        twin = DeployedBiDFSMN(model_file.read(self.model)).eval()
        features, found = torch.from_numpy(np.load(self.features)), {}
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
            found[depth] = {
                "largest_difference": 0.0,
                "other_decisions": 0,
                "inputs": len(features),
            }
        return found

    def time(self, calls):
        """Returns microseconds by kind and depth setting."""
        return self._run(f"--calls={calls}")

    def bytes(self):
        """Returns the size of the file, which holds all depth settings."""
        return dict.fromkeys(DEPTHS, self.model.stat().st_size)

    def memory(self):
        """Returns KiB of a process that runs its full depth."""
        return self._run("--memory")
