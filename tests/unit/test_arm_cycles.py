"""Modelling the cycles of counted instructions."""

import pytest

from benchmarks.harness import arm_count
from benchmarks.harness import arm_cycles as cycles

COUNTS = {
    0x100: (1, "mov x1, #0xa"),
    0x104: (10, "fmla v0.4s, v1.4s, v2.s[0]"),
    0x108: (10, "subs x1, x1, #1"),
    0x10C: (10, "b.ne #0x104"),
    0x110: (10, "fmla v0.4s, v1.4s, v2.s[0]"),
    0x200: (10, "ret"),
}
needs_tool = pytest.mark.skipif(
    not cycles.available(), reason=f"{cycles.TOOL} is not installed"
)


def test_blocks_end_at_branches_gaps_and_other_counts():
    found = cycles.blocks(COUNTS)
    assert [(executed, len(texts)) for executed, texts in found] == [
        (1, 1),
        (10, 3),
        (10, 1),
        (10, 1),
    ]


def test_the_hottest_block():
    counts = {**COUNTS, 0x110: (25, "fmla v0.4s, v1.4s, v2.s[0]")}
    assert cycles.hottest(counts, "fmla ") == [counts[0x110][1]]
    assert len(cycles.hottest(counts, "subs ")) == 3


def test_the_loop_of_the_engine(monkeypatch, capsys):
    monkeypatch.setattr(arm_count.arm_cycles, "available", lambda: False)
    look_up = "tbl v0.16b, {v1.16b}, v2.16b"
    body = [look_up, "add v3.16b, v3.16b, v0.16b", look_up, "ldr q4, [x1]"]
    loop = arm_count.model_loop([*body, "subs x2, x2, #1", "b.ne #0x100"])
    assert loop == {
        "products_of_128": 2,
        "instructions": 6,
        "vector_per_128": 2,
    }
    assert arm_count.model_loop(["ret"]) == {}
    arm_count.check({"instructions": {}, "loop": loop})
    assert "loop: 2.0 vector instructions" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="expected at most"):
        arm_count.check({"instructions": {}, "loop": {"vector_per_128": 3}})
    with pytest.raises(SystemExit, match="neon has none"):
        arm_count.check({"instructions": {}, "isa": "neon"})


@needs_tool
@pytest.mark.parametrize("core", cycles.CORES)
def test_chains_take_their_latency(core):
    chain = ["fmul v0.4s, v0.4s, v1.4s"] * 4
    apart = [f"fmul v{i}.4s, v8.4s, v9.4s" for i in range(4)]
    slow, fast, none = cycles.of_each([chain, apart, ["udf #0"]], core)
    assert slow >= 3 * 4 and 2 <= fast <= slow / 2
    assert none <= 1


@needs_tool
def test_cycles_are_of_all_that_was_executed():
    once = cycles.modelled(COUNTS, "cortex-a72")
    often = {at: (7 * n, text) for at, (n, text) in COUNTS.items()}
    assert once > 0
    assert cycles.modelled(often, "cortex-a72") == pytest.approx(7 * once)
