"""Benchmarks: the engine beside other backends, streams, scaling, training.

Each runs as a module in the root folder of the project, for instance
``python -m benchmarks.engine``.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
THINNINGS = ("1", "2", "4")  # every n-th block runs; keys of results
