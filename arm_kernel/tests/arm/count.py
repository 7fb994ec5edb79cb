#!/usr/bin/env python3
"""Counts the instructions of one inference on 64-bit ARM, and models its loop.

    count.py MODEL.bifsmn [--path neon] [--functions] [--check]

Cross-builds the engine, runs it in an emulator that counts, and prints JSON, or
with --check a summary, and fails where the loop has become longer:

- "instructions": of `features`, and of `logits` and `classify` at each depth:
  the total, those with vector registers, and the most frequent.
- "loop": the innermost loop of the binary layers, read from the disassembly:
  instructions with vector registers for 128 binary products (one CNT), and
  modelled cycles for them where llvm-mca-19 is installed.
- "cycles": of `logits` and `classify`, by core, modelled as in cycles.py; not
  with --check.

The counts are exact and the same in every run. An emulator's time says nothing
and is not given.
"""

import argparse
import collections
import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import cycles

HERE = Path(__file__).resolve().parent
ENGINE = HERE.parents[1]
VECTOR = re.compile(r"\b[vqdsh]\d+\b")
# Instructions with vector registers for 128 binary products: 3.16 as written.
LOOP_AT_MOST = 3.25


def run(*command, **options):
    """Runs a program; returns what it prints."""
    command = [str(word) for word in command]
    if not shutil.which(command[0]):
        raise SystemExit(
            f"expected {command[0]}, found none; tests/arm/run.sh installs it"
        )
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if done.returncode:
        raise SystemExit(f"{command[0]} failed: {done.stderr or done.stdout}")
    return done.stdout


def build(folder):
    """Builds plugin and program; returns them."""
    plugin, program = folder / "insn_roi.so", folder / "count"
    source = HERE / "insn_roi.cpp"
    run("c++", "-std=c++17", "-O2", "-shared", "-fPIC", source, "-o", plugin)
    toolchain = ENGINE / "cmake" / "aarch64.cmake"
    options = ["-DBIFSMN_TOOLS=OFF", f"-DCMAKE_TOOLCHAIN_FILE={toolchain}"]
    run("cmake", "-S", ENGINE, "-B", folder, "-G", "Ninja", *options)
    run("cmake", "--build", folder, "--target", "static")
    compiler = ["aarch64-linux-gnu-g++", "-std=c++17", "-O2", "-march=armv8-a"]
    include, library = ENGINE / "include", folder / "libbifsmn.a"
    link = [HERE / "count.cpp", library, "-static", "-lm", "-o", program]
    run(*compiler, "-I", include, *link)
    return plugin, program


def count(plugin, program, model, path):
    """Returns {region: {address: (executions, instruction)}}."""
    with tempfile.NamedTemporaryFile("r") as out:
        emulator = ["qemu-aarch64", "-cpu", "cortex-a53", "-E"]
        emulator += [
            f"BIFSMN_PATH={path}",
            "-plugin",
            f"{plugin},out={out.name}",
        ]
        names = run(*emulator, program, model).split("\n")
        regions = {name: {} for name in names if name}
        for line in out:
            region, address, executed, text = line.rstrip("\n").split(" ", 3)
            counts = regions[names[int(region)]]
            counts[int(address, 16)] = (int(executed), text)
    return regions


def summary(counts):
    """Adds up what a region executed."""
    mnemonics, vector = collections.Counter(), 0
    for executed, text in counts.values():
        mnemonics[text.split()[0]] += executed
        vector += executed * bool(VECTOR.search(text))
    total, top = mnemonics.total(), dict(mnemonics.most_common(15))
    return {"total": total, "vector": vector, "mnemonics": top}


def by_function(counts, program):
    """Returns {function: instructions}, most first."""
    lines = run("aarch64-linux-gnu-nm", "-nC", "--defined-only", program)
    symbols = [line.split(" ", 2) for line in lines.splitlines()]
    starts = [
        (int(at, 16), name) for at, kind, name in symbols if kind in "tTW"
    ]
    functions, at = collections.Counter(), -1
    for address in sorted(counts):
        while at + 1 < len(starts) and starts[at + 1][0] <= address:
            at += 1
        functions[starts[at][1]] += counts[address][0]
    return dict(functions.most_common(12))


def innermost_loop(counts):
    """Returns the instructions of the loop with most CNT of those executed."""
    best, most = [], 0
    addresses = sorted(counts)
    for end in addresses:
        jump = re.match(r"(?:b\.\w+|cbn?z \w+,) #0x([0-9a-f]+)", counts[end][1])
        if not jump or not (start := int(jump[1], 16)) <= end:
            continue
        body = [a for a in addresses if start <= a <= end]
        if len(body) * 4 < end - start:  # the way round it was not taken
            continue
        popcounts = sum(counts[a][1].startswith("cnt ") for a in body)
        if popcounts > most:
            best, most = [counts[a][1] for a in body], popcounts
    return best


def model_loop(loop):
    """Counts and models a loop, for each 128 binary products."""
    products = sum(text.startswith("cnt ") for text in loop)
    vector = sum(bool(VECTOR.search(text)) for text in loop)
    result = {
        "products_of_128": products,
        "instructions": len(loop),
        "vector_per_128": vector / products,
    }
    if cycles.available():
        result["modelled_cycles_per_128"] = {
            core: round(cycles.of_each([loop], core)[0] / products, 3)
            for core in cycles.CORES
        }
    return result


def model_regions(regions):
    """Returns modelled cycles by core and region."""
    return {
        core: {
            name: round(cycles.modelled(counts, core))
            for name, counts in regions.items()
        }
        for core in cycles.CORES
    }


def check(result):
    """Prints a summary; fails where the loop is longer than it should be."""
    for name, sums in result["instructions"].items():
        print(f"{name}: {sums['total']} instructions, {sums['vector']} vector")
    if "loop" not in result:
        raise SystemExit(f"expected a loop of CNT, {result['path']} has none")
    loop = result["loop"]["vector_per_128"]
    print(f"loop: {loop} vector instructions for 128 binary products")
    if loop > LOOP_AT_MOST:
        raise SystemExit(f"expected at most {LOOP_AT_MOST}")


def main():
    """Runs the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--path", default="neon")
    parser.add_argument("--functions", action="store_true")
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        plugin, program = build(Path(folder))
        regions = count(plugin, program, arguments.model, arguments.path)
        sums = {name: summary(counts) for name, counts in regions.items()}
        if arguments.functions:
            for name, counts in regions.items():
                sums[name]["functions"] = by_function(counts, program)
        result = {"path": arguments.path, "instructions": sums}
        if loop := innermost_loop(regions["logits 0"]):
            result["loop"] = model_loop(loop)
        if cycles.available() and not arguments.check:
            result["cycles"] = model_regions(regions)
    if not arguments.check:
        print(json.dumps(result, indent=1))
    else:
        check(result)


if __name__ == "__main__":
    main()
