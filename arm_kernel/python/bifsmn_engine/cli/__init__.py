# PYTHON_ARGCOMPLETE_OK
"""The command line ``bifsmn``: each command is a module, loaded when it runs.

A new command is a line of ``COMMANDS`` and a module of that name beside it with

- a docstring: what ``bifsmn COMMAND --help`` says, with examples at its end;
- ``add_arguments(parser)``: its arguments, by ``argparse``;
- ``run(arguments)``: does it. Results go to stdout, all else to stderr. Returns
  an exit code, None for 0. Bad input is a ValueError, OSError or ImportError of
  one sentence; it becomes a line on stderr, and exit code 1.

Other packages add theirs by an entry point of the group ``bifsmn.commands``: a
package with the same ``COMMANDS`` and modules.

Imports of torch and other slow packages belong into ``run``. What may be of a
file, its name or a label say, is printed through ``printable``, or by
``print_json``. This module itself imports nothing that takes time: only
``main`` is prepared for Ctrl-C.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bifsmn_engine.cli.parser import Parser

COMMANDS = {
    "spot": "find keywords in audio files",
    "listen": "find keywords in what a microphone hears",
    "serve": "find wake words for Home Assistant (Wyoming)",
    "info": "say what a model file is",
    "bench": "time a model on this machine",
}
# Commands of the package speechbrain-bifsmn: named here where it is missing.
_OF_PLUGIN = ("train", "synth", "export", "evaluate", "publish", "tune")
GROUP = "bifsmn.commands"
FAILED, INTERRUPTED, NO_READER = 1, 130, 141  # and 2, of argparse
EPILOG = """
exit codes: 0 done; 1 something failed, and stderr says what; 2 wrong usage;
130 interrupted (Ctrl-C); 141 nobody reads the results any more.
`bifsmn COMMAND --help` has examples.
"""


def main(words: Sequence[str] | None = None) -> int:
    """Runs a command.

    Arguments
    ---------
    words : list of str, optional
        Of the command line, without the program's name. Without them, those of
        this process, whose streams and signals are then the command's own.

    Returns
    -------
    int
        The exit code.
    """
    if words is not None:
        return _run(words)
    try:
        from bifsmn_engine.cli.process import as_program

        return as_program(_run_process)
    except KeyboardInterrupt:
        return INTERRUPTED


def _run_process():
    if {"_ARGCOMPLETE", "COMP_LINE"} <= {*os.environ}:
        return _complete()  # the shell asks what may come next
    return _run(sys.argv[1:])


def _run(words):
    from bifsmn_engine.cli.process import let_go_of_streams

    command = ""
    try:
        try:
            arguments = make_parser(words).parse_args(words)
            command = arguments.command
            code = arguments.run(arguments) or 0
        finally:
            sys.stdout.flush()
        return code
    except BrokenPipeError:
        return NO_READER
    except KeyboardInterrupt:
        return INTERRUPTED
    except MemoryError as error:
        print_error(command, str(error) or "there is not enough memory")
        return FAILED
    except (
        *(ValueError, OSError, ImportError),
        # Of numbers beyond all bounds; of links in a circle, JSON that is
        # nested too deeply, and of torch.
        *(OverflowError, RuntimeError),
    ) as error:
        print_error(command, error)
        return FAILED
    finally:
        let_go_of_streams()


def _complete():
    """Says what may come next; where it cannot, nothing."""
    try:
        import argcomplete

        parser = make_parser(os.environ["COMP_LINE"].split())
        argcomplete.autocomplete(parser)
    except Exception:
        pass
    return FAILED


def print_error(command: str, error: Exception | str) -> None:
    """Says on stderr what is wrong, in a line.

    Arguments
    ---------
    command : str
        Whose it is.
    error : Exception | str
        That sentence.
    """
    from bifsmn_engine.printable import printable

    who = f"bifsmn {command}".rstrip()
    try:
        print(f"{who}: {printable(str(error) or repr(error))}", file=sys.stderr)
    except OSError:
        pass  # nobody reads it: the exit code says enough


def make_parser(words: Sequence[str]) -> Parser:
    """Returns the parser, with the arguments of such commands as are in words.

    Arguments
    ---------
    words : list of str
        Of the command line.

    Returns
    -------
    argparse.ArgumentParser
    """
    from argparse import RawDescriptionHelpFormatter as form
    from importlib import import_module

    from bifsmn_engine.cli.parser import Parser

    parser = Parser(
        prog="bifsmn",
        description="Keyword spotting in one bit.",
        epilog=EPILOG,
        formatter_class=form,
    )
    commands = parser.add_subparsers(
        dest="command", metavar="COMMAND", required=True
    )
    for name, summary, package in _commands(words):
        module = None
        if name in words:
            _check_installed(name, package)
            module = import_module(f"{package}.{name}")
        command = commands.add_parser(
            name,
            help=summary,
            description=module.__doc__ if module else None,
            formatter_class=form,
        )
        if module:
            module.add_arguments(command)
            command.set_defaults(run=module.run)
    return parser


def _commands(words) -> Iterator[tuple[str, str, str]]:
    """Yields the name of each command, its summary, and its package."""
    for name, summary in COMMANDS.items():
        yield name, summary, __name__
    if words and words[0] in COMMANDS:
        return  # looking for those of other packages takes time
    from importlib.metadata import entry_points

    names = set(COMMANDS)
    for found in entry_points(group=GROUP):
        others = found.load().COMMANDS
        names |= others.keys()
        for name, summary in others.items():
            yield name, summary, found.value
    for name in _OF_PLUGIN:
        if name not in names:
            yield name, "(in the package speechbrain-bifsmn)", ""


def _check_installed(name, package):
    if not package:
        raise ImportError(
            f"{name}: expected the package speechbrain-bifsmn, which has this "
            "command, found none; `pip install speechbrain-bifsmn` brings it"
        )
