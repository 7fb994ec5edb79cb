"""``python -m speechbrain_bifsmn`` is the command line ``bifsmn``."""

import sys

from speechbrain_bifsmn.cli import main

if __name__ == "__main__":
    sys.exit(main())
