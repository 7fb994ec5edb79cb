"""The sections of a model card, each from one of the JSON files of its folder.

Each function gets the contents of the files by name, and the folder, and
returns Markdown; "" leaves the section out.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

from bifsmn_engine.detection import REFRACTORY_S
from speechbrain_bifsmn.evaluation.tables import (
    accuracy_table,
    class_table,
    confusion_table,
    describe_clips,
    describe_false_alarms,
    describe_speakers,
    false_alarms_table,
    robustness_table,
    share,
    speakers_table,
    table,
)
from speechbrain_bifsmn.operating_points.report import thresholds_text
from speechbrain_bifsmn.publishing.card_text import (
    FRONT_MATTER,
    INTRODUCTION,
    LICENCE,
    LIMITS,
    ROBUSTNESS,
    SPEED,
    USE,
)

RECIPE = "recipes/SpeechCommands/BiFSMNv2"

Found: TypeAlias = Mapping[str, Mapping[str, Any]]


def _of_speech_commands(results):
    """Whether trained on it, or on what comes with the package, which is."""
    task, data = results["task"], results["data"]
    own = task.startswith("Speech Commands") and "synthetic" not in data
    return own or bool(results.get("shipped"))


def front_matter(found: Found, _folder: Path) -> str:
    """The metadata for the hub, in YAML."""
    real = _of_speech_commands(found["results"])
    data = "datasets:\n- google/speech_commands\n" if real else ""
    return FRONT_MATTER.strip().format(datasets=data)


def introduction(found: Found, _folder: Path) -> str:
    """What the network is and tells apart."""
    results = found["results"]
    labels = ", ".join(results["labels"])
    return INTRODUCTION.strip().format(task=results["task"], labels=labels)


def headline(found: Found, _folder: Path) -> str:
    """Accuracy, and what it was measured on."""
    e = found["evaluation"]
    return (
        f"{_official(found['results'])}{accuracy_table(e)}\n\n"
        f"{describe_clips(e)}; "
        f"`{e['command']}`; model file {e['model']['crc32']} (CRC-32); commit "
        f"{e['commit'][:12]}; all of it in `evaluation.json`."
    )


def _official(r):
    """Accuracy on the official test set, where the run was tested on it."""
    if not r.get("test_set"):
        return ""
    names = (f"thinning {n}" for n in r["accuracy"])
    cells = (share(r["accuracy"][n], r["interval"][n]) for n in r["accuracy"])
    teacher = share(r["teacher_accuracy"], r["teacher_interval"])
    shown = table(["", *names, "teacher"], [["accuracy, %", *cells, teacher]])
    return (
        f"{shown}\n\nOn the official test set: {r['test_clips']:,} clips of "
        f"`{r['test_set']}`. All below is of other clips.\n\n"
    )


def use(found: Found, _folder: Path) -> str:
    """How to use the model."""
    return USE.strip()


def limits(found: Found, _folder: Path) -> str:
    """What the model is not for."""
    return LIMITS.strip()


def data(found: Found, _folder: Path) -> str:
    """Clips and speakers by split."""
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


def accuracy(found: Found, _folder: Path) -> str:
    """Accuracy by class, and confusions."""
    e = found["evaluation"]
    agree = ""
    if "engine" in e["accuracy"]:
        agree = (
            "Prediction mismatches between torch and the engine: "
            f"{e['disagreements']} of {e['test_clips']:,} clips.\n\n"
        )
    return (
        f"## Accuracy by class\n\n{agree}{class_table(e)}\n\n"
        "Confusion at thinning 1; rows are what was said, columns what was "
        f"decided:\n\n{confusion_table(e, '1')}"
    )


def robustness(found: Found, folder: Path) -> str:
    """Accuracy on distorted clips."""
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


def speakers(found: Found, _folder: Path) -> str:
    """Accuracy of speakers."""
    e = found["evaluation"]
    if not e.get("speakers", {}).get("quantiles"):
        return ""
    return (
        "## Speakers\n\nAccuracy of each speaker. With few clips of each, luck "
        "alone spreads it: the last row is the share that would be below 80 % "
        "if the network served all alike.\n\n"
        f"{speakers_table(e)}\n\n{describe_speakers(e)}."
    )


def false_alarms(found: Found, _folder: Path) -> str:
    """Detections in audio without keywords."""
    e = found["evaluation"]
    if "false_alarms" not in e:
        return ""
    return (
        "## False alarms\n\nDetections in recordings in which nobody says a "
        f"keyword, at the threshold of the file.\n\n{false_alarms_table(e)}\n\n"
        f"{describe_false_alarms(e)}."
    )


def operating_point(found: Found, folder: Path) -> str:
    """The tuned thresholds, and their rates."""
    t = found["tune"]
    thinnings = t["thinnings"]
    thresholds = thresholds_text(t["thresholds"])
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
        part = "hours and clips that chose it, hence optimistic"
    return (
        "## Operating point\n\nChosen by `bifsmn tune` for "
        f"{t['wanted_per_hour']:g} false alarms an hour on "
        f"{t['chosen_on']['hours']:.2f} hours of audio without keywords: "
        f"mean of {t['smoothing']} windows{apart}; thresholds: {thresholds}. "
        f"On {hours:.2f} {part} (95 % interval):\n\n"
        f"{table(['', *(f'thinning {d}' for d in thinnings)], rows)}{picture}"
    )


def size(found: Found, _folder: Path) -> str:
    """Parameters, weights and MACs."""
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


def speed(found: Found, _folder: Path) -> str:
    """Time of a decision."""
    s = found["engine"]
    thinnings = list(s["audio_to_decision_us"])
    rows = [
        (
            f"features to decision, µs ({s['isa']})",
            s["us"][f"bifsmn_{s['isa']}"],
        ),
        ("audio to decision, µs", s["audio_to_decision_us"]),
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


def training(found: Found, _folder: Path) -> str:
    """How to repeat the training."""
    r = found["results"]
    trained = ", ".join(
        f"{stage} {n} epochs in {r['seconds'][stage] / 60:.0f} minutes"
        for stage, n in r["epochs"].items()
    )
    versions = ", ".join(f"{k} {v}" for k, v in r["versions"].items())
    larger = found.get("data", {}).get("large_teacher", "")
    if larger:
        larger = (
            "Teacher and student learned the soft targets of a larger teacher, "
            f"whose weights have the SHA-256 `{larger}`. "
        )
    return (
        f"## Training\n\nIn `{RECIPE}`:\n\n```sh\n{r['command']}\n```\n\n"
        f"`{r['yaml']}`, seed {r['seed']}, commit {r['commit'][:12]}; "
        f"{trained}; {versions}. {larger}`results.json` has the rest, `student."
        "safetensors` and `teacher.safetensors` (half precision) the weights."
    )


def licence(found: Found, _folder: Path) -> str:
    """Licence of model and data."""
    data = LICENCE.strip() if _of_speech_commands(found["results"]) else ""
    return f"## Licence\n\nApache-2.0 (`LICENSE`). {data}".strip()
