"""Keyword spotters on the same recordings and other audio.

A part of ``benchmarks.keywords``. Each runs in a process and an environment of
its own, on one thread, and scores the same 16-bit audio; what its scores are
worth is counted in one way for all. CPU seconds are those of all threads of its
process over the other audio, after loading; memory is what loading and 100 s of
audio add to a Python with NumPy; bytes on disk are those of its model and of
its code, without Python and NumPy.
"""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks import ROOT
from benchmarks.harness.cache import environment, pins
from benchmarks.harness.keyword_audio import write_audio
from benchmarks.harness.keyword_counts import of_keywords
from benchmarks.harness.keyword_peers import ENGINE, PEERS, Peer
from benchmarks.harness.process import available, run, say
from benchmarks.harness.results import machine
from speechbrain_bifsmn.provenance import git_commit

Measure = Callable[[Peer], dict[str, Any]]


def measure(
    peer: Peer, model: Path, audio: Path, words: Sequence[str]
) -> dict[str, Any]:
    """Returns the results of one.

    Arguments
    ---------
    peer : Peer
        What to run.
    model : Path
        The model file of ``ENGINE``.
    audio : Path
        From ``write_audio``.
    words : sequence of str
        The keywords; it may know some of them only.

    Returns
    -------
    dict
    """
    say(f"{peer.title} listens")
    python = sys.executable
    if peer.requirements:
        python = str(environment(peer.requirements))
    command = [python, "-m", f"benchmarks.backends.{peer.module}"]
    command += [str(model)] if peer is ENGINE else []
    command += [*peer.options, str(audio), "--words", *words]
    memory = json.loads(run([*command, "--memory"]))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "scores.npz"
        about = json.loads(run([*command, f"--scores={path}"]))
        with np.load(path) as scores:
            keywords = of_keywords(dict(scores), about)
    return {
        "keywords": keywords,
        "cpu_s_per_hour": about["cpu_s_per_hour"],
        "memory_kib": memory,
        "bytes": about["bytes"],
        "versions": pins(peer.requirements) if peer.requirements else {},
        "commit": git_commit(ROOT),
    }


def measured(
    peers: Sequence[Peer], measure_one: Measure
) -> Iterator[dict[str, Any]]:
    """Yields the results so far, after each that can be had here.

    Arguments
    ---------
    peers : sequence of Peer
        What to measure.
    measure_one : callable
        Of a peer; raises ``Missing`` for one that cannot be had.

    Yields
    ------
    dict
        By the key of each; and the reasons of the others, under "missing".
    """
    missing: dict[str, str] = {}
    rows: dict[str, Any] = {}

    def row(peer: Peer) -> tuple[str, dict[str, Any]]:
        return peer.key, measure_one(peer)

    makers = [(p.title, [p.key], partial(row, p)) for p in peers]
    for key, found in available(makers, missing):
        rows[key] = found
        yield {"rows": rows, "missing": missing}
    yield {"rows": rows, "missing": missing}


def compare(
    model: Path, recordings: Path, other: Sequence[Path], words: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """Yields the results so far of all, after each.

    Arguments
    ---------
    model : Path
        A model file that knows the words.
    recordings : Path
        Those that measure: a folder for each word.
    other : sequence of Path
        Audio without the words.
    words : sequence of str
        The keywords.

    Yields
    ------
    dict
    """
    with TemporaryDirectory(dir=recordings.parent) as folder:
        audio = Path(folder)
        write_audio(audio, recordings, other, words)
        one = partial(measure, model=model, audio=audio, words=words)
        for found in measured(PEERS, one):
            yield {**found, "machine": machine()}
