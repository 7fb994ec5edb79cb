"""What the benchmark of the engine needs: environments, models, a library."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import numpy as np
import torch
from peers import network, trained

from speechbrain_bifsmn.dataio.words import task_labels
from speechbrain_bifsmn.deploy.folding import fold
from speechbrain_bifsmn.nnet.activations import PReLU

PEERS = Path(__file__).resolve().parent
ENGINE = PEERS.parents[1] / "arm_kernel"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
CACHE /= "bifsmn-bench"


class Missing(Exception):
    """Something that is not to be had here; the text says why."""


def say(text):
    """Tells people."""
    print(text, file=sys.stderr, flush=True)


def obtained(makers, missing):
    """Yields what makers return, but of those that lack something.

    Arguments
    ---------
    makers : iterable of tuple
        Who it is for people, the names in the results, and a function.
    missing : dict
        Gets the reason under each name.
    """
    for title, names, make in makers:
        try:
            yield make()
        except Missing as error:
            say(f"{title} is missing: {error}")
            missing |= dict.fromkeys(names, str(error))


def run(command, **environment):
    """Returns what a program prints; it has one thread."""
    command = [str(part) for part in command]
    beside = Path(sys.executable).parent  # where pip puts cmake
    path = f"{beside}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    variables = {**os.environ, "PATH": path, "OMP_NUM_THREADS": "1"}
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            env=variables | environment,
        )
    except OSError as error:
        raise Missing(f"{command[0]}: {error.strerror}") from None
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines()
        last = lines[-1] if lines else f"exit code {done.returncode}"
        raise Missing(f"{Path(command[0]).name}: {last}")
    return done.stdout


def cached(name, sources, make, made_of=""):
    """Returns a folder that ``make(folder)`` filled, now or earlier.

    It is made anew when a source file changes, or what else it is made of.
    """
    content = b"".join(path.read_bytes() for path in sources)
    content += str(made_of).encode()
    folder = CACHE / f"{name}-{hashlib.sha256(content).hexdigest()[:12]}"
    if not (folder / ".complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        make(folder)
        (folder / ".complete").touch()
    return folder


def environment(requirements, project_torch=False):
    """Returns the Python of an environment with these requirements.

    Arguments
    ---------
    requirements : str
        A file beside this one.
    project_torch : bool
        Torch is that of the environment that runs this.
    """
    path = PEERS / requirements
    here = Path(torch.__file__).parents[1] if project_torch else ""

    def make(folder):
        say(f"Installing {requirements} into {folder}")
        venv.create(folder, with_pip=True)
        if project_torch:
            (site,) = folder.glob("lib/python*/site-packages")
            (site / "project.pth").write_text(f"{here}\n")
        pip = [folder / "bin" / "python", "-m", "pip", "install", "-q"]
        run([*pip, "-r", path])

    return cached(path.stem, [path], make, here) / "bin" / "python"


def pins(requirements):
    """Returns the versions that a file of requirements asks for."""
    lines = (PEERS / requirements).read_text().splitlines()
    return dict(line.split("==") for line in lines if "==" in line)


def all_pins(peers):
    """Returns the versions that peers and makers ask for, by their files."""
    files = {name for p in peers for name in (p.requirements, p.made_with)}
    return {name: pins(name) for name in sorted(files) if pins(name)}


def networks(data=None):
    """Returns the folder of the weights that the peers get.

    Arguments
    ---------
    data : Path, optional
        Speech Commands, to train the networks on; else they are random.
    """
    sources = [PEERS / "network.py"]
    if data is None:
        return cached("networks", sources, network.write)

    def make(folder):
        found = trained.write(folder, data)
        (folder / "accuracy.json").write_text(json.dumps(found))

    sources.append(PEERS / "trained.py")
    return cached("trained", sources, make, data.resolve())


def described(networks, data=None):
    """Returns what the networks were compared on, for the results."""
    inputs = len(np.load(networks / "inputs.npy", mmap_mode="r"))
    if data is None:
        return {"compared_on": f"{inputs} generated inputs"}
    return {
        "compared_on": f"{inputs} test clips",
        "peers_accuracy": json.loads((networks / "accuracy.json").read_text()),
    }


def models(peer, networks):
    """Returns the folder of a peer's models.

    Arguments
    ---------
    peer : registry.Peer
        Whose.
    networks : Path
        The folder of the networks that they are of.
    """

    def make(folder):
        python = environment(peer.made_with, peer.project_torch)
        say(f"Making the models of {peer.title} in {folder}")
        run([python, PEERS / peer.maker, networks, folder])
        if peer.made_with != peer.requirements:
            shutil.rmtree(python.parents[1])  # large, needed once

    names = (peer.maker, peer.made_with, *peer.sources)
    sources = [PEERS / name for name in names]
    return cached(peer.driver[:-3], sources, make, networks.name)


def build_engine():
    """Returns the folder with the engine's library and tools."""
    # Of each copy of the sources its own: CMake takes no other's.
    copy = hashlib.sha256(str(ENGINE).encode()).hexdigest()[:12]
    folder = CACHE / f"engine-{copy}"
    say(f"Building the engine in {folder}")
    options = ["-DCMAKE_BUILD_TYPE=Release", "-DBIFSMN_TOOLS=ON"]
    run(["cmake", "-S", ENGINE, "-B", folder, *options])
    targets = ["--target", "shared", "bifsmn-bench"]
    run(["cmake", "--build", folder, *targets])
    return folder


def compiler(folder):
    """Returns the name and version of what built the engine there."""
    files = (folder / "CMakeFiles").glob("*/CMakeCXXCompiler.cmake")
    text = max(files, key=lambda file: file.stat().st_mtime).read_text()
    name, number = (
        re.search(rf'set\(CMAKE_CXX_COMPILER_{key} "([^"]*)"', text)[1]
        for key in ("ID", "VERSION")
    )
    return f"{name} {number}"


def random_model(**sizes):
    """Returns a random network, folded; its speed is that of a trained one.

    Slopes of PReLU are of either sign, as training leaves them, where they may
    be (``RisingPReLU``).
    """
    net = network.random_network(**sizes)
    for module in net.modules():
        if isinstance(module, PReLU):
            torch.nn.init.uniform_(module.weight, -0.4, 0.9)
    return fold(
        net,
        task_labels(12),
        name="random",
        licence="CC-BY-4.0",
        provenance="random weights",
    )
