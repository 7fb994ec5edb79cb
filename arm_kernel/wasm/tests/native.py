"""The native engine: bifsmn-run on the library of the Python package."""

import json
import subprocess
from pathlib import Path

import numpy as np
from scipy.io import wavfile

import bifsmn_engine
from bifsmn_engine import Model

ENGINE = Path(__file__).parents[2]
SHIPPED = ENGINE / "python/bifsmn_engine/pretrained/v1_12/model.bifsmn"
RATE = 16000


def compile_programs(folder):
    """Compiles bifsmn-run and write_models into a folder."""
    # Of an editable installation, the package has two folders.
    libraries = (Path(f, "libbifsmn.so") for f in bifsmn_engine.__path__)
    library = next(filter(Path.is_file, libraries))
    run = [ENGINE / "tools/run.cpp", ENGINE / "src/format/wav.cpp", library]
    run.append(f"-Wl,-rpath,{library.parent}")
    models = [ENGINE / "tests/arm/write_models.cpp"]
    for program, sources in (("run", run), ("write_models", models)):
        command = ["c++", "-std=c++17", "-O1", "-fno-exceptions"]
        command += [
            f"-I{ENGINE / name}" for name in ("include", "src", "tests")
        ]
        command += [*sources, "-o", folder / program]
        subprocess.run(command, check=True)


def detections(folder, model, wav, thinning=1):
    """Runs bifsmn-run; returns rows as the page shows them."""
    command = [folder / "run", model, wav, "--stream", "--json"]
    command += ["--thinning", str(thinning)]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    rows = []
    for found in map(json.loads, output.splitlines()):
        time = "{start:.2f}–{end:.2f} s".format(**found)
        rows.append([found["label"], "{score:.3f}".format(**found), time])
    return rows


def posteriors(model, wav, thinning=1):
    """Of all windows up to the first that holds the last sample."""
    _, audio = wavfile.read(wav)
    model = Model.load(model)
    model.thinning = thinning
    beyond = max(0, len(audio) - model.window_samples)
    hops = -(-beyond // model.hop)
    length = model.window_samples + hops * model.hop
    padded = np.pad(audio, (0, length - len(audio)))
    return model.stream().push(padded)


def write_wav(path, audio, rate=RATE):
    """Writes 32-bit floats: browsers differ in how they convert integers."""
    wavfile.write(path, rate, np.asarray(audio, np.float32))
    return path
