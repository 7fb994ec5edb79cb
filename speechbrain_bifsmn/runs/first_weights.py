"""Weights that a training starts from, or takes as they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bifsmn_engine.files.checksum import sha256_of
from speechbrain_bifsmn.lobes.models.dfsmn import DFSMN
from speechbrain_bifsmn.runs.weights import load_weights, weights_file

# Settings that name weights trained before, and of which network they are
GIVEN = {
    "teacher": "teacher",
    "teacher_start": "teacher",
    "large_teacher": "large_teacher",
    "student": "student",
}


def describe_weights(hparams: Mapping[str, Any]) -> dict[str, str]:
    """Returns checksums of the weights that are given, by setting.

    Arguments
    ---------
    hparams : dict
        Of the recipe.
    """
    sums = {
        name: sha256_of(weights_file(hparams[name], network))
        for name, network in GIVEN.items()
        if hparams[name]
    }
    if embedding := hparams["speech_embedding_weights"]:
        sums["speech_embedding_weights"] = sha256_of(embedding)
    return sums


def load_teachers(hparams: Mapping[str, Any]) -> None:
    """Gives the teacher, and the larger one, the weights that they have.

    Arguments
    ---------
    hparams : dict
        Of the recipe.
    """
    for name in ("teacher", "large_teacher"):
        if hparams[name]:
            path = weights_file(hparams[name], name)
            load_weights(hparams[f"{name}_model"], path)


def start_teacher(hparams: Mapping[str, Any]) -> None:
    """Gives the teacher the weights that it starts from.

    Arguments
    ---------
    hparams : dict
        Of the recipe.
    """
    path = weights_file(hparams["teacher_start"], "teacher")
    try:
        load_weights(hparams["teacher_model"], path, but="classifier")
    except ValueError as error:
        raise ValueError(
            f"teacher_start: {error}, or start from none: --teacher_start="
        ) from None


def start_student(hparams: Mapping[str, Any]) -> None:
    """Gives the student the weights that it starts from.

    They are the teacher's, where both networks are of one architecture.

    Arguments
    ---------
    hparams : dict
        Of the recipe.
    """
    model, teacher = hparams["student_model"], hparams["teacher_model"]
    if hparams["student"]:
        load_weights(model, weights_file(hparams["student"], "student"))
    elif isinstance(teacher, DFSMN):
        model.start_from(teacher)
