# PYTHON_ARGCOMPLETE_OK
"""The command line ``bifsmn``: each command is a module, loaded when it runs.

A new command is a line of ``COMMANDS`` and a module with

- a docstring: what ``bifsmn COMMAND --help`` says, with examples at its end;
- ``add_arguments(parser)``: its arguments, as of ``argparse``;
- ``run(arguments)``: does it. Results go to stdout, all else to stderr. Returns
  an exit code, None for 0. Bad input is a ValueError, OSError or ImportError of
  one sentence; it becomes a line on stderr, and exit code 1.

Imports of torch, speechbrain and other slow packages belong into ``run``.
"""

import argparse
import os
import sys
from importlib import import_module

COMMANDS = {
    "spot": "find keywords in audio files",
    "listen": "find keywords in what a microphone hears",
    "info": "say what a model file is",
    "bench": "time a model on this machine",
    "train": "train a model: runs the recipe",
    "synth": "speak words into a folder, to train on or to test",
    "export": "write the file for devices from a training run",
    "evaluate": "measure a model on a test set",
    "publish": "write a finished run as a hub repository",
    "tune": "choose threshold and smoothing for a rate of false alarms",
}
FAILED, INTERRUPTED, NO_READER = 1, 130, 141  # and 2, of argparse
EPILOG = """
exit codes: 0 done; 1 something failed, and stderr says what; 2 wrong usage;
130 interrupted (Ctrl-C); 141 nobody reads the results any more.
`bifsmn COMMAND --help` has examples.
"""


def main(words=None):
    """Runs a command.

    Arguments
    ---------
    words : list of str, optional
        Of the command line, without the program's name.

    Returns
    -------
    int
        The exit code.
    """
    if "_ARGCOMPLETE" in os.environ:  # the shell asks what may come next
        import argcomplete

        argcomplete.autocomplete(make_parser(os.environ["COMP_LINE"].split()))
    words = sys.argv[1:] if words is None else words
    parser = make_parser(words)
    arguments = parser.parse_args(words)
    try:
        code = arguments.run(arguments)
        sys.stdout.flush()
        return code or 0
    except BrokenPipeError:
        # So that Python does not fail in turn when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return NO_READER
    except KeyboardInterrupt:
        return INTERRUPTED
    except (ValueError, OSError, ImportError) as error:
        complain(arguments, error)
        return FAILED


def complain(arguments, error):
    """Says on stderr what is wrong, in a line.

    Arguments
    ---------
    arguments : argparse.Namespace
        Whose ``command`` it is.
    error : Exception
        With that sentence.
    """
    print(f"bifsmn {arguments.command}: {error}", file=sys.stderr)


def make_parser(words):
    """Returns the parser, with the arguments of such commands as are in words.

    Arguments
    ---------
    words : list of str
        Of the command line.

    Returns
    -------
    argparse.ArgumentParser
    """
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="bifsmn",
        description="Keyword spotting in one bit.",
        epilog=EPILOG,
        formatter_class=form,
    )
    commands = parser.add_subparsers(
        dest="command", metavar="COMMAND", required=True
    )
    for name, summary in COMMANDS.items():
        module = None
        if name in words:
            module = import_module(f"speechbrain_bifsmn.cli.{name}")
        command = commands.add_parser(
            name,
            help=summary,
            description=module and module.__doc__,
            formatter_class=form,
        )
        if module:
            module.add_arguments(command)
            command.set_defaults(run=module.run)
    return parser
