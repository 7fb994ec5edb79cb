#!/usr/bin/env python3
"""Runs the engine on emulated microcontrollers, and measures it.

    test.py MODEL.bifsmn [--out FILE.json]

On each board the features, logits and posteriors must be those of this machine,
bit for bit, and the goals for flash and RAM be met. It needs no package. It
prints, and writes as JSON:

- "flash": bytes of code, of the front end's tables and of the model.
- "ram": bytes of the spotter's memory, of other variables, of the stack as deep
  as it was, and of a window of audio.
- "instructions": of each step. The counts are exact and the same in every run;
  of time, an emulator says nothing.
"""

import argparse
import json
import re
import struct
import subprocess
import sys
import tempfile
import wave
from collections import Counter
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PLUGIN = HERE.parents[1] / "tests" / "arm" / "insn_roi.cpp"
BOARDS = {
    "an521": ("mps2-an521", "Cortex-M33 without FPU"),
    "an505": ("mps2-an505", "Cortex-M33"),
    "an547": ("mps3-an547", "Cortex-M55"),
}
FLASH, RAM = 200_000, 73_728  # bytes, at most
RATE, SAMPLES = 16_000, 17_000  # of the clip: a window and a hop, at least


def run(command: list[object]) -> str:
    """Returns what a command prints; ends the program where it fails."""
    done = subprocess.run(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
    )
    if done.returncode:
        sys.exit(f"{done.stdout}\nexpected {command[0]} to succeed, it failed")
    return done.stdout


def write_clip(path: Path) -> None:
    """Writes a buzz in noise, which ends in silence."""
    samples, state = [], 1
    for i in range(SAMPLES):
        state = (state * 1664525 + 1013904223) % 2**32
        noise = (state >> 16) % 401 - 200 if i < SAMPLES - 2000 else 0
        buzz = sum((i * k * 130 % RATE / 8000 - 1) / k for k in range(1, 6))
        loud = max(0, 8000 - abs(i - 7000))
        samples.append(max(-32768, min(32767, noise + int(loud * buzz))))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(struct.pack(f"<{SAMPLES}h", *samples))


def sections(elf: Path) -> Counter[str]:
    """Returns the bytes of each section of a program."""
    sizes: Counter[str] = Counter()
    for line in run(["arm-none-eabi-size", "-A", elf]).split("\n"):
        found = re.match(r"\.(\w+)\s+(\d+)", line)
        if found:
            sizes[found[1]] = int(found[2])
    return sizes


def has_heap(elf: Path) -> bool:
    """Says whether a program allocates."""
    return bool(
        re.search(r"malloc|sbrk|_Zn[aw]", run(["arm-none-eabi-nm", elf]))
    )


def read(lines: str) -> dict[str, list[list[str]]]:
    """Returns the values of each name, in their order."""
    values: dict[str, list[list[str]]] = {}
    for line in lines.split("\n"):
        if line:
            name, *words = line.split(" ")
            values.setdefault(name, []).append(words)
    return values


def count(counts: Path) -> list[int]:
    """Returns the instructions of each region."""
    totals: Counter[int] = Counter()
    for line in counts.read_text().split("\n"):
        if line:
            region, _, executed, _ = line.split(" ", 3)
            totals[int(region)] += int(executed)
    return [totals[region] for region in sorted(totals)]


def check(board: str, found: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Requires the same bits as on this machine."""
    for name in ("features", "logits", "reference", "posteriors"):
        if found[name] != wanted[name]:
            sys.exit(
                f"{board}: expected {name} {wanted[name]}, found {found[name]}"
            )
    moved, classified = found["moved"]
    if moved != classified:
        sys.exit(
            f"{board}: expected {classified} of a moved window, found {moved}"
        )


def measure(
    board: str, folder: Path, plugin: Path, model: Path
) -> dict[str, Any]:
    """Builds for a board, runs there, and returns what was measured."""
    machine, _ = BOARDS[board]
    build, counts = folder / board, folder / "counts"
    example, program = build / "example.elf", build / "measure.elf"
    files = [f"MODEL={model}", f"CLIP={folder / 'clip.wav'}"]
    run(
        [
            "make",
            "-C",
            HERE.parent,
            f"BOARD={board}",
            f"BUILD={build}",
            *files,
            example,
            program,
        ]
    )
    emulator = [
        "qemu-system-arm",
        "-M",
        machine,
        "-nographic",
        "-monitor",
        "none",
    ]
    emulator += [
        "-serial",
        "none",
        "-semihosting-config",
        "enable=on,target=native",
    ]
    run([*emulator, "-kernel", example])
    if has_heap(example):
        sys.exit(f"{board}: expected no heap, found malloc or the like")
    printed = run(
        [*emulator, "-plugin", f"{plugin},out={counts}", "-kernel", program]
    )
    found, wanted = read(printed), read((build / "expected.txt").read_text())
    check(board, found, wanted)
    sizes = sections(example)
    memory, stack = (int(found[name][0][0], 16) for name in ("memory", "stack"))
    load, features, move, classify, *logits, reference = count(counts)
    thinnings = [f"logits {2**k}" for k in range(len(logits))]
    return {
        "flash": {
            "code": sizes["code"] + sizes["vectors"] + sizes["data"],
            "tables": sizes["tables"],
            "model": sizes["model"],
        },
        "ram": {
            "memory": memory,
            "variables": sizes["data"]
            + sizes["bss"]
            - sections_memory(example),
            "stack": stack,
            "window": 2 * RATE,
        },
        "instructions": {
            "load": load,
            "features": features,
            **dict(zip(thinnings, logits, strict=True)),
            "classify": classify,
            "move": move,
            "reference": reference,
        },
    }


def sections_memory(elf: Path) -> int:
    """Returns the bytes that the example sets aside for the spotter."""
    symbols = run(["arm-none-eabi-nm", "-S", elf])
    found = re.search(r"^\w+ (\w+) b memory$", symbols, re.MULTILINE)
    assert found
    return int(found[1], 16)


def print_table(results: dict[str, Any]) -> None:
    """Prints a column for each board."""
    print(
        f"{'':24}" + "".join(f"{results[b]['processor']:>24}" for b in results)
    )
    for part in ("flash", "ram", "instructions"):
        for name in next(iter(results.values()))[part]:
            row = "".join(f"{results[b][part][name]:24,}" for b in results)
            print(f"{part + ', ' + name:24}{row}")


def main() -> None:
    """Measures all boards."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--out", type=Path, help="results, as JSON")
    arguments = parser.parse_args()
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_clip(folder / "clip.wav")
        plugin = folder / "insn_roi.so"
        run(
            [
                "c++",
                "-std=c++17",
                "-O2",
                "-shared",
                "-fPIC",
                PLUGIN,
                "-o",
                plugin,
            ]
        )
        for board, (_, processor) in BOARDS.items():
            measured = measure(board, folder, plugin, arguments.model.resolve())
            results[board] = {"processor": processor, **measured}
    print_table(results)
    for board, measured in results.items():
        for part, most in (("flash", FLASH), ("ram", RAM)):
            used = sum(measured[part].values())
            if used > most:
                sys.exit(
                    f"{board}: expected {most} bytes of {part} at most, "
                    f"found {used}"
                )
    if arguments.out:
        arguments.out.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
