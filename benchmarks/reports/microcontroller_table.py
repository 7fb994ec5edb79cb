"""The table of what ``make test-mcu`` measures."""

from benchmarks.reports.common import header, load, row

ROWS = {
    "flash": {
        "code": "code",
        "tables": "tables of the front end",
        "model": "the model",
    },
    "ram": {
        "memory": "the spotter's memory",
        "variables": "other variables of the example",
        "stack": "stack, as deep as it was",
        "window": "a window of audio",
    },
    "instructions": {
        "load": "check and load the model",
        "features": "a second of audio to features",
        "logits 1": "features to logits, thinning 1",
        "logits 2": "thinning 2",
        "logits 4": "thinning 4",
        "classify": "a second of audio to posteriors",
        "move": "the next hop of a stream to posteriors",
        "reference": "the reference, features to logits",
    },
}
TITLES = {"flash": "flash, bytes", "ram": "RAM, bytes"}


def microcontroller_table(_: str) -> list[str]:
    """What a device needs: flash, RAM, and time as instructions."""
    boards = load("microcontroller")
    lines = header("", *(board["processor"] for board in boards.values()))
    for part, rows in ROWS.items():
        title = TITLES.get(part, "thousands of instructions")
        unit = 1000 if part == "instructions" else 1
        for name, words in rows.items():
            cells = [board[part][name] for board in boards.values()]
            if any(cells):
                words = f"{title}: {words}"
                lines.append(row(words, *(f"{n / unit:,.0f}" for n in cells)))
        if unit == 1:
            sums = [sum(board[part].values()) for board in boards.values()]
            lines.append(row(f"**{title}**", *(f"**{n:,}**" for n in sums)))
    return lines


TABLES = {"microcontroller": microcontroller_table}
