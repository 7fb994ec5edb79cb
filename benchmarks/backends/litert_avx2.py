"""LiteRT, held to XNNPACK's kernels for AVX2 on processors that have more.

XNNPACK has no switch for this. It asks the processor once and keeps the answer,
one bit for each instruction set in order of their age; before a model is
loaded, the bits of all that is newer than AVX2 are cleared here.
"""

import ctypes
from contextlib import suppress
from pathlib import Path

import ai_edge_litert

from benchmarks.backends.litert import Model
from benchmarks.harness.model_runner import main
from benchmarks.harness.symbols import address_of

LIBRARY = Path(ai_edge_litert.__file__).with_name("libpywrap_litert_common.so")
FUNCTION = "xnn_init_hardware_config"
FLAGS = 8  # bytes from the start of what the function returns the address of
AVX2 = (1 << 8) - 1  # SSE, SSE2, SSSE3, SSE4.1, AVX, F16C, FMA, AVX2
AVX512F = 1 << 9


def flags() -> ctypes.c_uint64:
    """Returns what XNNPACK believes of the processor, in its place."""
    function = ctypes.CFUNCTYPE(ctypes.c_void_p)
    config = function(address_of(LIBRARY.resolve(), FUNCTION))()
    return ctypes.c_uint64.from_address(config + FLAGS)


def hold(cpuinfo: str) -> None:
    """Clears the bits of what is newer than AVX2; once, before any model.

    Arguments
    ---------
    cpuinfo : str
        What Linux says of the processor, by which the bits are checked: they
        are no part of XNNPACK's interface.
    """
    words = set(cpuinfo.split())
    if "avx2" not in words:
        raise SystemExit("expected a processor with AVX2, found another")
    found = flags()
    has_avx512 = bool(found.value & AVX512F)
    if found.value & AVX2 != AVX2 or has_avx512 != ("avx512f" in words):
        raise SystemExit(
            f"expected XNNPACK's bits of this processor, found {found.value:#x}"
            "; see whether its hardware-config.h gives them another order"
        )
    found.value = AVX2
    with suppress(OSError):  # to read the library was no part of its work
        Path("/proc/self/clear_refs").write_text("5")  # the highest memory


if __name__ == "__main__":
    hold(Path("/proc/cpuinfo").read_text())
    main(Model)
