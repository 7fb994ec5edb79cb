"""Counts the instructions that peers execute on 64-bit ARM, and models them.

Counted is ``invoke()``, its call from Python included, the loop around it not,
on one thread. The counts are the same in every run (ONNX Runtime's in int8 to a
ten-thousandth), but where a peer asks for memory in every call, as torch does,
they depend by a few percent on what was allocated before. An emulator's time
says nothing and is not taken; cycles are modelled as the engine's are
(arm_kernel/tests/arm/cycles.py).
"""

import sys
from functools import partial
from itertools import groupby

import numpy as np
from peers import emulator
from peers.prepare import Missing, obtained, say
from peers.sides import DEPTHS

sys.path.insert(0, str(emulator.PLUGIN.parent))
import cycles  # noqa: E402

# Of the kernels that a core can run, those that take least are modelled.
# Neoverse N1 is Cortex-A76 for servers.
CAN_RUN = {
    "cortex-a53": ("cortex-a53", "cortex-a72"),
    "cortex-a72": ("cortex-a53", "cortex-a72"),
    "neoverse-n1": tuple(emulator.CORES),
}
# Forms are compared by their instructions here.
CORE = "cortex-a72"
# Titles of peers, and why others are not counted.
COUNTED = ("LiteRT", "ONNX Runtime", "torch, eager")
NO_WHEEL = "no wheel for 64-bit ARM"
WHY_NOT = {
    "torch, compiled": "compiled for the machine that makes its models",
    "ExecuTorch": "its wheel needs a torch newer than the emulator can run",
}


def counts(sides):
    """Returns instructions and cycles of an ``invoke()``, or why not.

    Arguments
    ---------
    sides : list
        The forms of all peers that run here.
    """
    found, fewest, missing = {}, [], {}
    makers = []
    for peer, group in groupby(sides, lambda side: side.peer):
        forms = list(group)
        names = [side.engine for side in forms]
        make = partial(of_peer, peer, forms)
        makers.append((f"{peer.title} on ARM", names, make))
    for counted in obtained(makers, missing):
        found |= counted
        of_this = [side for side in sides if side.engine in counted]
        fewest += by_numbers(of_this, counted)
    return {
        "arm_peers": {
            form: {core: totals(counts) for core, counts in by_core.items()}
            for form, by_core in found.items()
        },
        **(models(found, fewest) if cycles.available() else {}),
        "arm_peers_torch": torch_version(),
        "arm_peers_missing": missing,
    }


def of_peer(peer, sides):
    """Returns what was counted: {form: {core: {depth: counts}}}."""
    if peer.title not in COUNTED:
        raise Missing(WHY_NOT.get(peer.title, NO_WHEEL))
    found = {side.engine: {} for side in sides}
    for core in emulator.CORES:
        say(f"Counting instructions of {peer.title} on {core}")
        by_form, logits = emulator.count(core, sides)
        for side in sides:
            check(side, logits[side.engine])
            found[side.engine][core] = by_form[side.engine]
    return found


def check(side, logits):
    """Refuses a form that computes other logits than the source."""
    for depth, found in logits.items():
        expected = side.expected(depth)[0]
        difference = float(np.abs(np.array(found) - expected).max())
        side.refuse(depth, difference, " on ARM")


def torch_version():
    """Returns the version that the emulator runs: not the one that trains."""
    folders = (emulator.ARM / "torch").glob("torch-*.dist-info")
    return next((f.name.split("-")[1][:-5] for f in folders), None)


def total(counts):
    """Returns how many instructions were executed."""
    return round(sum(executed for executed, _ in counts.values()))


def totals(by_depth):
    """Returns how many instructions were executed, by depth setting."""
    return {depth: total(counts) for depth, counts in by_depth.items()}


def by_numbers(sides, found):
    """Lists the form with fewest instructions in FP32, and in int8."""
    best = {}
    for side in sorted(sides, key=lambda s: total(found[s.engine][CORE]["0"])):
        best.setdefault(side.name.partition("_")[0], side.engine)
    return list(best.values())


def models(found, forms):
    """Returns modelled cycles by core, form and depth, and the FP32 loops'."""
    modelled, loops = {}, {}
    for core, kernels in CAN_RUN.items():
        say(f"Modelling cycles of peers on {core}")
        modelled[core], loops[core] = {}, {}
        for form in forms:
            able = []
            for counts in (found[form][kernel] for kernel in kernels):
                if counts not in able:  # many kernels are for all cores
                    able.append(counts)
            best = min(able, key=lambda c: cycles.modelled(c["0"], core))
            modelled[core][form] = {
                depth: round(cycles.modelled(best[depth], core))
                for depth in DEPTHS
            }
            if "int8" not in form:
                loops[core][form] = loop(best["0"], core)
    return {"arm_peer_cycles": modelled, "arm_peer_loops": loops}


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
