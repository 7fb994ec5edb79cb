"""Writes the tables of README and docs, and plots, from results files.

    python -m benchmarks.reports [--check]

A table stands between ``<!-- table: NAME -->`` and ``<!-- end -->``. With
``--check`` nothing is written, and what is out of date is an error.
"""

import argparse
import re
import sys

from benchmarks import ROOT
from benchmarks.reports import (
    arm_tables,
    bench_tables,
    keyword_table,
    microcontroller_table,
    plots,
    run_tables,
    summary_table,
)

FILES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*/*.md")))
BLOCK = re.compile(r"(<!-- table: (\w+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)
TABLES = {
    **run_tables.TABLES,
    **bench_tables.TABLES,
    **arm_tables.TABLES,
    **keyword_table.TABLES,
    **microcontroller_table.TABLES,
    **summary_table.TABLES,
}


def filled(text: str) -> str:
    """Returns a page with its tables made anew."""

    def table(match: re.Match[str]) -> str:
        lines = TABLES.get(match[2], run_tables.run_table)(match[2])
        return match[1] + "\n".join(lines) + "\n" + match[4]

    return BLOCK.sub(table, text)


def main() -> None:
    """Writes or checks the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    for path in FILES:
        before = path.read_text(encoding="utf-8")
        after = filled(before)
        if before == after:
            continue
        if check:
            sys.exit(f"{path.name}: tables are out of date; run make tables")
        path.write_text(after, encoding="utf-8")
    for name in plots.stale():
        if check:
            sys.exit(f"{name}.png: is out of date; run make tables")
        plots.draw(name)


if __name__ == "__main__":
    main()
