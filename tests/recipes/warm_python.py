"""A Python that has imported what the recipe needs, and forks for each run.

Importing takes longer than most of the runs that tests make.
"""

import contextlib
import json
import os
import runpy
import subprocess
import sys
import tempfile
import threading
from pathlib import Path


def serve():
    """Runs each job of standard input in a child, and tells its exit code."""

    # isort: split
    import torch

    from speechbrain_bifsmn.evaluation.plots import figure_class

    figure_class()
    # The first one imports what compiles networks.
    torch.optim.AdamW([torch.zeros(1, requires_grad=True)])
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            return json.loads(line)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)
    return None


def run(job):
    """Becomes what Python is that was started with a script."""
    os.chdir(job["folder"])
    # Where a failed import would look as well.
    sys.path[0] = os.path.dirname(job["command"][0])
    sys.argv = job["command"]
    for number, path in ((0, os.devnull), (1, job["out"]), (2, job["err"])):
        file = os.open(path, os.O_RDWR | os.O_CREAT)
        os.dup2(file, number)
        os.close(file)
    runpy.run_path(sys.argv[0], run_name="__main__")


class WarmPython:
    """Runs scripts as ``subprocess.run([sys.executable, *command])`` does."""

    def __init__(self):
        self._server = None

    def run(self, command, folder, timeout):
        """Runs a script; returns ``subprocess.CompletedProcess``."""
        if self._server is None or self._server.poll() is not None:
            self._server = subprocess.Popen(
                [sys.executable, __file__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        server = self._server
        with tempfile.TemporaryDirectory() as home:
            out, err = Path(home, "out"), Path(home, "err")
            job = {"command": command, "folder": str(folder)}
            job |= {"out": str(out), "err": str(err)}
            server.stdin.write(json.dumps(job) + "\n")
            server.stdin.flush()
            timer = threading.Timer(timeout, server.kill)
            timer.start()
            code = server.stdout.readline()
            timer.cancel()
            if not code:
                raise subprocess.TimeoutExpired(command, timeout)
            texts = [path.read_text(errors="replace") for path in (out, err)]
        return subprocess.CompletedProcess(command, int(code), *texts)


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        if (job := serve()) is not None:
            run(job)
