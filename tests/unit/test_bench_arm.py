"""What peers execute on 64-bit ARM is counted and modelled as it is said."""

import json
import re
import struct
import sys
import types
from dataclasses import replace

import numpy as np
import pytest

from benchmarks import ROOT, THINNINGS
from benchmarks.harness import arm_backends as arm
from benchmarks.harness import arm_emulator as emulator
from benchmarks.harness.backend import Form
from benchmarks.harness.cache import REQUIREMENTS
from benchmarks.harness.process import Missing
from benchmarks.harness.registry import LITERT, PEERS, TORCH_EAGER
from benchmarks.harness.roi_runner import MARKS
from benchmarks.reports import arm_tables

FORMS = ("litert_fp32_prelu", "litert_fp32_relu")
# In the emulator's place: counts 1000, 2000, 4000, and a bit more by form and
# core. Each call of the empty loop has one RET.
COUNTER = """
import json, pathlib, sys
core, out, _, module, calls, backend, inputs, *paths = sys.argv[1:]
names, lines = [pathlib.Path(path).name for path in paths], []
for at, name in enumerate(names):
    each = 1000 * int(pathlib.Path(name).stem[-1])
    each += ("prelu" in name) + 100 * (core == "cortex-a53")
    loop = 7 * int(calls)
    lines += [f"{2 * at} 5a0 {int(calls) * each} b.ne #0x580\\n"]
    lines += [f"{2 * at} 5a4 {loop} ret\\n", f"{2 * at + 1} 5a4 {loop} ret\\n"]
pathlib.Path(out).write_text("".join(lines))
print(json.dumps(dict.fromkeys(names, [0.0, 1.0])))
"""


@pytest.fixture
def forms(tmp_path, monkeypatch):
    """Two forms of one peer, and in the emulator's place a program."""
    path = tmp_path / "counter"
    path.write_text(f"#!{sys.executable}\n{COUNTER}")
    path.chmod(0o755)
    monkeypatch.setattr(emulator, "packages", lambda peer: [])
    monkeypatch.setattr(
        emulator, "command", lambda core, _, out: [path, core, out]
    )
    monkeypatch.setattr(arm.cycles, "available", lambda: False)
    for activation in ("relu", "prelu"):
        for thinning in THINNINGS:
            name = f"logits_{activation}_{thinning}.npy"
            np.save(tmp_path / name, np.eye(2)[::-1])
    return [Form(LITERT, form, "python", tmp_path, tmp_path) for form in FORMS]


def test_instructions_of_a_call(forms):
    results = arm.counts(forms)
    prelu, relu = (results["arm_peers"][form] for form in FORMS)
    assert set(prelu) == set(relu) == set(emulator.CORES)
    assert prelu["cortex-a72"] == {"1": 1001, "2": 2001, "4": 4001}
    assert relu["cortex-a53"] == {"1": 1100, "2": 2100, "4": 4100}
    assert results["arm_peers_missing"] == {}
    assert "arm_peer_cycles" not in results


def test_modelled_are_the_best_form_and_the_best_kernels(forms, monkeypatch):
    monkeypatch.setattr(arm.cycles, "available", lambda: True)
    monkeypatch.setattr(arm.cycles, "modelled", lambda c, _: 2 * arm.total(c))
    monkeypatch.setattr(
        arm.cycles, "of_each", lambda texts, _: [3] * len(texts)
    )
    results = arm.counts(forms)
    for core in ("cortex-a53", "cortex-a72", "neoverse-n1"):
        cycles = results["arm_peer_cycles"][core]
        assert cycles == {FORMS[1]: {"1": 2000, "2": 4000, "4": 8000}}
        loop = results["arm_peer_loops"][core][FORMS[1]]
        assert loop["products"] == 0 and loop["instructions"] >= 1


def test_int8_is_chosen_apart():
    forms = {"a": "fp32_prelu", "b": "int8_prelu", "c": "int8_relu"}
    listed = [types.SimpleNamespace(key=k, form=f) for k, f in forms.items()]
    needs = {"a": 30, "b": 20, "c": 10}
    found = {
        form: {arm.CORE: {"1": {0: (n, "nop")}}} for form, n in needs.items()
    }
    assert set(arm.by_numbers(listed, found)) == {"a", "c"}


def test_the_form_of_the_ratio_is_always_modelled():
    forms = {"ort_int8": "int8_relu", "litert_int8": "int8_relu"}
    listed = [types.SimpleNamespace(key=k, form=f) for k, f in forms.items()]
    found = {
        form: {arm.CORE: {"1": {0: (n, "nop")}}}
        for n, form in enumerate(forms, 1)
    }
    assert arm.by_numbers(listed, found) == ["ort_int8", "litert_int8"]


def test_a_loop_is_of_128_products(monkeypatch):
    fmla = "fmla v0.4s, v1.4s, v2.s[0]"
    counts = {0: (1, "nop"), 4: (9, fmla), 8: (9, fmla), 12: (9, "b #0x4")}
    monkeypatch.setattr(arm.cycles, "of_each", lambda texts, _: [6])
    assert arm.loop(counts, "cortex-a53") == {
        "products": 8,
        "instructions": 3,
        "modelled_cycles_per_128": 96,
    }


def test_a_broken_peer_is_not_counted(forms):
    np.save(forms[1].networks / "logits_relu_2.npy", np.eye(2))
    results = arm.counts(forms)
    assert results["arm_peers"] == {}
    missing = results["arm_peers_missing"]
    assert set(missing) == set(FORMS)
    reason = missing[FORMS[1]]
    assert "fp32_relu_2 on ARM: expected the source's" in reason


def test_titles_of_peers_are_right():
    titles = {peer.title for peer in PEERS}
    assert set(arm.COUNTED) <= titles
    assert not set(arm.COUNTED) & set(arm.WHY_NOT)


def test_other_peers_are_named(forms):
    other = replace(LITERT, title="other", forms={"other": "fp32_relu"})
    folder = forms[0].networks
    results = arm.counts([*forms, Form(other, "other", "", folder, folder)])
    assert set(results["arm_peers"]) == set(FORMS)
    assert results["arm_peers_missing"] == {"other": arm.NO_WHEEL}


def test_without_a_python_for_arm(tmp_path, monkeypatch):
    monkeypatch.setattr(emulator, "ARM", tmp_path)
    with pytest.raises(Missing, match="make test-arm makes it"):
        emulator.machine()


def test_packages_of_peers(tmp_path, monkeypatch):
    asked = []

    def cached(name, sources, make):
        asked.append((name, *sources))
        return tmp_path

    monkeypatch.setattr(emulator, "cached", cached)
    assert emulator.packages(LITERT) == [tmp_path]
    folders = emulator.packages(TORCH_EAGER)
    assert folders == [tmp_path, emulator.ARM / "torch"]
    assert asked[0] == ("arm-litert", REQUIREMENTS / "litert.txt")


def test_a_process_gets_its_own_environment(tmp_path, monkeypatch):
    monkeypatch.setattr(emulator, "machine", lambda: tmp_path)
    words = emulator.command("cortex-a53", ["a", "b"], "counts")
    at = words.index("qemu-aarch64")
    assert words[:3] == ["env", "-i", f"PYTHONPATH=a:b:{ROOT}"]
    assert "OMP_NUM_THREADS=1" in words[:at]
    assert words[at + 1 : at + 5] == [
        *("-cpu", "cortex-a53"),
        *("-L", tmp_path / "cortex-a53"),
    ]
    assert words[-2].endswith("insn_roi.so,out=counts")


def test_marks_are_those_of_the_counter():
    text = emulator.PLUGIN.read_text()
    hints = re.findall(r"k(?:Begins|Ends)\[\] = \{(0x[0-9a-f]+)", text)
    begin, _, end, _ = struct.unpack("<4I", MARKS)
    assert [begin, end] == [int(hint, 16) for hint in hints]


def test_tables(forms, monkeypatch):
    counts = dict.fromkeys(THINNINGS, 500)
    cores = ("cortex-a53", "cortex-a72", "neoverse-n1")
    loop = {"modelled_cycles_per_128": 16.0}
    results = {
        **arm.counts(forms),
        "arm_instructions": counts,
        "arm_cycles": dict.fromkeys(cores, counts),
        "arm_peer_cycles": dict.fromkeys(
            cores, {FORMS[1]: {"1": 2000, "2": 1000, "4": 750}}
        ),
        "arm_loop": {"modelled_cycles_per_128": dict.fromkeys(cores, 1.5)},
        "arm_peer_loops": dict.fromkeys(cores, {FORMS[1]: loop}),
        "arm_peers_torch": "2.9",
        "commit": "0123456789abcdef",
    }
    results["arm_peers_missing"] = {FORMS[0]: "why"}
    text = json.dumps(results)
    monkeypatch.setattr(arm_tables, "load", lambda _: json.loads(text))
    lines = arm_tables.arm_instructions_table("")
    assert lines[2] == "| engine | 0 | 0 | 0 | 0 | 0 |"
    assert lines[3] == "| LiteRT FP32, ReLU | 1 | 2 | 4 | 1 | 1 |"
    assert "| LiteRT FP32, PReLU: why |  |  |  |  |  |" in lines
    cells = " | ".join(["2 (4.0) | 1 (1.5)"] * 3)
    assert f"| LiteRT FP32, ReLU | {cells} |" in arm_tables.arm_table("")
    loops = arm_tables.arm_loop_table("")
    assert "| LiteRT FP32, ReLU | 16.0 | 16.0 | 16.0 |" in loops


@pytest.mark.parametrize("lacking", ["emulator", "peers", "model of cores"])
def test_tables_of_what_there_is(lacking, monkeypatch):
    results = arm_tables.load("engine")
    of_peers = [key for key in results if key.startswith("arm_peer_")]
    without = [*of_peers, *(["arm_cycles"] if lacking != "peers" else [])]
    for key in without:
        del results[key]
    results["arm_peers"] = {}
    if lacking == "model of cores":
        del results["arm_loop"]["modelled_cycles_per_128"]
    if lacking == "emulator":
        del results["arm_loop"]
        results |= {"arm_instructions": None, "arm_note": "no emulator"}
    monkeypatch.setattr(arm_tables, "load", lambda _: results)
    tables = [table("") for table in arm_tables.TABLES.values()]
    counted, modelled = tables[0], [line for t in tables[1:] for line in t]
    if lacking == "emulator":
        assert counted == ["Not counted: no emulator."]
    else:
        assert counted[2].startswith("| engine |")
        assert counted[3].startswith("| torch, compiled FP32, PReLU: ")
    assert ("Not modelled." in modelled) == (lacking != "peers")


@pytest.mark.skipif(
    not arm.cycles.available(), reason=f"{arm.cycles.TOOL} is not installed"
)
def test_instructions_without_a_name_are_not_free():
    code = ".byte 0xff, 0xe0, 0xab, 0x4f"
    name = "sdot v31.4s, v7.16b, v11.4b[1]"
    for core in arm.cycles.CORES:
        found, expected = arm.cycles.of_each([[code] * 8, [name] * 8], core)
        assert found == expected >= 2 * 8 / 2
