"""What a kill leaves at each operation that changes files."""

import os
import shutil
import signal
import sys
import traceback
from functools import cache

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
        if _writes(event, arguments):
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1

    sys.addaudithook(hook)


def _writes(event, arguments):
    if event != "open":
        return event in EVENTS
    _, mode, flags = arguments
    if isinstance(mode, str):
        return any(letter in mode for letter in "wax+")
    return bool((flags or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


_look = None  # what is called before each operation


@cache
def _install_hook():
    sys.addaudithook(_hook)  # which stays for ever


def _hook(event, arguments):
    global _look
    look = _look
    if look and _writes(event, arguments):
        _look = None  # looking may open files
        look()
        _look = look


def states_before_each(home, action):
    """Returns the contents of a folder before each operation of an action.

    It is what a kill at that moment would leave there.
    """
    global _look
    _install_hook()
    states = []
    _look = lambda: states.append(contents(home))  # noqa: E731
    try:
        action()
    finally:
        _look = None
    return states


def contents(folder):
    """Returns {path: content} of the files below a folder."""
    while True:
        try:
            return {
                path.relative_to(folder).as_posix(): path.read_bytes()
                for path in sorted(folder.rglob("*"))
                if path.is_file()
            }
        except FileNotFoundError:  # moved meanwhile, by another thread
            continue


def check_kills(home, make_old, make_new, stride=1):
    """Looks at each operation: old or new must be there, whole.

    At some, the process is really killed; then it is done again without, which
    must give the new, and clear what the dead process has left.

    Arguments
    ---------
    home : Path
        An empty folder in which both write.
    make_old, make_new : function
        What writes there, one after the other; the first may do nothing.
    stride : int
        1 kills at each operation, 2 at every other, and so on; all are looked
        at.

    Returns
    -------
    int
        How many operations there are.
    """
    make_old()
    old, backup = contents(home), home.with_name(f"{home.name}.backup")
    shutil.copytree(home, backup, symlinks=True)
    states = states_before_each(home, make_new)
    new, kills = contents(home), 0
    assert new != old
    for state in states:
        assert _visible(state, old, new) in (old, new), sorted(state)
    while True:
        shutil.rmtree(home)
        shutil.copytree(backup, home, symlinks=True)
        ended = kill_at(kills * stride, make_new)
        assert ended != FAILED
        visible = _visible(contents(home), old, new)
        assert visible in (old, new), sorted(visible)
        if ended is None:
            assert visible == new
            shutil.rmtree(backup)
            return len(states)
        kills += 1
        make_new()
        assert sorted(contents(home)) == sorted(new)
        assert contents(home) == new


def _visible(state, old, new):
    """Leaves out what is under hidden names, unless it belongs there."""
    named = {**old, **new}
    return {k: v for k, v in state.items() if k[0] != "." or k in named}
