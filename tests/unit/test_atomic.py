"""Files and folders are there whole, or as they were."""

import errno
import os
import stat
import subprocess
import sys

import pytest

from speechbrain_bifsmn.files import exchange as exchanging
from speechbrain_bifsmn.files.atomic import (
    atomic_folder,
    atomic_write,
    write_text,
)
from speechbrain_bifsmn.files.exchange import exchange


def anything(folder):
    """Takes the place of whatever is there."""


def test_a_file_is_replaced(tmp_path):
    path = tmp_path / "deep" / "file"
    for text in ("one", "twö"):
        write_text(path, text)
        assert path.read_text(encoding="utf-8") == text
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_what_fails_leaves_things_as_they_were(tmp_path, error):
    path = tmp_path / "file"
    path.write_text("before")
    with pytest.raises(error), atomic_write(path) as place:
        place.write_text("half of")
        raise error
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(error), atomic_folder(folder, anything) as place:
        (place / "half").write_text("of")
        raise error
    assert path.read_text() == "before"
    assert sorted(tmp_path.iterdir()) == [path, folder]
    assert not list(folder.iterdir())


def test_nothing_written_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError), atomic_write(tmp_path / "file"):
        pass


def test_a_device_or_a_folder_is_no_file_to_write(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in ("/dev/null", tmp_path / "pipe", tmp_path):
        before = os.stat(path)
        with pytest.raises(OSError, match="expected a file to write, found a"):
            write_text(path, "text")
        assert os.stat(path).st_mode == before.st_mode


def test_a_link_is_replaced_and_not_followed(tmp_path):
    (tmp_path / "target").write_text("kept")
    (tmp_path / "link").symlink_to("target")
    write_text(tmp_path / "link", "new")
    assert (tmp_path / "target").read_text() == "kept"
    assert not (tmp_path / "link").is_symlink()


def test_the_mode_stays_and_a_new_file_has_the_usual_one(tmp_path):
    (tmp_path / "usual").write_text("")
    write_text(tmp_path / "new", "")
    (tmp_path / "own").write_text("")
    (tmp_path / "own").chmod(0o640)
    write_text(tmp_path / "own", "again")
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in tmp_path.iterdir()}
    assert modes["new"] == modes["usual"] and modes["own"] == 0o640


def test_names_of_any_kind(tmp_path):
    for name in ("x" * 250, ".lock", "new", "ä" * 120, "a*[b]?", "a\nb"):
        write_text(tmp_path / name, name)
        write_text(tmp_path / name, name)
        assert (tmp_path / name).read_text() == name
        (tmp_path / name).unlink()
        assert not list(tmp_path.iterdir())


KILLED = """
import os, sys
from speechbrain_bifsmn.files.atomic import atomic_write

with atomic_write(sys.argv[1]) as place:
    place.write_text("half of")
    if sys.argv[2] == "wait":
        print(flush=True)
        sys.stdin.read()
    os.kill(os.getpid(), 9)
"""


def test_what_a_killed_process_left_is_cleared(tmp_path):
    path = tmp_path / "file"
    subprocess.run([sys.executable, "-c", KILLED, path, "die"])
    (left,) = tmp_path.iterdir()
    write_text(tmp_path / "other", "text")
    assert left.exists()
    write_text(path, "whole")
    assert not left.exists() and path.read_text() == "whole"


def test_what_a_living_process_writes_is_not_cleared(tmp_path):
    path = tmp_path / "file"
    command = [sys.executable, "-c", KILLED, path, "wait"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as writer:
        writer.stdout.readline()
        write_text(path, "whole")
        assert len(list(tmp_path.iterdir())) == 2
        writer.stdin.close()
    assert path.read_text() == "whole"


@pytest.fixture(params=["in one step", "in three", "no function"])
def way(request, monkeypatch):
    """How folders are swapped; the first is what this system has."""

    class Library:
        def renameat2(self, *_):
            exchanging.ctypes.set_errno(errno.EINVAL)
            return -1

    if request.param == "in three":
        monkeypatch.setattr(
            exchanging.ctypes, "CDLL", lambda *_, **__: Library()
        )
    if request.param == "no function":
        monkeypatch.setattr(exchanging.ctypes, "CDLL", lambda *_, **__: None)


def test_folders_are_swapped(tmp_path, way):
    for name in "ab":
        (tmp_path / name / "deep").mkdir(parents=True)
        (tmp_path / name / name).write_text(name)
    exchange(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "a" / "b").exists() and (tmp_path / "b" / "a").exists()
    assert len(list(tmp_path.iterdir())) == 2


def test_a_swap_that_fails_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        exchange(tmp_path / "a", tmp_path / "b")


def test_a_kill_in_the_middle_of_three_steps_is_mended(tmp_path):
    """What waits for its place is put back before anything is cleared."""
    folder = tmp_path / "folder"
    aside = tmp_path / ".folder.abcdefgh.bifsmn-tmp"
    (aside / "new.old").mkdir(parents=True)
    (aside / ".lock").touch()
    (aside / "new.old" / "diary").write_text("mine")
    seen = []
    with atomic_folder(folder, lambda f: seen.append(sorted(os.listdir(f)))):
        pass
    assert seen[0] == ["diary"]


def test_a_folder_is_looked_at_again_before_it_goes(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()

    def only_if_empty(there):
        if os.listdir(there):
            raise FileExistsError(there)

    with pytest.raises(FileExistsError), atomic_folder(folder, only_if_empty):
        (folder / "diary").write_text("mine")
    assert (folder / "diary").read_text() == "mine"
    assert list(tmp_path.iterdir()) == [folder]


def test_a_link_to_a_folder_stays_one(tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "link").symlink_to("home")
    with atomic_folder(tmp_path / "link", anything) as place:
        (place / "file").write_text("")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "home" / "file").exists()


def test_a_full_disk_leaves_things_as_they_were(tmp_path, monkeypatch):
    write_text(tmp_path / "file", "before")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_text(tmp_path / "file", "after")
    assert (tmp_path / "file").read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_file_in_place_of_the_folder_is_an_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        write_text(tmp_path / "file" / "below", "text")


def test_folders_that_only_look_alike_are_kept(tmp_path):
    for name, content in (
        (".file.mine.tmp", "thesis"),
        (".file.abcdefgh.bifsmn-tmp", "thesis"),
        (".file.other.abcdefgh.bifsmn-tmp", ".lock"),
        (".file.abcdefg.bifsmn-tmp", ".lock"),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / content).write_text("mine")
    (tmp_path / ".file.abcdefgj.bifsmn-tmp").write_text("mine")
    before = sorted(os.listdir(tmp_path))
    write_text(tmp_path / "file", "text")
    assert sorted(os.listdir(tmp_path)) == sorted([*before, "file"])


def test_the_working_directory_is_not_replaced(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OSError, match="found the working directory"):
        with atomic_folder(".", anything):
            pass
