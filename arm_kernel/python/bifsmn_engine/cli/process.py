"""What a command line does with its process: the streams, and Ctrl-C."""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from bifsmn_engine.cli import FAILED, INTERRUPTED


def as_program(main: Callable[[], int]) -> int:
    """Runs a command line that has the process to itself.

    Arguments
    ---------
    main : callable
        Without arguments; returns the exit code.

    Returns
    -------
    int
        The exit code. From then on Ctrl-C is ignored, for Python would tell of
        it while it ends.
    """
    try:
        _take_ctrl_c()
        _take_streams()
        if sys.stdout is None:
            print(
                "bifsmn: stdout: expected a place for the results, found it "
                "closed; `> /dev/null` throws them away",
                file=sys.stderr,
            )
            return FAILED
        return main()
    except KeyboardInterrupt:
        return INTERRUPTED
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def let_go_of_streams() -> None:
    """Drops what cannot be written, at which Python would fail in turn."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            with open(os.devnull, "wb") as nowhere:
                os.dup2(nowhere.fileno(), stream.fileno())


def _take_streams():
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # Else the next file to be opened would become stdout or stderr.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    if sys.stderr is None:
        sys.stderr = open(2, "w", closefd=False)
    if isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr.reconfigure(errors="backslashreplace")
    if sys.stdout is not None:
        sys.stdout = io.TextIOWrapper(
            io.BufferedWriter(_Results(sys.stdout.buffer)),
            sys.stdout.encoding,
            errors="backslashreplace",
            line_buffering=sys.stdout.isatty(),
        )
    _log_in_lines()


class _Results(io.RawIOBase):
    """stdout, which says that it is it that cannot be written."""

    def __init__(self, file):
        self._file = getattr(file, "raw", file)  # itself: PYTHONUNBUFFERED

    def fileno(self) -> int:
        return self._file.fileno()

    def isatty(self) -> bool:
        return self._file.isatty()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int | None:
        try:
            return self._file.write(data)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OSError(
                "stdout: expected a place for the results, found "
                f"{error.strerror}"
            ) from None


def _log_in_lines():
    import logging

    from bifsmn_engine.printable import printable

    class OneLine(logging.Formatter):
        def formatMessage(self, record):
            return printable(super().formatMessage(record))

    if logging.lastResort:
        logging.lastResort.setFormatter(OneLine())


def _take_ctrl_c():
    # Not where it is ignored, as by nohup and of jobs in the background.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)
    sys.unraisablehook = _unraisable


def _interrupt(number, frame):
    """Raises KeyboardInterrupt; during an import, or the second time, ends.

    An exception within an import may get lost, or become another one.
    """
    signal.signal(signal.SIGINT, lambda *_: os._exit(INTERRUPTED))
    while frame:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            os._exit(INTERRUPTED)
        frame = frame.f_back
    raise KeyboardInterrupt


def _unraisable(what):
    """Ends where Ctrl-C came in a destructor, which would go on."""
    if what.exc_type is KeyboardInterrupt:
        os._exit(INTERRUPTED)
    sys.__unraisablehook__(what)
