"""Odd uses of the command line end in a sentence, and never in a traceback."""

import json
import os
import random
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from odd_files import STRANGE, write_odd_files
from small_corpus import write_corpus

from bifsmn_engine import cli
from bifsmn_engine.cli import info
from bifsmn_engine.pretrained import MODEL
from bifsmn_engine.printable import printable
from speechbrain_bifsmn.pretrained import FOLDER

ROOT = Path(__file__).resolve().parents[2]
CODES = (0, 1, 2, 130, 141)
LONG = "9" * 400
ODD_NUMBERS = ["0", "-1", "1e9", "nan", "inf", "-inf", LONG, "", "x", "1_0"]
ODD_PATHS = [
    "",
    ".",
    "/",
    "none",
    "x" * 300,
    "x/" * 3000,
    "a\0b",
    "/dev/null",
    "/dev/zero",
    "/dev/full",
    "text.wav",
    "empty.bifsmn",
    "cut.bifsmn",
    "text.bifsmn",
    "a folder",
    "loop",
    "dangling",
    "pipe",
    "\udcff\x1b\u202e",
    "clip.wav/within",
]


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """Odd files, which no test changes."""
    return write_odd_files(tmp_path_factory.mktemp("odd"), write_corpus)


@pytest.fixture
def use(places, capfd, monkeypatch):
    """Runs a command line where the odd files are: (code, stdout, stderr)."""
    monkeypatch.chdir(places.home)

    def use(*words):
        try:
            code = cli.main(list(map(str, words)))
        except SystemExit as end:  # of argparse
            code = end.code
        out, err = capfd.readouterr()
        assert code in CODES
        assert "Traceback" not in out + err
        assert_printable(out + err.replace("\r", ""))
        if code == 1:
            assert err.splitlines()[-1].startswith("bifsmn ")
        return code, out, err

    return use


def assert_printable(text):
    """Lines without anything else that a terminal obeys."""
    for line in text.split("\n"):
        assert printable(line) == line


@pytest.mark.parametrize("number", ODD_NUMBERS)
@pytest.mark.parametrize(
    "words",
    [
        "spot audio.flac --smoothing",
        "spot audio.flac --gate",
        "spot audio.flac --threshold",
        "spot audio.flac --thinning",
        "listen --seconds",
        "listen --threshold",
        "synth yes text.wav --clips",
        "synth yes made --clips 0 --seed",
        "tune --keywords none --negatives audio.flac --smoothing",
        "tune --keywords none --negatives audio.flac --thinning",
        "tune --keywords none --negatives audio.flac --refractory",
        "tune --keywords none --negatives audio.flac --false-alarms-per-hour",
        "export none.run out.bifsmn --threshold",
        "export none.run out.bifsmn --smoothing",
    ],
)
def test_numbers(use, places, words, number):
    *words, option = shlex.split(words)
    code, _, err = use(*words, f"{option}={number}")
    if option == "--gate" and number == "0":
        assert code == 0
    if number in ("nan", "", "x"):
        assert code != 0
    if code == 1:
        assert err.count("\n") == 1
    assert not Path(places.home, "made").exists()


@pytest.mark.parametrize("number", [0, -1, 10**12, LONG])
def test_runs(use, number):
    code, out, err = use("bench", f"--runs={number}")
    assert (code, out) == (1, "") and "--runs: expected 1 to" in err


@pytest.mark.slow
@pytest.mark.parametrize("path", ODD_PATHS, ids=lambda path: path[:20])
@pytest.mark.parametrize(
    "words",
    [
        "spot PATH",
        "spot clip.wav --model PATH",
        "info PATH",
        "bench --runs 1 --model PATH",
        "synth yes PATH --clips 0",
        "export PATH out.bifsmn",
        "evaluate PATH",
        "evaluate corpus --model PATH",
        "evaluate corpus --negatives PATH",
        "evaluate none --out PATH",
        "publish PATH out",
        "tune --keywords PATH --negatives audio.flac",
        "tune --keywords corpus --negatives PATH",
        "tune PATH --keywords corpus --negatives audio.flac",
        "tune --keywords none --negatives audio.flac --out PATH",
    ],
)
def test_paths(use, words, path):
    if path == "pipe" and words == "spot PATH":
        pytest.skip("it is waited for, as by any reader of pipes")
    if path in ("", ".", "/") and "--negatives PATH" in words:
        pytest.skip("there is audio in it")
    words = [path if word == "PATH" else word for word in words.split()]
    code, _, err = use(*words)
    assert code in (1, 2)
    assert err.count("\n") == 1 or code == 2
    assert not Path("out").exists() and not Path("out.bifsmn").exists()


def test_labels_and_names_are_shown(use, places):
    words = places.strange, "--model", "strange.bifsmn", "--threshold", "0"
    labels = list(map(printable, STRANGE))
    _, out, _ = use("spot", *words)
    head, row = out.splitlines()
    assert row.startswith(printable(places.strange))
    assert head.index("start") + 5 == row.index("0.00") + 4  # below each other
    _, out, _ = use("spot", *words, "--format", "json")
    assert json.loads(out)["file"] == places.strange
    for path in (places.strange, "audio.flac", " a b.wav"):
        _, out, _ = use("spot", path, *words[1:], "--format", "ctm")
        for line in out.splitlines():
            assert len(line.split()) == 6
    _, out, _ = use("info", "strange.bifsmn")
    assert all(label in out for label in labels)
    assert len(out.splitlines()) == 16
    _, out, _ = use("info", "strange.bifsmn", "--json")
    facts = json.loads(out)
    assert facts["labels"][: len(STRANGE)] == STRANGE
    assert (facts["name"], facts["licence"]) == tuple(STRANGE[:2])


def test_names_that_begin_with_a_dash(use):
    assert use("spot", "-dash.wav")[0] == 2
    assert use("spot", "--", "-dash.wav")[0] == 0


def test_the_packaged_model_is_not_changed(use, places):
    before = MODEL.read_bytes()
    link = Path(places.home, "link.bifsmn")
    link.symlink_to(MODEL)
    tune = "--keywords", "none", "--negatives", "audio.flac", "--write"
    for model in ([], [MODEL], [FOLDER], [link]):
        code, _, err = use("tune", *model, *tune)
        assert code == 1 and "expected a model file of your own" in err
    assert "keyword" in use("tune", "own.bifsmn", *tune)[2]
    code, _, err = use("tune", *tune[:-1], "--out", FOLDER)
    assert code == 1 and "expected a new folder" in err
    link.unlink()
    assert MODEL.read_bytes() == before


def test_errors_of_memory_and_thinning(use, monkeypatch):
    for error in (MemoryError(), RecursionError("too deep"), OSError()):
        monkeypatch.setattr(info, "describe", _raising(error))
        code, _, err = use("info")
        assert code == 1 and err.count("\n") == 1 and len(err) > 15


def _raising(error):
    def describe(_):
        raise error

    return describe


def spawn(*words, code=None, env=(), shell="", **options):
    """Runs a process of its own: (exit code, stdout, stderr), as bytes."""
    program = ["-c", code] if code else ["-m", "bifsmn_engine"]
    command = [sys.executable, *program, *words]
    if shell:  # with its redirections
        command = ["sh", "-c", f'exec "$@" {shell}', "sh", *command]
    done = subprocess.run(
        command,
        env={**os.environ, "PYTHONPATH": str(ROOT), **dict(env)},
        capture_output=True,
        timeout=300,
        **options,
    )
    return done.returncode, done.stdout, done.stderr


COMMANDS_THAT_PRINT = [
    ["--help"],
    ["info"],
    ["info", "--json"],
    ["spot", "clip.wav", "clip.wav"],
    ["spot", "clip.wav", "--format", "json"],
    ["spot", "audio.flac", "--threshold", "0", "--format", "ctm"],
    ["bench", "--runs", "1"],
]


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("words", COMMANDS_THAT_PRINT, ids=" ".join)
def test_a_full_disk_behind_stdout(places, words, unbuffered):
    env = {"PYTHONUNBUFFERED": unbuffered}
    shell, home = ">/dev/full", places.home
    code, _, err = spawn(*words, shell=shell, env=env, cwd=home)
    assert code == 1 and err.count(b"\n") == 1
    assert b"stdout: expected a place for the results, found No space" in err


@pytest.mark.parametrize("shell", [">&-", ">&- 2>&-", ">&- <&- 2>&-", "2>&-"])
def test_closed_streams(places, shell):
    code, out, err = spawn("info", shell=shell, cwd=places.home)
    assert code == (">&- " in f"{shell} " and not shell.startswith("2"))
    assert err.count(b"\n") == (shell == ">&-")
    code, out, err = spawn("info", "none", shell=shell, cwd=places.home)
    assert (code, out) == (1, b"")


def test_closed_stdin_and_full_stderr(places):
    assert spawn("info", shell="<&-", cwd=places.home)[0] == 0
    code, out, _ = spawn("info", "none", shell="2>/dev/full", cwd=places.home)
    assert (code, out) == (1, b"")


@pytest.mark.slow
def test_a_reader_that_is_gone(places):
    for words in COMMANDS_THAT_PRINT:
        read, write = os.pipe()
        os.close(read)
        command = [sys.executable, "-m", "bifsmn_engine", *words]
        done = subprocess.run(
            command, stdout=write, stderr=subprocess.PIPE, cwd=places.home
        )
        os.close(write)
        assert (done.returncode, done.stderr) == (141, b""), words


STREAMS = {
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "ascii, strictly": {"PYTHONIOENCODING": "ascii:strict"},
    "latin-1": {"PYTHONIOENCODING": "latin-1"},
    "C": {
        "LC_ALL": "C",
        "PYTHONUTF8": "0",
        "PYTHONCOERCECLOCALE": "0",
    },
    "no such locale": {"LC_ALL": "xx_XX.UTF-99", "LANG": "xx"},
    "nothing": {"HOME": "/nowhere", "TERM": "dumb", "COLUMNS": "1"},
    "completion": {"_ARGCOMPLETE": "1"},
}


@pytest.mark.slow
@pytest.mark.parametrize("env", STREAMS.values(), ids=STREAMS)
def test_environments(places, env):
    """File names that are no ASCII, and no UTF-8, are printed everywhere."""
    names = [os.fsencode(places.strange), "größe 北京.wav".encode()]
    Path(places.home, os.fsdecode(names[1])).write_bytes(b"no audio")
    for form in ("table", "json"):
        words = b"spot", *names, b"--format", form.encode()
        code, out, err = spawn(*words, env=env, cwd=places.home)
        assert code == 1 and b"Traceback" not in err
        assert err.count(b"\n") == 1 and err.startswith(b"bifsmn spot: ")
        assert b"\x1b" not in out + err and "\u202e".encode() not in out + err
    assert os.fsencode(json.loads(out)["file"]) == names[0]


@pytest.mark.slow
def test_help_in_a_narrow_terminal(places):
    env = {"COLUMNS": "1", "TERM": "dumb"}
    for command in cli.COMMANDS:
        code, out, err = spawn(command, "--help", env=env)
        assert (code, err) == (0, b"") and b"examples:" in out


def test_completion_that_cannot_work():
    for env in ({"COMP_LINE": "bifsmn "}, {"COMP_LINE": "", "COMP_POINT": "x"}):
        code, out, err = spawn(env={"_ARGCOMPLETE": "1", **env})
        assert code in (0, 1) and (out, err) == (b"", b"")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "words", "said"),
    [
        ("sounddevice", ["listen"], "pip install sounddevice"),
        ("espeakng_loader", ["synth", "yes", "made"], "pip install"),
        (
            "bifsmn_engine.model",
            ["bench", "--backend", "native"],
            "bifsmn-engine",
        ),
        ("numpy", ["info"], "numpy"),
        ("soundfile", ["spot", "clip.wav"], "soundfile"),
    ],
)
def test_what_is_not_installed(places, module, words, said):
    code = (
        "import sys\n"
        f"sys.modules[{module!r}] = None\n"
        "from bifsmn_engine.cli import main\n"
        "sys.exit(main())"
    )
    status, out, err = spawn(*words, code=code, cwd=places.home)
    assert (status, out) == (1, b"") and said in err.decode()
    assert err.count(b"\n") == 1


INTERRUPTED = """
import os, signal, sys
from bifsmn_engine.cli import main
left = int(sys.argv.pop(1))
def interrupt(event, arguments):
    global left
    left -= event == "import"
    if not left:
        left -= 1
        os.kill(os.getpid(), signal.SIGINT)
sys.addaudithook(interrupt)
sys.exit(main())
"""


def interrupted(import_, *words, cwd):
    """Runs a command that gets Ctrl-C when it imports its n-th module."""
    code, _, err = spawn(str(import_), *words, code=INTERRUPTED, cwd=cwd)
    assert b"Traceback" not in err and b"Exception" not in err
    return code


@pytest.mark.usefixtures("usual_signals")
def test_ctrl_c_during_imports(places):
    imports = random.Random(0).sample(range(4, 120), 4)
    for import_ in [1, 2, 3, *imports]:
        assert interrupted(import_, "info", cwd=places.home) == 130
    assert interrupted(100_000, "info", cwd=places.home) == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ["spot", "clip.wav"],
        ["evaluate", "corpus", "--out", "evaluation.json"],
        ["tune", "--keywords", "corpus", "--negatives", "audio.flac"],
    ],
    ids=lambda words: words[0],
)
@pytest.mark.usefixtures("usual_signals")
def test_ctrl_c_during_many_imports(places, words):
    for import_ in random.Random(1).sample(range(1, 1500), 12):
        code = interrupted(import_, *words, cwd=places.home)
        assert code in (130, 0, 1)  # it may have ended before
    assert not Path(places.home, "evaluation.json").exists() or code == 0


@pytest.mark.slow
@pytest.mark.usefixtures("usual_signals")
def test_ctrl_c_at_any_time(places):
    """From the moment on at which the command line begins."""
    begin = "print(flush=True); sys.exit(main())"
    code = f"import sys; from bifsmn_engine.cli import main; {begin}"
    words = [sys.executable, "-c", code, "spot", *["audio.flac"] * 30]
    for delay in [0.02 * step for step in range(40)]:
        with subprocess.Popen(
            words,
            cwd=places.home,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            process.stdout.readline()
            time.sleep(delay)
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=60)
        assert process.returncode in (0, 130, -2)
        # One line of a traceback: it came before main.
        assert b"Traceback" not in err or err.count(b"File") == 1


@pytest.mark.usefixtures("usual_signals")
def test_ctrl_c_twice_and_in_a_destructor():
    code = """
import os, signal, sys
from bifsmn_engine import cli
from bifsmn_engine.cli import info
from bifsmn_engine.cli import info
class Odd:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
        for _ in range(1000):
            pass
def describe(path):
    if "twice" in str(path):
        try:
            os.kill(os.getpid(), signal.SIGINT)
        finally:
            os.kill(os.getpid(), signal.SIGINT)
    Odd()
    for _ in range(10**9):
        pass
info.describe, info.find_model = describe, lambda path: path
sys.exit(cli.main())
"""
    for word in ("once", "twice"):
        status, out, err = spawn("info", word, code=code)
        assert (status, out, err) == (130, b"", b"")
