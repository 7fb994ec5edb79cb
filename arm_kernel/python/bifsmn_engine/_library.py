"""The engine's C functions (``bifsmn.h``), typed and checked."""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from ctypes import (
    POINTER,
    c_char_p,
    c_double,
    c_float,
    c_int,
    c_size_t,
    c_uint32,
)
from ctypes import c_void_p as handle
from pathlib import Path

NO_FILE, NO_MEMORY = 1, 7  # of bifsmn_status


class Info(ctypes.Structure):
    """``bifsmn_info``: what a model is."""

    _fields_ = [
        ("classes", c_uint32),
        ("mels", c_uint32),
        ("frames", c_uint32),
        ("layers", c_uint32),
        ("thinnings", c_uint32),
        ("front_channels", c_uint32),
        ("channels", c_uint32),
        ("hidden", c_uint32),
        ("planes", c_uint32),
        ("sample_rate", c_uint32),
        ("window_samples", c_uint32),
        ("hop", c_uint32),
        ("smoothing", c_uint32),
        ("file_bytes", c_uint32),
    ]


class RawDetection(ctypes.Structure):
    """``bifsmn_detection``: a label, its score, and seconds."""

    _fields_ = [
        ("label", c_uint32),
        ("score", c_float),
        ("start", c_double),
        ("end", c_double),
    ]


def _fail(status, source=""):
    text = library.bifsmn_status_text(status)
    if status == NO_FILE:
        raise OSError(ctypes.get_errno() or errno.EIO, text, source)
    error = MemoryError if status == NO_MEMORY else ValueError
    raise error(f"{source}: {text}" if source else text)


def _check(status, function, arguments):
    if status:
        _fail(status)


def _check_file(status, function, arguments):
    if status:
        _fail(status, os.fsdecode(arguments[0]))


def _text(text, function, arguments):
    return None if text is None else text.decode()


# Of each function: its arguments, its result, and what looks at the result.
# Arrays are addresses; whoever calls makes sure of their sizes.
array, new_handle = handle, POINTER(handle)
_STATUS, _STRING, _NOTHING = (c_int, _check), (c_char_p, _text), (None, None)
FUNCTIONS = {
    "bifsmn_status_text": ([c_int], *_STRING),
    "bifsmn_load_file": ([c_char_p, new_handle], c_int, _check_file),
    "bifsmn_load_memory": ([c_char_p, c_size_t, new_handle], *_STATUS),
    "bifsmn_free": ([handle], *_NOTHING),
    "bifsmn_get_info": ([handle, POINTER(Info)], *_STATUS),
    "bifsmn_label": ([handle, c_uint32], *_STRING),
    "bifsmn_threshold": ([handle, c_uint32], c_float, None),
    "bifsmn_name": ([handle], *_STRING),
    "bifsmn_licence": ([handle], *_STRING),
    "bifsmn_provenance": ([handle], *_STRING),
    "bifsmn_isa": ([handle], *_STRING),
    "bifsmn_available_isa": ([c_uint32], *_STRING),
    "bifsmn_state_new": ([handle, new_handle], *_STATUS),
    "bifsmn_state_free": ([handle], *_NOTHING),
    "bifsmn_set_thinning": ([handle, c_uint32], *_STATUS),
    "bifsmn_get_thinning": ([handle], c_uint32, None),
    "bifsmn_logits": ([handle, array, array], *_STATUS),
    "bifsmn_features": ([handle, array, c_size_t, array], *_STATUS),
    "bifsmn_classify": ([handle, array, c_size_t, array], *_STATUS),
    "bifsmn_push": (
        [handle, array, c_size_t, POINTER(c_size_t), array, POINTER(c_int)],
        *_STATUS,
    ),
    "bifsmn_set_gate": ([handle, c_float], *_STATUS),
    "bifsmn_reset": ([handle], *_NOTHING),
    "bifsmn_detector_new": ([handle, new_handle], *_STATUS),
    "bifsmn_detector_free": ([handle], *_NOTHING),
    "bifsmn_detector_set_threshold": ([handle, c_uint32, c_float], *_STATUS),
    "bifsmn_detector_set_smoothing": ([handle, c_uint32], *_STATUS),
    "bifsmn_detector_set_refractory": ([handle, c_double], *_STATUS),
    "bifsmn_detector_set_early": ([handle, c_int], *_STATUS),
    "bifsmn_detector_is_keyword": ([handle, c_uint32], c_int, None),
    "bifsmn_detector_add": (
        [handle, array, POINTER(RawDetection), POINTER(c_int)],
        *_STATUS,
    ),
    "bifsmn_detector_current": (
        [handle, POINTER(RawDetection), POINTER(c_int)],
        *_STATUS,
    ),
    "bifsmn_detector_finish": (
        [handle, POINTER(RawDetection), POINTER(c_int)],
        *_STATUS,
    ),
    "bifsmn_detector_reset": ([handle], *_NOTHING),
}


def _open():
    name = "libbifsmn.dylib" if sys.platform == "darwin" else "libbifsmn.so"
    # Of an editable installation, the package has two folders.
    paths = [Path(f, name) for f in sys.modules[__package__].__path__]
    path = next(filter(Path.is_file, paths), None)
    todo = "install bifsmn-engine for this machine (README.md says how)"
    if path is None:
        raise ImportError(
            f"expected the engine in {paths[0]}, found none; {todo}"
        )
    try:
        opened = ctypes.CDLL(str(path), use_errno=True)
    except OSError as error:
        raise ImportError(
            f"expected an engine for this machine, found another ({error}); "
            f"{todo}"
        ) from None
    for symbol, (arguments, result, check) in FUNCTIONS.items():
        try:
            function = getattr(opened, symbol)
        except AttributeError:
            raise ImportError(
                f"expected the engine of this version in {path}, found one "
                f"without {symbol}; {todo}"
            ) from None
        function.argtypes, function.restype = arguments, result
        if check:
            function.errcheck = check
    return opened


library = _open()


def available_isas() -> list[str]:
    """Lists the instruction sets that run here, best first.

    The environment variable ``BIFSMN_ISA`` makes models that are loaded after
    it has been set use one of them.

    Example
    -------
    >>> available_isas()[-1]
    'reference'
    """
    names: list[str] = []
    while name := library.bifsmn_available_isa(len(names)):
        names.append(name)
    return names
