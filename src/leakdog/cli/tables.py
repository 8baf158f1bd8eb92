"""Tables on standard output: as wide as the terminal, and as wide as they need where there is none."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

UNBOUNDED = 100_000  # columns; more than any row of names and paths has


def print_table(table: Table) -> None:
    """Print it. A file or a pipe has no width to wrap at, unless `COLUMNS` gives one: paths stay whole for `grep`."""
    from rich.console import Console

    free = not sys.stdout.isatty() and not os.environ.get("COLUMNS")
    Console(highlight=False, width=UNBOUNDED if free else None).print(table)
