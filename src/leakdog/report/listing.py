"""Source lines of functions with what each holds, laid out as `go tool pprof -list` does."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from leakdog.errors import LeakdogError, ProfileError
from leakdog.pprof.profile import Profile
from leakdog.pprof.symbols import Symbols
from leakdog.report.frames import Calls, clean, exact, frames_of, function_names, line_up, sums
from leakdog.report.graph import NOTHING, View, total_of
from leakdog.report.measure import label, percentage
from leakdog.report.select import select

MARGIN = 5  # lines around those that hold something


class Place(NamedTuple):
    """A line of a function in a binary."""

    function: str
    file: str
    start_line: int  # of the function, 0 where it is not known
    line: int
    binary: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of source.

    Attributes:
        source: as it is written, or where it can be read; None where nobody knows.

    """

    line: int
    flat: int
    cum: int
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Routine:
    """One function in one file.

    Attributes:
        flat, cum: sums over its lines. A stack with two of them counts twice in `cum`.
        lines: all from its first to past its last that holds something; only those that do, where there is no source.
        error: why there is none.

    """

    function: str
    file: str
    flat: int
    cum: int
    lines: tuple[Line, ...]
    error: str = ""


class Sources(Protocol):
    """Where source code is found."""

    def name(self, file: str) -> str:
        """A file as it is called in the report."""

    def lines(self, file: str, shown: range, held: Iterable[int]) -> dict[int, str | None]:
        """What to show of it, by the number of the line.

        Args:
            shown: the lines around all that hold something.
            held: those that do, in order.

        Raises:
            LeakdogError: it cannot be read.

        """


def routines(profile: Profile, view: View, pattern: str, sources: Sources) -> list[Routine]:
    """The functions whose names match, by name and file.

    Raises:
        ProfileError: `pattern` is no regular expression or matches nothing, or as for `graph.build`.

    """
    chosen = select(profile, view.selection)
    weights = exact(chosen.values[:, chosen.sample_index(view.sample_index)])
    places, calls = places_of(chosen.symbols, sources.name)
    flat, cum = sums(frames_of(chosen, np.flatnonzero(weights != 0), calls), weights, len(places))
    values = zip(places, zip(flat.tolist(), cum.tolist(), strict=True), strict=True)
    held = {place: value for place, value in values if any(value)}
    return [
        _routine(name, file, {place: held[place] for place in lines}, sources)
        for (name, file), lines in functions(held, pattern).items()
    ]


def places_of(symbols: Symbols, name: Callable[[str], str]) -> tuple[list[Place], Calls]:
    """Distinct places, and the calls of all locations in them. `name` says what a file is called."""
    table, functions_, strings = symbols.locations, symbols.functions, symbols.strings
    files = [clean(name(strings[file])) for file in functions_.file.tolist()]
    names, starts = function_names(symbols), functions_.start_line.tolist()
    owner = np.repeat(np.arange(len(table.mapping)), np.diff(table.line_offsets)).tolist()
    rows: dict[Place, int] = {}
    lines = []
    for location, function, line in zip(owner, table.line_function.tolist(), table.line_number.tolist(), strict=True):
        place = Place(names[function], files[function], starts[function], line, symbols.mapping_file(location))
        lines.append(rows.setdefault(place, len(rows)))
    return line_up(
        symbols, rows, np.array(lines, np.int64), lambda location: Place("", "", 0, 0, symbols.mapping_file(location))
    )


def functions(places: Collection[Place], pattern: str) -> dict[tuple[str, str], list[Place]]:
    """Places by function and file, of functions whose names match.

    Raises:
        ProfileError: `pattern` is no regular expression, or matches nothing.

    """
    try:
        wanted = re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise ProfileError(f"{pattern!r} is not a regular expression: {error}") from None
    found: dict[tuple[str, str], list[Place]] = defaultdict(list)
    for place in places:
        if wanted.search(place.function):
            found[place.function, place.file].append(place)
    if not found:
        raise ProfileError(_why_none(places, pattern))
    return dict(sorted(found.items()))


def _why_none(places: Collection[Place], pattern: str) -> str:
    if not places:
        return NOTHING
    if not any(place.function for place in places):
        return "no place of this profile has a function's name; `leakdog top --granularity addresses` shows addresses"
    return f"no function of this profile matches {pattern!r}"


def source_of(file: str, places: Sequence[Place], sources: Sources) -> tuple[dict[int, str | None], str]:
    """The lines to show, and why they have no source: from where the function starts, if that is known."""
    held = sorted({place.line for place in places})
    first = min(place.start_line or place.line - MARGIN for place in places)
    if not file:
        return dict.fromkeys(held), "no source information"
    try:
        return sources.lines(file, range(max(first, 1), held[-1] + MARGIN + 1), held), ""
    except LeakdogError as error:
        return dict.fromkeys(held), str(error)


def _routine(name: str, file: str, held: dict[Place, tuple[int, int]], sources: Sources) -> Routine:
    shown, error = source_of(file, list(held), sources)
    by_line: dict[int, tuple[int, int]] = {}
    for place, (flat, cum) in held.items():
        before = by_line.get(place.line, (0, 0))
        by_line[place.line] = before[0] + flat, before[1] + cum
    lines = tuple(Line(number, *by_line.get(number, (0, 0)), source) for number, source in shown.items())
    flat, cum = (sum(values) for values in zip(*held.values(), strict=True))
    return Routine(name, file, flat, cum, lines, error)


def render(found: Sequence[Routine], profile: Profile, view: View) -> str:
    """The report as text.

    Raises:
        ProfileError: there is no such sample type.

    """
    unit = profile.sample_types[profile.sample_index(view.sample_index)].unit
    total = total_of(profile, view)

    def figure(value: int) -> str:
        return label(value, unit, view.unit)

    lines = [f"Total: {figure(total)}"]
    with_source = {each.function for each in found if each.file}
    for each in found:
        if each.file:
            lines += _text(each, total, figure)
        elif each.function not in with_source:
            lines.append(f"No source information for {each.function}")
    return "\n".join(lines) + "\n"


def _text(routine: Routine, total: int, figure: Callable[[int], str]) -> Iterator[str]:
    yield f"ROUTINE ======================== {routine.function} in {routine.file}"
    yield (
        f"{figure(routine.flat):>10} {figure(routine.cum):>10} (flat, cum) {percentage(routine.cum, total)} of Total"
    )
    if routine.error:
        yield f" Error: {routine.error}"
        return
    for line in routine.lines:
        flat, cum = (figure(value) if value else "." for value in (line.flat, line.cum))
        yield f"{flat:>10} {cum:>10} {line.line:6}:{line.source}"


def as_json(found: Sequence[Routine], profile: Profile, view: View) -> dict[str, Any]:
    """The same with raw numbers; lines that hold something are there without source, too."""
    kind = profile.sample_types[profile.sample_index(view.sample_index)]
    total = total_of(profile, view)
    return {
        "sample_type": kind.type,
        "unit": kind.unit,
        "total": total,
        "routines": [asdict(each) for each in found],
    }
