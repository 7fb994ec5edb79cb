"""Public functions and methods whose types are not all written down."""

import ast
from collections.abc import Iterator
from pathlib import Path

Function = ast.FunctionDef | ast.AsyncFunctionDef


def find_unannotated(folder: Path) -> list[str]:
    """Returns a sentence for each public function that lacks annotations.

    Public are functions of modules and methods of public classes, whose names
    do not begin with an underscore.

    Arguments
    ---------
    folder : Path
        With Python files.

    Returns
    -------
    list of str
    """
    return [
        f"{path}:{function.lineno}: expected annotations of all arguments and "
        f"of the result of {function.name}, lacks {', '.join(lacking)}"
        for path in sorted(folder.rglob("*.py"))
        for function, is_method in _public(
            ast.parse(path.read_text(encoding="utf-8"))
        )
        if (lacking := list(_lacking(function, is_method)))
    ]


def _public(node: ast.Module | ast.ClassDef) -> Iterator[tuple[Function, bool]]:
    """Yields functions, and whether their first argument is theirs to name."""
    for child in node.body:
        if isinstance(child, Function) and child.name[0] != "_":
            is_static = any(
                getattr(decorator, "id", "") == "staticmethod"
                for decorator in child.decorator_list
            )
            yield child, isinstance(node, ast.ClassDef) and not is_static
        elif isinstance(child, ast.ClassDef) and child.name[0] != "_":
            yield from _public(child)


def _lacking(function: Function, is_method: bool) -> Iterator[str]:
    given = function.args
    positional = [*given.posonlyargs, *given.args]
    for argument in (
        *positional[is_method:],
        *given.kwonlyargs,
        *filter(None, (given.vararg, given.kwarg)),
    ):
        if argument.annotation is None:
            yield argument.arg
    if function.returns is None:
        yield "the result"
