"""What a process needs to run a model (Linux)."""

from pathlib import Path


def resident():
    """Returns present and highest memory of this process in KiB."""
    status = Path("/proc/self/status").read_text().splitlines()
    fields = dict(line.split(":", 1) for line in status)
    return [int(fields[key].split()[0]) for key in ("VmRSS", "VmHWM")]


def needed(load, calls=100):
    """Returns KiB: highest of all, and what loading and calls have added.

    Arguments
    ---------
    load : callable
        Loads a model and returns a function that runs it.
    calls : int
        How often it runs.
    """
    before, _ = resident()
    run = load()
    for _ in range(calls):
        run()
    _, highest = resident()
    return {"peak_kib": highest, "added_kib": highest - before}
