"""The tables of keywords that are measured on people."""

from statistics import fmean
from typing import Any

from benchmarks.harness.keyword_peers import PEERS
from benchmarks.reports.common import (
    conditions,
    header,
    load,
    not_measured,
    row,
)
from benchmarks.reports.run_tables import accuracy

RATES = ("1", "5")  # false alarms per hour
PEER_RATES = ("0.5", *RATES)
NAMES = {
    "alone": "none, `--words` alone",
    "0": "none, and hours of other audio",
}


def keywords_table(name: str) -> list[str]:
    """Misses at rates of false alarms, by number of recordings."""
    r = load(name)
    lines = header(
        "recordings of each keyword",
        "missed at 1 false alarm an hour, % (95 % interval)",
        "at 5 an hour",
        "mean of the keywords, each by itself, at 1 / 5 an hour",
        "false alarms an hour at the stored threshold",
        "training, min",
    )
    for name in sorted(r["rows"], key=lambda n: -1 if n == "alone" else int(n)):
        lines.append(_row(NAMES.get(name, name), r["rows"][name]))
    rows = r["rows"].values()
    commits = {found["commit"][:12] for found in rows}
    clips = " or ".join(map(str, sorted({found["clips"] for found in rows})))
    hours = fmean(found["hours"] for found in rows)
    seeds = ", ".join(map(str, sorted({found["seed"] for found in rows})))
    return [
        *lines,
        "",
        f"{', '.join(r['words'])}, together; {clips} clips of people that were "
        f"not trained on, {hours:.1f} h of other audio; `{r['command']}`; "
        f"seed {seeds}; commit {', '.join(sorted(commits))}.",
    ]


def _row(name, found):
    rates = found["rates"]
    missed = [
        accuracy(rate["rejects_percent"], rate["rejects_interval"])
        if (rate := rates.get(wanted))
        else ""
        for wanted in RATES
    ]
    by_itself = " / ".join(
        f"{fmean(alone.values()):.0f}"
        for wanted in RATES
        if (alone := rates.get(wanted, {}).get("keywords"))
    )
    stored = "; ".join(
        accuracy(rate["per_hour"], rate["interval"])
        for rate in found["at_stored_threshold"]
    )
    return row(name, *missed, by_itself, stored, f"{found['minutes']:.0f}")


def peers_table(_: str) -> list[str]:
    """Other keyword spotters on the same recordings and other audio."""
    r = load("keywords")
    return peers_lines(r["peers"]) if "peers" in r else not_measured(r, "peers")


def peers_lines(r: dict[str, Any]) -> list[str]:
    """Returns the table of the results of ``benchmarks.peers``."""
    lines = header(
        "",
        "keyword",
        "missed at 0.5 false alarms an hour, % (95 % interval)",
        "at 1",
        "at 5",
        "at its own threshold",
        "false alarms an hour there",
        "CPU seconds per hour",
        "memory, MB",
        "model + code on disk, MB",
    )
    for peer in (peer for peer in PEERS if peer.key in r["rows"]):
        found = r["rows"][peer.key]
        names, costs = [peer.title, ""], [_cost(found), [""] * 3]
        for k, (word, counted) in enumerate(found["keywords"].items()):
            cells = _counted(counted)
            lines.append(row(names[k > 0], word, *cells, *costs[k > 0]))
    lines += [
        row(f"{peer.title}: missing ({r['missing'][peer.key]})", *[""] * 9)
        for peer in PEERS
        if peer.key in r["missing"]
    ]
    measured_by = conditions(r, [each["commit"] for each in r["rows"].values()])
    return [*lines, "", f"{_heard(r['rows'])}; {measured_by}"]


def _heard(rows):
    """Says what the spotters have heard."""
    found = {
        word: counted
        for row in rows.values()
        for word, counted in row["keywords"].items()
    }
    clips = ", ".join(
        f"{counted['at_own']['clips']} clips of {word}"
        for word, counted in found.items()
    )
    hours = max((counted["hours"] for counted in found.values()), default=0)
    return (
        f"Each keyword by itself, with 95 % intervals; {clips}; {hours:.1f} h "
        "of other audio. CPU seconds of one thread; memory: what loading and "
        "listening added to a process of Python with NumPy; on disk: without "
        "these two"
    )


def _counted(found):
    """The cells of what was counted of one keyword."""
    own = found["at_own"]
    return [
        *(
            accuracy(rate["rejects_percent"], rate["rejects_interval"])
            if (rate := found["rates"].get(wanted))
            else ""
            for wanted in PEER_RATES
        ),
        accuracy(own["rejects_percent"], own["rejects_interval"]),
        accuracy(own["per_hour"], own["per_hour_interval"]),
    ]


def _cost(found):
    """The cells of what a spotter needs."""
    sizes = (found["bytes"][part] / 1e6 for part in ("model", "library"))
    return [
        f"{found['cpu_s_per_hour']:.0f}",
        f"{found['memory_kib']['added_kib'] * 1024 / 1e6:.0f}",
        " + ".join(f"{size:.1f}" for size in sizes),
    ]


TABLES = {
    "keywords": keywords_table,
    "other_keywords": keywords_table,
    "keyword_peers": peers_table,
}
