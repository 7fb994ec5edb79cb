#!/usr/bin/env python3
"""Checks that a library for 64-bit ARM runs on every such processor.

    check_instructions.py FILE...
    check_instructions.py --self-test

Emulators and most boards have more than ARMv8.0, so running a program proves
nothing about the others. Here the assembler is asked: what it refuses to
assemble for plain armv8-a (cryptography, CRC32, the atomics of 8.1, half
precision, dot products, SVE, ...) came later or is optional.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

PREFIX = "aarch64-linux-gnu-"
INSTRUCTION = re.compile(r"^ *([0-9a-f]+):\t(\S.*)$")
FUNCTION = re.compile(r"^[0-9a-f]+ <(.+)>:$")
# One of every extension that a compiler might slip in.
LATER = [
    "aese v0.16b, v1.16b",
    "pmull v0.1q, v1.1d, v2.1d",
    "sha256h q0, q1, v2.4s",
    "crc32b w0, w1, w2",
    "ldaddal w0, w1, [x2]",
    "sqrdmlah v0.8h, v1.8h, v2.8h",
    "ldapr w0, [x1]",
    "fadd v0.8h, v1.8h, v2.8h",
    "fcmla v0.4s, v1.4s, v2.4s, #90",
    "udot v0.4s, v1.16b, v2.16b",
    "fmlal v0.4s, v1.4h, v2.4h",
    "bfdot v0.4s, v1.8h, v2.8h",
    "smmla v0.4s, v1.16b, v2.16b",
    "ptrue p0.b",
    "bsl z0.d, z0.d, z1.d, z2.d",
]


def disassemble(file):
    """Returns {instruction: functions that it is in}."""
    command = [f"{PREFIX}objdump", "-d", "--no-show-raw-insn", str(file)]
    done = subprocess.run(command, capture_output=True, text=True)
    found, function = {}, "?"
    for line in done.stdout.splitlines():
        if match := FUNCTION.match(line):
            function = match[1]
        elif match := INSTRUCTION.match(line):
            found.setdefault(_without_targets(match[2]), set()).add(function)
    if not found:
        raise SystemExit(f"expected code for 64-bit ARM, found none in {file}")
    return found


def _without_targets(instruction):
    """Replaces what only has a meaning at its place in the file."""
    instruction = re.sub(r"\s*//.*", "", instruction)
    return re.sub(r"\b[0-9a-f]+ <[^>]*>", ".", instruction).strip()


def refused(instructions):
    """Returns {instruction: why the assembler refuses it for armv8-a}."""
    ordered = sorted(instructions)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "all.s")
        source.write_text("\n".join(ordered) + "\n")
        command = [f"{PREFIX}as", "-march=armv8-a", "-o", f"{folder}/all.o"]
        done = subprocess.run(
            [*command, str(source)], capture_output=True, text=True
        )
    reasons = {}
    for line, reason in re.findall(r":(\d+): Error: (.*)", done.stderr):
        reasons.setdefault(ordered[int(line) - 1], reason)
    if done.returncode and not reasons:
        raise SystemExit(f"{command[0]}: {done.stderr}")
    return reasons


def check(file):
    """Prints what is not ARMv8.0; returns how many instructions that are."""
    found = disassemble(file)
    reasons = refused(found)
    for instruction, reason in reasons.items():
        places = ", ".join(sorted(found[instruction])[:3])
        print(f"{file}: {instruction!r} in {places}: {reason}")
    verdict = f"{len(reasons) or 'none'} of them after ARMv8.0"
    print(f"{file}: {len(found)} different instructions, {verdict}")
    return len(reasons)


def self_test():
    """Shows that the check finds what it should, and only that."""
    plain = ["eor v0.16b, v1.16b, v2.16b", "ldr q0, [x0]", "ret"]
    with tempfile.TemporaryDirectory() as folder:
        source, file = Path(folder, "self.s"), Path(folder, "self.o")
        source.write_text("\n".join(["f:", *plain, *LATER, ""]))
        march = "-march=armv8.6-a+crypto+fp16+fp16fml+sve2"
        command = [f"{PREFIX}as", march, "-o", str(file), str(source)]
        subprocess.run(command, check=True)
        found = disassemble(file)
    flagged = {instruction.split()[0] for instruction in refused(found)}
    expected = {instruction.split()[0] for instruction in LATER}
    if flagged != expected or len(found) != len(plain) + len(LATER):
        raise SystemExit(f"self-test: {flagged ^ expected} judged wrongly")
    print(f"self-test: finds {', '.join(sorted(flagged))}")


def main():
    """Runs the command line."""
    if sys.argv[1:] == ["--self-test"]:
        self_test()
    elif len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        raise SystemExit(__doc__)
    elif sum([check(file) for file in sys.argv[1:]]):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
