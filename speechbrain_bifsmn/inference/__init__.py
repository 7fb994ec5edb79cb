"""Using trained networks: clips, files and streams.

What needs no torch is imported from its module.
"""

from __future__ import annotations

__all__ = ["KeywordSpotter"]


def __getattr__(name):
    # Late: it imports torch.
    if name in __all__:
        try:
            from speechbrain_bifsmn.inference.keyword import KeywordSpotter
        except AttributeError as error:  # torch's, where it failed before
            raise ImportError(
                "expected torch and speechbrain, found what cannot be "
                f"imported again ({error}); start Python anew"
            ) from None
        return KeywordSpotter
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
