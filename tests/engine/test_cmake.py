"""The engine as a C library, built and installed by CMake."""

import re
import shutil
import subprocess

import numpy as np
import pytest

LISTS = """
cmake_minimum_required(VERSION 3.18)
project(consumer LANGUAGES C)
find_package(bifsmn 0.1 REQUIRED)
foreach(kind shared static)
  add_executable(with_${kind} main.c)
  target_link_libraries(with_${kind} PRIVATE bifsmn::${kind})
endforeach()
"""
MAIN = """
#include <bifsmn.h>
#include <stdio.h>

/* MODEL FEATURES: writes the logits in hexadecimal. */
int main(int argc, char **argv) {
  static float features[256 * 128], logits[BIFSMN_MAX_CLASSES];
  bifsmn_model *model;
  bifsmn_state *state;
  bifsmn_info info;
  FILE *file = argc == 3 ? fopen(argv[2], "rb") : NULL;
  if (!file || !fread(features, 4, 256 * 128, file)) return 1;
  fclose(file);
  if (bifsmn_load_file(argv[1], &model) || bifsmn_get_info(model, &info) ||
      bifsmn_state_new(model, &state) || bifsmn_logits(state, features, logits))
    return 2;
  for (unsigned k = 0; k < info.classes; ++k) printf("%a\\n", logits[k]);
  bifsmn_state_free(state);
  bifsmn_free(model);
  return 0;
}
"""

pytestmark = pytest.mark.slow


def run(*command):
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def prefix(build, tmp_path_factory):
    """Where the engine has been installed, moved after that."""
    folder = tmp_path_factory.mktemp("cmake")
    installed = folder / "installed"
    run("cmake", "--install", build, "--prefix", installed)
    return installed.rename(folder / "moved")


@pytest.fixture(scope="module")
def programs(prefix, tmp_path_factory):
    """A program in C, linked to either library."""
    folder = tmp_path_factory.mktemp("consumer")
    (folder / "CMakeLists.txt").write_text(LISTS)
    (folder / "main.c").write_text(MAIN)
    build = folder / "build"
    where = f"-DCMAKE_PREFIX_PATH={prefix}"
    run("cmake", "-S", folder, "-B", build, where)
    run("cmake", "--build", build)
    return build


@pytest.mark.parametrize("kind", ["shared", "static"])
def test_a_c_program_links_and_runs(programs, default, engine, tmp_path, kind):
    features = default.features[0].numpy()
    features.tofile(tmp_path / "features")
    program = programs / f"with_{kind}"
    lines = run(program, default.path, tmp_path / "features").split()
    logits = np.float32([float.fromhex(line) for line in lines])
    expected = engine.Model.load(default.path).logits(features)
    np.testing.assert_array_equal(logits, expected)


@pytest.mark.skipif(not shutil.which("readelf"), reason="no readelf")
def test_all_need_libc_and_libm_only(prefix, programs):
    (library,) = (
        path for path in prefix.rglob("libbifsmn.so*") if not path.is_symlink()
    )
    for path in (library, programs / "with_shared", programs / "with_static"):
        needed = re.findall(r"NEEDED.*\[(.*)\]", run("readelf", "-d", path))
        assert "libc.so.6" in needed
        own = {"libbifsmn.so.0"} if path.name == "with_shared" else set()
        assert set(needed) - own <= {"libc.so.6", "libm.so.6"}


@pytest.mark.skipif(not shutil.which("nm"), reason="no nm")
def test_the_library_shows_its_c_functions_only(prefix, engine):
    (library,) = (
        path for path in prefix.rglob("libbifsmn.so*") if not path.is_symlink()
    )
    lines = run("nm", "-D", "--defined-only", library).splitlines()
    assert {line.split()[-1] for line in lines} == set(
        engine._library.FUNCTIONS
    )
