"""Without the library, the examples that need it are left out."""

from importlib import import_module

try:
    import_module("bifsmn_engine.model")
except ImportError:
    collect_ignore = [
        f"bifsmn_engine/{name}.py"
        for name in ("_library", "_session", "detector", "model", "stream")
    ]
