"""The imports of a package, wherever they stand, and which are wrong."""

import ast
import graphlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple


class Import(NamedTuple):
    """One import: the modules by their dotted names, and where it stands."""

    source: str
    target: str
    path: Path
    line: int
    only_types: bool  # below ``if TYPE_CHECKING``


def find_modules(package: Path) -> dict[str, Path]:
    """Returns the file of each module of a package, by its dotted name.

    A folder without ``__init__.py`` holds data, whatever it is.
    """
    found = {}
    for path in sorted(package.rglob("*.py")):
        inside = path.parent != package
        if inside and not (path.parent / "__init__.py").exists():
            continue
        parts = path.relative_to(package.parent).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = path
    return found


def read_imports(package: Path) -> list[Import]:
    """Returns all imports of a package: of modules, functions and types."""
    modules = find_modules(package)
    return [
        Import(name, target, path, node.lineno, only_types)
        for name, path in modules.items()
        for node, only_types in _nodes(path)
        for target in _targets(node, name, path, modules)
    ]


def _nodes(path: Path) -> Iterator[tuple[ast.expr | ast.stmt, bool]]:
    """Yields the nodes of a file, and whether type checkers alone see them."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    only_types = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If)
        and ast.unparse(node.test).endswith("TYPE_CHECKING")
        for child in node.body
        for inner in ast.walk(child)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.expr | ast.stmt):
            yield node, node in only_types


def _targets(
    node: ast.AST, name: str, path: Path, modules: dict[str, Path]
) -> Iterator[str]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield alias.name
    elif isinstance(node, ast.ImportFrom):
        base = _base(node, name.split("."), path.name == "__init__.py")
        for alias in node.names:
            module = f"{base}.{alias.name}"
            yield module if module in modules else base
    elif isinstance(node, ast.Call):
        called = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if called in ("import_module", "__import__") and node.args:
            if isinstance(node.args[0], ast.Constant):
                yield str(node.args[0].value)


def _base(node: ast.ImportFrom, parts: list[str], is_package: bool) -> str:
    """Returns what stands after ``from``, without leading dots."""
    up = node.level - is_package
    above = parts[: len(parts) - up] if node.level else []
    return ".".join(above + ([node.module] if node.module else []))


def find_forbidden(package: Path, forbidden: set[str]) -> list[str]:
    """Returns a sentence for each import of a package that is not allowed.

    Arguments
    ---------
    package : Path
        Its folder.
    forbidden : set of str
        Top-level names.

    Returns
    -------
    list of str
    """
    return [
        f"{found.path}:{found.line}: {package.name} must not import "
        f"{found.target}"
        for found in read_imports(package)
        if found.target.partition(".")[0] in forbidden
    ]


def top_level_names(folder: Path) -> set[str]:
    """Returns the names by which something of a folder can be imported."""
    names = {folder.name}
    for path in folder.rglob("*.py"):
        names.add(path.stem)
        names.update(path.relative_to(folder).parts[:-1])
    return names - {"__init__", "conftest"}


def find_circle(package: Path, parts: int = 2) -> str:
    """Describes a circle of imports in a package; those of types may be one.

    Arguments
    ---------
    package : Path
        Its folder.
    parts : int
        How much of a module's dotted name counts: with 2, circles are between
        the sub-packages, and the modules beside them.

    Returns
    -------
    str
        Empty where there is none.
    """
    where: dict[tuple[str, str], Import] = {}
    graph: dict[str, set[str]] = {}
    for found in read_imports(package):
        source, target = (
            ".".join(name.split(".")[:parts])
            for name in (found.source, found.target)
        )
        inside = target.partition(".")[0] == package.name
        if inside and source != target and not found.only_types:
            graph.setdefault(source, set()).add(target)
            where.setdefault((source, target), found)
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        circle = error.args[1][::-1]  # its order is of what is imported first
        return "; ".join(
            f"{source} imports {target} ({where[source, target].path}:"
            f"{where[source, target].line})"
            for source, target in zip(circle, circle[1:], strict=False)
        )
    return ""
