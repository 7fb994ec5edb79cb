"""The window of each clip that a network classifies."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from bifsmn_engine.audio.resampler import Resampler
from bifsmn_engine.audio.waveform import as_clips, as_mono
from bifsmn_engine.detection import keywords_of
from bifsmn_engine.interface import AnyModel
from bifsmn_engine.loading import window_posteriors, zeros_after


def decisive_windows(
    model: AnyModel,
    wavs: ArrayLike | torch.Tensor,
    wav_lens: ArrayLike | torch.Tensor | None = None,
    rate: int | None = None,
) -> NDArray[np.float32]:
    """Returns the window of each clip by which it is classified.

    A clip shorter than a window is padded with zeros; of a longer one, it is
    the window with the highest posterior of a keyword.

    Arguments
    ---------
    model : AnyModel
        What classifies the windows.
    wavs : array | torch.Tensor
        (B, samples), (B, samples, channels), (B, channels, samples) or
        (samples,).
    wav_lens : array | torch.Tensor, optional
        (B,), relative lengths in (0, 1]; the rest of each clip is ignored.
    rate : int, optional
        Sample rate of the audio in Hz; without it, that of the model.

    Returns
    -------
    numpy.ndarray
        (B, window_samples).

    Example
    -------
    >>> from bifsmn_engine.loading import load_model
    >>> model = load_model(backend="torch")
    >>> decisive_windows(model, np.zeros((2, 8000)), [1.0, 0.5], 8000).shape
    (2, 16000)
    """
    audio = as_clips(wavs)
    lengths = _relative_lengths(wav_lens, len(audio))
    samples = np.rint(lengths * audio.shape[1]).astype(int).clip(1)
    target = model.sample_rate
    rate = target if rate is None else rate
    clips = []
    for clip, used in zip(audio, samples, strict=True):
        resampler = Resampler(rate, target)
        part = resampler.push(as_mono(clip[:used]))
        clips.append(np.append(part, resampler.finish()))
    return np.stack([_decisive(model, clip) for clip in clips])


def _decisive(model, audio):
    audio = np.pad(audio, (0, zeros_after(model, len(audio))))
    if len(audio) == model.window_samples:
        return audio
    posteriors = window_posteriors(model, audio)
    keywords = [model.labels.index(name) for name in keywords_of(model.labels)]
    best = int(posteriors[:, keywords].max(1).argmax())
    return audio[best * model.hop :][: model.window_samples]


def _relative_lengths(wav_lens, clips):
    """Returns how much of each clip counts, (clips,) from 0 to 1."""
    if wav_lens is None:
        return np.ones(clips)
    try:
        lengths = torch.as_tensor(wav_lens).detach().cpu().double().numpy()
        is_right = bool(((lengths > 0) & (lengths <= 1)).all())
    except (TypeError, ValueError, RuntimeError):
        lengths, is_right = np.zeros(0), False
    if lengths.shape != (clips,) or not is_right:
        raise ValueError(
            f"wav_lens: expected {clips} relative lengths above 0 and up to 1, "
            f"got {wav_lens}"
        )
    return lengths
