"""Builds the engine's library and tools."""

import hashlib
import re
from pathlib import Path

from benchmarks import ROOT
from benchmarks.harness.cache import CACHE
from benchmarks.harness.process import run, say

ENGINE = ROOT / "arm_kernel"


def build_engine() -> Path:
    """Returns the folder with the engine's library and tools."""
    # Of each copy of the sources its own: CMake takes no other's.
    copy = hashlib.sha256(str(ENGINE).encode()).hexdigest()[:12]
    folder = CACHE / f"engine-{copy}"
    say(f"Building the engine in {folder}")
    options = ["-DCMAKE_BUILD_TYPE=Release", "-DBIFSMN_TOOLS=ON"]
    run(["cmake", "-S", ENGINE, "-B", folder, *options])
    targets = ["--target", "shared", "bifsmn-bench"]
    run(["cmake", "--build", folder, *targets])
    return folder


def compiler(folder: Path) -> str:
    """Returns the name and version of what built the engine there."""
    files = (folder / "CMakeFiles").glob("*/CMakeCXXCompiler.cmake")
    text = max(files, key=lambda file: file.stat().st_mtime).read_text()
    found = re.findall(r'set\(CMAKE_CXX_COMPILER_(ID|VERSION) "([^"]*)"', text)
    values = dict(found)
    return f"{values['ID']} {values['VERSION']}"
