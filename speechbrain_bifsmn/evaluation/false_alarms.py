"""False alarms on audio without keywords."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from tqdm import tqdm

from bifsmn_engine.audio.files import audio_chunks
from bifsmn_engine.detection import REFRACTORY_S
from bifsmn_engine.interface import AnyModel
from bifsmn_engine.keyword_stream import KeywordStream
from speechbrain_bifsmn.dataio.negatives import find_audio
from speechbrain_bifsmn.evaluation.intervals import poisson_interval


def false_alarms(model: AnyModel, folder: str | Path) -> dict[str, Any]:
    """Counts detections in recordings without keywords.

    Each file is a separate stream, with the thresholds and the smoothing of the
    model file.

    Arguments
    ---------
    model : AnyModel
        A model file on some backend, as from ``load_model``.
    folder : str | Path
        A folder of audio files, as for ``find_audio``.

    Returns
    -------
    dict
        Plain data: the audio and the operating point, and by thinning the
        detections, their rate per hour with its 95 % interval, and the
        keywords.
    """
    files = find_audio(folder)
    samples = 0
    detected: dict[int, Counter[str]] = {d: Counter() for d in model.thinnings}
    steps = [(thinning, path) for thinning in model.thinnings for path in files]
    for thinning, path in tqdm(steps, "Listening", unit="file", leave=False):
        model.thinning = thinning
        stream = KeywordStream(model)
        for chunk in audio_chunks(path, model.sample_rate):
            detected[thinning].update(d.keyword for d in stream.push(chunk))
        samples += stream.samples
        detected[thinning].update(d.keyword for d in stream.finish())
    hours = samples / len(detected) / model.sample_rate / 3600
    by_thinning = {}
    for thinning, keywords in detected.items():
        count = keywords.total()
        by_thinning[str(thinning)] = {
            "detections": count,
            "per_hour": count / hours,
            "interval": list(poisson_interval(count, hours)),
            "keywords": dict(keywords.most_common()),
        }
    return {
        "audio": Path(folder).resolve().name,
        "files": len(files),
        "hours": hours,
        "thresholds": {
            keyword: round(threshold, 6)
            for keyword, threshold in model.thresholds.items()
        },
        "smoothing": model.smoothing,
        "refractory_s": REFRACTORY_S,
        "by_thinning": by_thinning,
    }
