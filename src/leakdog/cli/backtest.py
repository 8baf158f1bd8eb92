"""`leakdog backtest`: what leakdog would have alerted on, and when, had it watched this history."""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leakdog.cli.folders import make_folder, not_writable
from leakdog.cli.help import Help
from leakdog.cli.progress import progress
from leakdog.errors import LeakdogError

if TYPE_CHECKING:
    from leakdog.config.schema import Preset
    from leakdog.detect.grid import History
    from leakdog.detect.replay import Alert, Replayed
    from leakdog.detect.settings import Settings
    from leakdog.model import Signal, Unit

EPILOG = """examples:
  leakdog backtest rss.csv                 a table: which series would have been called leaking, and when
  leakdog backtest rss.csv.gz --json       one line per series, for a script
  leakdog backtest soak.csv --preset soak  judge a run of minutes
  leakdog backtest rss.csv --plot charts   and draw each series into charts/, with its alerts and the growth found

FILE has a line per reading, in any order, with a heading that names its columns:
  series      name of the series (may be left out where there is only one)
  timestamp   unix seconds, or RFC 3339 (2026-11-01T00:00:00Z)
  value       bytes, or a number of things (--unit count); empty where a reading is missing
  load        work done, in any unit, such as bytes allocated per second (may be left out or empty)
  start_time  when the process started, in the same way; a change is a restart (may be left out or empty)
  limit       value that must not be reached (may be left out or empty)

A series whose name ends in that of a signal, as `leakdog storage export` names it (inuse_space, goroutines),
has that signal's unit; one that only ever grows (alloc_space) is left out.

Every reading is judged as if it had just arrived: an alert uses nothing that came after it.

exit codes: 0 the history was replayed, 2 usage, 3 the file cannot be used
"""
SOAK_SECONDS = 3600.0  # a history shorter than this was a soak run
DRAWING = ("drawing into", "name another folder with --plot")
YEAR_SECONDS = 365.25 * 86400
NAMED = 5  # of series that are left out
NOT_IN_SIGNALS = re.compile(r"[^a-z_]+")
NOT_IN_NAMES = re.compile(r"[^\w.-]+")


def register(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = sub.add_parser(
        "backtest",
        help="replay a history: what would have been announced, and when",
        description="Replay a history from a CSV file: what leakdog would have announced, and when.",
        epilog=EPILOG,
        formatter_class=Help,
    )
    parser.add_argument("file", metavar="FILE.csv", help="readings as CSV, also compressed with gzip; - is stdin")
    parser.add_argument("--json", action="store_true", help="print a line of JSON per series")
    parser.add_argument(
        "--preset", choices=("production", "soak"), help="time scale; if left out, soak for histories under an hour"
    )
    parser.add_argument(
        "--unit",
        choices=("bytes", "count"),
        help="what the values are; if left out, as the name of a series says, else bytes",
    )
    parser.add_argument("--no-load", action="store_true", help="judge by the values alone, without the load column")
    parser.add_argument("--plot", metavar="DIR", type=Path, help="draw each series with its alerts as DIR/SERIES.svg")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Read, replay, print."""
    from leakdog.cli.alerts import print_alerts, print_too_early
    from leakdog.cli.histories import read_histories
    from leakdog.config.schema import DetectionConfig, Preset
    from leakdog.detect.settings import settings_for
    from leakdog.model import Unit

    if args.plot:
        make_folder(args.plot, *DRAWING)
    with progress() as advance:
        read = read_histories(args.file, with_load=not args.no_load, progress=lambda: advance("reading", None))
        histories, left_out = judged(read)
        if not histories:
            raise LeakdogError(f"reading {args.file}: {_told(left_out)}; nothing is left to judge")
        units = [Unit(args.unit) if args.unit else unit_of(each.name) for each in histories]
        preset = Preset(args.preset) if args.preset else preset_for(histories)
        settings = settings_for(DetectionConfig(preset=preset), cadence(histories))
        results = replayed(histories, units, settings, lambda share: advance("replaying", share))
        if args.plot:
            plot(args.plot, histories, results, units, lambda share: advance("drawing", share))
    if args.json:
        for each in results:
            print(json.dumps(as_json(each)))
    else:
        print_alerts(results, units)
        print_too_early(results, [float(each.time[-1] - each.time[0]) for each in histories], preset)
    if left_out:
        print(_told(left_out), file=sys.stderr)
    return 0


def _told(left_out: Sequence[str]) -> str:
    more = f" and {len(left_out) - NAMED:,} more" if len(left_out) > NAMED else ""
    return f"left out, as it only ever grows: {', '.join(left_out[:NAMED])}{more}"


def signal_of(series: str) -> Signal | None:
    """The signal in whose name that of a series ends, as an exported one does."""
    from leakdog.model import Signal

    word = NOT_IN_SIGNALS.split(series)[-1]
    return Signal(word) if word in list(Signal) else None


def unit_of(series: str) -> Unit:
    """The unit of that signal; bytes where there is none."""
    from leakdog.model import Unit

    signal = signal_of(series)
    return signal.unit if signal else Unit.BYTES


def judged(histories: Sequence[History]) -> tuple[list[History], list[str]]:
    """Series whose growth says something, and the names of the others: what a process allocates in all only grows."""
    signals = [signal_of(each.name) for each in histories]
    kept = [each for each, signal in zip(histories, signals, strict=True) if not (signal and signal.cumulative)]
    names = {each.name for each in kept}
    return kept, [each.name for each in histories if each.name not in names]


def replayed(
    histories: Sequence[History], units: Sequence[Unit], settings: Settings, progress: Callable[[float], None]
) -> list[Replayed]:
    """What became of each series; those of one unit and one time are replayed together."""
    from leakdog.detect.replay import replay
    from leakdog.model import Signal, Unit

    signals = {Unit.BYTES: Signal.RSS, Unit.COUNT: Signal.GOROUTINES}
    groups: dict[tuple[Unit, int], list[int]] = {}
    for place, group in enumerate(zip(units, eras(histories), strict=True)):
        groups.setdefault(group, []).append(place)
    found: dict[int, Replayed] = {}
    for (unit, _), places in groups.items():
        some = replay([histories[place] for place in places], signals[unit], settings, progress)
        found.update(zip(places, some, strict=True))
    return [found[place] for place in range(len(units))]


def eras(histories: Sequence[History]) -> list[int]:
    """Of each series the number of its era: between two lies a year without a reading, which nobody is to replay."""
    out, era, end = [0] * len(histories), -1, -math.inf
    for place in sorted(range(len(histories)), key=lambda each: float(histories[each].time[0])):
        era += float(histories[place].time[0]) - end > YEAR_SECONDS
        end = max(end, float(histories[place].time[-1]))
        out[place] = era
    return out


def preset_for(histories: list[History]) -> Preset:
    """The time scale of these histories."""
    from leakdog.config.schema import Preset

    longest = max(float(each.time[-1] - each.time[0]) for each in histories)
    return Preset.SOAK if longest < SOAK_SECONDS else Preset.PRODUCTION


def cadence(histories: Sequence[History]) -> float:
    """Seconds between two readings of a usual one of these series; 0 where each has one reading."""
    import numpy as np

    gaps = [float(np.median(np.diff(each.time))) for each in histories if len(each.time) > 1]
    return float(np.median(gaps)) if gaps else 0.0


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


def plot(
    folder: Path,
    histories: Sequence[History],
    results: Sequence[Replayed],
    units: Sequence[Unit],
    progress: Callable[[float], None],
) -> None:
    """Draw each series into a folder that is there; of names that make one file the later ones get a number.

    Raises:
        LeakdogError: a file cannot be written.

    """
    from leakdog.report.svg import Growth, standalone, trend

    taken: Counter[str] = Counter()
    try:
        for number, (history, result, unit) in enumerate(zip(histories, results, units, strict=True)):
            progress(number / len(results))
            growths = [
                Growth(each.assessment.onset or each.start, each.assessment.growth_per_second, each.start, each.end)
                for each in result.alerts
            ]
            picture = trend(history.time, history.value, history.name, unit, growths, history.limit)
            if picture.startswith("<svg"):
                name = NOT_IN_NAMES.sub("_", history.name)
                taken[name] += 1
                again = f".{taken[name]}" if taken[name] > 1 else ""
                (folder / f"{name}{again}.svg").write_text(standalone(picture))
    except OSError as error:
        raise not_writable(error, folder, *DRAWING) from error
