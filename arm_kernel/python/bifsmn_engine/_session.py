"""A shared network, and what one thread needs to run it."""

from __future__ import annotations

import threading
import weakref
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

    def __init__(self, load, *arguments):
        self.pointer, self.info = c_void_p(), Info()
        load(*arguments, byref(self.pointer))
        _free_after(self, library.bifsmn_free, self.pointer)
        library.bifsmn_get_info(self.pointer, byref(self.info))
        self.labels = [
            library.bifsmn_label(self.pointer, k)
            for k in range(self.info.classes)
        ]


class Session:
    """Runs a network: has its depth setting, its memory, and a lock.

    Arguments
    ---------
    network : Network
        It may be shared.
    depth : int
        The depth setting to start with.
    """

    def __init__(self, network, depth=0):
        self._network = network
        self._lock = threading.Lock()
        self._pointer = c_void_p()
        library.bifsmn_state_new(network.pointer, byref(self._pointer))
        # It holds the network too: that is freed later, whatever the order in
        # which Python collects the two.
        self._free = _free_after(self, _free_state, self._pointer, network)
        self.depth = depth

    @property
    def classes(self) -> int:
        """Number of outputs."""
        return self._network.info.classes

    @property
    def depths(self) -> range:
        """The depth settings: 0 runs all blocks, each further one half."""
        return range(self._network.info.depths)

    @property
    def depth(self) -> int:
        """The depth setting; may be set at any time."""
        with self._lock:
            return library.bifsmn_get_depth(self._open())

    @depth.setter
    def depth(self, depth: int) -> None:
        if index(depth) not in self.depths:
            raise ValueError(
                f"depth: expected one of {list(self.depths)}, got {depth!r}"
            )
        with self._lock:
            library.bifsmn_set_depth(self._open(), depth)

    def close(self) -> None:
        """Frees the memory; all but calling it again is an error then."""
        with self._lock:
            self._free()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __reduce__(self):
        raise TypeError(
            f"a {type(self).__name__} cannot be pickled; pass the path of the "
            "file, and load it where it is needed"
        )

    def _open(self):
        """Returns the state; the caller has the lock."""
        if not self._free.alive:
            raise ValueError(
                f"this {type(self).__name__} has been closed; make another"
            )
        return self._pointer


def _free_state(pointer, network):
    library.bifsmn_state_free(pointer)


def _free_after(owner, free, *arguments):
    finalizer = weakref.finalize(owner, free, *arguments)
    # The end of the process frees all, even where threads still run.
    finalizer.atexit = False
    return finalizer
