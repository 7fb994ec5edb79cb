"""``python -m speechbrain_bifsmn`` is the command line ``bifsmn``."""

import sys

if __name__ == "__main__":
    try:
        from speechbrain_bifsmn.cli import main
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(main())
