"""What the benchmark of the engine compares, each in processes of its own."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks import THINNINGS
from benchmarks.harness.process import Missing, run
from benchmarks.harness.registry import Peer
from bifsmn_engine.format import model_file
from speechbrain_bifsmn.deploy.network import DeployedBiDFSMN

MAX_DIFFERENCE = 1e-4  # in full precision, relative to the largest logit


class Form:
    """One form of the network, run by one peer.

    Arguments
    ---------
    peer : Peer
        Which.
    key : str
        One of its forms, by the name in the results.
    python : str | Path
        Runs the models.
    networks, models : Path
        The folders of the inputs, and of the models.
    audio : sequence
        The engine's library and a model file, whose front end serves.
    """

    def __init__(
        self,
        peer: Peer,
        key: str,
        python: str | Path,
        networks: Path,
        models: Path,
        audio: Sequence[Path] = (),
    ):
        self.peer, self.key, self.form = peer, key, peer.forms[key]
        self.networks, self.models, self.audio = networks, models, audio
        self.files = [
            models / f"{self.form}_{thinning}{peer.suffix}"
            for thinning in THINNINGS
        ]
        runner = f"benchmarks.backends.{peer.runner}"
        self.command = [python, "-m", runner, networks / "inputs.npy"]

    def _run(self, *options, files=()):
        return json.loads(
            run([*self.command, *(files or self.files), *options])
        )

    def _by_thinning(self, found):
        return {
            thinning: found[file.name]
            for thinning, file in zip(THINNINGS, self.files, strict=True)
        }

    def expected(self, thinning: str) -> NDArray:
        """Returns the source model's logits (N, classes) of all inputs."""
        activation = self.form.partition("_")[2]
        name = f"logits_{activation}_{thinning}.npy"
        own = self.models / name  # of a peer that runs another network
        return np.load(own if own.exists() else self.networks / name)

    def check(self) -> dict[str, dict[str, Any]]:
        """Compares its logits with the source's: a broken peer may be fast."""
        found = {}
        for thinning, logits in self._by_thinning(self._run()).items():
            expected, logits = self.expected(thinning), np.array(logits)
            difference = float(np.abs(logits - expected).max())
            self.refuse(thinning, difference)
            differ = logits.argmax(1) != expected.argmax(1)
            found[thinning] = {
                "largest_difference": difference,
                "prediction_mismatches": int(differ.sum()),
                "inputs": len(expected),
            }
        return found

    def refuse(self, thinning: str, difference: float, where: str = "") -> None:
        """Refuses a form in full precision that is not the source's function.

        Where numbers are rounded on the way, to int8 or to a bit, a rounding
        error becomes a step: there, mismatches are counted, no more.
        """
        largest = max(1.0, float(np.abs(self.expected(thinning)).max()))
        close = difference <= MAX_DIFFERENCE * largest
        if self.form.startswith("fp32") and not close:
            raise Missing(
                f"{self.key}_{thinning}{where}: expected the source's "
                f"logits, found them {difference:.2g} apart"
            )

    def time(self, calls: int) -> dict[str, dict[str, float]]:
        """Returns microseconds by kind and thinning."""
        audio = ["--audio", *self.audio] if self.audio else []
        found = self._run(f"--calls={calls}", *audio)
        return {kind: self._by_thinning(us) for kind, us in found.items() if us}

    def bytes(self) -> dict[str, int]:
        """Returns the sizes of its files by thinning."""
        return {
            thinning: file.stat().st_size
            for thinning, file in zip(THINNINGS, self.files, strict=True)
        }

    def memory(self) -> dict[str, int]:
        """Returns KiB of a process that runs thinning 1."""
        return self._run("--memory", files=self.files[:1])


class Native:
    """The engine, on one instruction set.

    Arguments
    ---------
    library, model, features : Path
        ``libbifsmn.so``, a .bifsmn file, and features (N, T, F) in decibels.
    isa : str
        The instruction set; empty: the best.
    """

    def __init__(
        self, library: Path, model: Path, features: Path, isa: str = ""
    ):
        runner = ["-m", "benchmarks.backends.native"]
        self.command = [sys.executable, *runner, library, model, features]
        self.model, self.features = model, features
        self.isa, self.key = isa, f"bifsmn_{isa}"

    def _run(self, *options):
        chosen: Mapping[str, str] = {"BIFSMN_ISA": self.isa} if self.isa else {}
        return json.loads(run([*self.command, *options], variables=chosen))

    def isas(self) -> list[str]:
        """Lists the instruction sets that run here, best first."""
        return self._run()["isas"]

    def check(self) -> dict[str, dict[str, Any]]:
        """Compares its logits with those of its twin in torch: bit-exact."""
        twin = DeployedBiDFSMN(model_file.read(self.model)).eval()
        features, found = torch.from_numpy(np.load(self.features)), {}
        for thinning, logits in self._run()["logits"].items():
            twin.thinning = int(thinning)
            with torch.no_grad():
                expected = twin(features).numpy()
            if not np.array_equal(np.float32(logits), expected):
                sys.exit(
                    f"{self.isa}, thinning {thinning}: expected the logits of "
                    "DeployedBiDFSMN bit-exact, found others; repair the "
                    "engine first"
                )
            found[thinning] = {
                "largest_difference": 0.0,
                "prediction_mismatches": 0,
                "inputs": len(features),
            }
        return found

    def time(self, calls: int) -> dict[str, dict[str, float]]:
        """Returns microseconds by kind and thinning."""
        return self._run(f"--calls={calls}")

    def bytes(self) -> dict[str, int]:
        """Returns the size of the file, which holds all thinnings."""
        return dict.fromkeys(THINNINGS, self.model.stat().st_size)

    def memory(self) -> dict[str, int]:
        """Returns KiB of a process that runs thinning 1."""
        return self._run("--memory")
