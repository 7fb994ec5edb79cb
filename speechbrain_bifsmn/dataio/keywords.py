"""Keyword clips as SpeechBrain data sets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from speechbrain.dataio.dataset import DynamicItemDataset
from speechbrain.utils.data_pipeline import provides, takes

from bifsmn_engine.audio.decode import blocks
from speechbrain_bifsmn.dataio.corpus import MAX_CLIP_SAMPLES


def read_clip(
    path: str | Path,
    start: int = 0,
    stop: int | None = None,
    sample_rate: int = 16000,
) -> torch.Tensor:
    """Reads a stretch of a mono recording.

    Arguments
    ---------
    path : str | Path
        A wav, flac, ogg or mp3 file.
    start, stop : int
        First sample, and the one after the last; None reads to the end.
    sample_rate : int
        Rate that the recording must have, in Hz.

    Returns
    -------
    torch.Tensor
        (samples,), from -1 to 1.

    Example
    -------
    >>> import soundfile, tempfile
    >>> with tempfile.NamedTemporaryFile(suffix=".wav") as file:
    ...     soundfile.write(file.name, [0.0, 0.5, 0.0], 16000)
    ...     read_clip(file.name).tolist()
    [0.0, 0.5, 0.0]
    """
    wanted = MAX_CLIP_SAMPLES + 1
    if stop is not None:
        wanted = min(wanted, stop - start)
    parts, samples = [], 0
    for rate, part in blocks(path, start):
        if (rate, part.shape[1]) != (sample_rate, 1):
            raise ValueError(
                f"expected {sample_rate} Hz mono, found {rate} Hz and "
                f"{part.shape[1]} channel(s) in {path}; convert it first"
            )
        parts.append(part[: wanted - samples, 0])
        samples += len(parts[-1])
        if samples == wanted:
            break
    if samples > MAX_CLIP_SAMPLES:
        raise ValueError(
            f"expected up to {MAX_CLIP_SAMPLES} samples to be read at once, "
            f"found more in {path}; cut the recording"
        )
    wav = np.concatenate(parts) if parts else np.zeros(0, np.float32)
    if not len(wav):
        raise ValueError(
            f"expected samples from {start} on, found none in {path}; prepare "
            "the data again"
        )
    if not np.isfinite(wav).all():
        raise ValueError(
            f"expected finite samples, found NaN or infinity in {path}; "
            "replace the file"
        )
    return torch.from_numpy(wav)


def fit_length(wav: torch.Tensor, samples: int) -> torch.Tensor:
    """Cuts a waveform's end, or fills it with zeros.

    Arguments
    ---------
    wav : torch.Tensor
        (any number of samples,).
    samples : int
        How many to return.

    Returns
    -------
    torch.Tensor
        (samples,).

    Example
    -------
    >>> fit_length(torch.ones(2), 3).tolist()
    [1.0, 1.0, 0.0]
    """
    wav = wav[:samples]
    return torch.nn.functional.pad(wav, (0, samples - len(wav)))


def keyword_dataset(
    manifest: str | Path,
    data_folder: str | Path,
    labels: Sequence[str],
    samples: int = 16000,
) -> DynamicItemDataset:
    """Makes a data set of clips of one length.

    Arguments
    ---------
    manifest : str | Path
        CSV or JSON of ``write_manifest``; paths are relative to ``data_root``.
    data_folder : str | Path
        The folder that ``data_root`` stands for.
    labels : sequence of str
        Names of the network's outputs, in their order.
    samples : int
        Length of every clip.

    Returns
    -------
    DynamicItemDataset
        Gives ``id``, ``sig`` (samples,) and ``target``, an index of ``labels``.
    """
    index_of = {label: index for index, label in enumerate(labels)}

    @takes("wav", "start", "stop", "gain")
    @provides("sig")
    def read(wav, start, stop, gain):
        clip = read_clip(wav, int(start), int(stop))
        return fit_length(clip, samples) * float(gain)

    @takes("label")
    @provides("target")
    def encode(label):
        return index_of[label]

    load = DynamicItemDataset.from_csv
    if str(manifest).endswith(".json"):
        load = DynamicItemDataset.from_json
    dataset = load(manifest, replacements={"data_root": str(data_folder)})
    found = {row["label"] for row in dataset.data.values()}
    if found - set(index_of):
        raise ValueError(
            f"{manifest}: expected labels among {', '.join(labels)}, found "
            f"{', '.join(sorted(found - set(index_of)))}; prepare the data "
            "again for this task"
        )
    dataset.add_dynamic_item(read)
    dataset.add_dynamic_item(encode)
    dataset.set_output_keys(["id", "sig", "target"])
    return dataset


def load_noise(
    manifest: str | Path, data_folder: str | Path
) -> list[torch.Tensor]:
    """Reads the background recordings that a manifest lists.

    Arguments
    ---------
    manifest : str | Path
        CSV or JSON of ``write_manifest``; paths are relative to ``data_root``.
    data_folder : str | Path
        The folder that ``data_root`` stands for.

    Returns
    -------
    list of torch.Tensor
        Each (samples,).
    """
    dataset = keyword_dataset(manifest, data_folder, ["silence"])
    return [
        read_clip(row["wav"], int(row["start"]), int(row["stop"]))
        for row in dataset.data.values()
    ]
