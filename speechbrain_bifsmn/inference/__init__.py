"""Using trained networks: clips, files and streams.

What needs no torch is imported from its module.
"""

__all__ = ["KeywordSpotter"]


def __getattr__(name):
    # Late: it imports torch.
    if name in __all__:
        from speechbrain_bifsmn.inference.keyword import KeywordSpotter

        return KeywordSpotter
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
