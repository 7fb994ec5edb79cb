"""Kills a process at each operation that changes files."""

import os
import shutil
import signal
import sys
import traceback

# What Python tells an audit hook before it changes a file, or may.
EVENTS = {
    *"os.rename os.remove os.mkdir os.rmdir os.link os.symlink".split(),
    *"os.truncate os.chmod shutil.copyfile shutil.rmtree".split(),
    "ctypes.dlsym",  # of the function that swaps two folders
}
KILLED, FAILED = "killed", "failed"


def kill_at(number, action):
    """Runs an action in a child process that dies at an operation.

    Arguments
    ---------
    number : int
        Of the operation, from 0.
    action : function
        What to do.

    Returns
    -------
    str | None
        ``KILLED``; ``FAILED`` where the action raised; None where it ended.
    """
    child = os.fork()
    if not child:
        code = 1
        try:
            _die_at(number)
            action()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return KILLED
    return FAILED if os.WEXITSTATUS(status) else None


def _die_at(number):
    left = number

    def hook(event, arguments):
        nonlocal left
        writes = event == "open" and _writes(arguments)
        if writes or event in EVENTS:
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1

    sys.addaudithook(hook)


def _writes(arguments):
    _, mode, flags = arguments
    if isinstance(mode, str):
        return any(letter in mode for letter in "wax+")
    return bool((flags or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


def contents(folder):
    """Returns {path: content} of the files below a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def check_kills(home, make_old, make_new, stride=1):
    """Kills at each operation; old or new must be there, whole.

    Then it is done again without a kill, which must give the new, and clear
    what the dead process has left.

    Arguments
    ---------
    home : Path
        An empty folder in which both write.
    make_old, make_new : function
        What writes there, one after the other; the first may do nothing.
    stride : int
        1 kills at each operation, 2 at every other, and so on.

    Returns
    -------
    int
        How often it was killed.
    """
    make_old()
    old, backup = contents(home), home.with_name(f"{home.name}.backup")
    shutil.copytree(home, backup, symlinks=True)
    make_new()
    new, kills = contents(home), 0
    assert new != old
    while True:
        shutil.rmtree(home)
        shutil.copytree(backup, home, symlinks=True)
        ended = kill_at(kills * stride, make_new)
        assert ended != FAILED
        visible = {
            name: content
            for name, content in contents(home).items()
            if not name.startswith(".") or name in {**old, **new}
        }
        assert visible in (old, new), sorted(visible)
        if ended is None:
            assert visible == new
            shutil.rmtree(backup)
            return kills
        kills += 1
        make_new()
        assert sorted(contents(home)) == sorted(new)
        assert contents(home) == new
