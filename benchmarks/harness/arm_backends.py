"""Counts the instructions that peers execute on 64-bit ARM, and models them.

Counted is ``invoke()``, its call from Python included, the loop around it not,
on one thread. The counts are the same in every run (ONNX Runtime's in int8 to a
ten-thousandth), but where a peer asks for memory in every call, as torch does,
they depend by a few percent on what was allocated before. An emulator's time
says nothing and is not taken; cycles are modelled as the engine's are
(``arm_cycles``).
"""

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import groupby
from typing import Any

import numpy as np

from benchmarks import THINNINGS
from benchmarks.harness import arm_cycles as cycles
from benchmarks.harness import arm_emulator as emulator
from benchmarks.harness.arm_cycles import Counts
from benchmarks.harness.backend import Form
from benchmarks.harness.process import Missing, available, say
from benchmarks.harness.registry import Peer

# Of the kernels that a core can run, those with fewest cycles are modelled.
# Neoverse N1 is Cortex-A76 for servers.
CAN_RUN = {
    "cortex-a53": ("cortex-a53", "cortex-a72"),
    "cortex-a72": ("cortex-a53", "cortex-a72"),
    "neoverse-n1": tuple(emulator.CORES),
}
# Forms are compared by their instructions here.
CORE = "cortex-a72"
ByCore = dict[str, dict[str, Counts]]  # {core: {thinning: counts}}
# Titles of peers, and why others are not counted.
COUNTED = ("LiteRT", "ONNX Runtime", "torch, eager")
NO_WHEEL = "no wheel for 64-bit ARM"
WHY_NOT = {
    "torch, compiled": "compiled for the machine that makes its models",
    "ExecuTorch": "its wheel needs a torch newer than the emulator can run",
}


def counts(forms: Sequence[Form]) -> dict[str, Any]:
    """Returns instructions and cycles of an ``invoke()``, or why not.

    Arguments
    ---------
    forms : sequence of Form
        The forms of all peers that run here.

    Returns
    -------
    dict
    """
    found: dict[str, ByCore] = {}
    fewest: list[str] = []
    missing: dict[str, str] = {}
    makers = []
    for peer, group in groupby(forms, lambda form: form.peer):
        of_one = list(group)
        keys = [form.key for form in of_one]
        make = partial(of_peer, peer, of_one)
        makers.append((f"{peer.title} on ARM", keys, make))
    for counted in available(makers, missing):
        found |= counted
        of_this = [form for form in forms if form.key in counted]
        fewest += by_numbers(of_this, counted)
    modelled: dict[str, Any] = {}
    if cycles.available():
        make = partial(models, found, fewest)
        for part in available([("Cycles on ARM", [], make)], missing):
            modelled = part
    return {
        "arm_peers": {
            key: {core: totals(counts) for core, counts in by_core.items()}
            for key, by_core in found.items()
        },
        **modelled,
        "arm_peers_torch": torch_version(),
        "arm_peers_missing": missing,
    }


def of_peer(peer: Peer, forms: Sequence[Form]) -> dict[str, ByCore]:
    """Returns what was counted: {form: {core: {thinning: counts}}}."""
    if peer.title not in COUNTED:
        raise Missing(WHY_NOT.get(peer.title, NO_WHEEL))
    found: dict[str, ByCore] = {form.key: {} for form in forms}
    for core in emulator.CORES:
        say(f"Counting instructions of {peer.title} on {core}")
        by_form, logits = emulator.count(core, forms)
        for form in forms:
            check(form, logits[form.key])
            found[form.key][core] = by_form[form.key]
    return found


def check(form: Form, logits: Mapping[str, Sequence[float]]) -> None:
    """Refuses a form that computes other logits than the source."""
    for thinning, found in logits.items():
        expected = form.expected(thinning)[0]
        difference = float(np.abs(np.array(found) - expected).max())
        form.refuse(thinning, difference, " on ARM")


def torch_version() -> str | None:
    """Returns the version that the emulator runs: not the one that trains."""
    folders = (emulator.ARM / "torch").glob("torch-*.dist-info")
    return next((f.name.split("-")[1][:-5] for f in folders), None)


def total(counts: Counts) -> int:
    """Returns how many instructions were executed."""
    return round(sum(executed for executed, _ in counts.values()))


def totals(by_thinning: Mapping[str, Counts]) -> dict[str, int]:
    """Returns how many instructions were executed, by thinning."""
    return {n: total(counts) for n, counts in by_thinning.items()}


def by_numbers(forms: Sequence[Form], found: dict[str, ByCore]) -> list[str]:
    """Lists the form with fewest instructions in FP32, and in int8.

    LiteRT in int8 with ReLU is always among them.
    """
    best: dict[str, str] = {}
    for form in sorted(forms, key=lambda f: total(found[f.key][CORE]["1"])):
        best.setdefault(form.form.partition("_")[0], form.key)
    always = [form.key for form in forms if form.key == "litert_int8"]
    return list(dict.fromkeys([*best.values(), *always]))


def models(found: dict[str, ByCore], keys: Sequence[str]) -> dict[str, Any]:
    """Returns cycles by core, form and thinning, and those of FP32 loops."""
    modelled: dict[str, dict[str, dict[str, int]]] = {}
    loops: dict[str, dict[str, dict[str, float]]] = {}
    for core, kernels in CAN_RUN.items():
        say(f"Modelling cycles of peers on {core}")
        modelled[core], loops[core] = {}, {}
        for key in keys:
            able: list[dict[str, Counts]] = []
            for counts in (found[key][kernel] for kernel in kernels):
                if counts not in able:  # many kernels are for all cores
                    able.append(counts)
            best = min(able, key=lambda c: cycles.modelled(c["1"], core))
            modelled[core][key] = {
                thinning: round(cycles.modelled(best[thinning], core))
                for thinning in THINNINGS
            }
            if "int8" not in key:
                loops[core][key] = loop(best["1"], core)
    return {"arm_peer_cycles": modelled, "arm_peer_loops": loops}


def loop(counts: Counts, core: str) -> dict[str, float]:
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
