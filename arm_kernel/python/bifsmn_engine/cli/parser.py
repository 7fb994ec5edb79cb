"""The parser of the command line."""

from __future__ import annotations

import argparse
from typing import NoReturn

from bifsmn_engine.printable import printable


class Parser(argparse.ArgumentParser):
    """An ``ArgumentParser`` that shows what it quotes."""

    def error(self, message: str) -> NoReturn:
        """Says what is wrong, and ends with exit code 2."""
        super().error(printable(message))
