"""The table of keywords that are measured on people."""

from statistics import mean

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
        found = r["rows"][name]
        missed = [
            accuracy(rate["rejects_percent"], rate["rejects_interval"])
            if (rate := found["rates"].get(wanted))
            else ""
            for wanted in RATES
        ]
        stored = "; ".join(
            accuracy(rate["per_hour"], rate["interval"])
            for rate in found["at_stored_threshold"]
        )
        minutes = f"{found['minutes']:.0f}"
        by_itself = " / ".join(
            f"{mean(alone.values()):.0f}"
            for wanted in RATES
            if (alone := found["rates"].get(wanted, {}).get("keywords"))
        )
        lines.append(
            row(NAMES.get(name, name), *missed, by_itself, stored, minutes)
        )
    first = next(iter(r["rows"].values()))
    commits = {found["commit"][:12] for found in r["rows"].values()}
    return [
        *lines,
        "",
        f"{', '.join(r['words'])}, together; {first['clips']} clips of people "
        f"that were not trained on, {first['hours']:.1f} h of other audio; "
        f"`{r['command']}`; seed {first['seed']}; commit "
        f"{', '.join(sorted(commits))}.",
    ]


TABLES = {"keywords": keywords_table}
