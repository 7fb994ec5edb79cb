"""False alarms on audio in which nobody says a keyword."""

from collections import Counter
from pathlib import Path

from tqdm import tqdm

from bifsmn_engine.audio.files import audio_chunks
from bifsmn_engine.detection import REFRACTORY_S
from bifsmn_engine.keyword_stream import KeywordStream
from speechbrain_bifsmn.evaluation.intervals import poisson_interval

KINDS = (".wav", ".flac", ".ogg", ".opus", ".mp3")


def find_audio(folder):
    """Lists the audio files of a folder and of those in it, sorted.

    Arguments
    ---------
    folder : str | Path
        Other files are left alone.

    Returns
    -------
    list of Path
    """
    if not str(folder):
        raise FileNotFoundError(
            "expected a folder of audio without keywords, found an empty "
            "name; name one"
        )
    folder = Path(folder)
    found = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in KINDS
        and path.name[0] != "."
        and not path.is_dir()
    )
    if not found:
        raise FileNotFoundError(
            f"expected audio without keywords ({', '.join(KINDS)}) in "
            f"{folder}, found none; name a folder of recordings"
        )
    return found


def false_alarms(model, folder):
    """Counts what is detected in recordings of something else.

    Each file is a stream of its own, with the threshold and the smoothing of
    the model file.

    Arguments
    ---------
    model : bifsmn_engine.Model | TorchModel
        As from ``load_model``.
    folder : str | Path
        Of audio files.

    Returns
    -------
    dict
        Plain data: what was heard, and by thinning how many detections,
        how many an hour, their 95 % interval, and of which keywords.
    """
    files = find_audio(folder)
    samples, heard = 0, {thinning: Counter() for thinning in model.thinnings}
    steps = [(thinning, path) for thinning in model.thinnings for path in files]
    for thinning, path in tqdm(steps, "Listening", unit="file", leave=False):
        model.thinning = thinning
        stream = KeywordStream(model)
        for chunk in audio_chunks(path, model.sample_rate):
            heard[thinning].update(d.keyword for d in stream.push(chunk))
        samples += stream.samples
        heard[thinning].update(d.keyword for d in stream.finish())
    hours = samples / len(heard) / model.sample_rate / 3600
    by_thinning = {}
    for thinning, keywords in heard.items():
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
        "threshold": round(model.threshold, 6),
        "smoothing": model.smoothing,
        "refractory_s": REFRACTORY_S,
        "by_thinning": by_thinning,
    }
