"""The command line of a training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import speechbrain as sb
from hyperpyyaml import load_hyperpyyaml
from speechbrain.utils.run_opts import RunOptions

from speechbrain_bifsmn.devices import usable_device
from speechbrain_bifsmn.runs.hparams import base_and_overrides, quote_texts
from speechbrain_bifsmn.runs.unused import check_used


def load_hparams(
    arguments: Sequence[str],
) -> tuple[str, dict[str, Any], RunOptions, dict[str, Any]]:
    """Reads the command line and the YAML file that it names.

    Arguments
    ---------
    arguments : sequence of str
        The file, SpeechBrain's options, and values in place of the file's.

    Returns
    -------
    named : str
        The path of that file.
    hparams : dict
        The hyperparameters.
    run_opts : RunOptions
        SpeechBrain's options.
    saved : dict
        Base file and overrides, from which the hyperparameters are made again.
    """
    named, *_ = sb.parse_arguments(arguments)
    _, run_opts, given = sb.parse_arguments(quote_texts(named, arguments))
    usable_device(run_opts["device"])
    if run_opts["jit"]:
        raise ValueError(
            "jit: expected none, as TorchScript does not take these networks, "
            "found --jit; leave it out, or give --compile"
        )
    path, overrides = base_and_overrides(named, given)
    with open(path, encoding="utf-8") as file:
        try:
            hparams = load_hyperpyyaml(file, overrides)
        except KeyError as error:  # an option that is not in the file
            raise ValueError(error.args[0]) from None
        except TypeError as error:
            raise ValueError(
                "hyperparameters: expected values of their kind, found one "
                f"that does not fit ({error}); see --help and the YAML file"
            ) from None
    check_used(given, hparams)
    saved = {"hyperparams_to_save": path, "overrides": overrides}
    return named, hparams, run_opts, saved
