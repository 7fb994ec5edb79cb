"""What a process needs to run a model (Linux)."""

from collections.abc import Callable
from pathlib import Path


def resident() -> tuple[int, int]:
    """Returns present and highest memory of this process in KiB."""
    status = Path("/proc/self/status").read_text().splitlines()
    fields = dict(line.split(":", 1) for line in status)
    present, highest = (int(fields[k].split()[0]) for k in ("VmRSS", "VmHWM"))
    return present, highest


def needed(
    load: Callable[[], Callable[[], object]], calls: int = 100
) -> dict[str, int]:
    """Returns KiB: highest of all, and what loading and calls have added.

    Arguments
    ---------
    load : callable
        Loads a model and returns a function that runs it.
    calls : int
        How often it runs.

    Returns
    -------
    dict
    """
    before, _ = resident()
    run = load()
    for _ in range(calls):
        run()
    _, highest = resident()
    return {"peak_kib": highest, "added_kib": highest - before}
