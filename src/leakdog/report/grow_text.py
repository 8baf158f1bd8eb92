"""What grows, as text: nodes, source lines or stacks with trend per hour, 80 % interval and share of the growth."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np

from leakdog.pprof.profile import ValueType
from leakdog.pprof.symbols import Symbols
from leakdog.report.frames import UNKNOWN, Calls
from leakdog.report.grow import Grown, Key, OverTime, Rate
from leakdog.report.heading import heading
from leakdog.report.listing import Place, Sources, functions, places_of, source_of
from leakdog.report.measure import MINIMUM, label, scale
from leakdog.report.words import HOUR, human_duration

TITLES = f"{'80% ±':>9} {'share':>6}"  # after a trend
INDENT = len(TITLES) + 23  # of what stands after the figures of a stack
STILL = Rate(0.0, 0.0, 0.0, 0.0)  # of what holds nothing
SEPARATOR = "-" * (INDENT - 2) + "+" + "-" * 24
Figure = Callable[[float], str]


class SourceLine(NamedTuple):
    """A line of source: its number, what is written there if that is known, and what grows in it if anything does."""

    line: int
    source: str | None
    grown: Grown | None


class GrownRoutine(NamedTuple):
    """A function in a file, with the lines that are shown of it; `error` says why there is no source."""

    function: str
    file: str
    lines: tuple[SourceLine, ...]
    error: str


def ranked(found: OverTime[Key]) -> list[tuple[Key, Grown]]:
    """Rows that grow most first, by flat or by cum; what shrinks is last."""

    def order(row: tuple[Key, Grown]) -> tuple[float, float, str]:
        grown = row[1]
        rates = grown.flat_rate.per_second, grown.cum_rate.per_second
        first, second = rates if found.view.sort == "flat" else rates[::-1]
        return -first, -second, str(row[0])

    rows = sorted(found.rows.items(), key=order)
    return rows[: found.view.n] if found.view.n else rows


def top(found: OverTime[str], width: int = 0) -> str:
    """Nodes: the trend that they are sorted by, the other one, and what each holds now.

    Args:
        width: columns that there are; names are cut at their front to fit. 0: as many as it takes.

    """
    rows, by = ranked(found), found.view.sort
    figure, held = _hourly_figure(found, (grown for _, grown in rows)), _figure(found, [found.total])
    lines = [*_heading(found, figure)]
    if len(rows) < len(found.rows):
        lines.append(f"Showing top {len(rows)} nodes out of {len(found.rows)}")
    first, second = ("flat", "cum") if by == "flat" else ("cum", "flat")
    lines.append(f"{f'{first}/h':>9} {TITLES} {f'{second}/h':>9} {first:>9}")
    for name, grown in rows:
        rate, other, now = grown.flat_rate, grown.cum_rate, grown.flat
        if by == "cum":
            rate, other, now = other, rate, grown.cum
        head = f"{_sure(rate, figure)} {_hourly(other, figure):>9} {held(now):>9}  "
        lines.append(head + _fitting(name, width - len(head)))
    return "\n".join(lines) + "\n"


def traces(found: OverTime[tuple[str, ...]], width: int = 0) -> str:
    """Stacks, leaf first: their trends, and what each holds now. `width` is that of `top`."""
    rows = ranked(found)
    figure, held = _hourly_figure(found, (grown for _, grown in rows)), _figure(found, [found.total])
    lines = [*_heading(found, figure), f"{'growth/h':>9} {TITLES} {'now':>9}"]
    for stack, grown in rows:
        leaf, *callers = (_fitting(name, width - INDENT) for name in stack or (UNKNOWN,))
        head = f"{_sure(grown.flat_rate, figure)} {held(grown.flat):>9}"
        lines += [SEPARATOR, f"{head}   {leaf}", *(" " * INDENT + name for name in callers)]
    return "\n".join([*lines, SEPARATOR]) + "\n"


def routines(found: OverTime[Place], pattern: str, sources: Sources) -> list[GrownRoutine]:
    """Functions whose names match, with their lines.

    Raises:
        ProfileError: `pattern` is no regular expression, or matches nothing.

    """
    out = []
    for (name, file), places in functions(found.rows, pattern).items():
        shown, error = source_of(file, places, sources)
        by_line = {place.line: found.rows[place] for place in places}
        lines = tuple(SourceLine(line, source, by_line.get(line)) for line, source in shown.items())
        out.append(GrownRoutine(name, file, lines, error))
    return out


def listing(found: OverTime[Place], listed: Iterable[GrownRoutine]) -> str:
    """Source lines: the trends of flat and of cum."""
    listed = list(listed)
    figure = _hourly_figure(found, (line.grown for each in listed for line in each.lines if line.grown))
    lines = [*_heading(found, figure)]
    for each in listed:
        lines += _routine(each, figure)
    return "\n".join(lines) + "\n"


def lines_of(name: Callable[[str], str]) -> Callable[[Symbols], tuple[list[Place], Calls]]:
    """Fold by line of source, wherever the binary has it.

    Args:
        name: says what a file is called.

    """
    starts: dict[tuple[str, str], int] = {}

    def calls_of(symbols: Symbols) -> tuple[list[Place], Calls]:
        places, calls = places_of(symbols, name)
        rows: dict[Place, int] = {}
        for place in places:
            starts.setdefault((place.function, place.file), place.start_line)
        merged = [place._replace(start_line=starts[place.function, place.file], binary="") for place in places]
        number = np.array([rows.setdefault(place, len(rows)) for place in merged], np.int64)
        return list(rows), calls._replace(name=number[calls.name])

    return calls_of


def _heading(found: OverTime[Key], figure: Figure) -> Iterator[str]:
    first, last = found.taken[0], found.taken[-1]
    kind = ValueType(found.view.sample_index, found.unit)
    told = heading(last.profile, kind, found.total, found.view.unit)
    yield from (line for line in told if not line.startswith(("Time:", "Duration:")))
    yield from found.view.selection.lines()
    count = str(len(found.taken)) if len(found.taken) == found.count else f"{len(found.taken)} of {found.count}"
    yield f"Growth over {count} profiles in {human_duration(last.time - first.time)}"
    if found.before:
        yield f"Left out {found.before}, of before the process started anew"
    held = _figure(found, [found.total])(found.total)
    interval = f"80% interval {figure(found.rate.low * HOUR)} to {figure(found.rate.high * HOUR)}"
    yield f"{figure(found.rate.per_second * HOUR)} per hour in all ({interval}), {held} in the last profile"


def _routine(routine: GrownRoutine, figure: Figure) -> Iterator[str]:
    yield f"ROUTINE ======================== {routine.function} in {routine.file or '?'}"
    if routine.error:
        yield f" Error: {routine.error}"
    yield f"{'flat/h':>9} {'cum/h':>9} {TITLES}   line"
    for line in routine.lines:
        flat, cum = (line.grown.flat_rate, line.grown.cum_rate) if line.grown else (STILL, STILL)
        head = f"{_hourly(flat, figure):>9} {_sure(cum, figure)}"
        yield f"{head} {line.line:6}:{line.source or ''}"


def _hourly_figure(found: OverTime[Key], rows: Iterable[Grown]) -> Figure:
    """How trends are written."""
    rates = [found.rate, *(rate for grown in rows for rate in (grown.flat_rate, grown.cum_rate))]
    return _figure(found, (rate.per_second * HOUR for rate in rates))


def _figure(found: OverTime[Key], values: Iterable[float]) -> Figure:
    """How values are written: in one unit, that of the largest, unless another one was asked for."""
    unit = found.view.unit
    if unit == MINIMUM:
        _, unit = scale(int(max(map(abs, values))), found.unit)
    return lambda value: label(round(value), found.unit, unit)


def _sure(rate: Rate, figure: Figure) -> str:
    """A trend, how far its interval reaches on each side, and its share; for what never moves, nothing but points."""
    if _is_still(rate):
        return f"{'.':>9} {'.':>9} {'.':>6}"
    share = "-" if rate.share is None else f"{rate.share:.1%}"
    return f"{_hourly(rate, figure):>9} {'±' + figure((rate.high - rate.low) / 2 * HOUR):>9} {share:>6}"


def _hourly(rate: Rate, figure: Figure) -> str:
    return "." if _is_still(rate) else figure(rate.per_second * HOUR)


def _is_still(rate: Rate) -> bool:
    """Whether it never moved: what a function holds itself that only calls what grows, for one."""
    return rate.low == rate.high == 0


def _fitting(name: str, room: int) -> str:
    """As much of a name as there is room for: its end, which tells more than its path."""
    return name if room <= 0 or len(name) <= room else f"…{name[len(name) - room + 1 :]}"
