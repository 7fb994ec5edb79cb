"""The pretrained interface: keywords of clips, files and streams."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from speechbrain.dataio.encoder import CategoricalEncoder
from speechbrain.inference.classifiers import EncoderClassifier
from speechbrain.nnet.containers import LengthsCapableSequential
from speechbrain.utils.data_utils import split_path
from speechbrain.utils.fetching import FetchConfig, fetch

from bifsmn_engine.audio.files import read_audio
from bifsmn_engine.detection import Detection
from bifsmn_engine.format import model_file
from bifsmn_engine.interface import AnyModel
from bifsmn_engine.keyword_stream import KeywordStream, detect_file
from speechbrain_bifsmn.deploy.native import NativeBiDFSMN
from speechbrain_bifsmn.deploy.torch_model import TorchModel, front_end
from speechbrain_bifsmn.devices import usable_device
from speechbrain_bifsmn.inference.sources import (
    access,
    is_hub_file,
    model_file_of,
)
from speechbrain_bifsmn.inference.windows import decisive_windows


class KeywordSpotter(EncoderClassifier):
    """Spots keywords, with the engine or in torch.

    Takes audio of any rate and length, in numpy or torch, mono or stereo. A
    clip shorter than the network's window is padded with zeros; a longer one is
    classified by windows at each hop, of which the window with the highest
    posterior of a keyword counts.

    Arguments
    ---------
    modules : dict
        ``compute_features``, ``mean_var_norm``, ``embedding_model`` (a
        ``NativeBiDFSMN``) and ``classifier``, as for ``EncoderClassifier``.
    hparams : dict
        With ``label_encoder``: the labels of the outputs.
    **options
        Options of SpeechBrain's ``Pretrained``: ``run_opts``,
        ``freeze_params``.

    Example
    -------
    >>> spotter = KeywordSpotter.from_hparams(thinning=2)
    >>> posteriors, score, index, words = spotter.classify_batch(
    ...     torch.zeros(2, 8000), rate=8000
    ... )
    >>> posteriors.shape, len(words)
    (torch.Size([2, 12]), 2)
    >>> context = spotter.make_streaming_context(threshold=0.9)
    >>> spotter.detect_chunk(context, np.zeros(100))
    []
    """

    HPARAMS_NEEDED = ["label_encoder"]

    def __init__(
        self,
        modules: Mapping[str, torch.nn.Module] | None = None,
        hparams: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(modules, hparams, **options)
        lobe = self.mods.embedding_model
        if not isinstance(lobe, NativeBiDFSMN):
            raise TypeError(
                "embedding_model: expected a NativeBiDFSMN, got a "
                f"{type(lobe).__name__}; load this folder by EncoderClassifier"
            )
        encoder = self.hparams.label_encoder
        labels = [encoder.ind2lab.get(k) for k in range(len(encoder))]
        if labels != lobe.labels:
            raise ValueError(
                f"label_encoder: expected the labels of the model file, "
                f"{lobe.labels}, found {labels}; write the folder again"
            )
        encoder.expect_len(len(labels))

    @classmethod
    def from_hparams(
        cls,
        source: str | Path | None = None,
        backend: str = "auto",
        thinning: int = 1,
        savedir: str | Path | None = None,
        fetch_config: FetchConfig | None = None,
        **options: Any,
    ) -> KeywordSpotter:
        """Loads a model file, a folder with one, or a model of the hub.

        The model file alone is read, and it is data: no YAML, pickle or code of
        a folder is loaded. (``EncoderClassifier.from_hparams`` of the same
        folder builds the objects that its ``hyperparams.yaml`` names.)

        Arguments
        ---------
        source : str | Path, optional
            A ``.bifsmn`` file, a folder that holds ``model.bifsmn``, or
            owner/name of the hub; without it, the model that comes with the
            package.
        backend : str
            "native" for the engine, "torch", or "auto": the engine where it is
            installed.
        thinning : int
            Every how-many-th block runs: 1, 2 or 4.
        savedir : str | Path, optional
            Where to put files of the hub; without it, the hub's cache.
        fetch_config : FetchConfig, optional
            SpeechBrain's settings for fetching.
        **options
            Options of SpeechBrain's ``Pretrained``: ``run_opts``,
            ``freeze_params``.

        Returns
        -------
        KeywordSpotter
        """
        run_opts = dict(options.pop("run_opts", None) or {})
        if "device" in run_opts:
            run_opts["device"] = usable_device(run_opts["device"])
        path = model_file_of(source, savedir, fetch_config)
        lobe = NativeBiDFSMN(path, backend, thinning)
        encoder = CategoricalEncoder()
        encoder.update_from_iterable(lobe.labels, sequence_input=False)
        modules = {
            "compute_features": front_end(model_file.read(path).config),
            "mean_var_norm": LengthsCapableSequential(torch.nn.Identity()),
            "embedding_model": lobe,
            "classifier": torch.nn.Softmax(dim=-1),
        }
        hparams = {"label_encoder": encoder}
        return cls(modules, hparams, run_opts=run_opts, **options)

    @property
    def model(self) -> AnyModel:
        """The backend: a ``bifsmn_engine.Model`` or a ``TorchModel``."""
        lobe = self.mods.embedding_model
        if lobe.backend == "native":
            return lobe.network
        return TorchModel(lobe.network, self.mods.compute_features)

    @property
    def labels(self) -> list[str]:
        """The labels, in the order of the outputs."""
        return self.mods.embedding_model.labels

    @property
    def thinning(self) -> int:
        """Every how-many-th block runs; may be set at any time."""
        return self.mods.embedding_model.thinning

    @thinning.setter
    def thinning(self, thinning: int) -> None:
        self.mods.embedding_model.thinning = thinning

    def load_audio(
        self, path: str | Path, savedir: str | Path | None = None
    ) -> torch.Tensor:
        """Reads a file: (samples,) at the model's rate, on its device.

        Arguments
        ---------
        path : str | Path
            A wav, flac, ogg or mp3 file on this machine, or owner/model/file
            of the hub.
        savedir : str | Path, optional
            Where to put files of the hub; without it, the hub's cache.

        Returns
        -------
        torch.Tensor
        """
        if is_hub_file(path):
            source, name = split_path(path)
            with access(source) as fetch_config:
                path = fetch(name, source, savedir, fetch_config=fetch_config)
        audio = read_audio(path, self.model.sample_rate)
        return torch.from_numpy(audio).to(self.device)

    def encode_batch(
        self,
        wavs: ArrayLike | torch.Tensor,
        wav_lens: ArrayLike | torch.Tensor | None = None,
        normalize: bool = False,
        rate: int | None = None,
    ) -> torch.Tensor:
        """Computes logits.

        Arguments
        ---------
        wavs, wav_lens, rate
            As for ``classify_batch``.
        normalize : bool
            Whether to apply ``mean_var_norm_emb`` of the hyperparameters, as
            ``EncoderClassifier`` does.

        Returns
        -------
        torch.Tensor
            Logits (B, classes).
        """
        model = self.model
        windows = decisive_windows(model, wavs, wav_lens, rate)
        if isinstance(model, TorchModel):
            logits = model.window_logits(windows)
        else:
            features = [model.features(window) for window in windows]
            logits = torch.from_numpy(model.logits(features))
        logits = logits.to(self.device)
        if normalize:
            lengths = torch.ones(len(logits), device=self.device)
            logits = self.hparams.mean_var_norm_emb(logits, lengths)
        return logits

    def classify_batch(
        self,
        wavs: ArrayLike | torch.Tensor,
        wav_lens: ArrayLike | torch.Tensor | None = None,
        rate: int | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, list[str]]:
        """Classifies clips.

        Arguments
        ---------
        wavs : array | torch.Tensor
            (B, samples), (B, samples, channels), (B, channels, samples) or
            (samples,): floats from -1 to 1, or int16. (2, samples) is two
            clips, not two channels.
        wav_lens : array | torch.Tensor, optional
            (B,), relative lengths in (0, 1]; the rest of each clip is ignored.
        rate : int, optional
            Sample rate of the audio in Hz; without it, that of the model.

        Returns
        -------
        out_prob : torch.Tensor
            Posteriors (B, classes).
        score : torch.Tensor
            (B,), the largest posterior of each clip.
        index : torch.Tensor
            (B,), its index.
        text_lab : list of str
            Its label, for each clip.
        """
        model = self.model
        windows = decisive_windows(model, wavs, wav_lens, rate)
        if isinstance(model, TorchModel):
            posteriors = model.classify_windows(windows)
        else:
            posteriors = np.stack([model.classify(clip) for clip in windows])
        out_prob = torch.from_numpy(posteriors).to(self.device)
        score, index = out_prob.max(-1)
        return out_prob, score, index, [self.labels[k] for k in index]

    def classify_file(
        self, path: str | Path, **options: Any
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, list[str]]:
        """Classifies a file as a batch of one clip.

        Arguments
        ---------
        path : str | Path
            A file on this machine or of the hub, as for ``load_audio``.
        **options
            ``savedir``, as for ``load_audio``.

        Returns
        -------
        out_prob, score, index, text_lab
            What ``classify_batch`` returns, with B = 1.
        """
        return self.classify_batch(self.load_audio(path, **options))

    def make_streaming_context(self, **options: Any) -> KeywordStream:
        """Returns a stream for ``detect_chunk``.

        Arguments
        ---------
        **options
            Options of ``KeywordStream``: ``threshold``, ``smoothing``,
            ``refractory_s``, ``early``, ``gate_db`` and ``rate``.

        Returns
        -------
        KeywordStream
        """
        return KeywordStream(self.model, **options)

    def detect_chunk(
        self, context: KeywordStream, chunk: ArrayLike | torch.Tensor
    ) -> list[Detection]:
        """Takes more audio of a stream.

        Arguments
        ---------
        context : KeywordStream
            From ``make_streaming_context``. Its ``finish`` ends the stream.
        chunk : array | torch.Tensor
            (samples,), (samples, channels) or (channels, samples), any number
            of samples.

        Returns
        -------
        list of Detection
        """
        if not isinstance(context, KeywordStream):
            raise TypeError(
                "context: expected that of make_streaming_context, got "
                f"{type(context).__name__}"
            )
        return context.push(chunk)

    def detect_file_streaming(
        self, path: str | Path, **options: Any
    ) -> Iterator[Detection]:
        """Detects keywords in a file of any length, which is read in parts.

        Arguments
        ---------
        path : str | Path
            A wav, flac, ogg or mp3 file of any sample rate.
        **options
            As for ``make_streaming_context``, but for ``rate``.

        Yields
        ------
        Detection
        """
        yield from detect_file(self.model, path, **options)
