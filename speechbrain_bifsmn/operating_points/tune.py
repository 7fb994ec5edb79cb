"""Chooses the threshold and the smoothing of a model file, and confirms them.

Both are chosen on one part of the recordings: for each smoothing the lowest
threshold with few enough false alarms per hour, then the smoothing with the
fewest false rejects. The figures are of the other part, which chooses nothing.
"""

import hashlib
import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from bifsmn_engine.detection import REFRACTORY_S, check_refractory
from bifsmn_engine.detection import SMOOTHINGS as ALLOWED
from bifsmn_engine.files.checksum import sha256_of
from bifsmn_engine.format import model_file
from bifsmn_engine.format.layout import all_thinnings
from bifsmn_engine.loading import find_model, load_model
from speechbrain_bifsmn.deploy.writer import write_model
from speechbrain_bifsmn.evaluation.intervals import hours_needed
from speechbrain_bifsmn.operating_points.choose import Setting, choose
from speechbrain_bifsmn.operating_points.report import shared_threshold
from speechbrain_bifsmn.operating_points.tuning_data import (
    PAUSE_S,
    in_context,
    in_sequence,
    keyword_clips,
    negative_audio,
)

SMOOTHINGS = (1, 2, 4, 8, 12, 16, 24, 32)


class Part(NamedTuple):
    """Recordings that choose, or that confirm."""

    clips: list  # of (index of the keyword, Piece)
    negatives: dict  # {name: list of Piece}


def tune(
    model,
    keywords,
    negatives,
    false_alarms_per_hour=0.5,
    thinnings=(1,),
    smoothings=SMOOTHINGS,
    refractory_s=REFRACTORY_S,
    unseen=False,
    figures_of="confirm",
    backend="auto",
):
    """Chooses an operating point, and measures it.

    Arguments
    ---------
    model : str | Path
        A ``.bifsmn`` file, or a folder with a ``model.bifsmn``.
    keywords : str | Path
        A folder with clips of each keyword, as for ``keyword_clips``.
    negatives : list of str | Path
        Files and folders without keywords, as for ``negative_audio``.
    false_alarms_per_hour : float
        How many there may be, of all keywords together.
    thinnings : sequence of int
        Thinning settings at which there may not be more: a file has one
        threshold for all of them.
    smoothings : sequence of int
        What to choose from.
    refractory_s : float
        As for ``Detector``.
    unseen : bool
        No clip of ``keywords`` has been trained on: use all.
    figures_of : str
        "confirm"; or "choose", to leave the test clips alone for now.
    backend : str
        "native", "torch" or "auto", as for ``NativeBiDFSMN``.

    Returns
    -------
    dict
        What ``tune.json`` holds.
    """
    path = find_model(model)
    config, labels = model_file.read(path)[:2]
    setting = Setting(labels, config.hop / config.sample_rate, refractory_s)
    _check(setting, config, false_alarms_per_hour, thinnings, smoothings)
    parts = _parts(keywords, negatives, setting.keywords, unseen)
    if figures_of == "choose":
        del parts["confirm"]
    heard = {
        thinning: _posteriors(path, thinning, backend, config, parts)
        for thinning in thinnings
    }
    wanted = false_alarms_per_hour
    chosen = choose(setting, heard, smoothings, wanted, figures_of)
    point = shared_threshold(chosen), chosen["shared"]["smoothing"]
    tuned = model_file.to_bytes(_tuned(path, *point))
    return {
        "model": path.name,
        "model_sha256": sha256_of(path),
        "tuned_sha256": hashlib.sha256(tuned).hexdigest(),
        "wanted_per_hour": wanted,
        "refractory_s": refractory_s,
        "chosen_on": _chosen_on(heard[thinnings[0]]["choose"], setting, wanted),
        "figures_of": figures_of,
        **chosen,
    }


def _check(setting, config, rate, thinnings, smoothings):
    if not setting.keywords:
        raise ValueError(f"model: expected keywords, found {setting.labels}")
    if not 0 < rate < math.inf:
        raise ValueError(
            f"false_alarms_per_hour: expected more than 0, got {rate}"
        )
    check_refractory(setting.refractory_s)
    for thinning in thinnings:
        if thinning not in all_thinnings(config):
            raise ValueError(
                f"thinnings: expected some of {all_thinnings(config)}, got "
                f"{thinning}"
            )
    for smoothing in smoothings:
        if smoothing not in ALLOWED:
            raise ValueError(
                f"smoothing: expected 1 to {ALLOWED[-1]}, got {smoothing}"
            )


def _parts(keywords, negatives, names, unseen):
    """Returns {"choose": Part, "confirm": Part}."""
    clips = keyword_clips(keywords, names, unseen)
    audio = {}
    for path in negatives:
        name = Path(path).resolve().name
        if name in audio:
            raise ValueError(
                f"negatives: expected different names, got {name} twice"
            )
        audio[name] = negative_audio(path, names)
        if not any(audio[name].values()):
            raise ValueError(
                f"negatives: expected audio without keywords in {path}, found "
                "none of it in its lists for validation and test; leave it out"
            )
    return {
        part: Part(clips[part], {name: a[part] for name, a in audio.items()})
        for part in clips
    }


def _posteriors(path, thinning, backend, config, parts):
    """Returns {part: Part}, with posteriors in place of recordings."""
    stream = load_model(path, backend, thinning).stream()
    rate = config.sample_rate
    window_s = config.window_samples / rate

    def heard(chunks):
        stream.reset()
        rows = [stream.push(chunk) for chunk in chunks]
        return np.concatenate([np.zeros((0, config.classes), "f4"), *rows])

    result = {}
    for part, (clips, negatives) in parts.items():
        of_clips = [
            (k, heard([in_context(clip, rate, window_s)]))
            for k, clip in tqdm(clips, f"clips to {part}, thinning {thinning}")
        ]
        with _bar(
            f"negatives to {part}, thinning {thinning}", negatives
        ) as bar:
            of_negatives = {
                name: heard(_counted(in_sequence(pieces, rate), rate, bar))
                for name, pieces in negatives.items()
            }
        if not any(map(len, of_negatives.values())):
            raise ValueError(
                f"negatives: expected hours of audio to {part} a threshold, "
                f"found less than {window_s:g} s; name more of it"
            )
        result[part] = Part(of_clips, of_negatives)
    return result


def _bar(title, negatives):
    pieces = [piece for pieces in negatives.values() for piece in pieces]
    return tqdm(
        desc=title,
        total=sum(piece.seconds + PAUSE_S for piece in pieces),
        bar_format="{desc}: {percentage:3.0f}%|{bar}| {n:.0f}/{total:.0f} s "
        "[{elapsed}<{remaining}]",
    )


def _counted(chunks, rate, bar):
    for chunk in chunks:
        yield chunk
        bar.update(min(len(chunk) / rate, bar.total - bar.n))


def _chosen_on(posteriors, setting, wanted):
    windows = sum(map(len, posteriors.negatives.values()))
    hours, needed = windows * setting.hop_s / 3600, hours_needed(wanted)
    return {
        "clips": len(posteriors.clips),
        "hours": hours,
        "hours_needed": needed,
        "enough": hours >= needed,
    }


def store(threshold, smoothing, source, target):
    """Writes a model file with another threshold and smoothing.

    Arguments
    ---------
    threshold : float
        From which any keyword counts.
    smoothing : int
        How many windows are averaged.
    source : str | Path
        The model file to read.
    target : str | Path
        The file to write, whole or not at all; may be the same. Nothing else
        in it differs, but for the checksum.
    """
    write_model(_tuned(source, threshold, smoothing), target)


def _tuned(source, threshold, smoothing):
    model = model_file.read(source)
    config = model.config._replace(threshold=threshold, smoothing=smoothing)
    return model._replace(config=config)
