"""Where a guide is followed: what it takes for granted, and stand-ins."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import finished_run
import numpy as np
import small_corpus
import soundfile
import tuning_audio

from bifsmn_engine.pretrained import MODEL
from speechbrain_bifsmn.files.owned import adopt, claim
from speechbrain_bifsmn.runs.output import OWNER

ROOT = Path(__file__).resolve().parents[1]
COMMAND = Path(__file__).with_name("guide_command.py")
# They need a board, root, a network or minutes, and do nothing here.
NOTHING = (
    "aplay cmake git hf journalctl pip scp sudo systemctl top uname vcgencmd "
    "run bifsmn-run bifsmn-bench microphone"
).split()
MAKE = shutil.which("c++") and shutil.which("make")
PYTHON = (
    'case "$*" in "-m venv"*|"-m http.server"*|"-m sounddevice") ;; '
    f'*) exec {sys.executable} "$@" ;; esac'
)
PROGRAMS = {
    **dict.fromkeys(NOTHING, ""),
    "bifsmn": f'exec {sys.executable} {COMMAND} "$@"',
    "python": PYTHON,
    "python3": PYTHON,
    # `make test-mcu` and `make test-wasm` do what is left out.
    "make": (
        f'case "$*" in *front_end_tables*) exec {MAKE or ":"} "$@" ;; esac'
    ),
    # What has been recorded stays.
    "arecord": (
        'file=${!#}; case "$file" in *.wav) [ -e "$file" ] || '
        'cp "$PLACE/yes.wav" "$file" ;; *) cat "$PLACE/yes.wav" ;; esac'
    ),
}
# Folders of programs that guides make.
MADE = "spotter/bin build/tools build/examples script".split()
SECONDS = {
    **{"yes.wav": 1, "stop.wav": 1, "meeting.mp3": 5, "kitchen/day.wav": 30},
    **{"radio.mp3": 60, "room.wav": 60},
}
PEOPLE = "bob lea kim joe eve ida".split()


def hiss(path: Path, seconds: int) -> None:
    """Steady noise, in which no network hears a keyword."""
    path.parent.mkdir(exist_ok=True)
    noise = np.random.default_rng(1).standard_normal(16000 * seconds)
    soundfile.write(path, noise / 100, 16000)


def make_place(folder: Path) -> Path:
    """Makes the folder in which guides are followed; returns it."""
    programs = folder / "programs"
    programs.mkdir(parents=True)
    for name, text in PROGRAMS.items():
        (programs / name).write_text(f"#!/bin/bash\n{text}\n")
        (programs / name).chmod(0o755)
    for name in MADE:
        shutil.copytree(programs, folder / name)
    for name, target in (("bifsmn", ROOT), ("arm_kernel", ROOT / "arm_kernel")):
        (folder / name).symlink_to(target)
    (folder / "recipes").symlink_to(ROOT / "recipes")
    for name in ("env/bin/activate", "build/wasm/wasm/engine.wasm"):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).touch()
    for name in ("model", "hey_robot", "lights"):
        shutil.copyfile(MODEL, folder / f"{name}.bifsmn")
    for name, seconds in SECONDS.items():
        hiss(folder / name, seconds)
    for number, who in enumerate(PEOPLE):
        for word in ("hey robot", "yes", "stop"):
            path = folder / "people" / word / f"{who}_nohash_0.wav"
            tuning_audio.record(path, 1, 16000, seed=number)
    shutil.copytree(folder / "people", folder / "recordings")
    (folder / "RUN").mkdir()
    claim(folder / "RUN", OWNER)
    finished_run.write_run(folder / "RUN")
    adopt(folder / "RUN", ["model.bifsmn", "results.json"])
    small_corpus.write_corpus(folder / "DATA", ("yes", "no", "bed"))
    words = (*small_corpus.WORDS, "backward")  # of version 0.02
    small_corpus.write_corpus(folder / "speech_commands", words)
    return folder


def follow(script: str, place: Path) -> subprocess.CompletedProcess:
    """Types a script in the place, and stops where something fails."""
    programs = os.pathsep.join([str(place / "programs"), os.environ["PATH"]])
    return subprocess.run(
        ["bash", "-exc", script],
        cwd=place,
        env={
            **os.environ,
            **{"PATH": programs, "PLACE": str(place)},
            **{"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=1800,
    )
