"""The table of keywords that are measured on people."""

from statistics import fmean

from benchmarks.reports.common import header, load, row
from benchmarks.reports.run_tables import accuracy

RATES = ("1", "5")  # false alarms per hour
NAMES = {
    "alone": "none, `--words` alone",
    "0": "none, and hours of other audio",
}


def keywords_table(_: str) -> list[str]:
    """Misses at rates of false alarms, by number of recordings."""
    r = load("keywords")
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


TABLES = {"keywords": keywords_table}
