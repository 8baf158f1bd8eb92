"""Histories from a CSV file: a line per reading, in any order."""

from __future__ import annotations

import csv
import gzip
import math
import sys
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import numpy as np

from leakdog.detect.grid import History
from leakdog.errors import LeakdogError

NEEDED = ("timestamp", "value")
TIMES = ("timestamp", "start_time")
PROGRESS_LINES = 20_000


@dataclass(slots=True)
class _Columns:
    """The readings of one series as they come."""

    time: array[float] = field(default_factory=lambda: array("d"))
    value: array[float] = field(default_factory=lambda: array("d"))
    load: array[float] = field(default_factory=lambda: array("d"))
    start: array[float] = field(default_factory=lambda: array("d"))
    limit: float = math.nan


def read_histories(path: str, *, with_load: bool = True, progress: Callable[[], None] = lambda: None) -> list[History]:
    """Read a CSV file of series.

    Raises:
        LeakdogError: the file cannot be read, or a line of it cannot be used; says which and why.

    """
    try:
        with _open(path) as lines:
            columns = _read(lines, path, progress)
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise LeakdogError(f"reading {path}: {getattr(error, 'strerror', None) or error}") from error
    histories = [_history(name, each, with_load=with_load) for name, each in columns.items() if each.time]
    if not histories:
        raise LeakdogError(f"reading {path}: it holds no reading; it needs lines of series,timestamp,value")
    return histories


@contextmanager
def _open(path: str) -> Iterator[TextIO]:
    if path == "-":
        yield sys.stdin
        return
    with Path(path).open("rb") as probe:
        packed = probe.read(2) == b"\x1f\x8b"
    with gzip.open(path, "rt", newline="") if packed else Path(path).open(newline="") as lines:
        yield lines


def _read(lines: TextIO, path: str, progress: Callable[[], None]) -> dict[str, _Columns]:
    rows = csv.reader(lines)
    heading = [name.strip() for name in next(rows, [])]
    missing = [name for name in NEEDED if name not in heading]
    if missing:
        raise LeakdogError(f"reading {path}: its first line must name the columns; {', '.join(missing)} is not there")
    at_time, at_value = heading.index("timestamp"), heading.index("value")
    at_name, at_load, at_start, at_limit = (
        heading.index(name) if name in heading else None for name in ("series", "load", "start_time", "limit")
    )
    found: dict[str, _Columns] = {}
    for number, row in enumerate(rows, 2):
        if number % PROGRESS_LINES == 0:
            progress()
        if not row:
            continue
        try:
            name = row[at_name] if at_name is not None else "value"
            series = found.get(name)
            if series is None:
                series = found[name] = _Columns()
            if not row[at_value]:
                continue
            time, value = _number(row, at_time, "timestamp"), _number(row, at_value, "value")
            if not (math.isfinite(time) and math.isfinite(value)):
                raise ValueError("timestamp and value must be finite numbers")
            series.time.append(time)
            series.value.append(value)
            series.load.append(_optional(row, at_load, "load"))
            series.start.append(_optional(row, at_start, "start_time"))
            if math.isnan(series.limit):
                series.limit = _optional(row, at_limit, "limit")
        except (ValueError, IndexError) as error:
            what = f"it has {len(row)} of {len(heading)} columns" if isinstance(error, IndexError) else error
            raise LeakdogError(f"reading {path}: line {number} cannot be used: {what}") from None
    return found


def _number(row: list[str], place: int, column: str) -> float:
    try:
        return float(row[place])
    except ValueError:
        wanted = "unix seconds" if column in TIMES else "a plain number"
        raise ValueError(f"{column} {row[place]!r} is not a number; write it as {wanted}") from None


def _optional(row: list[str], place: int | None, column: str) -> float:
    return _number(row, place, column) if place is not None and row[place] else math.nan


def _history(name: str, columns: _Columns, *, with_load: bool) -> History:
    """Points in order of time; of several at one time the first counts."""
    time, order = np.unique(np.array(columns.time), return_index=True)
    load, start = (np.array(each)[order] for each in (columns.load, columns.start))
    known = ~np.isnan(start)
    if known.any():  # where it is not told, the process is the one before
        place = np.maximum.accumulate(np.where(known, np.arange(len(start)), -1))
        start = np.where(place < 0, start[known][0], start[np.maximum(place, 0)])
    return History(
        name=name,
        time=time,
        value=np.array(columns.value)[order],
        load=load if with_load and not np.isnan(load).all() else None,
        life_start=start if known.any() else None,
        limit=None if math.isnan(columns.limit) else columns.limit,
    )
