"""Lets torchaudio be imported beside a torch of another kind.

torchaudio's wheel of the package index is built for CUDA; beside a CPU build of
torch its native part cannot be loaded, and importing it (or speechbrain) fails
with OSError. What this project uses of torchaudio is pure Python, so the native
part is then marked as absent. No file is touched, and where torchaudio is
healthy nothing happens.
"""

import importlib
import sys
import types


def ensure_torchaudio():
    """Imports torchaudio, without its native part where that is broken.

    Example
    -------
    >>> ensure_torchaudio()
    >>> import torchaudio.transforms
    """
    try:
        importlib.import_module("torchaudio")
    except OSError:
        for name in list(sys.modules):
            if name.partition(".")[0] == "torchaudio":
                del sys.modules[name]
        sys.modules["torchaudio._extension"] = _absent_extension()
        importlib.import_module("torchaudio")


def _absent_extension():
    """What ``torchaudio._extension`` says of itself without a native part."""
    module = types.ModuleType("torchaudio._extension")
    module.__path__ = []  # a package, with no submodules to be found
    module._IS_TORCHAUDIO_EXT_AVAILABLE = False
    module._IS_ALIGN_AVAILABLE = False
    module._check_cuda_version = lambda: None
    module.fail_if_no_align = _fail_if_no_align
    return module


def _fail_if_no_align(function):
    def unavailable(*args, **kwargs):
        raise RuntimeError(
            f"{function.__name__} needs torchaudio's native part, which does "
            "not fit this torch; install builds of torch and torchaudio that "
            "belong together"
        )

    return unavailable
