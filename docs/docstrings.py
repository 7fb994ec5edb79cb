"""What the pages of modules show besides docstrings, or leave out."""

import argparse

from bifsmn_engine import cli

FIELD = "Alias for field number"  # all that Python says of a NamedTuple's


def leave_out(app, what, name, thing, skip, options):
    """Leaves out the fields of named tuples: their signature has them."""
    text = getattr(thing, "__doc__", None) or ""
    return True if text.startswith(FIELD) else None


def show_help(app, what, name, thing, options, lines):
    """Shows what ``bifsmn COMMAND --help`` prints as the command's page."""
    package, _, command = name.rpartition(".")
    if what == "module" and package == cli.__name__ and command in cli.COMMANDS:
        help_ = command_help(command)
        lines[:] = ["::", "", *("   " + line for line in help_.splitlines())]


def command_help(command):
    """Returns what ``bifsmn COMMAND --help`` prints.

    Arguments
    ---------
    command : str
        One of ``cli.COMMANDS``.

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


def setup(app):
    """Takes part in autodoc."""
    app.connect("autodoc-skip-member", leave_out)
    app.connect("autodoc-process-docstring", show_help)
