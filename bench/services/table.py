"""A table of readings that grows, in the shape that `leakdog backtest` reads."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple


class Row(NamedTuple):
    """One reading. `load` is requests per second, `start_time` unix seconds, `limit` in the unit of the value."""

    series: str
    timestamp: float
    value: float
    load: float
    start_time: float
    limit: int | None = None


class Table:
    """A CSV file of rows, each of which is in the file once it was appended.

    Raises:
        FileExistsError: there is such a file; two recordings are not mixed.

    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("x", newline="")
        self._writer = csv.writer(self._file)
        self._writer.writerow(Row._fields)

    def append(self, rows: list[Row]) -> None:
        """Write rows at the end."""
        self._writer.writerows(rows)
        self._file.flush()

    def close(self) -> None:
        """No row comes after this."""
        self._file.close()
