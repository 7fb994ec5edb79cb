"""Models the cycles that counted instructions take on a core, with llvm-mca.

Nothing is measured on a processor. The model takes every basic block as if it
were repeated for itself, as often as the emulator saw it run: all data are in
the first cache, every branch is foreseen, and of different blocks nothing
overlaps. LLVM's model of cortex-a72 is that of cortex-a57.
"""

import json
import re
import shutil
from collections.abc import Mapping, Sequence
from functools import cache

from benchmarks.harness.process import run

TOOL = "llvm-mca-19"
REMEDY = "Debian's package llvm-19 has it"
DECODER = ("llvm-mc-19", "--disassemble", "-triple=aarch64", "-mattr=+all")
CORES = ("cortex-a53", "cortex-a72", "neoverse-n1")
BRANCH = re.compile(r"(b|bl|br|blr|ret|b\.\w+|cbn?z|tbn?z)\b")
TARGET = re.compile(r"#0x[0-9a-f]+$")
ITERATIONS = 100
COVERED = 0.99  # of all instructions; the rest is taken to run as fast

Counts = Mapping[int, tuple[float, str]]  # {address: (executions, instruction)}
Block = tuple[float, list[str]]
# Cycles by core and block: the tool is slow, blocks recur.
known: dict[tuple[str, tuple[str, ...]], float] = {}


def available() -> bool:
    """Tells whether the tool is installed."""
    return bool(shutil.which(TOOL))


def blocks(counts: Counts) -> list[Block]:
    """Returns the basic blocks: a list of (executions, instructions).

    Example
    -------
    >>> blocks({0: (1, "nop"), 4: (2, "nop"), 8: (2, "ret")})
    [(1, ['nop']), (2, ['nop', 'ret'])]
    """
    found: list[Block] = []
    last, ended = -1, True
    for address in sorted(counts):
        executed, text = counts[address]
        goes_on = address - 4 == last and not ended
        if not goes_on or executed != found[-1][0]:
            found.append((executed, []))
        found[-1][1].append(text)
        last, ended = address, bool(BRANCH.match(text))
    return found


def modelled(counts: Counts, core: str) -> float:
    """Returns the modelled cycles of all that was counted."""
    by_weight = sorted(blocks(counts), key=lambda b: -b[0] * len(b[1]))
    total = sum(executed * len(texts) for executed, texts in by_weight)
    chosen: list[Block] = []
    covered = 0.0
    for executed, texts in by_weight:
        if covered >= COVERED * total:
            break
        chosen.append((executed, texts))
        covered += executed * len(texts)
    cycles = of_each([texts for _, texts in chosen], core)
    pairs = zip(chosen, cycles, strict=True)
    return sum(block[0] * each for block, each in pairs) * total / covered


def hottest(counts: Counts, mnemonic: str) -> list[str]:
    """Returns the basic block that executes most of one instruction."""
    return max(
        blocks(counts),
        key=lambda b: b[0] * sum(t.startswith(mnemonic) for t in b[1]),
    )[1]


def of_each(texts: Sequence[Sequence[str]], core: str) -> list[float]:
    """Returns the cycles of one iteration of each list of instructions."""
    blocks = [tuple(map(assembly, block)) for block in texts]
    new = [b for b in dict.fromkeys(blocks) if (core, b) not in known]
    if new:
        pairs = zip(new, simulate(new, core), strict=True)
        known.update({(core, block): each for block, each in pairs})
    return [known[core, block] for block in blocks]


@cache
def assembly(text: str) -> str:
    """Returns an instruction as the tool reads it.

    The emulator has no name for newer ones, SDOT among them: it gives bytes,
    which the tool would take for data. Where a branch goes matters to the
    assembler only.
    """
    if text.startswith(".byte "):
        code = text.removeprefix(".byte ").replace(",", "")
        lines = run(DECODER, given=code).strip().splitlines()
        return lines[-1].strip()
    return TARGET.sub("#16", text) if BRANCH.match(text) else text


def simulate(blocks: Sequence[Sequence[str]], core: str) -> list[float]:
    """Returns the cycles of one iteration of each block, from the tool."""
    lines = []
    for i, block in enumerate(blocks):
        lines += [f"# LLVM-MCA-BEGIN b{i}", *block, "# LLVM-MCA-END"]
    command = [TOOL, "-mtriple=aarch64", f"-mcpu={core}", "-json"]
    command += ["-mattr=+all", f"-iterations={ITERATIONS}"]
    command += ["-skip-unsupported-instructions=any"]
    printed = run(command, given="\n".join(lines) + "\n")
    regions = json.loads(printed)["CodeRegions"]
    found = {
        region["Name"]: region["SummaryView"]["TotalCycles"]
        for region in regions
    }
    return [found.get(f"b{i}", 0) / ITERATIONS for i in range(len(blocks))]
