"""Counts the instructions that LiteRT executes on 64-bit ARM, and models them.

The wheel for that architecture runs in the Python that arm_kernel/tests/arm
makes, on one thread, with its XNNPACK kernels. Counted is ``invoke()``, its
binding to Python included, the loop around it not. The counts are exact and
the same in every run. An emulator's time says nothing and is not taken; cycles
are modelled as the engine's are (arm_kernel/tests/arm/cycles.py).
"""

import json
import os
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
from peers import prepare
from peers.prepare import Missing, run, say
from peers.sides import DEPTHS

PLUGIN = prepare.ENGINE / "tests" / "arm" / "insn_roi.cpp"
sys.path.insert(0, str(PLUGIN.parent))
import cycles  # noqa: E402

REQUIREMENTS = prepare.PEERS / "litert.txt"
ARM = Path(os.environ.get("BIFSMN_ARM_CACHE") or "~/.cache/bifsmn-arm")
ARM = ARM.expanduser()
# LiteRT has kernels for each of these cores: the first two are of ARMv8.0, in
# order and out of order; the last has the dot products of 8.2. It chooses by
# what Linux says of the processor (their part numbers, here), which the
# emulator would take from the machine that it runs on.
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
# Of the kernels that a core can run, those that take least are modelled.
# Neoverse N1 is Cortex-A76 for servers.
CAN_RUN = {
    "cortex-a53": ("cortex-a53", "cortex-a72"),
    "cortex-a72": ("cortex-a53", "cortex-a72"),
    "neoverse-n1": tuple(CORES),
}
# Of those of ARMv8.0 the one that needs fewer for the full network.
CORE = "cortex-a72"
CALLS = 20
MODELLED = ("litert_fp32", "litert_int8")


def counts(sides):
    """Returns instructions and cycles of an ``invoke()``, or why not.

    Arguments
    ---------
    sides : list
        The forms of LiteRT that run here.
    """
    results = {"arm_litert_instructions": None, "arm_litert_note": ""}
    if not sides:
        return {**results, "arm_litert_note": "LiteRT does not run here"}
    say("Counting instructions of LiteRT on ARM")
    try:
        folder = make_or_find()
        found = {core: of_core(folder, core, sides) for core in CORES}
    except Missing as error:
        return {**results, "arm_litert_note": str(error)}
    instructions = {core: totals(forms) for core, forms in found.items()}
    return {
        "arm_litert_instructions": instructions.pop(CORE),
        "arm_litert_other_cores": instructions,
        **(models(found) if cycles.available() else {}),
        "arm_litert_note": f"{CORE}, one thread, counted in an emulator",
    }


def totals(found):
    """Returns how many instructions were executed, by form and depth."""
    return {
        form: {depth: total(counts) for depth, counts in by_depth.items()}
        for form, by_depth in found.items()
    }


def models(found):
    """Returns modelled cycles by core, form and depth, and the loops'."""
    modelled, loops = {}, {}
    for core, kernels in CAN_RUN.items():
        modelled[core] = {}
        for form in MODELLED:
            able = [found[k][form] for k in kernels if form in found[k]]
            if not able:
                continue
            best = min(able, key=lambda c: cycles.modelled(c["0"], core))
            modelled[core][form] = {
                depth: round(cycles.modelled(counts, core))
                for depth, counts in best.items()
            }
            if form == "litert_fp32":
                loops[core] = loop(best["0"], core)
    return {"arm_litert_cycles": modelled, "arm_litert_loop": loops}


def total(counts):
    """Returns how many instructions were executed."""
    return round(sum(executed for executed, _ in counts.values()))


def loop(counts, core):
    """Models the loop with most multiplications, for each 128 of them."""
    texts = cycles.hottest(counts, "fmla ")
    products = 4 * sum(text.startswith("fmla ") for text in texts)
    return {
        "products": products,
        "instructions": len(texts),
        "modelled_cycles_per_128": round(
            cycles.of_each([texts], core)[0] * 128 / max(products, 1), 3
        ),
    }


def of_core(folder, core, sides):
    """Returns what was counted by form of LiteRT and depth setting."""
    found = {side.engine: count(folder, core, side) for side in sides}
    forms = [found[n] for n in found if n.startswith("litert_fp32_")]
    if forms:  # the one with fewer at full depth
        found["litert_fp32"] = min(forms, key=lambda form: total(form["0"]))
    return found


def make_or_find():
    """Returns the folder of what runs and counts."""
    if not (ARM / "complete").exists():
        raise Missing(
            f"expected a Python for 64-bit ARM in {ARM}, found none; "
            "arm_kernel/tests/arm/run.sh makes it"
        )
    sources = [PLUGIN, REQUIREMENTS, Path(__file__)]
    return prepare.cached("arm", sources, make)


def make(folder):
    """Makes a file system for each core, packages, the plugin that counts."""
    for core, part in CORES.items():
        root = folder / core
        root.mkdir()
        for entry in (ARM / "root").iterdir():
            (root / entry.name).symlink_to(entry)
        files = {**SYSTEM, "proc/cpuinfo": CPUINFO.format(part=part)}
        for name, text in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(f"{text}\n")
    version = (ARM / "root" / "usr" / "bin" / "python3").readlink().name
    install = [ARM / "tools" / "bin" / "uv", "pip", "install", "--quiet"]
    install += ["--only-binary", ":all:", "--target", folder / "packages"]
    install += ["--python-platform", "aarch64-manylinux_2_28"]
    install += ["--python-version", version.removeprefix("python")]
    run([*install, "-r", REQUIREMENTS])
    compiler = ["c++", "-std=c++17", "-O2", "-shared", "-fPIC"]
    run([*compiler, PLUGIN, "-o", folder / "insn_roi.so"])


def emulator(folder, core, out):
    """Returns the command that runs a Python script and counts."""
    command = ["qemu-aarch64", "-cpu", core, "-L", folder / core]
    variables = {
        "PYTHONPATH": folder / "packages",
        "PYTHONDONTWRITEBYTECODE": 1,
        "PYTHONHASHSEED": 0,  # then every run executes the same
    }
    for name, value in variables.items():
        command += ["-E", f"{name}={value}"]
    command += ["-plugin", f"{folder / 'insn_roi.so'},out={out}"]
    return [*command, ARM / "root" / "usr" / "bin" / "python3"]


def count(folder, core, side):
    """Counts one form of LiteRT.

    Returns
    -------
    counts : dict
        By depth setting {address: (executions, instruction)} of one call.
    """
    driver, inputs = Path(side.peer.driver).stem, side.networks / "inputs.npy"
    script = [prepare.PEERS / "marked.py", CALLS, driver, inputs]
    with tempfile.NamedTemporaryFile("r") as out:
        command = [*emulator(folder, core, out.name), *script, *side.paths]
        logits = json.loads(run(command))
        regions, texts = defaultdict(Counter), {}
        for line in out:
            region, at, executed, text = line.rstrip("\n").split(" ", 3)
            regions[int(region)][int(at, 16)] += int(executed)
            texts[int(at, 16)] = text
    found = {}
    for at, (depth, path) in enumerate(zip(DEPTHS, side.paths, strict=True)):
        check(side, depth, logits[path.name])
        invoked, empty = regions[2 * at], regions[2 * at + 1]
        invoked.subtract(empty)
        found[depth] = {
            address: (executed / CALLS, texts[address])
            for address, executed in invoked.items()
        }
    return found


def check(side, depth, logits):
    """Refuses a form that computes other logits than the source."""
    expected = side.expected(depth)[0]
    difference = float(np.abs(np.array(logits) - expected).max())
    side.refuse(depth, difference, " on ARM")
