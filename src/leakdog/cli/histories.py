"""Histories from a CSV file: a line per reading, in any order."""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import math
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TextIO, cast

from leakdog.cli.readings import SPAN, Place, Readings
from leakdog.detect.grid import History
from leakdog.errors import LeakdogError

NEEDED = ("timestamp", "value")
KNOWN = ("series", *NEEDED, "load", "start_time", "limit")
WRONG_LINES = 3  # that are told with their places
MOST_SHOWN = 60  # characters of what was found in their place
MILLISECONDS = 1e11  # from it on, as unix seconds, a time is after the year 5000
TIMES = ("timestamp", "start_time")
PROGRESS_LINES = 20_000
GZIP = b"\x1f\x8b"


class _Unusable(ValueError):
    """A field that cannot be used: its place in the line, and why."""

    def __init__(self, place: int, why: str) -> None:
        super().__init__(why)
        self.place = place


class _Wrong:
    """The lines of a file that cannot be used: how many, and the first of them with their places."""

    def __init__(self, path: str) -> None:
        self._path, self._count = path, 0
        self._first: list[str] = []

    def add(self, line: int, column: int, why: str) -> None:
        self._count += 1
        if self._count <= WRONG_LINES:
            self._first.append(f"{self._path}:{line}:{column}: {why}")

    def check(self) -> None:
        """Raise LeakdogError if there is any."""
        if self._count == 1:
            raise LeakdogError(f"reading {self._first[0]}")
        if self._count:
            which = "" if self._count == len(self._first) else "; the first of them"
            listed = "\n  ".join((f"reading {self._path}: {self._count:,} lines cannot be used{which}:", *self._first))
            raise LeakdogError(listed)


class _Lines:
    """Lines as they come, the last of which is kept to tell where in it something is wrong."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = lines
        self.last = ""

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            self.last = line
            yield line

    def column(self, place: int) -> int:
        """Where the field of that place begins, in characters from 1; 1 where the line has no such field."""
        quoted = False
        for at, character in enumerate(self.last):
            quoted ^= character == '"'
            if character == "," and not quoted:
                place -= 1
            if character == "," and not quoted and place == 0:
                return at + 2
        return 1


def read_histories(path: str, *, with_load: bool = True, progress: Callable[[], None] = lambda: None) -> list[History]:
    """Read a CSV file of series.

    Raises:
        LeakdogError: the file cannot be read, or lines of it cannot be used; says how many, and of the first where, as
            file:line:column, and why.

    """
    try:
        with _open(path) as lines:
            columns = _read(lines, path, progress)
    except UnicodeDecodeError as error:
        byte = f"the byte 0x{error.object[error.start]:02x} is not UTF-8"
        told = f"this is no CSV text: {byte}; `leakdog analyze` judges profiles"
        raise LeakdogError(f"reading {path}: {told}") from error
    except (OSError, EOFError, zlib.error, csv.Error) as error:
        raise LeakdogError(f"reading {path}: {getattr(error, 'strerror', None) or error}") from error
    for each in columns.values():
        if each.time and (stray := each.stray()):
            place, why = stray
            raise LeakdogError(f"reading {path}:{place.line}:{place.column}: {why}")
    histories = [each.history(name, with_load=with_load) for name, each in columns.items() if each.time]
    if not histories:
        raise LeakdogError(f"reading {path}: it holds no reading; it needs lines of series,timestamp,value")
    return histories


@contextmanager
def _open(path: str) -> Iterator[TextIO]:
    """Its lines, unpacked where it begins as gzip does; `-` is standard input, which is read once and not closed."""
    with contextlib.ExitStack() as stack:
        opened = sys.stdin.buffer if path == "-" else stack.enter_context(Path(path).open("rb"))
        file = cast("io.BufferedReader", opened)  # standard input is one, whatever its type says
        packed = file.peek(len(GZIP))[: len(GZIP)] == GZIP
        bytes_ = stack.enter_context(gzip.open(file)) if packed else file
        lines = io.TextIOWrapper(bytes_, encoding="utf-8-sig", newline="")
        try:
            yield lines
        finally:
            lines.detach()


def _read(lines: TextIO, path: str, progress: Callable[[], None]) -> dict[str, Readings]:
    told = _Lines(lines)
    rows = csv.reader(told)
    heading = [name.strip() for name in next(rows, [])]
    missing = [name for name in NEEDED if name not in heading]
    if missing:
        raise LeakdogError(f"reading {path}:1:1: {_heading(heading, missing)}")
    at_time, at_value = heading.index("timestamp"), heading.index("value")
    at_name, at_load, at_start, at_limit = (
        heading.index(name) if name in heading else None for name in ("series", "load", "start_time", "limit")
    )
    found: dict[str, Readings] = {}
    wrong = _Wrong(path)
    for number, row in enumerate(rows, 2):
        if number % PROGRESS_LINES == 0:
            progress()
        if not row:
            continue
        try:
            name = row[at_name] if at_name is not None else "value"
            series = found.get(name)
            if series is None:
                series = found[name] = Readings()
            if not row[at_value]:
                continue
            time = _finite(row, at_time, "timestamp")
            if (span := int(time // SPAN)) not in series.places:
                series.places[span] = Place(rows.line_num, told.column(at_time), row[at_time])
            series.time.append(time)
            series.value.append(_finite(row, at_value, "value"))
            series.load.append(_optional(row, at_load, "load"))
            series.start.append(_optional(row, at_start, "start_time"))
            if math.isnan(series.limit):
                series.limit = _optional(row, at_limit, "limit")
        except _Unusable as error:
            wrong.add(rows.line_num, told.column(error.place), str(error))
        except IndexError:
            wrong.add(rows.line_num, 1, f"the line has {len(row)} of {len(heading)} columns")
    wrong.check()
    return found


def _heading(heading: list[str], missing: list[str]) -> str:
    """What is wrong with the first line, and what it is to be."""
    found = f"it is {','.join(heading)[:MOST_SHOWN]!r}" if heading else "it is empty"
    absent = f"{' and '.join(missing)} {'are' if len(missing) > 1 else 'is'} not there"
    wanted = f"write {','.join(KNOWN)} ({' and '.join(NEEDED)} are needed, in any order)"
    return f"the first line must name the columns; {found}, {absent}; {wanted}"


def _finite(row: list[str], place: int, column: str) -> float:
    number = _number(row, place, column)
    if not math.isfinite(number):
        raise _Unusable(
            place, f"{column} {row[place]!r} is no finite number; leave the value empty where it is missing"
        )
    return number


def _number(row: list[str], place: int, column: str) -> float:
    try:
        number = float(row[place])
    except ValueError:
        if column in TIMES:
            return _time(row, place, column)
        raise _Unusable(place, f"{column} {row[place]!r} is not a number; write it as a plain number") from None
    if column in TIMES and number >= MILLISECONDS:
        meant = "seconds are wanted; divide milliseconds by 1000"
        raise _Unusable(place, f"{column} {row[place]!r} is after the year 5000: {meant}")
    if column == "timestamp" and number < 0:
        raise _Unusable(place, f"{column} {row[place]!r} is before 1970: unix seconds are wanted, 0 or more")
    return number


def _time(row: list[str], place: int, column: str) -> float:
    """RFC 3339 as unix seconds."""
    try:
        time = datetime.fromisoformat(row[place])
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        forms = "unix seconds, or as RFC 3339 with its offset, such as 2026-11-01T00:00:00Z"
        raise _Unusable(place, f"{column} {row[place]!r} is not a time; write it as {forms}")
    if column == "timestamp" and not 0 <= time.timestamp() < MILLISECONDS:
        raise _Unusable(place, f"{column} {row[place]!r} is not between 1970 and 5000; correct it")
    return time.timestamp()


def _optional(row: list[str], place: int | None, column: str) -> float:
    return _number(row, place, column) if place is not None and row[place] else math.nan
