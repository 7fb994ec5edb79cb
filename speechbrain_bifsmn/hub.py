"""Publishes a finished run as a folder that is a whole hub repository.

``speechbrain_bifsmn/pretrained`` holds one, whose ``STATIC`` files are those of
every other.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from huggingface_hub import HfApi
from speechbrain.dataio.encoder import CategoricalEncoder

from speechbrain_bifsmn.evaluation.card import make_card
from speechbrain_bifsmn.evaluation.run import describe
from speechbrain_bifsmn.files.atomic import write_text
from speechbrain_bifsmn.inference.torch_model import TorchModel
from speechbrain_bifsmn.lobes.features import LogMel
from speechbrain_bifsmn.lobes.models.bidfsmn import BiDFSMN
from speechbrain_bifsmn.lobes.models.folding import fold
from speechbrain_bifsmn.pretrained import FOLDER
from speechbrain_bifsmn.utils import model_file
from speechbrain_bifsmn.utils.checkpoints import load_weights, save_weights
from speechbrain_bifsmn.utils.run_folder import open_run

STATIC = ("hyperparams.yaml", "custom_interface.py", "LICENSE")
COPIED = ("model.bifsmn", "results.json")
# Of `bifsmn evaluate` and `bifsmn tune`, where they have written there.
MEASURED = (
    "evaluation.json",
    "noise.png",
    "tune.json",
    "det.png",
    "keywords.png",
)
MADE = (
    "label_encoder.txt",
    "student.safetensors",
    "teacher.safetensors",
    "data.json",
    "engine.json",
    "README.md",
    "samples",
)
FRONT_END = "DeployedLogMel"  # the last word of its line in hyperparams.yaml


def publish(run, out, samples=(), note="", benchmark=None):
    """Writes a hub-shaped folder, whole or not at all.

    Before it is there, a process of its own has loaded it with SpeechBrain's
    ``EncoderClassifier`` and with ``KeywordSpotter``, and the student's weights
    have been folded again to the very bytes of the model file.

    Arguments
    ---------
    run : str | Path
        The ``output_folder`` of ``train.py``. What ``bifsmn tune`` and
        ``bifsmn evaluate`` have written into it is published as well.
    out : str | Path
        New, empty, or published before; then it is replaced.
    samples : sequence of str | Path
        Clips to put into the folder ``samples``.
    note : str
        What people should know of the data, for the card.
    benchmark : str | Path, optional
        Results of ``benchmarks/engine.py``, for the card.

    Returns
    -------
    dict
        Sizes in bytes by name.
    """
    run, out = open_run(run), Path(out)
    check_ours(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    name = f".{out.resolve().name}."
    with tempfile.TemporaryDirectory(prefix=name, dir=out.parent) as aside:
        folder = Path(aside) / "new"
        _fill(folder, run, samples, note, benchmark)
        _check_student(folder, run.sizes["student"])
        check_loads(folder)
        _replace(folder, out, Path(aside) / "old")
    return sizes_of(out)


def _replace(folder, out, old):
    """Puts a folder in place of another, or leaves that where it was."""
    if out.exists():
        os.replace(out, old)
    try:
        os.replace(folder, out)
    except OSError:
        if old.exists():
            os.replace(old, out)
        raise


def check_ours(out):
    """Refuses a folder with files that ``publish`` would not write."""
    if out.exists() and not out.is_dir():
        raise FileExistsError(f"expected a folder, found a file at {out}")
    known = {*STATIC, *COPIED, *MEASURED, *MADE, "__pycache__"}
    others = sorted({p.name for p in out.glob("*")} - known)
    if others:
        raise FileExistsError(
            f"expected a new folder, or one that was published before, found "
            f"{', '.join(others[:5])} in {out}; name another"
        )


def sizes_of(folder):
    """Returns the sizes of a folder's files in bytes, by name."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): path.stat().st_size
        for path in files
    }


def _fill(folder, run, samples, note, benchmark):
    folder.mkdir()
    for name in STATIC:
        shutil.copyfile(FOLDER / name, folder / name)
    for name in (*COPIED, *MEASURED):
        if (run.path / name).is_file():
            shutil.copyfile(run.path / name, folder / name)
    if benchmark:
        shutil.copyfile(benchmark, folder / "engine.json")
    _check_measured(folder)
    _state_front_end(folder)
    encoder = CategoricalEncoder()
    encoder.update_from_iterable(run.results["labels"])
    encoder.save(folder / "label_encoder.txt")
    save_weights(run.student(), folder / "student.safetensors")
    save_weights(run.teacher(), folder / "teacher.safetensors", torch.float16)
    data = {**run.data(), "note": note, "networks": run.sizes}
    write_text(folder / "data.json", json.dumps(data, indent=1) + "\n")
    for sample in map(Path, samples):
        (folder / "samples").mkdir(exist_ok=True)
        shutil.copyfile(sample, folder / "samples" / sample.name)
    write_text(folder / "README.md", make_card(folder))


def _check_measured(folder):
    """Refuses measurements of another model file."""
    if not (folder / "evaluation.json").is_file():
        return
    content = (folder / "evaluation.json").read_text(encoding="utf-8")
    measured = json.loads(content)["model"]["crc32"]
    found = describe(folder / "model.bifsmn")["crc32"]
    if measured != found:
        raise ValueError(
            f"evaluation.json: expected figures of the model file {found} "
            f"(CRC-32), found those of {measured}; evaluate it again"
        )


def _state_front_end(folder):
    """Adds the front end's options to the YAML file, if they are not usual."""
    config = model_file.read(folder / "model.bifsmn").config
    usual = {"n_mels": 32, "n_fft": 2048, "hop_length": 512}
    found = {
        "n_mels": config.mels,
        "n_fft": config.n_fft,
        "hop_length": config.hop,
    }
    if found == usual:
        return
    path = folder / "hyperparams.yaml"
    lines = path.read_text(encoding="utf-8").splitlines()
    at = next(k for k, line in enumerate(lines) if line.endswith(FRONT_END))
    lines[at + 1 : at + 1] = [f"    {k}: {v}" for k, v in found.items()]
    write_text(path, "\n".join(lines) + "\n")


def _check_student(folder, sizes):
    """Folds the published weights to the bytes of the model file."""
    path = folder / "model.bifsmn"
    stored = model_file.read(path)
    student = BiDFSMN(**sizes).eval()
    load_weights(student, folder / "student.safetensors")
    config = stored.config
    folded = fold(
        student,
        stored.labels,
        LogMel(config.sample_rate, config.mels, config.n_fft, config.hop),
        *(stored.name, stored.licence, stored.provenance),
        *(config.threshold, config.smoothing),
        *(config.threshold_bits, config.affine_bits),
    )
    if model_file.to_bytes(folded) != path.read_bytes():
        raise ValueError(
            "model.bifsmn: expected the student's best epoch, found other "
            "numbers; run train.py again, which exports it"
        )


# What a user does, in a process that knows nothing but the folder.
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
    for depth in spotter.mods.embedding_model.depths:
        stock.mods.embedding_model.depth = spotter.depth = depth
        found[depth] = {
            "stock": stock.classify_batch(wavs)[0].tolist(),
            "spotter": spotter.encode_batch(wavs).softmax(-1).tolist(),
            "labels": stock.classify_batch(wavs)[3],
        }
print(json.dumps(found))
"""


def check_loads(folder):
    """Loads a folder in a clean process, and compares what it computes.

    Arguments
    ---------
    folder : Path
        To be loaded without the network.
    """
    model = TorchModel.load(folder / "model.bifsmn")
    random = np.random.RandomState(0)
    wavs = random.standard_normal((4, model.window_samples)) * 0.1
    wavs = wavs.astype(np.float32)
    with tempfile.TemporaryDirectory() as aside:
        path = Path(aside) / "wavs.npy"
        np.save(path, wavs)
        done = subprocess.run(
            [sys.executable, "-c", LOAD, str(folder.resolve()), str(path)],
            cwd=aside,
            env={**os.environ, "HF_HUB_OFFLINE": "1"},
            capture_output=True,
            text=True,
        )
    if done.returncode:
        raise RuntimeError(
            "expected a folder that SpeechBrain loads, found one that fails: "
            f"{done.stderr.strip()[-2000:]}"
        )
    found = json.loads(done.stdout.splitlines()[-1])
    for depth in model.depths:
        model.depth = depth
        expected, loaded = model.classify_windows(wavs), found[str(depth)]
        for name in ("stock", "spotter"):
            if not np.allclose(loaded[name], expected, atol=1e-5):
                raise RuntimeError(
                    f"expected the posteriors of model.bifsmn at depth {depth},"
                    f" found others by {name} loading; report this"
                )
        names = [model.labels[k] for k in expected.argmax(1)]
        if loaded["labels"] != names:
            raise RuntimeError(
                f"expected the labels {names}, found {loaded['labels']}"
            )


def push(folder, repo):
    """Uploads a folder to a repository of the hub, which is made if need be.

    Arguments
    ---------
    folder : str | Path
        A published one.
    repo : str
        ``owner/name``.

    Returns
    -------
    str
        Where it is.
    """
    api = HfApi()
    try:
        api.create_repo(repo, exist_ok=True)
        api.upload_folder(
            folder_path=folder,
            repo_id=repo,
            commit_message="Publish a BiFSMNv2 model",
            ignore_patterns=["__pycache__/*"],
        )
    except Exception as error:  # of its own, of the network, of versions
        reason = str(error).strip().partition("\n")[0]
        raise OSError(
            f"push: expected to upload to {api.endpoint}/{repo}, found "
            f"{reason}; log in with `hf auth login`, and name a repository "
            "that is yours"
        ) from None
    return f"{api.endpoint}/{repo}"
