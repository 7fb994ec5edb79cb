"""What a client is told of the models: names, phrases, licences."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from wyoming.info import Attribution, Info, WakeModel, WakeProgram

from bifsmn_engine import __version__
from bifsmn_engine.detection import keywords_of
from bifsmn_engine.format import model_file


def make_info(paths: Iterable[Path]) -> Info:
    """Describes each keyword of model files as a wake model.

    Arguments
    ---------
    paths : iterable of Path
        The files, which have no keyword in common: clients know keywords by
        their names alone.

    Returns
    -------
    wyoming.info.Info

    Example
    -------
    >>> from bifsmn_engine.pretrained import MODEL
    >>> [model.name for model in make_info([MODEL]).wake[0].models][:3]
    ['yes', 'no', 'up']
    """
    where: dict[str, Path] = {}
    models = []
    for path in paths:
        content = model_file.read(path)
        for keyword in keywords_of(content.labels):
            if keyword in where:
                raise ValueError(
                    f"{path}: expected keywords that no other model has, found "
                    f"{keyword!r}, as in {where[keyword]}; leave out one of "
                    "the two"
                )
            where[keyword] = path
            models.append(_wake_model(keyword, content))
    program = WakeProgram(
        name="bifsmn",
        description="Keyword spotting with one-bit networks (BiFSMNv2)",
        attribution=Attribution(name="speechbrain-bifsmn", url=""),
        installed=True,
        version=__version__,
        models=models,
    )
    return Info(wake=[program])


def _wake_model(keyword, content):
    made = [content.provenance, content.licence and f"({content.licence})"]
    return WakeModel(
        name=keyword,
        phrase=keyword,
        description=keyword,  # what Home Assistant lists
        attribution=Attribution(name=" ".join(filter(None, made)), url=""),
        installed=True,
        version=content.name or None,
        languages=[],
    )
