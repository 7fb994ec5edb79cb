"""What all tables are made with."""

import json
from collections.abc import Iterable
from typing import Any

from benchmarks import RESULTS, ROOT

RUNS = ROOT / "docs" / "results"


def load(name: str) -> Any:
    """Returns one results file of a benchmark."""
    return json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))


def load_run(name: str) -> Any:
    """Returns one results file of a training run, or of several."""
    return json.loads((RUNS / f"{name}.json").read_text(encoding="utf-8"))


def conditions(r: dict[str, Any], commits: Iterable[str] = ()) -> str:
    """Says what results were measured on, and how to repeat it.

    Without ``commits`` there is one, that of the results.
    """
    short = {commit[:12] for commit in commits or [r["commit"]]}
    return (
        f"`{r['command']}`; {r['machine']['processor']}; "
        f"commit {', '.join(sorted(short))}."
    )


def not_measured(r: dict[str, Any], part: str) -> list[str]:
    """Returns the lines of a table whose part of the results is missing.

    Example
    -------
    >>> not_measured({"missing_parts": {"arm": "no emulator"}}, "arm")
    ['Not measured: no emulator.']
    """
    reason = r.get("missing_parts", {}).get(part, "the run was stopped")
    return [f"Not measured: {reason.rstrip('.')}."]


def row(*cells: object) -> str:
    """Returns a line of a table.

    Example
    -------
    >>> row("engine", 1)
    '| engine | 1 |'
    """
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def header(*cells: object) -> list[str]:
    """Returns the first two lines of a table.

    Example
    -------
    >>> header("", "µs")
    ['|  | µs |', '|---|---|']
    """
    return [row(*cells), "|---" * len(cells) + "|"]
