"""What belongs to the user stays."""

import json
import os

import pytest

from speechbrain_bifsmn.files.owned import (
    MARKER,
    adopt,
    check_listed,
    claim,
    owned_file,
    owned_folder,
    owner,
)


def make(folder, text="made", command="synth"):
    with owned_folder(folder, command) as new:
        (new / "word").mkdir()
        (new / "word" / "clip.wav").write_text(text)
        (new / "list.txt").write_text(text)


def test_a_command_replaces_what_it_made(tmp_path):
    folder = tmp_path / "corpus"
    for text in ("one", "two"):
        make(folder, text)
        assert (folder / "list.txt").read_text() == text
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "x.pyc").write_bytes(b"")
    (folder / ".DS_Store").write_bytes(b"")
    make(folder, "three")
    assert sorted(os.listdir(folder)) == [MARKER, "list.txt", "word"]


CHANGES = {
    "a file beside": lambda f: (f / "mine.wav").write_text("mine"),
    "a file below": lambda f: (f / "word" / "mine.wav").write_text("mine"),
    "a folder of theirs": lambda f: _write(f / "new" / "mine.wav"),
    "a file changed": lambda f: (f / "list.txt").write_text("mine"),
    "a file of the same size": lambda f: (f / "list.txt").write_text("mAde"),
    "a link in place": lambda f: _link(f / "list.txt"),
    "a link to a folder": lambda f: (f / "link").symlink_to("/etc"),
    "a link to nothing": lambda f: (f / "link").symlink_to("nothing"),
    "a pipe": lambda f: os.mkfifo(f / "pipe"),
    "a hidden file": lambda f: (f / ".mine").write_text("mine"),
    "a marker that is a pipe": lambda f: _pipe(f / MARKER),
    "a marker that is a link": lambda f: _link(f / MARKER),
    "no marker": lambda f: (f / MARKER).unlink(),
    "a marker of another": lambda f: (f / MARKER).write_text(
        json.dumps({"command": "publish", "files": {}})
    ),
    **{
        f"a marker that is {text[:20]}": (
            lambda f, text=text: (f / MARKER).write_text(text)
        )
        for text in ("", "[]", "null", "{}", "[" * 100_000, '{"command": 1}')
        + ('{"command": "synth", "files": []}',)
        + ('{"command": "synth", "files": {"list.txt": 5}}',)
    },
}


def _write(path):
    path.parent.mkdir()
    path.write_text("mine")


def _pipe(path):
    path.unlink()
    os.mkfifo(path)


def _link(path):
    path.rename(path.with_name("target"))
    path.symlink_to("target")


def contents(folder):
    found = {}
    for root, folders, files in os.walk(folder):
        for name in [*folders, *files]:
            path = os.path.join(root, name)
            kind = os.lstat(path).st_mode
            text = open(path, "rb").read() if os.path.isfile(path) else None
            found[os.path.relpath(path, folder)] = (kind, text)
    return found


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_anything_of_the_user_is_kept(tmp_path, change):
    folder = tmp_path / "corpus"
    make(folder)
    change(folder)
    before = contents(tmp_path)
    with pytest.raises(FileExistsError, match="expected a new folder") as error:
        make(folder, "again")
    assert "\n" not in str(error.value) and "corpus" in str(error.value)
    assert contents(tmp_path) == before


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "corpus").write_text("mine")
    with pytest.raises(FileExistsError, match="found a file at"):
        make(tmp_path / "corpus")


def test_a_file_of_the_user_in_place_is_kept(tmp_path):
    claim(tmp_path, "tune")
    with owned_file(tmp_path / "tune.json", "tune") as place:
        place.write_text("one")
    (tmp_path / "tune.json").write_text("mine")
    (tmp_path / "det.png").write_text("mine")
    for name in ("tune.json", "det.png"):
        with pytest.raises(FileExistsError, match=f"{name}: expected none"):
            with owned_file(tmp_path / name, "tune") as place:
                place.write_text("two")
        assert (tmp_path / name).read_text() == "mine"
    with pytest.raises(FileExistsError, match="tune.json changed"):
        check_listed(tmp_path)


def test_a_folder_of_another_is_not_written_into(tmp_path):
    (tmp_path / "diary").write_text("mine")
    with pytest.raises(FileExistsError, match="expected a new folder"):
        claim(tmp_path, "tune")
    make(tmp_path / "corpus")
    with pytest.raises(FileExistsError, match="expected a new folder"):
        with owned_file(tmp_path / "corpus" / "tune.json", "tune"):
            pass
    assert owner(tmp_path / "corpus") == "synth"


def test_what_was_written_by_other_means_is_listed(tmp_path):
    claim(tmp_path, "train")
    (tmp_path / "env.log").write_text("here")
    adopt(tmp_path, ["env.log"])
    check_listed(tmp_path)
    with owned_file(tmp_path / "env.log", "train") as place:
        place.write_text("there")
    check_listed(tmp_path)
