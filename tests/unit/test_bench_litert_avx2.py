"""LiteRT is held to AVX2 by what its library says of itself, or not at all."""

import ctypes
import importlib
import shutil
import subprocess
import sys
import types

import pytest

from benchmarks.harness import symbols

LIBRARY = """
static unsigned long flags[2] = {0, 42};
static void *hidden(void) { return flags; }
void *exported(void) { return hidden(); }
unsigned long second(void) { return flags[1]; }
"""
NEWER = 0x7FFFF


@pytest.fixture
def backend(monkeypatch):
    """The module, in whose package there is nothing."""
    package = types.ModuleType("ai_edge_litert")
    package.__file__ = "/package/__init__.py"
    interpreter = types.ModuleType("ai_edge_litert.interpreter")
    interpreter.Interpreter = None
    monkeypatch.setitem(sys.modules, "ai_edge_litert", package)
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", interpreter)
    names = [f"benchmarks.backends.{n}" for n in ("litert", "litert_avx2")]
    for name in names:
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield importlib.import_module(names[1])
    for name in names:
        monkeypatch.delitem(sys.modules, name)


@pytest.mark.parametrize("before", [NEWER, 0xFF])
def test_what_is_newer_is_cleared(backend, monkeypatch, before):
    flags = ctypes.c_uint64(before)
    monkeypatch.setattr(backend, "flags", lambda: flags)
    backend.hold("flags : avx2 avx512f" if before == NEWER else "avx2")
    assert flags.value == backend.AVX2 == 0xFF


@pytest.mark.parametrize(
    ("before", "cpuinfo"),
    [
        (0xFF, "avx2 avx512f"),  # it does not know what Linux knows
        (NEWER, "avx2"),
        (0x7F, "avx2"),
        (0xFF, "asimd"),  # another architecture
    ],
)
def test_other_bits_are_left_alone(backend, monkeypatch, before, cpuinfo):
    flags = ctypes.c_uint64(before)
    monkeypatch.setattr(backend, "flags", lambda: flags)
    with pytest.raises(SystemExit, match="expected"):
        backend.hold(cpuinfo)
    assert flags.value == before


@pytest.fixture
def library(tmp_path):
    """A library with a function that it does not export."""
    if not shutil.which("cc"):
        pytest.skip("expected a C compiler, found none")
    source, path = tmp_path / "library.c", tmp_path / "library.so"
    source.write_text(LIBRARY)
    options = ["-O0", "-shared", "-fPIC", "-o", str(path)]
    subprocess.run(["cc", *options, str(source)], check=True)
    return path


def test_a_hidden_function_is_found_and_its_bits_changed(
    backend, library, monkeypatch
):
    loaded = ctypes.CDLL(str(library))
    monkeypatch.setattr(backend, "LIBRARY", library)
    monkeypatch.setattr(backend, "FUNCTION", "hidden")
    backend.flags().value = 7
    assert loaded.second() == 7


def test_what_is_not_found_is_said(library):
    with pytest.raises(LookupError, match="expected it loaded"):
        symbols.address_of(library, "hidden")
    with pytest.raises(LookupError, match="expected a symbol nothing"):
        symbols.offset_of(library, "nothing")
