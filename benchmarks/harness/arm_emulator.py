"""Runs the peers' wheels for 64-bit ARM in an emulator that counts.

The Python is the one that arm_kernel/tests/arm makes. A process gets an
environment of a few variables and no other: what else the caller's holds would
change what lies where, and with it the counts.
"""

import json
import os
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks import ROOT, THINNINGS
from benchmarks.harness.arm_count import PLUGIN, build_plugin
from benchmarks.harness.arm_cycles import Counts
from benchmarks.harness.backend import Form
from benchmarks.harness.cache import REQUIREMENTS, cached
from benchmarks.harness.process import Missing, run, say
from benchmarks.harness.registry import Peer

ARM = Path(os.environ.get("BIFSMN_ARM_CACHE") or "~/.cache/bifsmn-arm")
ARM = ARM.expanduser()
# The first two are of ARMv8.0, in order and out of order; the last has the dot
# products of 8.2. A peer chooses its kernels by the instructions that a core
# has and by what Linux says of it (the part numbers here), which the emulator
# would take from the machine that it runs on.
CORES = {"cortex-a53": "0xd03", "cortex-a72": "0xd08", "cortex-a76": "0xd0b"}
CPUINFO = """\
processor\t: 0
CPU implementer\t: 0x41
CPU architecture: 8
CPU part\t: {part}
"""
CPU = "sys/devices/system/cpu"
SYSTEM = {
    f"{CPU}/possible": "0",
    f"{CPU}/present": "0",
    f"{CPU}/cpu0/cache/index2/level": "2",
    f"{CPU}/cpu0/cache/index2/size": "512K",
    f"{CPU}/cpu0/cache/index2/shared_cpu_list": "0",
    f"{CPU}/cpu0/topology/physical_package_id": "0",
    f"{CPU}/cpu0/topology/cluster_cpus_list": "0",
}
CALLS = 20


def machine() -> Path:
    """Returns a folder: a file system for each core, the plugin that counts."""
    if not (ARM / "complete").exists():
        raise Missing(
            f"expected a Python for 64-bit ARM in {ARM}, found none; "
            "make test-arm makes it"
        )
    return cached("arm", [PLUGIN, Path(__file__)], make)


def make(folder: Path) -> None:
    """Fills that folder."""
    for core, part in CORES.items():
        root = folder / core
        root.mkdir()
        for entry in (ARM / "root").iterdir():
            (root / entry.name).symlink_to(entry)
        files = {**SYSTEM, "proc/cpuinfo": CPUINFO.format(part=part)}
        for name, text in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(f"{text}\n")
    build_plugin(folder / "insn_roi.so")


def packages(peer: Peer) -> list[Path]:
    """Returns the folders of what a peer's runner imports.

    Arguments
    ---------
    peer : Peer
        Where it takes the torch that trains, it gets the newest of which the
        wheel runs on every core.

    Returns
    -------
    list of Path
    """
    path = REQUIREMENTS / peer.requirements

    def install(folder: Path) -> None:
        say(f"Installing {peer.requirements} for ARM into {folder}")
        version = (ARM / "root" / "usr" / "bin" / "python3").readlink().name
        command = [ARM / "tools" / "bin" / "uv", "pip", "install", "--quiet"]
        command += ["--only-binary", ":all:", "--target", folder]
        command += ["--python-platform", "aarch64-manylinux_2_28"]
        command += ["--python-version", version.removeprefix("python")]
        run([*command, "-r", path])

    found = [cached(f"arm-{path.stem}", [path], install)]
    return [*found, ARM / "torch"] if peer.project_torch else found


def command(core: str, folders: Iterable[Path], out: str) -> list[Any]:
    """Returns the command that runs Python and counts into a file."""
    folder = machine()
    variables = {
        "PYTHONPATH": ":".join(map(str, [*folders, ROOT])),
        "PYTHONDONTWRITEBYTECODE": 1,
        "PYTHONHASHSEED": 0,
        "OMP_NUM_THREADS": 1,
        "ORT_DISABLE_TELEMETRY": 1,  # ONNX Runtime's thread would be counted
    }
    return [
        *("env", "-i", *(f"{name}={v}" for name, v in variables.items())),
        *("qemu-aarch64", "-cpu", core, "-L", folder / core),
        *("-plugin", f"{folder / 'insn_roi.so'},out={out}"),
        ARM / "root" / "usr" / "bin" / "python3",
    ]


def count(
    core: str, forms: Sequence[Form]
) -> tuple[dict[str, dict[str, Counts]], dict[str, dict[str, list[float]]]]:
    """Counts the forms of one peer, in one process.

    Returns
    -------
    counts : dict
        By name and thinning {address: (executions, instruction)} of one call.
    logits : dict
        By name and thinning, of the first input.
    """
    peer, inputs = forms[0].peer, forms[0].networks / "inputs.npy"
    runner = ["-m", "benchmarks.harness.roi_runner", CALLS, peer.runner]
    files = [file for form in forms for file in form.files]
    with tempfile.NamedTemporaryFile("r") as out:
        emulator = command(core, packages(peer), out.name)
        found = json.loads(run([*emulator, *runner, inputs, *files]))
        calls = iter(list(regions(out)))
    counts, logits = {}, {}
    for form in forms:
        counts[form.key] = dict(zip(THINNINGS, calls, strict=False))
        logits[form.key] = {
            thinning: found[file.name]
            for thinning, file in zip(THINNINGS, form.files, strict=True)
        }
    return counts, logits


def regions(lines: Iterable[str]) -> Iterator[Counts]:
    """Yields {address: (executions, instruction)} of one call, by model.

    Every other region is an empty loop, which is taken off.
    """
    executed: defaultdict[int, Counter[int]] = defaultdict(Counter)
    texts: dict[int, str] = {}
    for line in lines:
        number, at, times, text = line.rstrip("\n").split(" ", 3)
        executed[int(number)][int(at, 16)] += int(times)
        texts[int(at, 16)] = text
    for region in range(0, len(executed), 2):
        executed[region].subtract(executed[region + 1])
        yield {
            address: (times / CALLS, texts[address])
            for address, times in executed[region].items()
        }
