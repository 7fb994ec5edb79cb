"""``python -m bifsmn_engine`` is the command line ``bifsmn``."""

import sys

if __name__ == "__main__":
    try:
        from bifsmn_engine.cli import main
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(main())
