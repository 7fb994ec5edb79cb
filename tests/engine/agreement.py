"""Whether the two readers of model files agree, and what is behind them."""

import numpy as np
from model_files import random_audio, random_features

from bifsmn_engine.detection import of_keywords
from bifsmn_engine.format import model_file
from speechbrain_bifsmn.deploy.network import DeployedBiDFSMN
from speechbrain_bifsmn.deploy.torch_model import TorchModel, front_end


def both_read(engine, content):
    """Reads a file with the engine and in Python.

    Arguments
    ---------
    engine : module
        ``bifsmn_engine``.
    content : bytes
        Of any file.

    Returns
    -------
    tuple | None
        The engine's ``Model`` and the ``ModelFile``; None where both refuse it.
    """
    ours = words = None
    try:
        ours = model_file.from_bytes(content)
    except ValueError as error:
        words = str(error)
        assert "\n" not in words
    try:
        theirs = engine.Model(content)
    except ValueError as error:
        assert ours is None, f"only the engine refuses: {error}"
        return None
    assert ours, f"only Python refuses: {words}"
    assert theirs.labels == ours.labels
    assert theirs.thresholds == of_keywords(ours.labels, ours.thresholds)
    texts = ours.name, ours.licence, ours.provenance
    assert (theirs.name, theirs.licence, theirs.provenance) == texts
    return theirs, ours


def check_bits(model, stored, random):
    """Computes features and logits with the engine and with torch.

    Arguments
    ---------
    model : bifsmn_engine.Model
        A file, read by the engine.
    stored : ModelFile
        The same, read in Python.
    random : numpy.random.Generator
        Where audio and features come from.
    """
    config = stored.config
    twin = TorchModel(DeployedBiDFSMN(stored), front_end(config))
    audio = random_audio(random, config, clips=2)
    for clip in (*audio, audio[0, : config.hop]):
        check_same(model.features(clip), twin.features(clip), "features")
    features = random_features(random, config, batch=3)
    for thinning in model.thinnings:
        model.thinning = twin.thinning = thinning
        found, expected = twin.logits(features), model.logits(features)
        check_same(expected, found, f"logits at thinning {thinning}")


def check_same(ours, theirs, what):
    """Makes sure of the same bits, zeros' signs included."""
    same = ours.view(np.uint32) == theirs.view(np.uint32)
    assert same.all(), (
        f"{what}: engine and torch differ, at {np.argwhere(~same)[0]}: "
        f"{ours[~same][0]!r} and {theirs[~same][0]!r}"
    )
