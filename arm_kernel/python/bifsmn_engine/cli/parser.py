"""The parser of the command line."""

import argparse

from bifsmn_engine.printable import printable


class Parser(argparse.ArgumentParser):
    """An ``ArgumentParser`` that shows what it quotes."""

    def error(self, message):
        """Says what is wrong, and ends with exit code 2."""
        super().error(printable(message))
