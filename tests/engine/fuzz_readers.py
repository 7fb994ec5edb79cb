"""Reads changed model files with both readers, the engine's and Python's.

Neither may crash, take longer than 1 s for a file, take more than 200 MB in
all, or take a file that the other refuses. Of some of the files that both take,
engine and torch must compute the same bits. A file that fails is kept in OUT
and named: put it into arm_kernel/fuzz/corpus/model when the defect is fixed.

  fuzz_readers.py [SECONDS] [--seed N] [--out OUT]
"""

import argparse
import importlib
import multiprocessing
import os
import resource
import sys
import time
import zlib
from pathlib import Path

import numpy as np
import torch
from agreement import both_read, check_bits
from model_files import random_config, random_model
from mutations import Known, mutate

SECONDS, BYTES = 1.0, 200 * 2**20  # that a file may take, and all of them
HANG = 10  # seconds after which one is given up
ROOM = 2**22  # for the longest file
FAMILY = 250  # files that are made of one
COMPUTED = 50  # every so many good files are computed, too


class Reader:
    """A process that reads files, and what it shows of them."""

    def __init__(self, engine, seconds, seed):
        self._engine = engine
        context = multiprocessing.get_context("fork")
        self._file = context.RawArray("B", ROOM)
        self._size = context.RawValue("q")
        self.began = context.RawValue("d", time.monotonic())
        # Files that were read, of these good ones, and of these computed ones.
        self.counts = context.RawArray("q", 3)
        self.process = context.Process(target=self._work, args=(seconds, seed))
        self.process.start()

    @property
    def content(self):
        """The file that was begun last."""
        return bytes(self._file[: self._size.value])

    def _work(self, seconds, seed):
        """Reads for so long; an exception is a failure of the last file."""
        torch.set_num_threads(1)
        random = np.random.default_rng(seed)
        end, before = time.monotonic() + seconds, peak_bytes()
        while time.monotonic() < end:
            wild = random.choice([0.0, 0.1, 1.0])
            model = random_model(random, random_config(random, 1), wild)
            known = Known.of(model)
            for _ in range(FAMILY):
                self._check(mutate(known, random), random)
                taken = peak_bytes() - before
                assert taken <= BYTES, f"{taken} bytes of memory"

    def _check(self, content, random):
        memoryview(self._file).cast("B")[: len(content)] = content
        self._size.value = len(content)
        self.began.value = time.monotonic()
        both = read_in_time(self._engine, content)
        self.counts[0] += 1
        if both:
            self.counts[1] += 1
            if self.counts[1] % COMPUTED == 0:
                self.counts[2] += 1
                check_bits(*both, random)

    def wrong(self):
        """Returns what is wrong, or None."""
        if (
            time.monotonic() - self.began.value > HANG
            and self.process.is_alive()
        ):
            self.process.kill()
            return f"no answer in {HANG} s"
        code = self.process.exitcode or 0
        if code < 0:
            return f"crashed with signal {-code}"
        return "failed with the error above" if code else None


def read_in_time(engine, content):
    """Reads a file with both; it may be slow once, on a busy machine."""
    for may_be_slow in (True, False):
        began = time.monotonic()
        both = both_read(engine, content)
        taken = time.monotonic() - began
        if taken <= SECONDS:
            break
        assert may_be_slow, f"{taken:.1f} s"
    return both


def peak_bytes():
    """Returns the most memory that this process has had."""
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def watch(readers):
    """Waits; returns the first that fails and what is wrong, or None."""
    while True:
        at_work = any(reader.process.is_alive() for reader in readers)
        for reader in readers:
            if wrong := reader.wrong():
                return reader, wrong
        if not at_work:
            return None
        time.sleep(0.2)


def keep(content, folder):
    """Writes a file that failed; returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"readers-{zlib.crc32(content):08x}.bifsmn"
    path.write_bytes(content)
    return path


def main():
    """Runs on every core, and says what was done."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("seconds", nargs="?", type=float, default=60)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 2**32)
    parser.add_argument("--out", type=Path, default=Path("build/fuzz"))
    arguments = parser.parse_args()
    seconds, seed = arguments.seconds, arguments.seed
    print(f"== fuzz_readers, {seconds:g} s, --seed {seed}", flush=True)
    engine = importlib.import_module("bifsmn_engine")
    readers = [Reader(engine, seconds, seed + k) for k in range(os.cpu_count())]
    failure = watch(readers)
    for reader in readers:
        reader.process.kill()
    files, good, computed = np.sum([reader.counts for reader in readers], 0)
    print(f"{files} files, {good} of them good, {computed} computed")
    if failure:
        reader, wrong = failure
        sys.exit(f"{keep(reader.content, arguments.out)}: {wrong}")


if __name__ == "__main__":
    main()
