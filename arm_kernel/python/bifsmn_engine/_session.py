"""A shared network, and what one use at a time needs to run it."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable
from ctypes import byref, c_void_p
from operator import index

from bifsmn_engine._library import Info, library


class Network:
    """A loaded file: read-only, and freed after all that run it.

    Arguments
    ---------
    load : function
        ``bifsmn_load_file`` or ``bifsmn_load_memory``.
    *arguments
        Of that function.
    """

    def __init__(self, load: Callable[..., object], *arguments: object):
        self.pointer, self.info = c_void_p(), Info()
        free_after(self, library.bifsmn_free, self.pointer)
        load(*arguments, byref(self.pointer))
        library.bifsmn_get_info(self.pointer, byref(self.info))
        self.labels = [
            library.bifsmn_label(self.pointer, k)
            for k in range(self.info.classes)
        ]
        self.thresholds = [
            library.bifsmn_threshold(self.pointer, k)
            for k in range(self.info.classes)
        ]


class Session:
    """Runs a network: has its thinning and its memory.

    One use at a time: another thread waits until it ends. A signal handler or a
    finalizer that Python runs within a use cannot wait for that, and is
    refused; all that it can do is to close the session.

    Arguments
    ---------
    network : Network
        It may be shared.
    thinning : int
        To start with.
    """

    def __init__(self, network: Network, thinning: int = 1):
        self._network = network
        self._lock = threading.RLock()
        self._in_use = self._closed = False
        self._pointer = c_void_p()
        # It holds the network too: that is freed later, whatever the order in
        # which Python collects the two.
        self._free = free_after(self, _free_state, self._pointer, network)
        library.bifsmn_state_new(network.pointer, byref(self._pointer))
        _sessions[id(self)] = self
        self.thinning = thinning

    @property
    def classes(self) -> int:
        """Number of outputs."""
        return self._network.info.classes

    @property
    def thinnings(self) -> tuple[int, ...]:
        """Those there are: 1 runs all blocks, 2 every second, and so on."""
        return tuple(1 << k for k in range(self._network.info.thinnings))

    @property
    def thinning(self) -> int:
        """Every how-many-th block runs; may be set at any time."""
        return self._use(library.bifsmn_get_thinning)

    @thinning.setter
    def thinning(self, thinning: int) -> None:
        try:
            is_right = index(thinning) in self.thinnings
        except TypeError:
            is_right = False
        if not is_right:
            raise ValueError(
                f"thinning: expected one of {list(self.thinnings)}, got "
                f"{thinning!r}"
            )
        self._use(library.bifsmn_set_thinning, thinning)

    def close(self) -> None:
        """Frees the memory; all but calling it again is an error then.

        In a signal handler it stops the call that the signal interrupted.
        """
        with self._lock:
            self._closed = True
            if not self._in_use:
                self._free()

    def __enter__(self):
        if self._closed:
            self._refuse()
        return self

    def __exit__(self, *_):
        self.close()

    def __reduce__(self):
        raise TypeError(
            f"a {type(self).__name__} cannot be pickled; pass the path of the "
            "file, and load it where it is needed; in this process, a model "
            "has copy()"
        )

    def _use(self, work, *arguments):
        """Returns ``work(state, *arguments)``, which nothing else disturbs."""
        with self._lock:
            if self._in_use:
                self._refuse()
            # A handler may close, or raise, between any two lines here.
            try:
                self._in_use = True
                if self._closed:
                    self._refuse()
                return work(self._pointer, *arguments)
            finally:
                self._in_use = False
                if self._closed:
                    self._free()

    def _refuse(self):
        if self._closed:
            raise ValueError(
                f"this {type(self).__name__} has been closed; make another"
            )
        raise RuntimeError(
            f"this {type(self).__name__} is in use by the call that a signal "
            "handler or a finalizer interrupts; only close() it there, or use "
            "another"
        )


_sessions: weakref.WeakValueDictionary = weakref.WeakValueDictionary()  # all


def _end_uses_of_other_threads():
    """Frees locks whose owners do not exist in a process just forked."""
    for session in list(_sessions.values()):
        if session._lock.acquire(blocking=False):
            session._lock.release()
        else:
            session._lock, session._in_use = threading.RLock(), False


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_end_uses_of_other_threads)


def _free_state(pointer, network):
    library.bifsmn_state_free(pointer)


def free_after(
    owner: object, free: Callable[..., None], *arguments: object
) -> weakref.finalize:
    """Calls ``free(*arguments)`` when the owner is gone, or says so.

    It comes before what it frees, which then no exception can leak.
    """
    finalizer = weakref.finalize(owner, free, *arguments)
    # The end of the process frees all, even where threads still run.
    finalizer.atexit = False
    return finalizer
