"""Archives of strangers: taken whole, or refused by what is in them."""

import gzip
import io
import resource
import shutil
import stat
import subprocess
import tarfile
from collections import namedtuple

import pytest

from speechbrain_bifsmn.files import archive as module
from speechbrain_bifsmn.files.archive import unpack


def entry(name, content=b"", **head):
    """A member as bytes: its head, its content, and zeros."""
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for key, value in head.items():
        setattr(info, key, value)
    padding = bytes(-len(content) % 512)
    form = tarfile.GNU_FORMAT if len(name) > 250 else tarfile.USTAR_FORMAT
    return info.tobuf(form) + content + padding


def tar(*entries, end=bytes(1024)):
    return gzip.compress(b"".join(entries) + end, 1)


def pax(notes, kind=tarfile.XHDTYPE):
    lines = b""
    for key, value in notes.items():
        text = f" {key}={value}\n".encode()
        size = len(text) + 2
        size += len(str(size)) - 2
        lines += str(size).encode() + text
    return entry("notes", lines, type=kind)


def altered(block, at, text):
    """A member with other bytes in its head, and a checksum that fits."""
    block = bytearray(block)
    block[at : at + len(text)] = text
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block[:512])
    return bytes(block)


def attempt(folder, content, max_bytes=10_000):
    (folder / "a.tar.gz").write_bytes(content)
    return unpack(folder / "a.tar.gz", folder / "data", max_bytes)


def left(folder):
    return sorted(path.name for path in folder.iterdir())


FILE = entry("./yes/a.wav", b"abc" * 300, mode=0o4777)


def test_files_and_folders(tmp_path):
    (tmp_path / "data").mkdir()  # empty is as good as none
    folder = attempt(
        tmp_path,
        tar(
            entry("./", type=tarfile.DIRTYPE),
            entry("./yes/", type=tarfile.DIRTYPE, mode=0o777),
            FILE,
            entry("no//empty.wav", type=tarfile.AREGTYPE),
            end=bytes(20480),
        ),
    )
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    assert files == {"yes/a.wav": b"abc" * 300, "no/empty.wav": b""}
    mode = stat.S_IMODE((folder / "yes/a.wav").stat().st_mode)
    assert not mode & 0o7133  # no bits of its own, none may write or run it
    with pytest.raises(FileExistsError, match="expected none or an empty one"):
        attempt(tmp_path, tar(FILE))
    assert left(tmp_path) == ["a.tar.gz", "data"]


def test_what_python_and_gnu_tar_write(tmp_path):
    (tmp_path / "yes").mkdir()
    (tmp_path / "yes" / "a.wav").write_bytes(b"abc")
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as file:
        file.add(tmp_path / "yes", "yes")  # with times as pax headers
    folder = unpack(tmp_path / "a.tar.gz", tmp_path / "one", 100)
    assert (folder / "yes" / "a.wav").read_bytes() == b"abc"
    if not shutil.which("tar"):
        return
    for form in ("gnu", "ustar", "pax", "v7"):
        command = ["tar", "-czf", "b.tar.gz", f"--format={form}", "./yes"]
        subprocess.run(command, cwd=tmp_path, check=True)
        folder = unpack(tmp_path / "b.tar.gz", tmp_path / form, 100)
        assert (folder / "yes" / "a.wav").read_bytes() == b"abc"


LINK = {"type": tarfile.SYMTYPE, "linkname": "../.."}
HUGE = b"\x80" + (1 << 70).to_bytes(11, "big")
HOSTILE = {
    "parent": (entry("../evil", b"x"), r"the name '../evil'"),
    "parent inside": (entry("a/../../evil", b"x"), "the name 'a/"),
    "parent at the end": (entry("a/..", type=b"5"), "the name 'a/..'"),
    "absolute": (entry("/etc/evil", b"x"), "the name '/etc/evil'"),
    "two slashes": (entry("//etc/evil", b"x"), "the name '//etc/evil'"),
    "backslashes": (entry("..\\evil", b"x"), "the name"),
    "drive": (entry("C:evil", b"x"), "the name 'C:evil'"),
    "stream": (entry("a.wav:evil", b"x"), "the name"),
    "controls": (entry("a\x1b[2Jb", b"x"), r"the name 'a\\x1b\[2Jb'"),
    "line": (entry("a\nb", b"x"), r"the name 'a\\nb'"),
    "no utf-8": (altered(entry("a", b"x"), 0, b"\xff"), "the name"),
    "turned": (entry("a\u202eb", b"x"), "the name"),
    "trailing dot": (entry("a./b", b"x"), "the name"),
    "none": (entry("./", b"x", type=tarfile.REGTYPE), "of 1 bytes|the name"),
    "dot": (entry(".", b"x"), "the name '.'"),
    "link": (entry("link", **LINK), "'link', a link,"),
    "absolute link": (
        entry("link", type=tarfile.SYMTYPE, linkname="/etc"),
        "a link",
    ),
    "hard link": (
        entry("hard", type=tarfile.LNKTYPE, linkname="/etc/passwd"),
        "'hard', a link,",
    ),
    "device": (entry("dev", type=tarfile.CHRTYPE), "'dev', a device,"),
    "disk": (entry("dev", type=tarfile.BLKTYPE), "'dev', a device,"),
    "pipe": (entry("pipe", type=tarfile.FIFOTYPE), "'pipe', a pipe,"),
    "holes": (
        entry("s", type=tarfile.GNUTYPE_SPARSE),
        "'s', a file with holes,",
    ),
    "long name": (
        entry("././@LongLink", b"n" * 300, type=tarfile.GNUTYPE_LONGNAME),
        "a name of another form",
    ),
    "contiguous": (entry("c", type=tarfile.CONTTYPE), "of type b'7'"),
    "unknown": (entry("u", type=b"Z"), "of type b'Z'"),
    "solaris": (entry("u", b"x", type=b"X"), "of type b'X'"),
    "twice": (entry("yes/a.wav", b"other"), "two of the name"),
    "twice but for case": (entry("YES/A.wav", b"o"), "two of the name"),
    "twice but for form": (
        entry("e\u0301.wav", b"o") + entry("\u00e9.wav", b"o"),
        "two of the name",
    ),
    "file as folder": (entry("yes/a.wav/b", b"o"), "two of the name"),
    "folder as file": (entry("yes", b"o"), "two of the name"),
    "folder of bytes": (entry("d", b"x", type=b"5"), "'d' of 1 bytes"),
    "pax path": (pax({"path": "../evil"}) + entry("a", b"x"), "changes"),
    "pax size": (pax({"size": "99999"}) + entry("a", b"x"), "changes"),
    "pax for all": (pax({"path": "../evil"}, b"g"), "changes the next"),
    "pax holes": (pax({"GNU.sparse.major": "1"}), "changes the next"),
    "giant pax": (
        altered(entry("notes", type=b"x"), 124, b"77777777777\0"),
        "a header of 8589934591 bytes",
    ),
    "more than told": (entry("big", bytes(9500)), "more than 10000 bytes"),
    "huge": (altered(entry("big"), 124, HUGE), "more than 10000 bytes"),
    "negative": (altered(entry("n"), 124, b"\xff" * 12), "'n' of -1 bytes"),
    "lies": (altered(entry("l", b"x"), 124, b"00000004000\0"), "damaged"),
    "checksum": (entry("a").replace(b"a", b"b", 1), "a damaged one"),
    "garbage": (b"no head at all" * 100, "a damaged one"),
    "hidden": (bytes(512) + entry("a", b"x"), "more behind its end"),
    "endless": (bytes(1 << 22), "more behind its end"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_members_are_refused_by_name(tmp_path, kind):
    member, message = HOSTILE[kind]
    with pytest.raises(ValueError, match=message) as raised:
        attempt(tmp_path, tar(FILE, member))
    text = str(raised.value)
    assert text.isprintable() and str(tmp_path / "a.tar.gz") in text
    assert text.startswith("archive: expected a whole tar.gz of files and fold")
    assert left(tmp_path) == ["a.tar.gz"]


GOOD = tar(FILE)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not even gzip",
        GOOD[:-30],
        GOOD[:-4],
        GOOD[:-8] + bytes(8),  # another checksum
        GOOD + b"garbage",
        gzip.compress(b""),
        gzip.compress(FILE),  # without an end
        gzip.compress(FILE[:700]),
        gzip.compress(b"no tar at all" * 100),
    ],
    ids=range(10),  # not the bytes, which hold the time
)
def test_damaged_archives_leave_nothing(tmp_path, content):
    with pytest.raises(ValueError, match="found a damaged one in"):
        attempt(tmp_path, content)
    assert left(tmp_path) == ["a.tar.gz"]


def test_joined_gzip_files_are_one(tmp_path):
    parts = [FILE[:100], FILE[100:], bytes(1024)]
    attempt(tmp_path, b"".join(map(gzip.compress, parts)))
    with pytest.raises(ValueError, match="more behind its end"):
        unpack_again = tmp_path / "again"
        unpack_again.mkdir()
        attempt(unpack_again, GOOD + GOOD)


def test_a_link_of_one_member_and_a_file_through_it(tmp_path):
    """What CVE-2025-4517 and its kin do: nothing is written outside."""
    deep = "d" * 40
    with pytest.raises(ValueError, match="'in', a link,"):
        attempt(
            tmp_path,
            tar(
                entry(f"{deep}/", type=tarfile.DIRTYPE),
                entry("in", type=tarfile.SYMTYPE, linkname=deep + "/.." * 9),
                entry("in/evil", b"x"),
            ),
        )
    assert left(tmp_path) == ["a.tar.gz"]


def test_a_bomb_is_cut_off_where_it_gives_more(tmp_path):
    """A gigabyte of zeros in a megabyte: neither memory nor disk is filled."""
    bomb = io.BytesIO()
    with gzip.open(bomb, "wb", 1) as file:
        file.write(entry("big", bytes(0), size=1 << 30))
        for _ in range(64):
            file.write(bytes(1 << 20))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ValueError, match="more than 10000 bytes, with 'big'"):
        attempt(tmp_path, bomb.getvalue())
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 50_000  # kB


def test_a_bomb_of_tiny_files(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_MAX_MEMBERS", 100)
    attempt(tmp_path, tar(*(entry(f"{n}") for n in range(99))))
    (tmp_path / "more").mkdir()
    with pytest.raises(ValueError, match="more than 100 members"):
        attempt(tmp_path / "more", tar(*(entry(f"{n}") for n in range(101))))
    with pytest.raises(ValueError, match="more than 100 members"):
        attempt(tmp_path / "more", tar(*[pax({"mtime": "1"})] * 101))
    assert left(tmp_path / "more") == ["a.tar.gz"]


def test_bytes_are_counted_over_all_files(tmp_path):
    files = [entry(f"{n}", bytes(1000)) for n in range(11)]
    attempt(tmp_path, tar(*files[:10]))
    (tmp_path / "more").mkdir()
    with pytest.raises(ValueError, match="more than 10000 bytes, with '10'"):
        attempt(tmp_path / "more", tar(*files))


def test_no_room(tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(0, 0, 1_000))
    with pytest.raises(OSError, match="expected 2.0 GB .* found 0.0 GB"):
        attempt(tmp_path, GOOD, 2_000_000_000)


def test_a_file_in_the_way(tmp_path):
    (tmp_path / "data").write_text("mine")
    with pytest.raises(FileExistsError, match="found files"):
        attempt(tmp_path, GOOD)
    assert (tmp_path / "data").read_text() == "mine"


def test_a_full_disk_leaves_nothing(tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "_read", fail)
    with pytest.raises(OSError, match="No space left"):
        attempt(tmp_path, GOOD)
    assert left(tmp_path) == ["a.tar.gz"]
