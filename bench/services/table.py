"""A table of readings that grows, in the shape that `leakdog backtest` reads."""

from __future__ import annotations

import csv
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from types import TracebackType


@dataclass(frozen=True, slots=True)
class Row:
    """One reading. `load` is requests per second, `start_time` unix seconds, `limit` in the unit of the value."""

    series: str
    timestamp: float
    value: float
    load: float
    start_time: float
    limit: int | None = None


class Table:
    """A CSV file of rows; what was appended is in the file.

    Raises:
        FileExistsError: there is such a file; two recordings are not mixed.

    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("x", newline="")
        self._writer = csv.writer(self._file)
        self._writer.writerow(field.name for field in fields(Row))

    def append(self, rows: list[Row]) -> None:
        """Write rows at the end."""
        self._writer.writerows(astuple(row) for row in rows)
        self._file.flush()

    def __enter__(self) -> Table:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
