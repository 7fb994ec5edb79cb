"""Runs programs, and says which backends cannot be had."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import ROOT

MAX_SECONDS = 3600  # of one program: what hangs is missing


class Missing(Exception):
    """Something that is not to be had here; the text says why."""


def say(text: str) -> None:
    """Prints what is being done."""
    print(text, file=sys.stderr, flush=True)


def available(
    makers: Iterable[tuple[str, Iterable[str], Callable[[], Any]]],
    missing: dict[str, str],
) -> Iterator[Any]:
    """Yields what makers return, but of those that lack something.

    Arguments
    ---------
    makers : iterable of tuple
        A title for people, the names in the results, and a function.
    missing : dict
        Gets the reason under each name.

    Example
    -------
    >>> missing = {}
    >>> list(available([("A", ["a"], lambda: 1)], missing)), missing
    ([1], {})
    """
    for title, names, make in makers:
        try:
            yield make()
        except Missing as error:
            say(f"{title} is missing: {error}")
            missing |= dict.fromkeys(names, str(error))


def memories(backends: Iterable[Any]) -> dict[str, Any]:
    """Returns what the processes of backends need, by their keys."""
    say("Weighing processes")
    makers = [(b.key, [], partial(memory_of, b)) for b in backends]
    return dict(available(makers, {}))


def memory_of(backend: Any) -> tuple[str, Any]:
    """Returns the key and the memory of one."""
    return backend.key, backend.memory()


def search_path() -> str:
    """Returns where programs are looked for: pip's (cmake, ninja) first."""
    beside = Path(sys.executable).parent
    return f"{beside}{os.pathsep}{os.environ.get('PATH', os.defpath)}"


def require(programs: Iterable[str], remedy: str) -> None:
    """Refuses to go on where a program is missing."""
    for program in programs:
        if not shutil.which(program, path=search_path()):
            raise Missing(f"expected {program}, found none; {remedy}")


def run(
    command: Iterable[Any],
    given: str | None = None,
    variables: Mapping[str, str] | None = None,
) -> str:
    """Returns what a program prints; it has one thread.

    Arguments
    ---------
    command : iterable
        The program and its arguments.
    given : str, optional
        What it reads from its standard input.
    variables : mapping, optional
        Added to its environment.

    Returns
    -------
    str
    """
    words = [str(word) for word in command]
    environment = {
        **os.environ,
        "PATH": search_path(),
        "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": "1",
        **(variables or {}),
    }
    try:
        done = subprocess.run(
            words,
            capture_output=True,
            text=True,
            env=environment,
            input=given,
            timeout=MAX_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise Missing(f"{words[0]}: took {MAX_SECONDS} s and more") from None
    except OSError as error:
        raise Missing(f"{words[0]}: {error.strerror}") from None
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines()
        last = lines[-1] if lines else f"exit code {done.returncode}"
        raise Missing(f"{Path(words[0]).name}: {last}")
    return done.stdout
