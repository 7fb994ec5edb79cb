"""Runs a peer's models on 64-bit ARM, with marks for a counter.

    python -m benchmarks.harness.roi_runner CALLS BACKEND INPUTS.npy MODEL...

For each model there are two regions of interest, between the hints that
insn_roi.cpp knows: CALLS times ``invoke()``, then CALLS times a method that
does nothing, which is what the loop around ``invoke()`` costs. Prints a JSON
object: the outputs of the first input by model.
"""

import ctypes
import gc
import json
import mmap
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import numpy as np

from benchmarks.harness.model_runner import logits

WARM_UP = 20
# hint #0x60; ret; hint #0x61; ret
MARKS = bytes.fromhex("1f2c03d5 c0035fd6 3f2c03d5 c0035fd6")


class Nothing:
    """Has what a ``Model`` has, to be called in its place."""

    def invoke(self) -> None:
        """Does nothing."""


def marks(page: mmap.mmap) -> tuple[Callable[[], None], Callable[[], None]]:
    """Returns the functions that begin and end a region; they need the page."""
    page.write(MARKS)
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    function = ctypes.PYFUNCTYPE(None)
    return function(address), function(address + len(MARKS) // 2)


def region(
    begin: Callable[[], None],
    end: Callable[[], None],
    function: Callable[[], object],
    calls: int,
) -> None:
    """Calls a function between the marks."""
    begin()
    for _ in range(calls):
        function()
    end()


def main(calls: str, backend: str, inputs: str, *paths: str) -> None:
    """Runs the models of a backend, which is the name of its module."""
    make = import_module(f"benchmarks.backends.{backend}").Model
    rights = mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC
    page = mmap.mmap(-1, mmap.PAGESIZE, prot=rights)
    begin, end = marks(page)
    first, results = np.load(inputs)[:1], {}
    for path in paths:
        model = make(path, 1)
        results[Path(path).name] = logits(model, first)[0]
        for _ in range(WARM_UP):
            model.invoke()
        gc.disable()  # else it may run in a region
        region(begin, end, model.invoke, int(calls))
        region(begin, end, Nothing().invoke, int(calls))
        gc.enable()
    print(json.dumps(results))


if __name__ == "__main__":
    main(*sys.argv[1:])
