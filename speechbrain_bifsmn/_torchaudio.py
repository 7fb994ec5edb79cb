"""Lets torchaudio be imported beside a torch of another kind.

torchaudio's wheel of the package index is built for CUDA; beside a CPU build of
torch its native part cannot be loaded, and importing it (or speechbrain) fails
with OSError. What this project uses of torchaudio is pure Python, so the native
part is then marked as absent. No file is touched, nothing is imported before
somebody asks for it, and where torchaudio is healthy nothing happens.
"""

import sys
from importlib.machinery import PathFinder, SourceFileLoader

NATIVE_PART = "torchaudio._extension"


def patch_torchaudio() -> None:
    """From now on torchaudio is importable, without its native part at worst.

    Example
    -------
    >>> patch_torchaudio()
    >>> import torchaudio.transforms
    """
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
        for package in ("torchaudio", "speechbrain"):
            _forget_failed(package)


def _forget_failed(package):
    """Removes what an import left that has failed before.

    Its modules stay, without the package; a further import would take them for
    whole.
    """
    if package not in sys.modules:
        for name in [n for n in sys.modules if n.startswith(f"{package}.")]:
            del sys.modules[name]


class _Finder:
    """Finds the native part as others do, and has it loaded by ``_Loader``."""

    def find_spec(self, name, path=None, target=None):
        if name != NATIVE_PART:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Loader(spec.loader.name, spec.loader.path)
        return spec


class _Loader(SourceFileLoader):
    def exec_module(self, module):
        try:
            super().exec_module(module)
        except OSError:
            # What it says of itself where there is no native part.
            module._IS_TORCHAUDIO_EXT_AVAILABLE = False
            module._IS_ALIGN_AVAILABLE = False
            module._check_cuda_version = lambda: None
            module.fail_if_no_align = _fail_if_no_align


def _fail_if_no_align(function):
    def unavailable(*args, **kwargs):
        raise RuntimeError(
            f"{function.__name__} needs torchaudio's native part, which does "
            "not fit this torch; install builds of torch and torchaudio that "
            "belong together"
        )

    return unavailable
