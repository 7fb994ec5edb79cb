"""Counts the instructions of one inference on 64-bit ARM, and models its loop.

    python3 -m benchmarks.harness.arm_count MODEL.bifsmn [--isa neon]

Cross-builds the engine, runs it in an emulator that counts, and prints JSON
(with --functions also which functions they are of); or with --check a summary,
and fails where the loop has become longer. It needs no package. It prints:

- "instructions": of `features`, and of `logits` and `classify` at each
  thinning: the total, those with vector registers, and the most frequent.
- "loop": the innermost loop of the binary layers, read from the disassembly:
  instructions with vector registers for 128 binary products (one TBL, of two
  planes), and modelled cycles for them where llvm-mca-19 is installed.
- "cycles": of `logits` and `classify`, by core, modelled as in arm_cycles.py;
  not with --check.

The counts are exact and the same in every run. An emulator's time says nothing
and is not given.
"""

import argparse
import json
import re
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks import ROOT
from benchmarks.harness import arm_cycles
from benchmarks.harness.arm_cycles import Counts
from benchmarks.harness.process import Missing, require, run

ENGINE = ROOT / "arm_kernel"
SOURCES = ENGINE / "tests" / "arm"
PLUGIN = SOURCES / "insn_roi.cpp"
COMPILER = "aarch64-linux-gnu-g++"
TOOLS = ("c++", "cmake", "ninja", COMPILER, "qemu-aarch64")
VECTOR = re.compile(r"\b[vqdsh]\d+\b")
LOOK_UP = "tbl "
# Instructions with vector registers for 128 binary products: 2.31 as written.
MAX_LOOP = 2.4


def build_plugin(out: Path) -> None:
    """Builds the emulator's plugin that counts."""
    options = ["-std=c++17", "-O2", "-shared", "-fPIC"]
    run(["c++", *options, PLUGIN, "-o", out])


def build_program(folder: Path) -> Path:
    """Builds the engine and the program that runs it; returns the program."""
    program = folder / "count"
    toolchain = ENGINE / "cmake" / "aarch64.cmake"
    options = ["-DBIFSMN_TOOLS=OFF", f"-DCMAKE_TOOLCHAIN_FILE={toolchain}"]
    run(["cmake", "-S", ENGINE, "-B", folder, "-G", "Ninja", *options])
    run(["cmake", "--build", folder, "--target", "static"])
    options = ["-std=c++17", "-O2", "-march=armv8-a", "-I", ENGINE / "include"]
    parts = [SOURCES / "count.cpp", folder / "libbifsmn.a"]
    link = ["-static", "-lm", "-o", program]
    run([COMPILER, *options, *parts, *link])
    return program


def count(
    plugin: Path, program: Path, model: Path, isa: str
) -> dict[str, dict[int, tuple[int, str]]]:
    """Returns {region: {address: (executions, instruction)}}."""
    with tempfile.NamedTemporaryFile("r") as out:
        emulator = ["qemu-aarch64", "-cpu", "cortex-a53"]
        emulator += ["-E", f"BIFSMN_ISA={isa}"]
        emulator += ["-plugin", f"{plugin},out={out.name}"]
        names = run([*emulator, program, model]).split("\n")
        regions: dict[str, dict[int, tuple[int, str]]]
        regions = {name: {} for name in names if name}
        for line in out:
            region, address, executed, text = line.rstrip("\n").split(" ", 3)
            counts = regions[names[int(region)]]
            counts[int(address, 16)] = (int(executed), text)
    return regions


def summary(counts: Counts) -> dict[str, Any]:
    """Adds up what a region executed."""
    mnemonics: Counter[str] = Counter()
    vector = 0
    for executed, text in counts.values():
        mnemonics[text.split()[0]] += executed
        vector += executed * bool(VECTOR.search(text))
    total, top = mnemonics.total(), dict(mnemonics.most_common(15))
    return {"total": total, "vector": vector, "mnemonics": top}


def by_function(counts: Counts, program: Path) -> dict[str, int]:
    """Returns {function: instructions}, most first."""
    lines = run(["aarch64-linux-gnu-nm", "-nC", "--defined-only", program])
    symbols = [line.split(" ", 2) for line in lines.splitlines()]
    starts = [
        (int(at, 16), name) for at, kind, name in symbols if kind in "tTW"
    ]
    functions: Counter[str] = Counter()
    at = -1
    for address in sorted(counts):
        while at + 1 < len(starts) and starts[at + 1][0] <= address:
            at += 1
        functions[starts[at][1]] += counts[address][0]
    return dict(functions.most_common(12))


def model_loop(loop: list[str]) -> dict[str, Any]:
    """Counts and models a loop, for each 128 binary products."""
    products = sum(text.startswith(LOOK_UP) for text in loop)
    if not products:
        return {}
    vector = sum(bool(VECTOR.search(text)) for text in loop)
    result: dict[str, Any] = {
        "products_of_128": products,
        "instructions": len(loop),
        "vector_per_128": vector / products,
    }
    if arm_cycles.available():
        result["modelled_cycles_per_128"] = {
            core: round(arm_cycles.of_each([loop], core)[0] / products, 3)
            for core in arm_cycles.CORES
        }
    return result


def model_regions(regions: Mapping[str, Counts]) -> dict[str, dict[str, int]]:
    """Returns modelled cycles by core and region."""
    return {
        core: {
            name: round(arm_cycles.modelled(counts, core))
            for name, counts in regions.items()
        }
        for core in arm_cycles.CORES
    }


def measure(
    model: Path, isa: str = "neon", functions: bool = False, cycles: bool = True
) -> dict[str, Any]:
    """Returns what an inference costs.

    Arguments
    ---------
    model : Path
        A .bifsmn file.
    isa : str
        The instruction set.
    functions : bool
        Whether to list the functions with most instructions.
    cycles : bool
        Whether to model the cycles of all regions, where that can be done.

    Returns
    -------
    dict
    """
    require(TOOLS, "make test-arm installs it")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plugin = folder / "insn_roi.so"
        build_plugin(plugin)
        program = build_program(folder)
        regions = count(plugin, program, model, isa)
        sums = {name: summary(counts) for name, counts in regions.items()}
        if functions:
            for name, counts in regions.items():
                sums[name]["functions"] = by_function(counts, program)
    result: dict[str, Any] = {"isa": isa, "instructions": sums}
    if loop := model_loop(arm_cycles.hottest(regions["logits 1"], LOOK_UP)):
        result["loop"] = loop
    if cycles and arm_cycles.available():
        result["cycles"] = model_regions(regions)
    return result


def check(result: dict[str, Any]) -> None:
    """Prints a summary; fails where the loop is longer than it should be."""
    for name, sums in result["instructions"].items():
        print(f"{name}: {sums['total']} instructions, {sums['vector']} vector")
    if "loop" not in result:
        raise SystemExit(f"expected a loop of TBL, {result['isa']} has none")
    loop = result["loop"]["vector_per_128"]
    print(f"loop: {loop} vector instructions for 128 binary products")
    if loop > MAX_LOOP:
        raise SystemExit(f"expected at most {MAX_LOOP}")


def main() -> None:
    """Runs the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--isa", default="neon")
    parser.add_argument("--functions", action="store_true")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    try:
        result = measure(
            options.model, options.isa, options.functions, not options.check
        )
    except Missing as error:
        raise SystemExit(str(error)) from None
    if options.check:
        check(result)
    else:
        print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
