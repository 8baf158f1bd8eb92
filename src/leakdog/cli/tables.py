"""Tables on standard output: as wide as the terminal, and as wide as they need where there is none."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

UNBOUNDED = 100_000  # columns; more than any row of names and paths has
GAP = 2  # columns between two
INDENT = 2  # of lines that belong to the one above them
PIECES = re.compile(r"[^/.-]*[/.-]+|[^/.-]+")  # of names and paths, which may be broken after these


class Row(NamedTuple):
    """Short cells, and what must stay whole to be read and copied: names, paths, sentences.

    Attributes:
        cells: one for each heading.
        about: its lines; those after the first are indented.

    """

    cells: Sequence[Text]
    about: Sequence[str]


def print_rows(headings: Sequence[str], rows: Sequence[Row], about: str, right: Sequence[str] = ()) -> None:
    """Rows with their lines beside the cells where all of them fit there, else below.

    Args:
        headings: of the cells.
        rows: what is told, without anything that a terminal would take for a command.
        about: the heading of the lines.
        right: those of the headings whose cells are aligned to the right.

    """
    from rich.console import Console
    from rich.text import Text

    widths = _widths(headings, [row.cells for row in rows])
    console = Console(highlight=False, width=width())
    if fits(headings, rows):
        whole = _table(headings, widths, right)
        whole.add_column(about, no_wrap=True)
        for cells, lines in rows:
            whole.add_row(*cells, Text("\n".join(_indented(lines))))
        console.print(whole)
        return
    for number, (cells, lines) in enumerate(rows):
        one = _table(headings, widths, right)
        one.show_header = number == 0
        one.add_row(*cells)
        console.print(one)
        console.print(Text("\n".join(line for each in lines for line in _below(each))), soft_wrap=True)


def _table(headings: Sequence[str], widths: Sequence[int], right: Sequence[str]) -> Table:
    """One of the short cells alone, still empty."""
    from rich.table import Table

    made = Table(box=None, pad_edge=False, header_style="bold")
    for name, wide in zip(headings, widths, strict=True):
        made.add_column(name, no_wrap=True, min_width=wide, justify="right" if name in right else "left")
    return made


def _below(line: str) -> list[str]:
    """A line below its row; what has no room in it stands further in."""
    first, *more = folded(line, width() - 2 * INDENT)
    return [f"{'':{INDENT}}{first}", *(f"{'':{2 * INDENT}}{each}" for each in more)]


def fits(headings: Sequence[str], rows: Sequence[Row]) -> bool:
    """Whether all lines of all rows have room beside their cells."""
    longest = max((len(line) for _, lines in rows for line in _indented(lines)), default=0)
    return longest <= room_beside(headings, [row.cells for row in rows])


def room_beside(headings: Sequence[str], rows: Sequence[Sequence[Text]]) -> int:
    """Columns that are left for another column."""
    return width() - sum(_widths(headings, rows)) - GAP * len(headings)


def folded(name: str, columns: int) -> list[str]:
    """A name or a path as lines, broken between words, else after `/`, `.` or `-`; amid a word where it must be."""
    lines = [""]
    for piece in (piece for word in re.findall(r"\S+\s*|\s+", name) for piece in _pieces(word, columns)):
        if len(lines[-1]) + len(piece.rstrip()) > columns and lines[-1]:
            lines.append("")
        lines[-1] += piece
    return [line.rstrip() for line in lines]


def _pieces(word: str, columns: int) -> list[str]:
    if len(word.rstrip()) <= columns:
        return [word]
    return [each[at : at + columns] for each in PIECES.findall(word) for at in range(0, len(each), columns)]


def _indented(lines: Sequence[str]) -> list[str]:
    return [f"{' ' * INDENT if number else ''}{line}" for number, line in enumerate(lines)]


def _widths(headings: Sequence[str], rows: Sequence[Sequence[Text]]) -> list[int]:
    columns = [[name, *(row[place].plain for row in rows)] for place, name in enumerate(headings)]
    return [max(len(line) for cell in column for line in cell.split("\n")) for column in columns]


def print_table(table: Table) -> None:
    """Print it, as wide as `width` says."""
    from rich.console import Console

    Console(highlight=False, width=width()).print(table)


def width() -> int:
    """Columns of the terminal. A file or a pipe has no width, unless `COLUMNS` gives one: paths stay whole."""
    free = not sys.stdout.isatty() and not os.environ.get("COLUMNS")
    return UNBOUNDED if free else shutil.get_terminal_size().columns
