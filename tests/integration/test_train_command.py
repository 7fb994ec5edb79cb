"""``bifsmn train`` is the recipe: one process, which ends when told to."""

import os
import signal
import subprocess
import sys
import time

import pytest
from runs import make_tones

pytestmark = [
    pytest.mark.skipif(
        sys.platform == "win32", reason="a process cannot be replaced there"
    ),
    pytest.mark.usefixtures("usual_signals"),
]

# Runs the command with another recipe, after a line that may wait in a buffer.
COMMAND = """
import sys
from bifsmn_engine.cli import main
from speechbrain_bifsmn.cli import train
recipe, *words = sys.argv[1:]
train.RECIPE = recipe or train.RECIPE
print("first")
sys.exit(main(["train", *words]))
"""
TELL = "import os, sys\nprint(os.getpid(), *sys.argv[1:], flush=True)\n"
SLEEP = TELL + "import time\ntime.sleep(60)\n"


def start(recipe, *words, **options):
    command = [sys.executable, "-c", COMMAND, recipe, *words]
    return subprocess.Popen(
        [*map(str, command)], stdout=subprocess.PIPE, text=True, **options
    )


@pytest.fixture
def recipe(tmp_path):
    """Returns a function from code to the path of a recipe."""
    (tmp_path / "any.yaml").touch()

    def write(code):
        path = tmp_path / "recipe.py"
        path.write_text(code)
        return path, tmp_path / "any.yaml"

    return write


def test_the_recipe_takes_the_place_of_the_command(recipe):
    with start(*recipe(TELL + "sys.exit(7)"), "--seed=1", "a b") as process:
        out, _ = process.communicate(timeout=60)
    yaml = recipe(TELL)[1]
    assert out == f"first\n{process.pid} {yaml} --seed=1 a b\n"
    assert process.returncode == 7


@pytest.mark.parametrize("number", ["SIGTERM", "SIGHUP", "SIGKILL"])
def test_a_signal_ends_the_training(recipe, number):
    number = getattr(signal, number)
    with start(*recipe(SLEEP)) as process:
        assert process.stdout.readline() == "first\n"
        assert process.stdout.readline().startswith(str(process.pid))
        process.send_signal(number)
        # Nobody holds the pipe any more.
        assert process.stdout.read() == ""
    assert process.returncode == -number


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)]
)
def test_a_shell_sees_the_signal(recipe, number, code):
    code_of_shell = '"$@"; echo $?'
    path, yaml = recipe(TELL + f"os.kill(os.getpid(), {int(number)})")
    command = [sys.executable, "-c", COMMAND, path, yaml]
    done = subprocess.run(
        ["bash", "-c", code_of_shell, "bash", *map(str, command)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.splitlines()[-1] == str(code), done.stderr


def processes_of(session):
    """Returns {process: command} of a session, but for those that ended."""
    listed = subprocess.run(
        ["ps", "-A", "-o", "pid=,sid=,stat=,args="],
        capture_output=True,
        text=True,
        check=True,
    )
    rows = [line.split(None, 3) for line in listed.stdout.splitlines()]
    return {
        row[0]: row[3:]
        for row in rows
        if row[1] == str(session) and not row[2].startswith("Z")
    }


@pytest.mark.slow
@pytest.mark.parametrize("number", ["SIGTERM", "SIGKILL"])
def test_workers_end_with_a_training(tmp_path, number):
    make_tones(tmp_path / "tones")
    screen = tmp_path / "screen.txt"
    process = start(
        "",
        "bifsmnv2.yaml",
        f"--data_folder={tmp_path / 'tones'}",
        f"--output_folder={tmp_path / 'run'}",
        "--teacher_epochs=1000",
        "--batch_size=24",
        "--num_workers=2",
        "--device=cpu",
        stderr=screen.open("w"),
        start_new_session=True,
        cwd=tmp_path,
    )
    try:
        deadline = time.monotonic() + 120
        while len(processes_of(process.pid)) < 3:  # the workers are there
            assert process.poll() is None, screen.read_text()
            assert time.monotonic() < deadline
            time.sleep(0.1)
        process.send_signal(getattr(signal, number))
        assert process.wait(timeout=20) == -getattr(signal, number)
        deadline = time.monotonic() + 30  # they look every 5 s
        while left := processes_of(process.pid):
            assert time.monotonic() < deadline, left
            time.sleep(0.1)
    finally:
        if processes_of(process.pid):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
