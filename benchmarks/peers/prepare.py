"""What the benchmark of the engine needs: environments, models, a library."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import torch
from peers import network

from speechbrain_bifsmn.dataio.words import task_labels
from speechbrain_bifsmn.lobes.models.folding import fold
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


def cached(name, sources, make):
    """Returns a folder that ``make(folder)`` filled, now or earlier.

    It is made anew when a source file changes.
    """
    content = b"".join(path.read_bytes() for path in sources)
    folder = CACHE / f"{name}-{hashlib.sha256(content).hexdigest()[:12]}"
    if not (folder / ".complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        make(folder)
        (folder / ".complete").touch()
    return folder


def environment(requirements):
    """Returns the Python of an environment with these requirements."""
    path = PEERS / requirements

    def make(folder):
        say(f"Installing {requirements} into {folder}")
        venv.create(folder, with_pip=True)
        pip = [folder / "bin" / "python", "-m", "pip", "install", "-q"]
        run([*pip, "-r", path])

    return cached(path.stem, [path], make) / "bin" / "python"


def pins(requirements):
    """Returns the versions that a file of requirements asks for."""
    lines = (PEERS / requirements).read_text().splitlines()
    return dict(line.split("==") for line in lines if "==" in line)


def peer_models():
    """Returns the folder of the .tflite models."""

    def make(folder):
        python = environment("converter.txt")
        say(f"Making the models of the peers in {folder}")
        network.write(folder)
        run([python, PEERS / "convert.py", folder])
        shutil.rmtree(python.parents[1])  # large

    names = ("network.py", "convert.py", "converter.txt")
    return cached("models", [PEERS / name for name in names], make)


def build_engine():
    """Returns the folder with the engine's library and tools."""
    folder = CACHE / "engine"
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


def random_model():
    """Returns a random network, folded; its speed is that of a trained one.

    Slopes of PReLU are of either sign, as training leaves them, where they may
    be (``RisingPReLU``).
    """
    net = network.random_network()
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
