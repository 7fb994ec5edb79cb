"""What the pages of modules show besides docstrings, or leave out."""

import argparse
from typing import Any

from sphinx.application import Sphinx

from bifsmn_engine import cli
from speechbrain_bifsmn import cli as plugin

COMMANDS = {
    f"{package.__name__}.{command}": command
    for package in (cli, plugin)
    for command in package.COMMANDS
}
FIELD = "Alias for field number"  # all that Python says of a NamedTuple's


def leave_out(
    app: Sphinx, what: str, name: str, thing: Any, skip: bool, options: Any
) -> bool | None:
    """Leaves out the fields of named tuples: their signature has them."""
    text = getattr(thing, "__doc__", None) or ""
    return True if text.startswith(FIELD) else None


def show_help(
    app: Sphinx,
    what: str,
    name: str,
    thing: Any,
    options: Any,
    lines: list[str],
) -> None:
    """Shows what ``bifsmn COMMAND --help`` prints as the command's page."""
    if what == "module" and name in COMMANDS:
        help_ = command_help(COMMANDS[name])
        lines[:] = ["::", "", *("   " + line for line in help_.splitlines())]


def command_help(command: str) -> str:
    """Returns what ``bifsmn COMMAND --help`` prints.

    Arguments
    ---------
    command : str
        Its name.

    Returns
    -------
    str
    """
    parser = cli.make_parser([command])
    (commands,) = (
        action
        for action in parser._actions
        if isinstance(action, argparse._SubParsersAction)
    )
    return commands.choices[command].format_help()


def setup(app: Sphinx) -> None:
    """Takes part in autodoc."""
    app.connect("autodoc-skip-member", leave_out)
    app.connect("autodoc-process-docstring", show_help)
