"""Manifests of Google Speech Commands, for SpeechBrain's data sets.

Reads a folder in the published layout (``<word>/*.wav``, the two official
lists, ``_background_noise_``) and writes ``train.csv``, ``valid.csv``,
``test.csv`` and ``noise.csv``. Every choice depends on names and seed alone:
two machines, in whatever order they list files, write the same manifests.

Run it by itself to look at a folder:
``python speech_commands_prepare.py --data_folder=DATA --save_folder=OUT``
"""

import argparse
import csv
import hashlib
import math
import os
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import soundfile
from tqdm import tqdm

SAMPLE_RATE = 16000
COMMANDS = "yes no up down left right on off stop go".split()
DIGITS = "zero one two three four five six seven eight nine".split()
OTHERS = (
    "backward bed bird cat dog follow forward happy house learn marvin sheila "
    "tree visual wow"
).split()
UNKNOWN, SILENCE = "unknown", "silence"
NOISE_FOLDER = "_background_noise_"
SPLITS = ("train", "valid", "test")
# Each split takes its silence from a stretch of its own of each recording.
NOISE_SHARES = {"train": (0.0, 0.8), "valid": (0.8, 0.9), "test": (0.9, 1.0)}
COLUMNS = ("ID", "duration", "wav", "start", "stop", "gain", "label", "speaker")


class Row(NamedTuple):
    """One line of a manifest: a stretch of a recording, and what it is."""

    wav: str  # relative to the data folder, with forward slashes
    start: int  # samples
    stop: int
    label: str
    speaker: str
    gain: float = 1.0


def task_labels(classes):
    """Returns the labels of a task, in the order of the network's outputs.

    Arguments
    ---------
    classes : int
        12 (ten commands, unknown, silence), 20 (commands and digits) or 35
        (all words of version 0.02; version 0.01 has 30 of them).

    Returns
    -------
    list of str
    """
    tasks = {
        12: [*COMMANDS, UNKNOWN, SILENCE],
        20: [*COMMANDS, *DIGITS],
        35: sorted([*COMMANDS, *DIGITS, *OTHERS]),
    }
    if classes not in tasks:
        raise ValueError(f"classes: expected 12, 20 or 35, got {classes}")
    return tasks[classes]


def prepare_speech_commands(
    data_folder,
    save_folder,
    classes=12,
    seed=1234,
    unknown_percentage=10,
    silence_percentage=10,
):
    """Writes the manifests of one task.

    Arguments
    ---------
    data_folder : str
        The unpacked data set.
    save_folder : str
        Where the folder ``manifest`` is made.
    classes : int
        See ``task_labels``.
    seed : int
        Of the draw of unknown words and silence.
    unknown_percentage, silence_percentage : float
        Clips of these two classes, relative to the clips of the commands in
        the same split; only with 12 classes.

    Returns
    -------
    dict
        Number of clips by split and label.
    """
    data = Path(data_folder)
    labels = task_labels(classes)
    clips = _list_clips(data, _read_splits(data))
    noise = sorted(p for p in (data / NOISE_FOLDER).glob("*.wav"))
    rows = {split: [] for split in SPLITS}
    for split in SPLITS:
        known = {w: clips[split].get(w, []) for w in labels}
        words = [(wav, label) for label in labels for wav in known[label]]
        if classes == 12:
            size = math.ceil(len(words) * unknown_percentage / 100)
            words += _draw_unknown(clips[split], size, seed)
        rows[split] = words
    lengths = _check_audio(data, rows, noise)
    for split in SPLITS:
        words = [
            Row(wav, 0, lengths[wav], label, _speaker(wav))
            for wav, label in rows[split]
        ]
        if classes == 12:
            known = sum(row.label != UNKNOWN for row in words)
            size = math.ceil(known * silence_percentage / 100)
            words += _draw_silence(noise, lengths, split, size, seed)
        rows[split] = sorted(words)
    counts = {s: Counter(row.label for row in rows[s]) for s in SPLITS}
    _check_counts(data, labels, counts)
    folder = Path(save_folder) / "manifest"
    for split in SPLITS:
        _write_manifest(folder / f"{split}.csv", rows[split])
    _write_manifest(folder / "noise.csv", _noise_rows(noise, lengths))
    return counts


def _read_splits(data):
    """Returns the split of each clip that the official lists name."""
    if not data.is_dir():
        raise FileNotFoundError(
            f"data_folder: expected the unpacked Speech Commands, found no "
            f"folder at {data}; download it, or leave data_folder out to train "
            "on synthetic speech"
        )
    split_of = {}
    for split, name in (
        ("valid", "validation_list.txt"),
        ("test", "testing_list.txt"),
    ):
        if not (data / name).is_file():
            raise FileNotFoundError(
                f"data_folder: expected the official list {name} in {data}, "
                "found none; unpack the whole archive there"
            )
        lines = (data / name).read_text(encoding="utf-8").splitlines()
        split_of.update({line.strip(): split for line in lines if line.strip()})
    return split_of


def _list_clips(data, split_of):
    """Returns ``{split: {word: [relative path, ...]}}``, all sorted."""
    clips = {split: {} for split in SPLITS}
    found = set()
    for folder in sorted(p for p in data.iterdir() if p.is_dir()):
        if folder.name[0] in "._":
            continue
        for path in sorted(folder.glob("*.wav")):
            if path.name.startswith("."):
                continue
            wav = f"{folder.name}/{path.name}"
            found.add(wav)
            split = split_of.get(wav, "train")
            clips[split].setdefault(folder.name, []).append(wav)
    missing = sorted(set(split_of) - found)
    if missing:
        _report(
            data, [f"{wav}: in an official list, not there" for wav in missing]
        )
    return clips


def _draw_unknown(clips_of, size, seed):
    others = [
        wav
        for word, wavs in clips_of.items()
        if word not in COMMANDS
        for wav in wavs
    ]
    others.sort(key=lambda wav: _hash(seed, wav))
    return [(wav, UNKNOWN) for wav in others[:size]]


def _hash(*key):
    text = "\n".join(map(str, key))
    return int(hashlib.sha1(text.encode()).hexdigest()[:15], 16)


def _speaker(wav):
    return Path(wav).name.split("_nohash_")[0].removesuffix(".wav")


def _stretch(length, split):
    """First and last sample of a recording that belong to a split."""
    first, last = NOISE_SHARES[split]
    return round(first * length), round(last * length)


def _draw_silence(noise, lengths, split, size, seed):
    """Draws stretches of one second, at volumes from none to full."""
    rows = []
    for index in range(size if noise else 0):
        number = _hash(seed, split, index)
        wav = f"{NOISE_FOLDER}/{noise[number % len(noise)].name}"
        first, last = _stretch(lengths[wav], split)
        places = last - first - SAMPLE_RATE + 1
        start = first + (number // 1009) % places
        gain = (number // 1013 % 1000) / 1000
        stop = start + SAMPLE_RATE
        rows.append(Row(wav, start, stop, SILENCE, "", gain))
    return rows


def _noise_rows(noise, lengths):
    """The stretches of the recordings that may be mixed into training clips."""
    rows = []
    for path in noise:
        wav = f"{NOISE_FOLDER}/{path.name}"
        rows.append(Row(wav, *_stretch(lengths[wav], "train"), SILENCE, ""))
    return rows


def _check_audio(data, rows, noise):
    """Returns samples by file; raises one error that names all damage."""
    wavs = [wav for split in SPLITS for wav, _ in rows[split]]
    wavs += [f"{NOISE_FOLDER}/{path.name}" for path in noise]
    lengths, damage = {}, []
    for wav in tqdm(wavs, "Checking audio", unit="clip", leave=False):
        try:
            lengths[wav] = _check_file(data / wav)
        except ValueError as error:
            damage.append(f"{wav}: {error}")
    if damage:
        _report(data, damage)
    return lengths


def _check_file(path):
    try:
        info = soundfile.info(path)
    except soundfile.SoundFileError:
        size = path.stat().st_size
        raise ValueError(f"not readable as audio ({size} bytes)") from None
    if (info.samplerate, info.channels) != (SAMPLE_RATE, 1):
        raise ValueError(
            f"{info.samplerate} Hz and {info.channels} channel(s), expected "
            f"{SAMPLE_RATE} Hz mono"
        )
    # Ten seconds leave each split of a noise recording its own second.
    least = 10 * SAMPLE_RATE if path.parent.name == NOISE_FOLDER else 1
    if info.frames < least:
        raise ValueError(f"{info.frames} samples, expected at least {least}")
    return info.frames


def _report(data, damage):
    raise ValueError(
        f"data_folder: expected whole 16 kHz mono recordings, found "
        f"{len(damage)} damaged in {data}; unpack the archive again or remove "
        "them:\n  " + "\n  ".join(damage)
    )


def _check_counts(data, labels, counts):
    for split in SPLITS:
        empty = [label for label in labels if not counts[split][label]]
        if split == "train" and SILENCE in empty:
            raise ValueError(
                f"data_folder: expected recordings in {data / NOISE_FOLDER}, "
                "found none; silence is made of them"
            )
        if len(labels) == 35 and set(empty) < set(OTHERS):
            continue  # version 0.01 has 30 of the 35 words
        if empty:
            raise ValueError(
                f"data_folder: expected {split} clips of {', '.join(labels)} "
                f"in {data}, found none of {', '.join(empty)}; use the whole "
                "data set or a task with fewer classes"
            )


def _write_manifest(path, rows):
    """Writes a manifest whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    with open(temporary, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for row in rows:
            name = f"{row.wav.removesuffix('.wav')}_{row.start}_{row.gain:g}"
            wav = f"$data_root/{row.wav}"
            seconds = (row.stop - row.start) / SAMPLE_RATE
            span = (row.start, row.stop, row.gain)
            who = (row.label, row.speaker)
            writer.writerow((name, f"{seconds:.4f}", wav, *span, *who))
    os.replace(temporary, path)


def summary(counts, labels):
    """Returns a table of the clips by label and split."""
    lines = [f"{'label':<10}" + "".join(f"{split:>8}" for split in SPLITS)]
    for label in [*labels, "all"]:
        numbers = [
            counts[s].total() if label == "all" else counts[s][label]
            for s in SPLITS
        ]
        lines.append(f"{label:<10}" + "".join(f"{n:>8}" for n in numbers))
    return "\n".join(lines)


def main():
    """Prepares a folder from the command line and prints the counts."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data_folder", required=True)
    parser.add_argument("--save_folder", required=True)
    parser.add_argument("--classes", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1234)
    options = vars(parser.parse_args())
    try:
        counts = prepare_speech_commands(**options)
    except (OSError, ValueError) as error:
        parser.exit(2, f"{error}\n")
    print(summary(counts, task_labels(options["classes"])))


if __name__ == "__main__":
    main()
