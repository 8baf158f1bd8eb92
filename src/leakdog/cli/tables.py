"""Tables on standard output: as wide as the terminal, and as wide as they need where there is none."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

UNBOUNDED = 100_000  # columns; more than any row of names and paths has


def print_table(table: Table) -> None:
    """Print it, as wide as `width` says."""
    from rich.console import Console

    Console(highlight=False, width=width()).print(table)


def width() -> int:
    """Columns of the terminal. A file or a pipe has no width, unless `COLUMNS` gives one: paths stay whole."""
    free = not sys.stdout.isatty() and not os.environ.get("COLUMNS")
    return UNBOUNDED if free else shutil.get_terminal_size().columns
