"""`python -m leakdog`."""

import sys

from leakdog.cli import main

if __name__ == "__main__":
    sys.exit(main())
