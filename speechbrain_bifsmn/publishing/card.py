"""The model card of a hub-shaped folder, from the JSON files in it.

Nothing in a card is written by hand: whoever changes a figure has to change
the file that it is from.
"""

from pathlib import Path

from bifsmn_engine.detection import REFRACTORY_S
from bifsmn_engine.files.json_object import read_object
from bifsmn_engine.printable import code_span, each_text, markdown
from speechbrain_bifsmn.evaluation.tables import (
    accuracy_table,
    class_table,
    clips_said,
    confusion_table,
    false_alarms_said,
    false_alarms_table,
    robustness_table,
    share,
    speakers_said,
    speakers_table,
    table,
)
from speechbrain_bifsmn.publishing.card_text import (
    FRONT_MATTER,
    INTRODUCTION,
    LICENCE,
    LIMITS,
    ROBUSTNESS,
    SPEED,
    USE,
)

# What a card is made of; all but the first are left out where they are not.
SOURCES = ("results", "data", "evaluation", "tune", "engine")
CODE = ("command", "yaml")  # in them, which is shown as code
RECIPE = "recipes/SpeechCommands/BiFSMNv2"


def make_card(folder):
    """Returns the text of a folder's ``README.md``.

    Arguments
    ---------
    folder : str | Path
        Holds ``results.json``, and maybe ``data.json``, ``evaluation.json``,
        ``tune.json`` and ``engine.json``.

    Returns
    -------
    str
    """
    folder = Path(folder)
    found = {
        name: _read(folder / f"{name}.json")
        for name in SOURCES
        if (folder / f"{name}.json").is_file()
    }
    parts = []
    for name, section in (
        ("results", _front_matter),
        ("results", _introduction),
        ("evaluation", _headline),
        ("results", _use),
        ("data", _data),
        ("evaluation", _accuracy),
        ("evaluation", _robustness),
        ("evaluation", _speakers),
        ("evaluation", _false_alarms),
        ("tune", _operating_point),
        ("results", _size),
        ("engine", _speed),
        ("results", _limits),
        ("results", _training),
        ("results", _licence),
    ):
        if name not in found:
            continue
        try:
            parts.append(section(found, folder))
        except (LookupError, TypeError, AttributeError, ValueError) as error:
            raise ValueError(
                f"{folder / name}.json: expected what a card can be made of, "
                f"found something else ({error!r}); measure again"
            ) from None
    return "\n\n".join(part for part in parts if part) + "\n"


def _read(path):
    """Reads a file; its texts become such that Markdown shows them as is."""
    content = read_object(path)
    codes = {key: code_span(content[key]) for key in CODE if key in content}
    return each_text(content, markdown) | codes


def _is_speech_commands(results):
    return results["task"].startswith("Speech Commands") and (
        "synthetic" not in results["data"]
    )


def _front_matter(found, _):
    real = _is_speech_commands(found["results"])
    data = "datasets:\n- google/speech_commands\n" if real else ""
    return FRONT_MATTER.strip().format(datasets=data)


def _introduction(found, _):
    results = found["results"]
    labels = ", ".join(results["labels"])
    return INTRODUCTION.strip().format(task=results["task"], labels=labels)


def _headline(found, _):
    e = found["evaluation"]
    return (
        f"{accuracy_table(e)}\n\n{clips_said(e)}; "
        f"`{e['command']}`; model file {e['model']['crc32']} (CRC-32); commit "
        f"{e['commit'][:12]}; all of it in `evaluation.json`."
    )


def _use(found, _):
    return USE.strip()


def _limits(found, _):
    return LIMITS.strip()


def _data(found, _):
    data = found["data"]
    rows = [
        [split, f"{s['clips']:,}", f"{s['speakers']:,}"]
        for split, s in data["splits"].items()
    ]
    counts = table(["", "clips", "speakers"], rows)
    labels = list(found["results"]["labels"])
    by_label = table(
        ["clips", *data["splits"]],
        [
            [
                label,
                *(s["labels"].get(label, 0) for s in data["splits"].values()),
            ]
            for label in labels
        ],
    )
    note = f"{data['note']}\n\n" if data["note"] else ""
    shared = "No speaker is in two splits."
    if data["speakers_in_two_splits"]:
        shared = f"{data['speakers_in_two_splits']} speakers are in two splits."
    return (
        f"## Data\n\n{found['results']['task']} ({found['results']['data']}). "
        f"{note}{shared}\n\n{counts}\n\n{by_label}"
    )


def _accuracy(found, _):
    e = found["evaluation"]
    agree = ""
    if "engine" in e["accuracy"]:
        agree = (
            "Torch and the engine decide differently on "
            f"{e['disagreements']} of {e['test_clips']:,} clips.\n\n"
        )
    return (
        f"## Accuracy by class\n\n{agree}{class_table(e)}\n\n"
        "Confusion at thinning 1; rows are what was said, columns what was "
        f"decided:\n\n{confusion_table(e, '0')}"
    )


def _robustness(found, folder):
    e = found["evaluation"]
    if "robustness" not in e:
        return ""
    r = e["robustness"]
    picture = ""
    if (folder / "noise.png").is_file():
        picture = "![Accuracy in noise](noise.png)\n\n"
    what = f"{r['clips']:,} clips, with the {r['system']}; seed {r['seed']}"
    return (
        f"## Robustness\n\n{ROBUSTNESS.strip()}\n\n{picture}"
        f"{robustness_table(e)}\n\n{what}."
    )


def _speakers(found, _):
    e = found["evaluation"]
    if not e.get("speakers", {}).get("quantiles"):
        return ""
    return (
        "## Speakers\n\nAccuracy of each speaker. With few clips of each, luck "
        "alone spreads it: the last row is the share that would be below 80 % "
        "if the network served all alike.\n\n"
        f"{speakers_table(e)}\n\n{speakers_said(e)}."
    )


def _false_alarms(found, _):
    e = found["evaluation"]
    if "false_alarms" not in e:
        return ""
    return (
        "## False alarms\n\nDetections in recordings in which nobody says a "
        f"keyword, at the threshold of the file.\n\n{false_alarms_table(e)}\n\n"
        f"{false_alarms_said(e)}."
    )


def _operating_point(found, folder):
    t = found["tune"]
    thinnings, shared = t["shared"]["thinnings"], t["shared"]
    threshold = next(iter(shared["thresholds"].values()))
    rows = [
        [
            "keywords rejected, %",
            *(
                share(d["rejects_percent"], d["rejects_interval"])
                for d in thinnings.values()
            ),
        ],
        [
            "false alarms an hour",
            *(
                share(d["per_hour"], d["per_hour_interval"])
                for d in thinnings.values()
            ),
        ],
    ]
    picture = ""
    if (folder / "det.png").is_file():
        picture = "\n\n![False rejects against false alarms](det.png)"
    hours = next(iter(thinnings.values()))["hours"]
    apart, seconds = "", t.get("refractory_s", REFRACTORY_S)
    if seconds != REFRACTORY_S:
        apart = f", {seconds:g} s between detections (`--refractory`)"
    part = "other hours, and clips that chose nothing"
    if t.get("figures_of") == "choose":
        part = "hours and clips that chose it, which flatters"
    return (
        "## Operating point\n\nChosen by `bifsmn tune` for "
        f"{t['wanted_per_hour']:g} false alarms an hour on "
        f"{t['chosen_on']['hours']:.2f} hours of audio without keywords: "
        f"threshold {threshold:g}, mean of {shared['smoothing']} windows"
        f"{apart}. On "
        f"{hours:.2f} {part} (95 % interval):\n\n"
        f"{table(['', *(f'thinning {d}' for d in thinnings)], rows)}{picture}"
    )


def _size(found, _):
    r = found["results"]
    thinnings = list(r["accuracy"])
    rows = [
        [
            f"1-bit, thinning {d}",
            f"{r['parameters'][d]:,}",
            f"{r['one_bit_weights'][d]:,}",
            f"{r['macs'][d]:,}",
            f"{100 * r['binary_macs'][d] / r['macs'][d]:.1f} %",
        ]
        for d in thinnings
    ]
    columns = ["", "parameters", "of them one bit", "MACs a second of audio"]
    counts = table([*columns, "of them in one bit"], rows)
    teacher = share(r["teacher_accuracy"], r["teacher_interval"])
    return (
        f"## Size\n\n`model.bifsmn` has {r['exported']['bytes']:,} bytes and "
        "holds all thinnings, front end and labels. The full-precision teacher "
        f"({teacher} % on the same test clips) needs "
        f"{r['teacher_stored_bytes']:,}.\n\n{counts}"
    )


def _speed(found, _):
    s = found["engine"]
    thinnings = list(s["audio_to_decision_us"])
    rows = [
        (
            f"features to decision, us ({s['path']})",
            s["us"][f"bifsmn_{s['path']}"],
        ),
        ("audio to decision, us", s["audio_to_decision_us"]),
    ]
    cells = [[name, *(f"{v[d]:.1f}" for d in thinnings)] for name, v in rows]
    if counts := s["arm_instructions"]:
        counted = [f"{counts[d]:,}" for d in thinnings]
        cells.append(["ARMv8 instructions, features to decision", *counted])
    return (
        f"## Speed\n\n{SPEED.strip()}\n\n"
        f"{table(['', *(f'thinning {d}' for d in thinnings)], cells)}\n\n"
        f"One thread of {s['machine']['processor']}, medians; "
        f"`{s['command']}`; commit {s['commit'][:12]}."
    )


def _training(found, _):
    r = found["results"]
    trained = ", ".join(
        f"{stage} {n} epochs in {r['seconds'][stage] / 60:.0f} minutes"
        for stage, n in r["epochs"].items()
    )
    versions = ", ".join(f"{k} {v}" for k, v in r["versions"].items())
    return (
        f"## Training\n\nIn `{RECIPE}`:\n\n```sh\n{r['command']}\n```\n\n"
        f"`{r['yaml']}`, seed {r['seed']}, commit {r['commit'][:12]}; "
        f"{trained}; {versions}. `results.json` has the rest, `student."
        "safetensors` and `teacher.safetensors` (half precision) the weights."
    )


def _licence(found, _):
    data = LICENCE.strip() if _is_speech_commands(found["results"]) else ""
    return f"## Licence\n\nApache-2.0 (`LICENSE`). {data}".strip()
