"""`leakdog backtest`: what leakdog would have alerted on, and when, had it watched this history."""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import math
import sys
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from leakdog.errors import LeakdogError

if TYPE_CHECKING:
    from leakdog.config.schema import Preset
    from leakdog.detect.grid import History
    from leakdog.detect.replay import Alert, Replayed
    from leakdog.model import Unit

EPILOG = """examples:
  leakdog backtest rss.csv                 a table: which series would have been called leaking, and when
  leakdog backtest rss.csv.gz --json       one line per series, for a script
  leakdog backtest soak.csv --preset soak  judge a run of minutes

FILE has a line per reading, in any order, with a heading that names its columns:
  series      name of the series (may be left out where there is only one)
  timestamp   unix seconds
  value       bytes, or a number of things with --unit count; empty where a reading is missing
  load        work done, in any unit, such as bytes allocated per second (may be left out or empty)
  start_time  unix seconds when the process started; a change is a restart (may be left out or empty)
  limit       value that must not be reached (may be left out or empty)

Every reading is judged as if it had just arrived: an alert uses nothing that came after it.

exit codes: 0 the history was replayed, 2 usage, 3 the file cannot be used
"""
NEEDED = ("timestamp", "value")
KNOWN = ("series", *NEEDED, "load", "start_time", "limit")
SOAK_SECONDS = 3600.0  # a history shorter than this was a soak run
PROGRESS_LINES = 20_000


def register(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = sub.add_parser(
        "backtest",
        help="replay a history: what would have been announced, and when",
        description="Replay a history from a CSV file: what leakdog would have announced, and when.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", metavar="FILE.csv", help="readings as CSV, also compressed with gzip; - is stdin")
    parser.add_argument("--json", action="store_true", help="print a line of JSON per series")
    parser.add_argument(
        "--preset", choices=("production", "soak"), help="time scale; if left out, soak for histories under an hour"
    )
    parser.add_argument("--unit", choices=("bytes", "count"), default="bytes", help="what the values are")
    parser.add_argument("--no-load", action="store_true", help="judge by the values alone, without the load column")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Read, replay, print."""
    from leakdog.config.schema import DetectionConfig, Preset
    from leakdog.detect.replay import replay
    from leakdog.detect.settings import settings_for
    from leakdog.model import Signal, Unit

    unit = Unit(args.unit)
    with _progress() as advance:
        histories = read_histories(args.file, with_load=not args.no_load, progress=lambda: advance("reading", None))
        preset = Preset(args.preset) if args.preset else preset_for(histories)
        settings = settings_for(DetectionConfig(preset=preset))
        signal = Signal.RSS if unit is Unit.BYTES else Signal.GOROUTINES
        results = replay(histories, signal, settings, lambda share: advance("replaying", share))
    if args.json:
        for each in results:
            print(json.dumps(as_json(each)))
    else:
        _print_table(results, unit)
    return 0


def preset_for(histories: list[History]) -> Preset:
    """The time scale of these histories."""
    from leakdog.config.schema import Preset

    longest = max(float(each.time[-1] - each.time[0]) for each in histories)
    return Preset.SOAK if longest < SOAK_SECONDS else Preset.PRODUCTION


def as_json(result: Replayed) -> dict[str, Any]:
    """One series in the shape that scripts rely on."""
    return {
        "series": result.name,
        "alerts": [_alert(each) for each in result.alerts],
        "verdict": result.verdict.value,
        "reasons": list(result.last.reasons) if result.last else [],
    }


def _alert(alert: Alert) -> dict[str, Any]:
    seen = alert.assessment
    until = seen.time_to_limit_interval
    return {
        "from": alert.start,
        "to": alert.end,
        "growth_per_second": seen.growth_per_second,
        "interval": list(seen.interval) if seen.interval else None,
        "onset": seen.onset,
        "time_to_limit_seconds": seen.time_to_limit_seconds,
        "time_to_limit_interval": [each if math.isfinite(each) else None for each in until] if until else None,
        "reasons": list(seen.reasons),
    }


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
        raise LeakdogError(f"reading {path}: {error}") from error
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
            time, value = float(row[at_time]), float(row[at_value])
            if not (math.isfinite(time) and math.isfinite(value)):
                raise ValueError("timestamp and value must be finite numbers")
            series.time.append(time)
            series.value.append(value)
            series.load.append(_optional(row, at_load))
            series.start.append(_optional(row, at_start))
            if math.isnan(series.limit):
                series.limit = _optional(row, at_limit)
        except (ValueError, IndexError) as error:
            what = f"it has {len(row)} of {len(heading)} columns" if isinstance(error, IndexError) else error
            raise LeakdogError(f"reading {path}: line {number} cannot be used: {what}") from None
    return found


def _optional(row: list[str], place: int | None) -> float:
    return float(row[place]) if place is not None and row[place] else math.nan


def _history(name: str, columns: _Columns, *, with_load: bool) -> History:
    """Points in order of time; of several at one time the first counts."""
    import numpy as np

    from leakdog.detect.grid import History

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


@contextmanager
def _progress() -> Iterator[Callable[[str, float | None], None]]:
    """A progress bar on a terminal, on stderr so that --json stays clean."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None)

        def advance(what: str, share: float | None) -> None:
            bar.update(task, description=what, total=None if share is None else 1.0, completed=share or 0.0)

        yield advance


def _print_table(results: list[Replayed], unit: Unit) -> None:
    """The alerts as a table, and how many series have none."""
    from rich.console import Console
    from rich.table import Table

    from leakdog.report.words import human_duration, human_rate, human_time

    table = Table("series", "from", "to", "growth", "limit in", "why", box=None, pad_edge=False)
    for each in results:
        for alert in each.alerts:
            seen = alert.assessment
            left = seen.time_to_limit_seconds
            table.add_row(
                each.name,
                human_time(alert.start),
                "still fires" if alert.end is None else human_time(alert.end),
                human_rate(seen.growth_per_second, unit),
                "" if left is None else human_duration(left),
                seen.reasons[0],
            )
    console = Console()
    if table.row_count:
        console.print(table)
    quiet = sum(not each.alerts for each in results)
    verdicts = sorted({each.verdict.value for each in results if not each.alerts})
    told = f" ({', '.join(verdicts).replace('_', ' ')})" if verdicts else ""
    console.print(f"{len(results) - quiet or 'no'!s} series with an alert, {quiet:,} without{told}")
